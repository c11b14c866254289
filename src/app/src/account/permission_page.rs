// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository wants to use an account at its server: which one may it use?

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{
    account::{Account, AccountId},
    binding::Link,
};

use crate::{
    application::Application,
    i18n::{gettext, gettext_f},
    main_window::Window,
    model::{Repository, permission},
    text,
    widgets::{account_choices, toast},
};

mod imp {
    use std::cell::{Cell, OnceCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/account/permission_page.blp")]
    pub struct PermissionPage {
        pub(super) repository: OnceCell<Repository>,
        pub(super) chosen: Cell<Option<AccountId>>,
        /// Whether it was shown before: the keyboard goes back to where it was left.
        was_shown: Cell<bool>,
        #[template_child]
        pub(super) heading_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) description_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) accounts_box: TemplateChild<gtk::ListBox>,
        #[template_child]
        pub(super) repository_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) server_row: TemplateChild<adw::ActionRow>,
        #[template_child]
        pub(super) allow_button: TemplateChild<gtk::Button>,
        #[template_child]
        pub(super) other_label: TemplateChild<gtk::Label>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PermissionPage {
        const NAME: &'static str = "UsherPermissionPage";
        type Type = super::PermissionPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for PermissionPage {}
    impl WidgetImpl for PermissionPage {}
    impl NavigationPageImpl for PermissionPage {}

    #[gtk::template_callbacks]
    impl PermissionPage {
        #[template_callback]
        fn on_shown(&self) {
            if !self.was_shown.replace(true) && !self.allow_button.grab_focus() {
                self.accounts_box.child_focus(gtk::DirectionType::TabForward);
            }
        }

        #[template_callback]
        fn on_allow(&self) {
            let (Some(repository), Some(account)) = (self.repository.get().cloned(), self.chosen.get()) else {
                return;
            };
            let page = self.obj().clone();
            self.allow_button.set_sensitive(false);
            glib::spawn_future_local(async move {
                let link = Link { remote_url: repository.address.clone(), remote: repository.remote.name.clone() };
                let given = permission::give(account, link).await;
                page.imp().allow_button.set_sensitive(true);
                if let Err(said) = given {
                    toast::show(&page, &said);
                    return;
                }
                let title = text::within(&repository.title());
                toast::show(&page, &gettext_f("{repository} may use this account", &[("repository", &title)]));
                if let Some(window) = Window::of(&page) {
                    window.show_first_page();
                }
            });
        }

        #[template_callback]
        fn on_other(&self) {
            if let (Some(window), Some(repository)) = (Window::of(&*self.obj()), self.repository.get()) {
                window.sign_in_for(repository);
            }
        }
    }
}

glib::wrapper! {
    pub struct PermissionPage(ObjectSubclass<imp::PermissionPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl PermissionPage {
    /// About a repository and the accounts at its server.
    pub(crate) fn new(application: &Application, repository: &Repository) -> Self {
        let page: Self = glib::Object::new();
        let imp = page.imp();
        let mut accounts = application.accounts().accounts();
        accounts.retain(|account| account.binding == repository.binding);
        let title = repository.title();
        let (heading, description) = if let [account] = accounts.as_slice() {
            imp.chosen.set(Some(account.id));
            imp.accounts_box.set_visible(false);
            let user = text::within(&account.user);
            (
                gettext_f("Use the Account of {user}?", &[("user", &user)]),
                gettext_f("{repository} wants to use it to install apps.", &[("repository", &text::within(&title))]),
            )
        } else {
            page.offer(&accounts);
            let (repository, host) = (text::within(&title), text::within(&repository.host()));
            let values = [("repository", repository.as_str()), ("host", host.as_str())];
            (gettext("Choose an Account"), gettext_f("{repository} needs an account at {host}.", &values))
        };
        page.set_title(&heading);
        imp.heading_label.set_label(&heading);
        imp.description_label.set_label(&description);
        imp.repository_row.set_subtitle(&format!("{title} · {}", repository.address.host()));
        imp.server_row.set_subtitle(&repository.host());
        imp.allow_button.set_sensitive(imp.chosen.get().is_some());
        let is_one = accounts.len() == 1;
        imp.other_label.set_label(&if is_one { gettext("Use Another Account…") } else { gettext("Add Account…") });
        let _ = imp.repository.set(repository.clone());
        page
    }

    fn offer(&self, accounts: &[Account]) {
        let weak = self.downgrade();
        let choices = account_choices(accounts, move |account| {
            if let Some(page) = weak.upgrade() {
                page.imp().chosen.set(Some(account.id));
                page.imp().allow_button.set_sensitive(true);
            }
        });
        for row in choices {
            self.imp().accounts_box.append(&row);
        }
    }
}
