// SPDX-License-Identifier: GPL-3.0-or-later
//! The form of a sign-in: for a user name and a password, or for an access token. What is typed stays until the sign-in is
//! saved, whatever happens meanwhile.

mod fields;
mod logins;
mod states;

use std::rc::Rc;

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{
    credential::Secret,
    provider::{Field, Form},
    registry_logins::Finding,
};

use super::{flow::Flow, request::Purpose};
use crate::{
    i18n::gettext_f,
    text,
    web::WebProblem,
    widgets::{Body, BusyButton, BusyPage, Closures, FamiliarityLine, Heading, ProblemView, escape},
};

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::FormPage)]
    #[template(file = "src/sign_in/form.blp")]
    pub struct FormPage {
        /// What becomes of what is typed; empty where nothing needs saying.
        #[property(get, set)]
        what_for: RefCell<String>,
        /// Where the password goes, if that is another host than the heading's; empty otherwise.
        #[property(get, set)]
        password_goes: RefCell<String>,
        /// What is wrong with a field; empty where nothing is.
        #[property(get, set)]
        fault: RefCell<String>,
        /// What is wrong with a sign-in of another program; empty where nothing is.
        #[property(get, set)]
        login_fault: RefCell<String>,
        /// What a token says of itself; empty where it says nothing.
        #[property(get, set)]
        hints: RefCell<String>,
        /// Whether every field has something in it.
        #[property(get, set)]
        is_filled_in: Cell<bool>,
        /// What the page waits for.
        #[property(get, set)]
        busy_text: RefCell<String>,
        pub(super) flow: RefCell<Option<Rc<Flow>>>,
        pub(super) host: OnceCell<String>,
        /// The form that is shown.
        pub(super) form: RefCell<Option<Form>>,
        pub(super) rows: RefCell<Vec<(Field, adw::EntryRow)>>,
        /// The sign-ins of other programs, and what is wrong with those that are not used.
        pub(super) login_rows: RefCell<Vec<gtk::Widget>>,
        /// Whether what is being sent is such a sign-in.
        pub(super) is_login_sent: Cell<bool>,
        pub(super) shown_problem: RefCell<Option<WebProblem>>,
        /// Whether the server has accepted what was sent: there is nothing to stop any more.
        pub(super) is_accepted: Cell<bool>,
        #[template_child]
        pub(super) trouble_banner: TemplateChild<adw::Banner>,
        #[template_child]
        pub(super) stack: TemplateChild<gtk::Stack>,
        #[template_child]
        pub(super) already_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) fields_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) fault_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) busy_page: TemplateChild<BusyPage>,
        #[template_child]
        pub(super) problem: TemplateChild<ProblemView>,
        #[template_child]
        pub(super) bottom: TemplateChild<adw::Clamp>,
        #[template_child]
        pub(super) familiarity_line: TemplateChild<FamiliarityLine>,
        #[template_child]
        pub(super) sign_in_button: TemplateChild<BusyButton>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for FormPage {
        const NAME: &'static str = "UsherFormPage";
        type Type = super::FormPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Body::ensure_type();
            BusyButton::ensure_type();
            BusyPage::ensure_type();
            FamiliarityLine::ensure_type();
            Heading::ensure_type();
            ProblemView::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
            class.install_action("form.cancel", None, |page, _, _| page.imp().cancel());
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for FormPage {
        fn constructed(&self) {
            self.parent_constructed();
            self.show_state("busy");
            self.sign_in_button.connect_pressed(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |_| imp.send()
            ));
            // Escape stops what goes on before it leads back.
            escape::stops(&*self.obj(), gtk::PropagationPhase::Capture, |page| page.imp().stop());
        }
    }

    impl WidgetImpl for FormPage {}

    impl NavigationPageImpl for FormPage {
        fn shown(&self) {
            self.parent_shown();
            self.place_focus();
        }

        fn hidden(&self) {
            self.parent_hidden();
            self.set_default(false);
        }
    }

    #[gtk::template_callbacks]
    impl FormPage {
        #[template_callback]
        fn on_sign_in(&self) {
            self.send();
        }

        #[template_callback(function)]
        fn can_press(is_filled_in: bool, is_busy: bool) -> bool {
            is_filled_in || is_busy
        }

        #[template_callback]
        fn on_again(&self) {
            let (problem, flow) = (self.shown_problem.take(), self.flow.borrow().clone());
            if let (Some(problem), Some(flow)) = (problem, flow) {
                flow.try_again(&problem);
            }
        }

        /// Takes what was filled in to the server.
        pub(super) fn send(&self) {
            if self.sign_in_button.busy() || !self.is_filled_in.get() {
                return;
            }
            if let Some(answers) = self.answers() {
                self.is_login_sent.set(false);
                self.send_answers(answers);
            }
        }

        /// Takes answers to the server, whoever gave them.
        pub(super) fn send_answers(&self, answers: Vec<Secret>) {
            let flow = self.flow.borrow().clone();
            if let Some(flow) = flow {
                self.clear_fault();
                self.set_sending(true);
                flow.filled_in(answers);
            }
        }

        /// Stops what goes on at the server. Says whether anything did.
        pub(super) fn stop(&self) -> bool {
            let is_sending = self.sign_in_button.busy() && !self.is_accepted.get();
            if let (true, Some(flow)) = (is_sending, &*self.flow.borrow()) {
                flow.stop();
                self.set_sending(false);
                self.place_focus();
            }
            is_sending
        }

        fn cancel(&self) {
            let flow = self.flow.borrow().clone();
            if let (false, Some(flow)) = (self.stop(), flow) {
                flow.leave();
            }
        }
    }
}

glib::wrapper! {
    /// A form that leads to an account.
    pub struct FormPage(ObjectSubclass<imp::FormPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl FormPage {
    /// A page without a form yet. It keeps its flow alive.
    pub(super) fn new(flow: &Rc<Flow>) -> Self {
        let host = flow.request.binding.host();
        let title = gettext_f("Sign In to {host}", &[("host", &text::within(&host))]);
        let page: Self = glib::Object::builder().property("title", title).build();
        let _ = page.imp().host.set(host);
        page.imp().flow.replace(Some(flow.clone()));
        page
    }

    /// The server is asked what to fill in. A form that is being sent stays.
    pub(super) fn show_asking(&self, text: &str) {
        if !self.imp().sign_in_button.busy() {
            self.show_wait(text);
        }
    }

    /// Shows a form. What was typed into the one before stays, if that asked for the same.
    pub(super) fn show_form(&self, form: &Form) {
        self.imp().show_form(form);
    }

    /// Offers what was found on this computer.
    pub(super) fn offer(&self, finding: &Finding) {
        self.imp().offer(finding);
    }

    /// Whether what is being sent was filled in for this form.
    pub(super) fn is_sending(&self, form: &Form) -> bool {
        let imp = self.imp();
        let shown = imp.form.borrow();
        let is_same = shown
            .as_ref()
            .is_some_and(|shown| (&shown.fields, &shown.password_host) == (&form.fields, &form.password_host));
        is_same && imp.sign_in_button.busy()
    }

    /// The server has accepted what was filled in: nobody can do anything meanwhile.
    pub(super) fn show_busy(&self, text: &str) {
        let imp = self.imp();
        if !imp.is_shown("form") {
            self.show_wait(text);
        }
        imp.is_accepted.set(true);
        self.action_set_enabled("form.cancel", false);
    }

    /// The page waits for something, and the person can leave.
    pub(super) fn show_wait(&self, text: &str) {
        self.imp().show_wait(text);
    }

    /// Shows what went wrong, in place of the form. What was typed stays behind it.
    pub(super) fn show_problem(&self, problem: WebProblem) {
        self.imp().show_problem(problem);
    }

    /// Whether something was signed in to that is not saved yet.
    pub(super) fn holds_unsaved(&self) -> bool {
        matches!(&*self.imp().shown_problem.borrow(), Some(WebProblem::NotSaved(_)))
    }

    /// Forgets what was typed, and ends the page.
    pub(super) fn close(&self) {
        self.imp().forget();
        self.imp().flow.take();
    }
}

/// The host that a pasted token will go to: that of the repository, where one is known.
fn token_host(flow: &Flow) -> String {
    let repository = match &flow.request.purpose {
        Purpose::Asked(asked) => Some(asked.ground.remote_url.host()),
        Purpose::ByHand { remote } => remote.as_ref().and_then(|remote| remote.address().ok()).map(|url| url.host()),
    };
    repository.unwrap_or_else(|| flow.request.binding.host())
}
