// SPDX-License-Identifier: GPL-3.0-or-later
//! The page of a repository that is not on this computer: what sets it up, and where that leads. Nothing is contacted.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::Medium, gio, glib};
use usher_core::{remote, service::RemoteUrl};

use crate::{
    application::Application,
    i18n::gettext,
    main_window::Window,
    model::{OfferedRepository, Repositories, Repository, SetUpState},
    widgets::{accessible, sign_in_name, toast},
};

mod imp {
    use std::cell::{OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/add_account/set_up.blp")]
    pub struct SetUpPage {
        pub(super) offered: OnceCell<OfferedRepository>,
        /// The repository, once it is set up.
        pub(super) repository: RefCell<Option<Repository>>,
        pub(super) followed: RefCell<Option<(Repositories, glib::SignalHandlerId)>>,
        #[template_child]
        pub(super) heading_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) state_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) command_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) command_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) app_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) address_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) copy_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) sign_in_button: TemplateChild<gtk::Button>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for SetUpPage {
        const NAME: &'static str = "UsherSetUpPage";
        type Type = super::SetUpPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for SetUpPage {
        fn dispose(&self) {
            if let Some((repositories, handler)) = self.followed.take() {
                repositories.disconnect(handler);
            }
        }
    }

    impl WidgetImpl for SetUpPage {}
    impl NavigationPageImpl for SetUpPage {}

    #[gtk::template_callbacks]
    impl SetUpPage {
        #[template_callback]
        fn on_shown(&self) {
            self.copy_button.grab_focus();
        }

        #[template_callback]
        fn on_copy(&self) {
            toast::copy(&*self.obj(), &self.command_label.label());
        }

        #[template_callback]
        fn on_sign_in(&self) {
            if let (Some(window), Some(repository)) = (Window::of(&*self.obj()), self.repository.borrow().as_ref()) {
                window.sign_in_for(repository);
            }
        }
    }
}

glib::wrapper! {
    pub struct SetUpPage(ObjectSubclass<imp::SetUpPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl SetUpPage {
    /// The page of what a file offers, with the command that sets it up. It notices when that was done.
    pub(super) fn new(application: &Application, offered: OfferedRepository, command: Option<String>) -> Self {
        let page: Self = glib::Object::new();
        let imp = page.imp();
        let title = offered.title();
        page.set_title(&title);
        imp.heading_label.set_label(&title);
        if let Some(app) = &offered.file.app {
            imp.app_row.set_subtitle(app);
            imp.app_row.set_visible(true);
        }
        imp.address_row.set_subtitle(offered.address().as_ref().map_or(&offered.file.address, RemoteUrl::as_str));
        imp.command_label.set_direction(gtk::TextDirection::Ltr);
        let _ = imp.offered.set(offered);
        page.show(SetUpState::Missing(command));
        let weak = page.downgrade();
        let repositories = application.repositories().clone();
        let handler = repositories.connect_changed(move |_| {
            if let Some(page) = weak.upgrade() {
                glib::spawn_future_local(page.look_again());
            }
        });
        imp.followed.replace(Some((repositories, handler)));
        page
    }

    async fn look_again(self) {
        let offered = self.imp().offered.get().expect("set when it was made").clone();
        let standing = look(offered).await;
        // A name that was taken meanwhile is no reason to change a command that may be in the clipboard.
        if !matches!(standing, SetUpState::Missing(_)) {
            self.show(standing);
            self.announce(&self.imp().state_label.label(), Medium);
        }
    }

    fn show(&self, standing: SetUpState) {
        let imp = self.imp();
        let command = match &standing {
            SetUpState::Missing(command) => command.as_deref(),
            SetUpState::Named(_) | SetUpState::NotOurs => None,
        };
        let state = match &standing {
            SetUpState::Missing(Some(_)) => gettext("This repository is not set up yet"),
            SetUpState::Missing(None) => gettext("No safe command can be made for this repository"),
            SetUpState::Named(_) => gettext("This repository is set up"),
            SetUpState::NotOurs => gettext("This repository is set up. It asks Usher for no account so far"),
        };
        imp.state_label.set_label(&state);
        imp.command_label.set_label(command.unwrap_or_default());
        imp.command_group.set_visible(command.is_some());
        imp.copy_button.set_visible(command.is_some());
        imp.sign_in_button.set_visible(matches!(standing, SetUpState::Named(_)));
        if let SetUpState::Named(repository) = standing {
            accessible::name(&*imp.sign_in_button, &sign_in_name(&repository.host()));
            imp.repository.replace(Some(*repository));
            imp.sign_in_button.grab_focus();
        }
    }
}

/// How the repository stands now.
pub(super) async fn look(offered: OfferedRepository) -> SetUpState {
    let look = move || offered.standing(&remote::remotes(&remote::installations()));
    gio::spawn_blocking(look).await.unwrap_or(SetUpState::Missing(None))
}
