// SPDX-License-Identifier: GPL-3.0-or-later
//! The application: one process, unique by its bus name. When the bus has started it, its only windows are prompts.

mod about;
mod bus_end;
mod clipboard;
mod notifications;
mod shortcuts;

use std::{io::Write, time::Duration};

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gio, glib};
use usher_core::{names, redirect};

use self::notifications::ClickAction;
use crate::{
    desktop::window_id,
    i18n::gettext,
    main_window::Window,
    model::{AccountList, Deployment},
    preferences::PreferencesDialog,
    prompt::Prompter,
    services::Services,
    widgets::{after_first_frame, guard},
};

/// Milliseconds after the last window until the process ends, when the bus has started it.
const INACTIVITY: u32 = 10_000;

/// The names of the desktop's tokens in the data of a call: of Wayland, and of X11.
const TOKENS: [&str; 2] = ["activation-token", "desktop-startup-id"];

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
    use std::{
        cell::{Cell, OnceCell},
        ops::ControlFlow,
    };

    use super::*;

    #[derive(Default)]
    pub struct Application {
        pub(super) prompter: OnceCell<Prompter>,
        pub(super) services: OnceCell<Services>,
        /// Whether what happens now was called on the bus.
        pub(super) is_called: Cell<bool>,
        /// Whether the session bus has ended.
        pub(super) is_bus_lost: Cell<bool>,
        /// Kept so that all who use it have this one.
        pub(super) system_bus: OnceCell<gio::DBusConnection>,
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
            if let Some(option) = redirect::WAIT_OPTION {
                let (short, flags) = (0u8.into(), glib::OptionFlags::NONE);
                application.add_main_option(option, short, flags, glib::OptionArg::Int, "", Some("SECONDS"));
            }
        }
    }

    impl ApplicationImpl for Application {
        fn dbus_register(&self, connection: &gio::DBusConnection, object_path: &str) -> Result<(), glib::Error> {
            bus_end::follow(connection);
            self.parent_dbus_register(connection, object_path)?;
            if self.obj().flags().contains(gio::ApplicationFlags::IS_SERVICE) {
                // The bus starts this process for a question, which is about accounts.
                self.obj().services().connect_keyring();
            }
            let weak = self.obj().downgrade();
            let prompter = Prompter::register(self.obj().services(), connection, move || {
                weak.upgrade().is_some_and(|application| application.is_main_window_shown())
            })?;
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
            if let Some(Ok(Some(seconds))) = redirect::WAIT_OPTION.map(|option| options.lookup::<i32>(option)) {
                self.obj().services().limit_sign_ins(Duration::from_secs(seconds.unsigned_abs().into()));
            }
            self.parent_handle_local_options(options)
        }

        fn startup(&self) {
            self.parent_startup();
            window_id::follow_windows();
            clipboard::keep_what_is_copied(self.obj().services());
            let application = self.obj();
            application.services().hold_unfinished();
            let own_installation = application.services().own_installation();
            own_installation.changes().follow(&*application, Self::Type::quit_if_uninstalled);
            application.set_up_actions();
        }

        fn activate(&self) {
            self.parent_activate();
            self.obj().main_window().present();
        }

        /// Something is called on the bus.
        fn before_emit(&self, platform_data: &glib::Variant) {
            self.is_called.set(true);
            self.parent_before_emit(platform_data);
        }

        /// It has been done.
        fn after_emit(&self, platform_data: &glib::Variant) {
            self.parent_after_emit(platform_data);
            self.is_called.set(false);
            if let Some(window) = self.obj().open_window() {
                window.was_called(has_token(platform_data));
            }
        }

        fn open(&self, files: &[gio::File], _hint: &str) {
            self.obj().activate();
            self.obj().main_window().open_local(files);
        }
    }

    impl GtkApplicationImpl for Application {
        fn window_added(&self, window: &gtk::Window) {
            self.parent_window_added(window);
            let application = self.obj().downgrade();
            after_first_frame(window, move |window| {
                // X11 takes the picture itself, drawn in six sizes.
                window.set_icon_name(Some(names::APP_ID));
                gtk::Window::set_default_icon_name(names::APP_ID);
                if let Some(application) = application.upgrade() {
                    bus_end::outlive_system_bus(&application);
                }
            });
        }

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

    /// Runs until the process ends. Returns its exit code.
    pub(crate) fn run_to_end(&self) -> glib::ExitCode {
        let code = self.run();
        if self.imp().is_bus_lost.get() { glib::ExitCode::FAILURE } else { code }
    }

    fn services(&self) -> &Services {
        self.imp().services.get_or_init(|| Services::new(self))
    }

    /// Ends the process once Usher was uninstalled, unless the person is in the middle of something.
    fn quit_if_uninstalled(&self) {
        let is_removed = self.services().own_installation().deployment() == Deployment::Removed;
        let is_done = !self.services().session.unfinished().borrow().is_any();
        if is_removed && is_done && self.windows().into_iter().all(is_at_rest) {
            self.quit();
        }
    }

    /// The main window; opened where it is not.
    fn main_window(&self) -> Window {
        self.open_window().unwrap_or_else(|| {
            let window = Window::new(self.services(), self.imp().prompter.get().cloned());
            window.connect_page_shown(glib::clone!(
                #[weak(rename_to = application)]
                self,
                move || application.quit_if_uninstalled()
            ));
            let application = self.downgrade();
            after_first_frame(&window, move |_| {
                if let Some(application) = application.upgrade() {
                    application.main_window_is_there();
                }
            });
            window
        })
    }

    fn main_window_is_there(&self) {
        let accounts = self.services().accounts();
        self.offer_export(accounts);
        accounts.changes().follow(self, |application| application.offer_export(application.services().accounts()));
        // From now on the daemon sees that the window is there.
        notifications::withdraw();
    }

    /// The main window, where it is open.
    fn open_window(&self) -> Option<Window> {
        self.windows().into_iter().find_map(|window| window.downcast::<Window>().ok())
    }

    fn is_main_window_shown(&self) -> bool {
        self.open_window().is_some_and(|window| window.is_visible())
    }

    /// Without an account there is nothing to export.
    fn offer_export(&self, accounts: &AccountList) {
        if let Some(action) = self.lookup_action("export-accounts").and_downcast::<gio::SimpleAction>() {
            action.set_enabled(!accounts.accounts().is_empty());
        }
    }

    fn set_up_actions(&self) {
        self.add_action_entries([
            simple_action("preferences", |application| {
                let dialog = PreferencesDialog::new(application.services());
                dialog.present(Some(&application.main_window()));
            }),
            simple_action("shortcuts", |application| shortcuts::present(&application.main_window())),
            simple_action("about", |application| about::present(&application.main_window())),
            simple_action("quit", Self::close_main_window),
            simple_action("export-accounts", |application| application.present_main_window().export()),
            simple_action("add-account", |application| {
                let window = application.present_main_window();
                application.lead(|| window.add_account());
            }),
        ]);
        self.add_action_entries(notifications::CLICKS.map(click_action));
        for (action, keys) in KEYS {
            self.set_accels_for_action(action, keys);
        }
    }

    /// Leads to a page: by a press in a window of ours, or because a program has called.
    fn lead(&self, lead: impl FnOnce()) {
        if self.imp().is_called.get() { lead() } else { guard::follow_press(lead) }
    }

    fn present_main_window(&self) -> Window {
        let window = self.main_window();
        window.present();
        window
    }

    /// A prompt on screen stays, and with it the process.
    fn close_main_window(&self) {
        if let Some(window) = self.open_window() {
            window.close();
        }
    }
}

/// Whether a person has caused this call: the desktop gives a token to the program that they use.
fn has_token(platform_data: &glib::Variant) -> bool {
    let platform_data = glib::VariantDict::new(Some(platform_data));
    let given = TOKENS.iter().filter_map(|name| platform_data.lookup::<String>(name).ok().flatten());
    given.into_iter().any(|token| !token.is_empty())
}

fn is_at_rest(window: gtk::Window) -> bool {
    window.downcast::<Window>().is_ok_and(|window| window.is_at_rest())
}

fn simple_action(name: &str, act: fn(&Application)) -> gio::ActionEntry<Application> {
    gio::ActionEntry::builder(name).activate(move |application: &Application, _, _| act(application)).build()
}

/// The action of a click, about the account or the repository that its target names. What is not known opens the window.
fn click_action(click: ClickAction) -> gio::ActionEntry<Application> {
    gio::ActionEntry::builder(click.name)
        .parameter_type(Some(glib::VariantTy::STRING))
        .activate(move |application: &Application, _, target| {
            let window = application.present_main_window();
            if let Some(target) = target.and_then(glib::Variant::str) {
                (click.lead)(&window, target);
            }
        })
        .build()
}
