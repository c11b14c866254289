// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository names another server than that of the account it uses. It stays blocked unless the person decides
//! otherwise.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::account::Account;

use crate::{
    application::Application, i18n::gettext_f, main_window::Window, model::Repository, text, widgets::accessible,
};

mod imp {
    use std::cell::OnceCell;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/account/changed_server.blp")]
    pub struct ChangedServerPage {
        pub(super) repository: OnceCell<Repository>,
        #[template_child]
        pub(super) heading_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) description_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) repository_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) old_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) new_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        keep_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) use_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) use_label: TemplateChild<gtk::Label>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for ChangedServerPage {
        const NAME: &'static str = "UsherChangedServerPage";
        type Type = super::ChangedServerPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for ChangedServerPage {}
    impl WidgetImpl for ChangedServerPage {}
    impl NavigationPageImpl for ChangedServerPage {}

    #[gtk::template_callbacks]
    impl ChangedServerPage {
        #[template_callback]
        fn on_shown(&self) {
            self.keep_button.grab_focus();
        }

        #[template_callback]
        fn on_keep(&self) {
            if let Some(repository) = self.repository.get() {
                Application::current().notes().keep_blocked(repository);
            }
            if let Some(window) = Window::of(&*self.obj()) {
                window.go_back();
            }
        }

        #[template_callback]
        fn on_use(&self) {
            if let (Some(window), Some(repository)) = (Window::of(&*self.obj()), self.repository.get()) {
                window.accept_server(repository);
            }
        }
    }
}

glib::wrapper! {
    pub struct ChangedServerPage(ObjectSubclass<imp::ChangedServerPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl ChangedServerPage {
    /// About a repository and the account that it used.
    pub(crate) fn new(repository: &Repository, account: &Account) -> Self {
        let page: Self = glib::Object::new();
        let imp = page.imp();
        let (old, new) = (account.binding.host(), repository.host());
        let title = repository.title();
        let heading = gettext_f("{repository} Has Changed Its Server", &[("repository", &text::within(&title))]);
        page.set_title(&heading);
        imp.heading_label.set_label(&heading);
        imp.description_label.set_label(&gettext_f(
            "It used {old host} and now asks for an account at {new host}. If this is not expected, do not continue.",
            &[("old host", &text::within(&old)), ("new host", &text::within(&new))],
        ));
        imp.repository_row.set_subtitle(&format!("{title} · {}", repository.address.host()));
        imp.old_row.set_subtitle(&old);
        imp.new_row.set_subtitle(&new);
        let label = gettext_f("Use {new host}…", &[("new host", &text::within(&new))]);
        imp.use_label.set_label(&label);
        accessible::name(&*imp.use_button, &label);
        let _ = imp.repository.set(repository.clone());
        page
    }
}
