// SPDX-License-Identifier: GPL-3.0-or-later
//! The prompt window: its first page says who asks for what, and does nothing before its button is pressed.

mod buttons;
mod buy;
mod intro;
mod usage;
mod ways;

use std::{rc::Rc, time::Duration};

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{account::AccountId, names, prompt::Outcome};

use super::{
    next_question::NextQuestion,
    question::{self, Form},
    queue::Closed,
    waiters::Prompt,
};
use crate::{
    details::{self, DetailsButton, DetailsPage},
    i18n::gettext_f,
    purchase::Purchase,
    services::Services,
    sign_in, text,
    web::WebSession,
    widgets::{Body, Closures, FamiliarityLine, Guard, Heading, MoreWays, Wait, WhyList, accessible, labels},
};

/// How long a program waits; the daemon's limit.
const WAITING_LIMIT: Duration = Duration::from_secs(15 * 60);
/// The last minutes, in which the page says that the program stops waiting soon.
const WAITING_END: Duration = Duration::from_secs(2 * 60);
/// A window that is not used for so long closes.
const UNUSED: Duration = Duration::from_secs(30 * 60);

/// Called when the window closes.
type ClosedCallback = Box<dyn FnOnce(&PromptWindow, Closed)>;

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::PromptWindow)]
    #[template(file = "src/prompt/window.blp")]
    pub struct PromptWindow {
        #[property(get, set)]
        question: RefCell<String>,
        #[property(get, set)]
        description: RefCell<String>,
        #[property(get, set)]
        primary_text: RefCell<String>,
        /// What the other button says; empty where there is none.
        #[property(get, set)]
        secondary_text: RefCell<String>,
        /// What happens to the install meanwhile.
        #[property(get, set)]
        outlook: RefCell<String>,
        /// What went wrong; empty where nothing did.
        #[property(get, set)]
        failure: RefCell<String>,
        /// What the row that leads to another account says; empty where there is none.
        #[property(get, set)]
        other_text: RefCell<String>,
        /// Whether the answer is remembered for this repository.
        #[property(get, set)]
        is_remembered: Cell<bool>,
        /// Whether the person has to choose one of several accounts.
        #[property(get, set)]
        offers_choice: Cell<bool>,
        /// Size of the picture; smaller where there is more to read.
        #[property(get, set)]
        icon_size: Cell<i32>,
        /// Whether the window is doing what a button asked for.
        #[property(get, set)]
        pub(super) is_busy: Cell<bool>,
        /// What it waits for meanwhile.
        #[property(get, set)]
        busy_text: RefCell<String>,
        #[template_child]
        pub(super) view: TemplateChild<adw::NavigationView>,
        #[template_child]
        pub(super) intro: TemplateChild<adw::NavigationPage>,
        #[template_child]
        pub(super) icon: TemplateChild<gtk::Image>,
        #[template_child]
        pub(super) heading: TemplateChild<Heading>,
        #[template_child]
        pub(super) accounts: TemplateChild<gtk::ListBox>,
        #[template_child]
        pub(super) why: TemplateChild<WhyList>,
        #[template_child]
        pub(super) other_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        pub(super) familiarity: TemplateChild<FamiliarityLine>,
        #[template_child]
        pub(super) other_familiarity: TemplateChild<FamiliarityLine>,
        #[template_child]
        pub(super) ways_list: TemplateChild<gtk::ListBox>,
        #[template_child]
        pub(super) more_ways: TemplateChild<MoreWays>,
        #[template_child]
        pub(super) primary: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) guard: TemplateChild<Guard>,
        #[template_child]
        pub(super) failure_details: TemplateChild<DetailsButton>,
        pub(super) services: OnceCell<Services>,
        pub(super) prompt: OnceCell<Rc<Prompt>>,
        pub(super) form: RefCell<Option<Form>>,
        /// The account that a choice has fallen on.
        pub(super) chosen: Cell<Option<AccountId>>,
        /// The web session of this window: whoever signs in can buy without signing in again.
        pub(super) session: WebSession,
        pub(super) purchase: RefCell<Option<Rc<Purchase>>>,
        pub(super) account_rows: RefCell<Vec<adw::ActionRow>>,
        /// Whether the person does not let the repository use an account.
        pub(super) is_refused: Cell<bool>,
        /// Whether what was asked has been done.
        pub(super) is_over: Cell<bool>,
        /// Whether no program waits any more, or nobody used the window.
        pub(super) is_abandoned: Cell<bool>,
        pub(super) closed: RefCell<Option<ClosedCallback>>,
        /// What is asked behind this question.
        #[property(get)]
        pub(super) next_question: NextQuestion,
        pub(super) unused: RefCell<Option<glib::SourceId>>,
        pub(super) waiting: RefCell<Option<glib::SourceId>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PromptWindow {
        const NAME: &'static str = "UsherPromptWindow";
        type Type = super::PromptWindow;
        type ParentType = adw::Window;

        fn class_init(klass: &mut Self::Class) {
            Body::ensure_type();
            DetailsButton::ensure_type();
            FamiliarityLine::ensure_type();
            Guard::ensure_type();
            Heading::ensure_type();
            MoreWays::ensure_type();
            NextQuestion::ensure_type();
            Wait::ensure_type();
            WhyList::ensure_type();
            klass.bind_template();
            Closures::bind_template_callbacks(klass);
            klass.install_action("prompt.not-now", None, |window, _, _| window.close());
            klass.install_action("prompt.primary", None, |window, _, _| window.imp().press_primary());
            klass.install_action("prompt.secondary", None, |window, _, _| window.imp().press_secondary());
            klass.install_action(details::SHOW, Some(details::parameter_type()), |window, _, error| {
                let imp = window.imp();
                imp.view.push(&DetailsPage::new(imp.services(), details::error_of(error)));
            });
            klass.install_action("prompt.other", None, |window, _, _| window.imp().sign_in(None, None));
        }

        fn instance_init(obj: &glib::subclass::InitializingObject<Self>) {
            obj.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for PromptWindow {
        fn constructed(&self) {
            self.parent_constructed();
            if names::is_devel() {
                self.obj().add_css_class("devel");
            }
            accessible::can_be_pressed(&*self.other_row);
            self.follow_guard();
            self.close_when_unused();
        }

        fn dispose(&self) {
            for timer in [self.unused.take(), self.waiting.take()].into_iter().flatten() {
                timer.remove();
            }
        }
    }

    impl WidgetImpl for PromptWindow {}

    impl WindowImpl for PromptWindow {
        /// Closing is *Not Now*: answers the programs that wait. A purchase that may have been paid comes first.
        fn close_request(&self) -> glib::Propagation {
            if self.is_held_by_purchase() {
                return glib::Propagation::Stop;
            }
            let closed = self.closed.take();
            let Some(prompt) = self.prompt.get() else {
                return self.parent_close_request();
            };
            let how = if self.next_question.is_wanted() || self.is_refused.get() {
                Closed::Next
            } else if self.is_over.get() || self.is_abandoned.get() {
                Closed::Over
            } else {
                Closed::PutOff(Box::new(prompt.details.borrow().clone()))
            };
            if let Some(closed) = closed {
                closed(&self.obj(), how);
            }
            prompt.end(Outcome::Dismissed, None);
            self.parent_close_request()
        }
    }

    impl AdwWindowImpl for PromptWindow {}

    impl PromptWindow {
        pub(super) fn services(&self) -> &Services {
            self.services.get().expect("set when the window is made")
        }

        pub(super) fn prompt(&self) -> &Rc<Prompt> {
            self.prompt.get().expect("set when the window is made")
        }

        pub(super) fn form(&self) -> Form {
            self.form.borrow().clone().unwrap_or(Form::Unlock)
        }

        pub(super) fn show(&self) {
            self.follow_pages();
            self.follow_names();
            self.show_accounts();
            self.refresh();
            gtk::prelude::GtkWindowExt::set_focus(&*self.obj(), Some(&*self.heading));
            self.intro.connect_shown(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |_| {
                    imp.heading.grab_focus();
                }
            ));
        }

        /// Whether a sign-in would be lost with the window.
        pub(super) fn holds_unsaved(&self) -> bool {
            sign_in::holds_unsaved(&self.view)
        }

        pub(super) fn abandon(&self) {
            let program = text::place_first(&self.prompt().details.borrow().client);
            let said = gettext_f("{program} is no longer waiting", &[("program", &program)]);
            self.obj().announce(&said, gtk::AccessibleAnnouncementPriority::High);
            if self.stays_for_purchase(&program) || self.holds_unsaved() {
                self.refresh();
                return;
            }
            self.is_abandoned.set(true);
            self.obj().close();
        }
    }
}

glib::wrapper! {
    /// A question of a client's, in a window of its own.
    pub struct PromptWindow(ObjectSubclass<imp::PromptWindow>)
        @extends adw::Window, gtk::Window, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget, gtk::Native, gtk::Root, gtk::ShortcutManager;
}

impl PromptWindow {
    pub(super) fn new(services: &Services, prompt: &Rc<Prompt>) -> Self {
        let window: Self = glib::Object::builder().property("application", services.application()).build();
        let imp = window.imp();
        let _ = imp.services.set(services.clone());
        imp.form.replace(Some(question::form(&prompt.details.borrow(), &prompt.accounts.borrow())));
        let _ = imp.prompt.set(prompt.clone());
        labels::settle(&window);
        imp.show();
        window
    }

    /// What is asked behind this question.
    pub(super) fn questions_behind(&self) -> &NextQuestion {
        &self.imp().next_question
    }

    /// Shows what is asked, as far as it has changed.
    pub(super) fn refresh(&self) {
        self.imp().refresh();
    }

    /// Whether what was asked has been done, and only *Done* is still shown.
    pub(super) fn is_over(&self) -> bool {
        self.imp().is_over.get()
    }

    /// Calls back when the window closes.
    pub(super) fn connect_closed(&self, callback: impl FnOnce(&Self, Closed) + 'static) {
        self.imp().closed.replace(Some(Box::new(callback)));
    }

    /// Closes because no program waits any more. A purchase that is open stays.
    pub(super) fn abandon(&self) {
        self.imp().abandon();
    }
}
