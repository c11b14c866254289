// SPDX-License-Identifier: GPL-3.0-or-later
//! *Done*: who is signed in where, and how it goes on.

mod used_by;
mod waiting;

use std::time::Duration;

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, glib};
use usher_core::{account::AccountId, binding::Binding, sign_in::Saved};

use super::{
    next_step::{NextStep, next_step},
    request::{Ending, Purpose, SignInRequest},
};
use crate::{
    desktop::software,
    i18n::{gettext, gettext_f},
    model::App,
    prompt::NextQuestion,
    services::Services,
    text,
    widgets::{Body, Closures, CopyButton, Guard, Heading, when_used},
};

type Callback = Box<dyn FnOnce()>;

/// How long *Done* stays when a program goes on by itself.
const CLOSING: Duration = Duration::from_secs(6);
/// How long the button is seen to have copied, before *Done* ends.
const COPIED: Duration = Duration::from_secs(1);
/// Size of the picture of an account or an app.
const PICTURE_SIZE: i32 = 96;

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::DonePage)]
    #[template(file = "src/sign_in/done.blp")]
    pub struct DonePage {
        /// Who is signed in where, or what else is to be known.
        #[property(get, construct_only)]
        detail: RefCell<String>,
        /// The question whether it is somebody else; empty where that cannot be known.
        #[property(get, construct_only)]
        other_person: RefCell<String>,
        /// What the sign-in says about itself; empty where it says nothing.
        #[property(get, construct_only)]
        hints: RefCell<String>,
        /// How it goes on; empty where there is nothing to say.
        #[property(get, set)]
        next_step_text: RefCell<String>,
        /// The command to run; empty where there is none.
        #[property(get, set)]
        command: RefCell<String>,
        /// Whether there are repositories to switch on.
        #[property(get, set)]
        has_repositories: Cell<bool>,
        /// Whether the setting is offered that lets installs wait.
        #[property(get, set)]
        pub(super) offers_to_wait: Cell<bool>,
        /// What that setting does; empty where it is not offered.
        #[property(get, set)]
        waiting_text: RefCell<String>,
        #[property(get, set)]
        primary_text: RefCell<String>,
        /// Whether the primary button leads elsewhere, so that another one just ends this.
        #[property(get, set)]
        ends_elsewhere: Cell<bool>,
        /// What the button says that leads to another question; empty where there is none.
        #[property(get, set)]
        next_text: RefCell<String>,
        #[template_child]
        pub(super) used_by_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        picture: TemplateChild<adw::Bin>,
        #[template_child]
        guard: TemplateChild<Guard>,
        pub(super) services: OnceCell<Services>,
        /// Whose permissions are shown.
        pub(super) account: OnceCell<(AccountId, Binding)>,
        pub(super) said: RefCell<String>,
        pub(super) finished: RefCell<Option<Callback>>,
        pub(super) start_over: RefCell<Option<Callback>>,
        next_step: OnceCell<NextStep>,
        next_question: OnceCell<NextQuestion>,
        is_touched: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for DonePage {
        const NAME: &'static str = "UsherDonePage";
        type Type = super::DonePage;
        type ParentType = adw::NavigationPage;

        fn class_init(klass: &mut Self::Class) {
            Body::ensure_type();
            CopyButton::ensure_type();
            Guard::ensure_type();
            Heading::ensure_type();
            klass.bind_template();
            klass.bind_template_callbacks();
            Closures::bind_template_callbacks(klass);
            klass.install_action("done.finish", None, |page, _, _| page.imp().finish());
        }

        fn instance_init(obj: &glib::subclass::InitializingObject<Self>) {
            obj.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for DonePage {}
    impl WidgetImpl for DonePage {}

    impl NavigationPageImpl for DonePage {
        fn shown(&self) {
            self.parent_shown();
            self.guard.place_focus();
            self.obj().announce(&self.said.borrow(), AccessibleAnnouncementPriority::Medium);
            self.note_the_offer();
        }
    }

    #[gtk::template_callbacks]
    impl DonePage {
        #[template_callback]
        fn on_other_person(&self) {
            if let Some(start_over) = self.start_over.take() {
                start_over();
            }
        }

        #[template_callback]
        fn on_next(&self) {
            if let Some(next) = self.next_question.get() {
                next.set_is_wanted(true);
            }
            self.finish();
        }

        #[template_callback]
        fn on_primary(&self) {
            match self.next_step.get() {
                Some(NextStep::Software { remote, app_id }) => self.install_in_software(remote.clone(), app_id.clone()),
                // The button has copied it.
                _ if !self.command.borrow().is_empty() => self.finish_soon(),
                _ => self.finish(),
            }
        }

        #[template_callback]
        fn on_turn_on(&self) {
            self.let_installs_wait();
        }

        /// One secondary button is enough: where another question is offered, the window's own button ends this.
        #[template_callback(function)]
        fn has_done_button(ends_elsewhere: bool, next_text: &str) -> bool {
            ends_elsewhere && next_text.is_empty()
        }

        pub(super) fn services(&self) -> &Services {
            self.services.get().expect("set when the page is made")
        }

        pub(super) fn show_next_step(&self, purpose: &Purpose) {
            let step = self.next_step.get_or_init(|| next_step(purpose));
            let client = match purpose {
                Purpose::Asked(asked) => asked.client.as_str(),
                Purpose::ByHand { .. } => "",
            };
            let page = self.obj();
            if let Purpose::Asked(asked) = purpose {
                asked.next.bind_property("button-text", &*page, "next-text").sync_create().build();
                let _ = self.next_question.set(asked.next.clone());
            }
            page.set_next_step_text(self.text_of(step, client));
            page.set_primary_text(match step {
                NextStep::Software { .. } => gettext("Open in Software"),
                NextStep::Terminal { .. } => gettext("Copy and Close"),
                _ => gettext("Done"),
            });
            page.set_ends_elsewhere(matches!(step, NextStep::Software { .. } | NextStep::Terminal { .. }));
            match step {
                NextStep::Terminal { command } => page.set_command(command.as_str()),
                NextStep::Software { remote, app_id } => self.name_what_software_does(remote.clone(), app_id.clone()),
                NextStep::ByHand => self.show_repositories(),
                NextStep::Waiting => self.close_by_itself(),
                NextStep::Program | NextStep::Press { .. } | NextStep::Account => {}
            }
        }

        /// Shows a command to run, and why.
        pub(super) fn show_command(&self, text: &str, command: &str) {
            let page = self.obj();
            page.set_next_step_text(text);
            page.set_command(command);
            page.set_primary_text(gettext("Copy and Close"));
            page.set_ends_elsewhere(true);
        }

        /// How it goes on. `client` is empty where the program is not known.
        fn text_of(&self, step: &NextStep, client: &str) -> String {
            let program = text::place(client);
            let program = [("program", program.as_str())];
            let is_unknown = client.is_empty();
            match step {
                NextStep::ByHand => String::new(),
                NextStep::Account if is_unknown => String::new(),
                NextStep::Waiting if is_unknown => gettext("The install continues."),
                NextStep::Waiting => gettext_f("The install continues in {program}.", &program),
                NextStep::Software { remote, app_id } => {
                    // Its name was looked up when the question was asked, which named it as well.
                    let app = text::within(&self.services().apps().get(remote, app_id).title());
                    gettext_f("“{app}” can be installed now.", &[("app", &app)])
                }
                NextStep::Terminal { .. } if is_unknown => gettext("Start the install again, or run this command:"),
                NextStep::Terminal { .. } => gettext("Run the command again:"),
                NextStep::Account => gettext_f("Go back to {program}.", &program),
                NextStep::Press { button } => {
                    gettext_f("Go back to {program} and press “{button}” again.", &[program[0], ("button", button)])
                }
                NextStep::Program if is_unknown => gettext("Start the install again."),
                NextStep::Program => gettext_f("Go back to {program} and start the install again.", &program),
            }
        }

        /// Software can install where the bus reaches it; elsewhere it can only be opened.
        fn name_what_software_does(&self, remote: String, app_id: String) {
            glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = page)]
                self.obj(),
                async move {
                    if software::can_install(&remote, &app_id).await {
                        page.set_primary_text(gettext("Install in Software"));
                    }
                }
            ));
        }

        fn install_in_software(&self, remote: String, app_id: String) {
            glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move {
                    if software::install(&*imp.obj(), &remote, &app_id).await {
                        imp.finish();
                    }
                }
            ));
        }

        /// Ends this once the person has seen what the button says.
        fn finish_soon(&self) {
            glib::timeout_add_local_once(
                COPIED,
                glib::clone!(
                    #[weak(rename_to = imp)]
                    self,
                    move || imp.finish()
                ),
            );
        }

        pub(super) fn show_account(&self, user: Option<&str>) {
            let avatar = adw::Avatar::builder().size(PICTURE_SIZE).show_initials(true).build();
            avatar.set_text(user.map(text::plain).as_deref());
            avatar.upcast_ref::<gtk::Widget>().set_accessible_role(gtk::AccessibleRole::Presentation);
            self.picture.set_child(Some(&avatar));
        }

        pub(super) fn show_app(&self, app: &App) {
            self.picture.set_child(Some(&app.image(PICTURE_SIZE)));
        }

        /// Closes after a while, unless somebody does something.
        fn close_by_itself(&self) {
            when_used(
                &*self.obj(),
                true,
                glib::clone!(
                    #[weak(rename_to = imp)]
                    self,
                    move || imp.is_touched.set(true)
                ),
            );
            glib::timeout_add_local_once(
                CLOSING,
                glib::clone!(
                    #[weak(rename_to = imp)]
                    self,
                    move || {
                        if !imp.is_touched.get() {
                            imp.finish();
                        }
                    }
                ),
            );
        }

        fn finish(&self) {
            if let Some(finished) = self.finished.take() {
                finished();
            }
        }
    }
}

glib::wrapper! {
    /// The last page of a sign-in.
    pub struct DonePage(ObjectSubclass<imp::DonePage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl DonePage {
    /// After signing in. `start_over` is called where somebody else was meant.
    pub(super) fn signed_in(
        services: &Services,
        request: &SignInRequest,
        saved: &Saved,
        start_over: impl FnOnce() + 'static,
        finished: impl FnOnce() + 'static,
    ) -> Self {
        let host = request.binding.host();
        // Where the server does not say who signed in, the host stands for the name.
        let called = saved.account.label();
        let user = Some(&called).filter(|user| **user != host);
        let within = text::within(&called);
        let other_person = user.map_or_else(String::new, |_| gettext_f("Not {user}?", &[("user", &within)]));
        let page: Self = glib::Object::builder()
            .property("title", gettext("Signed In"))
            .property("detail", who(user, &host))
            .property("other-person", other_person)
            .property("hints", text::hints(&saved.account))
            .build();
        let imp = page.imp();
        let _ = imp.services.set(services.clone());
        let _ = imp.account.set((saved.account.id, request.binding.clone()));
        imp.said.replace(gettext_f("Signed in as {user}", &[("user", &within)]));
        imp.start_over.replace(Some(Box::new(start_over)));
        imp.finished.replace(Some(Box::new(finished)));
        imp.show_account(user.map(String::as_str));
        imp.show_next_step(&request.purpose);
        imp.offer_to_wait(&request.purpose);
        page
    }

    /// After a question that needed no signing in.
    pub(super) fn after(services: &Services, ending: Ending, finished: impl FnOnce() + 'static) -> Self {
        let page: Self = glib::Object::builder()
            .property("title", &ending.heading)
            .property("hints", "")
            .property("other-person", "")
            .property("detail", ending.text.unwrap_or_else(|| who(ending.user.as_ref(), &ending.host)))
            .build();
        let imp = page.imp();
        let _ = imp.services.set(services.clone());
        imp.said.replace(ending.heading);
        imp.finished.replace(Some(Box::new(finished)));
        match (&ending.app, &ending.user) {
            (Some(app), _) => imp.show_app(app),
            (None, Some(user)) => imp.show_account(Some(user)),
            (None, None) => {}
        }
        imp.show_next_step(&Purpose::Asked(ending.asked));
        page
    }
}

/// Whose account it is, and where.
fn who(user: Option<&String>, host: &str) -> String {
    match user {
        Some(user) => gettext_f("{user} at {host}", &[("user", &text::within(user)), ("host", &text::within(host))]),
        None => text::plain(host),
    }
}
