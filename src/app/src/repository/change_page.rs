// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that makes a repository use Usher, or stop. flatpak makes the change; a Flatpak shows the command alone. Either
//! way the page continues once the change is made.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::High, glib};
use usher_core::{
    address, checks::InstallationKind, error_text::UserFacing, names, remote::Remote, remote_modify::RemoteModify,
};

use crate::{
    i18n::{gettext, gettext_f},
    model::Repository,
    navigation::{self, Destination},
    runtime,
    services::Services,
    text,
    widgets::{Body, BusyButton, Closures, CopyButton, Guard, Heading, accessible, escape, guard, toast},
};

/// What is to become of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It uses Usher.
    Use,
    /// It uses what flatpak uses on its own.
    Stop,
}

impl Change {
    fn heading(self, title: &str) -> String {
        let values = [("repository", title)];
        match self {
            Self::Use => gettext_f("Use Usher for {repository}?", &values),
            Self::Stop => gettext_f("Stop Using Usher for {repository}?", &values),
        }
    }

    fn description(self, is_registry: bool) -> String {
        match (self, is_registry) {
            (Self::Use, true) => {
                gettext("flatpak asks for its account again each time. Usher keeps it in the keyring.")
            }
            (Self::Use, false) => {
                gettext("Some of its apps need an account, which nothing keeps. Usher keeps it in the keyring.")
            }
            (Self::Stop, true) => {
                gettext("flatpak then asks for its account again each time. The accounts in Usher stay.")
            }
            (Self::Stop, false) => gettext(
                "Apps that need an account can then no longer be installed or updated from it. The accounts in Usher stay.",
            ),
        }
    }

    fn button(self) -> String {
        match self {
            Self::Use => gettext("Use Usher"),
            Self::Stop => gettext("Stop Using Usher"),
        }
    }

    fn command(self, remote: &Remote) -> Option<RemoteModify> {
        match self {
            Self::Use => RemoteModify::to_use_usher(remote),
            Self::Stop => RemoteModify::to_stop_using_usher(remote),
        }
    }
}

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::ChangePage)]
    #[template(file = "src/repository/change_page.blp")]
    pub struct ChangePage {
        #[property(get, construct_only)]
        heading: RefCell<String>,
        #[property(get, construct_only)]
        description: RefCell<String>,
        #[property(get, construct_only)]
        repository: RefCell<String>,
        #[property(get, construct_only)]
        server: RefCell<String>,
        #[property(get, construct_only)]
        place: RefCell<String>,
        #[property(get, construct_only)]
        command: RefCell<String>,
        #[property(get, construct_only)]
        command_title: RefCell<String>,
        /// What the button says that runs the command.
        #[property(get, construct_only)]
        run_text: RefCell<String>,
        /// Whether the page can run the command itself.
        #[property(get, construct_only)]
        can_run: Cell<bool>,
        /// Why nothing was changed; empty where nothing failed.
        #[property(get, set)]
        problem: RefCell<String>,
        pub(super) services: OnceCell<Services>,
        /// The change, the repository as it was before, and the command.
        pub(super) what: OnceCell<(Change, Remote, RemoteModify)>,
        is_left: Cell<bool>,
        /// The command that runs.
        running: RefCell<Option<glib::JoinHandle<()>>>,
        #[template_child]
        command_label: TemplateChild<gtk::Label>,
        #[template_child]
        guard: TemplateChild<Guard>,
        #[template_child]
        run_button: TemplateChild<BusyButton>,
        #[template_child]
        copy_button: TemplateChild<CopyButton>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for ChangePage {
        const NAME: &'static str = "UsherChangePage";
        type Type = super::ChangePage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Body::ensure_type();
            BusyButton::ensure_type();
            CopyButton::ensure_type();
            Guard::ensure_type();
            Heading::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for ChangePage {
        fn constructed(&self) {
            self.parent_constructed();
            self.command_label.set_direction(gtk::TextDirection::Ltr);
            self.run_button.connect_pressed(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |_| imp.run()
            ));
            escape::stops(&*self.obj(), gtk::PropagationPhase::Capture, |page| page.imp().stop());
        }

        fn dispose(&self) {
            self.stop();
        }
    }

    impl WidgetImpl for ChangePage {}
    impl NavigationPageImpl for ChangePage {}

    #[gtk::template_callbacks]
    impl ChangePage {
        #[template_callback]
        fn on_shown(&self) {
            if self.obj().can_run() {
                self.guard.place_focus();
            } else {
                self.copy_button.grab_focus();
            }
        }

        fn run(&self) {
            let Some((_, _, modify)) = self.what.get().cloned() else { return };
            self.obj().set_problem("");
            self.run_button.set_busy(true);
            let running = glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move {
                    let ended = runtime::spawn(async move { modify.run().await }).await;
                    imp.running.take();
                    imp.run_button.set_busy(false);
                    match ended {
                        // What follows is up to what flatpak has written.
                        Ok(()) => imp.services().repositories().reload(),
                        Err(error) => imp.show_problem(&error.sentence()),
                    }
                }
            ));
            self.running.replace(Some(running));
        }

        fn show_problem(&self, sentence: &str) {
            self.obj().set_problem(sentence);
            self.obj().announce(sentence, High);
            self.run_button.grab_focus();
        }

        /// Whoever leaves does not wait for flatpak.
        #[template_callback]
        fn on_hidden(&self) {
            self.stop();
        }

        /// Ends the command. Says whether it ran.
        fn stop(&self) -> bool {
            let running = self.running.take();
            if let Some(running) = &running {
                running.abort();
                self.run_button.set_busy(false);
            }
            running.is_some()
        }

        fn services(&self) -> &Services {
            self.services.get().expect("set when the page is made")
        }

        /// Leads on once the change is made, or the repository has gone.
        pub(super) fn look_again(&self) {
            let Some((change, before, _)) = self.what.get() else { return };
            // What flatpak has begun, it ends.
            if self.running.borrow().is_some() {
                return;
            }
            let now = self.services().repositories().here(before);
            let is_made = now.as_ref().is_none_or(|now| now.names_usher() == (*change == Change::Use));
            if is_made && !self.is_left.replace(true) {
                guard::follow_answer(|| self.leave(*change, now));
            }
        }

        fn leave(&self, change: Change, now: Option<Remote>) {
            let page = self.obj();
            let Some(stack) = navigation::stack_of(&*page) else { return };
            let is_shown = stack.visible_page().as_ref() == Some(page.upcast_ref());
            let repository = now.clone().filter(|_| change == Change::Use).and_then(Repository::of);
            match repository.filter(|_| is_shown) {
                Some(repository) => {
                    navigation::go_to(&*page, &Destination::ServerOf(repository));
                    drop_page(&stack, page.upcast_ref());
                }
                None if is_shown => {
                    stack.pop();
                    if let Some(now) = now.filter(|_| change == Change::Use) {
                        let title = text::within(now.display_name());
                        toast::show(
                            &stack,
                            &gettext_f(
                                "{repository} asks for its account with the next install",
                                &[("repository", &title)],
                            ),
                        );
                    }
                }
                None => drop_page(&stack, page.upcast_ref()),
            }
        }
    }

    /// Takes a page out that another one stands above.
    fn drop_page(stack: &adw::NavigationView, page: &adw::NavigationPage) {
        let all = stack.navigation_stack();
        let pages: Vec<adw::NavigationPage> =
            all.iter::<adw::NavigationPage>().map_while(Result::ok).filter(|known| known != page).collect();
        stack.replace(&pages);
    }
}

glib::wrapper! {
    pub struct ChangePage(ObjectSubclass<imp::ChangePage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl ChangePage {
    /// The page about a repository. `None` if no safe command makes the change.
    pub(crate) fn new(services: &Services, change: Change, remote: Remote) -> Option<Self> {
        let modify = change.command(&remote)?;
        let heading = change.heading(&text::within(remote.display_name()));
        let can_run = !names::in_sandbox();
        let command_title =
            if can_run { gettext("Command That Is Run") } else { gettext("Run This Command in a Terminal") };
        let page: Self = glib::Object::builder()
            .property("title", accessible::bare(&heading))
            .property("heading", &heading)
            .property("description", change.description(remote.is_registry()))
            .property("repository", text::plain(remote.display_name()))
            .property("server", address::host(&remote.url))
            .property("place", text::installed_for(InstallationKind::of(remote.is_user)))
            .property("command", modify.command())
            .property("command-title", command_title)
            .property("run-text", change.button())
            .property("can-run", can_run)
            .build();
        let imp = page.imp();
        let _ = imp.services.set(services.clone());
        let _ = imp.what.set((change, remote, modify));
        services.repositories().changes().follow(&page, |page| page.imp().look_again());
        Some(page)
    }
}
