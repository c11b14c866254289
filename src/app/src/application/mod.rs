// SPDX-License-Identifier: GPL-3.0-or-later
//! The application: one process, unique by its bus name. Started by the bus it has no window but the prompts.

mod about;
mod notifications;
mod shortcuts;

use std::io::Write;

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gio, glib};
use usher_core::{dismissals::DismissalFile, names};

use crate::{
    desktop::window_id,
    i18n::gettext,
    main_window::{Window, files},
    model::{AccountList, Apps, Deployment, Notes, OwnInstallation, Repositories},
    preferences::PreferencesDialog,
    prompt::Prompter,
    services::Services,
};

/// Milliseconds after the last window until the process ends, when the bus has started it.
const INACTIVITY: u32 = 10_000;

/// Actions and their keys. Where two are given the second is for keyboards on which the first is hard to type.
const KEYS: [(&str, &[&str]); 7] = [
    ("app.add-account", &["<Control>n"]),
    ("win.search", &["<Control>f"]),
    ("app.preferences", &["<Control>comma"]),
    ("app.shortcuts", &["<Control>question"]),
    ("window.close", &["<Control>w"]),
    ("app.quit", &["<Control>q"]),
    ("win.back", &["<Alt>Left"]),
];

mod imp {
    use std::{cell::OnceCell, ops::ControlFlow};

    use super::*;

    #[derive(Default)]
    pub struct Application {
        pub(super) prompter: OnceCell<Prompter>,
        pub(super) services: OnceCell<Services>,
        pub(super) settings: OnceCell<gio::Settings>,
        pub(super) accounts: OnceCell<AccountList>,
        pub(super) repositories: OnceCell<Repositories>,
        pub(super) notes: OnceCell<Notes>,
        pub(super) apps: OnceCell<Apps>,
        pub(super) own_installation: OnceCell<OwnInstallation>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Application {
        const NAME: &'static str = "UsherApplication";
        type Type = super::Application;
        type ParentType = adw::Application;
    }

    impl ObjectImpl for Application {
        fn constructed(&self) {
            self.parent_constructed();
            let application = self.obj();
            application.set_inactivity_timeout(INACTIVITY);
            application.add_main_option(
                "version",
                b'v'.into(),
                glib::OptionFlags::NONE,
                glib::OptionArg::None,
                &gettext("Print the version and exit"),
                None,
            );
        }
    }

    impl ApplicationImpl for Application {
        fn dbus_register(&self, connection: &gio::DBusConnection, object_path: &str) -> Result<(), glib::Error> {
            self.parent_dbus_register(connection, object_path)?;
            let prompter = Prompter::register(&self.obj(), connection)?;
            let _ = self.prompter.set(prompter);
            Ok(())
        }

        fn handle_local_options(&self, options: &glib::VariantDict) -> ControlFlow<glib::ExitCode> {
            if options.contains("version") {
                let written = writeln!(std::io::stdout(), "usher {}", names::VERSION);
                return ControlFlow::Break(if written.is_ok() {
                    glib::ExitCode::SUCCESS
                } else {
                    glib::ExitCode::FAILURE
                });
            }
            self.parent_handle_local_options(options)
        }

        fn startup(&self) {
            self.parent_startup();
            gtk::Window::set_default_icon_name(names::APP_ID);
            window_id::follow_windows();
            self.obj().own_installation().connect_changed(|_| Self::Type::current().quit_if_uninstalled());
            self.obj().set_up_actions();
        }

        fn activate(&self) {
            self.parent_activate();
            // What was put off can be seen in the window, so it may be asked again.
            if let Some(Err(error)) = DismissalFile::of_session().map(|file| file.clear()) {
                tracing::warn!(%error, "what was put off cannot be forgotten");
            }
            self.obj().main_window().present();
        }

        fn open(&self, files: &[gio::File], _hint: &str) {
            self.obj().activate();
            files::open_local(&self.obj().main_window(), files);
        }
    }

    impl GtkApplicationImpl for Application {
        fn window_removed(&self, window: &gtk::Window) {
            self.parent_window_removed(window);
            self.obj().quit_if_uninstalled();
        }
    }
    impl AdwApplicationImpl for Application {}
}

glib::wrapper! {
    pub struct Application(ObjectSubclass<imp::Application>)
        @extends adw::Application, gtk::Application, gio::Application,
        @implements gio::ActionGroup, gio::ActionMap;
}

impl Application {
    pub(crate) fn new() -> Self {
        glib::Object::builder()
            .property("application-id", names::ACCOUNTS_NAME)
            .property("resource-base-path", None::<&str>)
            .property("flags", gio::ApplicationFlags::HANDLES_OPEN)
            .build()
    }

    /// The application of this process.
    pub(crate) fn current() -> Self {
        gio::Application::default().and_downcast().expect("widgets live within the application")
    }

    /// The questions that are on screen. None where there is no bus.
    pub(crate) fn prompter(&self) -> Option<&Prompter> {
        self.imp().prompter.get()
    }

    /// What all pages work with.
    pub(crate) fn services(&self) -> &Services {
        self.imp().services.get_or_init(Services::new)
    }

    /// The person's settings.
    pub(crate) fn settings(&self) -> &gio::Settings {
        self.imp().settings.get_or_init(|| gio::Settings::new(names::APP_ID))
    }

    /// The accounts in the keyring, which is first asked by the first call.
    pub(crate) fn accounts(&self) -> &AccountList {
        self.imp().accounts.get_or_init(|| {
            let accounts = AccountList::new(self.services());
            self.offer_export(&accounts);
            accounts.connect_changed(|accounts| Self::current().offer_export(accounts));
            accounts
        })
    }

    /// The repositories of this computer that name Usher.
    pub(crate) fn repositories(&self) -> &Repositories {
        self.imp().repositories.get_or_init(Repositories::new)
    }

    /// What the apps are called, and how they look.
    pub(crate) fn apps(&self) -> &Apps {
        self.imp().apps.get_or_init(|| Apps::new(self.repositories()))
    }

    /// What clients asked for and did not get.
    pub(crate) fn notes(&self) -> &Notes {
        self.imp().notes.get_or_init(|| Notes::new(self.services().pending.clone(), self.repositories()))
    }

    /// Whether this Usher is whole.
    pub(crate) fn own_installation(&self) -> &OwnInstallation {
        self.imp().own_installation.get_or_init(OwnInstallation::new)
    }

    /// Ends the process once Usher was uninstalled, unless the person is in the middle of something.
    pub(crate) fn quit_if_uninstalled(&self) {
        let is_at_rest = |window: gtk::Window| window.downcast::<Window>().is_ok_and(|window| window.is_at_rest());
        if self.own_installation().deployment() == Deployment::Removed && self.windows().into_iter().all(is_at_rest) {
            self.quit();
        }
    }

    /// The main window; opened where it is not.
    pub(crate) fn main_window(&self) -> Window {
        self.open_window().unwrap_or_else(|| {
            let window = Window::new(self);
            // From now on the daemon sees that it is there.
            notifications::withdraw_notifications();
            window
        })
    }

    /// The main window, where it is open.
    pub(crate) fn open_window(&self) -> Option<Window> {
        self.windows().into_iter().find_map(|window| window.downcast::<Window>().ok())
    }

    /// Without an account there is nothing to export.
    fn offer_export(&self, accounts: &AccountList) {
        if let Some(action) = self.lookup_action("export-accounts").and_downcast::<gio::SimpleAction>() {
            action.set_enabled(!accounts.accounts().is_empty());
        }
    }

    fn set_up_actions(&self) {
        let simple = |name: &str, act: fn(&Self)| {
            gio::ActionEntry::builder(name).activate(move |application: &Self, _, _| act(application)).build()
        };
        self.add_action_entries([
            simple("preferences", |application| {
                PreferencesDialog::new(application.settings()).present(Some(&application.main_window()));
            }),
            simple("shortcuts", |application| shortcuts::present(&application.main_window())),
            simple("about", |application| about::present(&application.main_window())),
            simple("quit", Self::close_main_window),
            simple("export-accounts", |application| {
                let window = application.main_window();
                window.present();
                window.export();
            }),
            simple("add-account", |application| {
                let window = application.main_window();
                window.present();
                window.add_account();
            }),
        ]);
        self.add_action_entries(notifications::actions());
        for (action, keys) in KEYS {
            self.set_accels_for_action(action, keys);
        }
    }

    /// A prompt on screen stays, and with it the process.
    fn close_main_window(&self) {
        for window in self.windows() {
            if let Ok(window) = window.downcast::<Window>() {
                window.close();
            }
        }
    }
}
