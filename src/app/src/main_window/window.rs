// SPDX-License-Identifier: GPL-3.0-or-later
//! The main window: a stack of pages. Pages say where they lead, and it shows that.

mod coming_up;
mod pages;

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gio, glib};
use usher_core::names;

use super::files::{self, FileContent, FileProblem};
use crate::{
    account::PurchasesPage,
    accounts::AccountsPage,
    activity::ActivityPage,
    details::{self, DetailsPage},
    i18n::gettext,
    model::Setting,
    navigation::{Destination, GO_TO},
    prompt::Prompter,
    services::Services,
    sign_in,
    widgets::{after_first_frame, guard::LastTime, labels, show_offline, toast},
};

mod imp {
    use std::{
        cell::{Cell, OnceCell},
        sync::LazyLock,
    };

    use glib::subclass::Signal;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::Window)]
    #[template(file = "src/main_window/window.blp")]
    pub struct Window {
        /// Whether there is little width.
        #[property(get, set)]
        narrow: Cell<bool>,
        pub(super) services: OnceCell<Services>,
        pub(super) prompter: OnceCell<Prompter>,
        /// When it became active, or a program called it.
        pub(super) came_up: LastTime,
        /// When a program called it that has no token of the desktop.
        pub(super) called: LastTime,
        /// Whether nobody but such a program has opened it.
        pub(super) is_unopened: Cell<bool>,
        /// Whether it has begun to read and to follow what it shows.
        pub(super) has_begun: Cell<bool>,
        #[template_child]
        pub(super) view: TemplateChild<adw::NavigationView>,
        #[template_child]
        pub(super) accounts_page: TemplateChild<AccountsPage>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Window {
        const NAME: &'static str = "UsherWindow";
        type Type = super::Window;
        type ParentType = adw::ApplicationWindow;

        fn class_init(class: &mut Self::Class) {
            AccountsPage::ensure_type();
            class.bind_template();
            class.install_action("win.search", None, |window, _, _| window.imp().search());
            class.install_action("win.back", None, |window, _, _| window.imp().go_back());
            class.install_action(details::SHOW, Some(details::parameter_type()), |window, _, error| {
                let imp = window.imp();
                imp.view.push(&DetailsPage::new(imp.services(), details::error_of(error)));
            });
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for Window {
        fn signals() -> &'static [Signal] {
            static SIGNALS: LazyLock<[Signal; 1]> = LazyLock::new(|| {
                let signal = Signal::builder(GO_TO).param_types([Destination::static_type()]).run_last();
                [signal
                    .class_handler(|values| {
                        if let (Ok(window), Ok(destination)) = (values[0].get::<super::Window>(), values[1].get()) {
                            window.imp().follow(destination);
                        }
                        None
                    })
                    .build()]
            });
            &*SIGNALS
        }

        fn constructed(&self) {
            self.parent_constructed();
            if names::is_devel() {
                self.obj().add_css_class("devel");
            }
            self.view.connect_visible_page_notify(|view| {
                if let Some(page) = view.visible_page() {
                    labels::settle(&page);
                }
            });
            files::accept_dropped(&*self.obj(), super::Window::open);
        }
    }

    impl WidgetImpl for Window {}
    impl WindowImpl for Window {}
    impl ApplicationWindowImpl for Window {}
    impl AdwApplicationWindowImpl for Window {}

    impl Window {
        pub(super) fn services(&self) -> &Services {
            self.services.get().expect("set when the window is made")
        }

        /// Opens the search of the page that is shown.
        fn search(&self) {
            let Some(page) = self.view.visible_page() else {
                return;
            };
            if let Some(page) = page.downcast_ref::<PurchasesPage>() {
                page.search();
            } else if let Some(page) = page.downcast_ref::<ActivityPage>() {
                page.search();
            } else if let Some(page) = page.downcast_ref::<AccountsPage>() {
                page.search();
            }
        }

        fn go_back(&self) {
            match self.view.visible_page() {
                Some(page) if page.can_pop() => _ = self.view.pop(),
                // A web page goes back in its own history.
                Some(page) => _ = WidgetExt::activate_action(&page, "web.back", None),
                None => {}
            }
        }

        pub(super) fn is_first_page_shown(&self) -> bool {
            self.view.visible_page().is_some_and(|page| page.tag().as_deref() == Some("accounts"))
        }

        /// Whether other pages may be shown now. If not, it says why: a sign-in is not broken off.
        pub(super) fn may_interrupt(&self) -> bool {
            let is_signing_in = sign_in::is_under_way(&self.view);
            if is_signing_in {
                toast::show(&*self.view, &gettext("Finish or cancel the sign-in first"));
            }
            !is_signing_in
        }

        /// Shows what the first of these files holds, or says what is wrong with it.
        pub(super) fn open(&self, files: &[gio::File]) {
            let [file, others @ ..] = files else {
                return;
            };
            if !others.is_empty() {
                toast::show(&*self.view, &gettext("Only the first file was opened"));
            }
            let (window, file) = (self.obj().clone(), file.clone());
            glib::spawn_future_local(async move {
                match files::read(&file).await {
                    Ok(FileContent::Accounts(takeout)) => window.imp().show_takeout(takeout),
                    Ok(FileContent::Repository(offered)) => window.imp().add_account_for(offered),
                    Err(problem) => window.imp().show_file_problem(&problem),
                }
            });
        }

        pub(super) fn show_file_problem(&self, problem: &FileProblem) {
            if let FileProblem::Unreadable(Some(error)) = problem {
                tracing::warn!(%error, "cannot read a file");
            }
            toast::show(&*self.view, &problem.text());
        }
    }
}

glib::wrapper! {
    pub struct Window(ObjectSubclass<imp::Window>)
        @extends adw::ApplicationWindow, gtk::ApplicationWindow, gtk::Window, gtk::Widget,
        @implements gio::ActionGroup, gio::ActionMap, gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget,
            gtk::Native, gtk::Root, gtk::ShortcutManager;
}

impl Window {
    /// The window of the application, in the size that it had last.
    pub(crate) fn new(services: &Services, prompter: Option<Prompter>) -> Self {
        let window: Self = glib::Object::builder().property("application", services.application()).build();
        let imp = window.imp();
        let _ = imp.services.set(services.clone());
        if let Some(prompter) = prompter {
            let _ = imp.prompter.set(prompter);
        }
        let settings = services.settings();
        settings.bind(Setting::WindowWidth, &window, "default-width");
        settings.bind(Setting::WindowHeight, &window, "default-height");
        settings.bind(Setting::WindowMaximized, &window, "maximized");
        toast::prepare(&imp.view);
        imp.follow_activity();
        after_first_frame(&window, Self::begin);
        window
    }

    /// Reads and follows what the window shows.
    fn begin(&self) {
        let imp = self.imp();
        imp.has_begun.set(true);
        let services = imp.services();
        imp.accounts_page.follow(services);
        show_offline(&imp.view, services.network());
        services.own_installation().look_for_helper();
    }

    /// Calls back whenever another page is shown.
    pub(crate) fn connect_page_shown(&self, shown: impl Fn() + 'static) {
        self.imp().view.connect_visible_page_notify(move |_| shown());
    }

    /// Whether only the accounts are shown, and nothing is under way.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.imp().is_first_page_shown() && self.visible_dialog().is_none()
    }

    /// Shows what the first of these files holds, or says what is wrong with it.
    pub(crate) fn open(&self, files: &[gio::File]) {
        self.imp().open(files);
    }

    /// The same for files that a program names. It must not make Usher contact a server, so they have to be local (rule R25).
    pub(crate) fn open_local(&self, files: &[gio::File]) {
        if files.iter().all(FileExt::is_native) {
            self.open(files);
        } else {
            self.imp().show_file_problem(&FileProblem::Unreadable(None));
        }
    }
}
