// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository wants to use an account at its server: which one may it use?

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{
    account::{Account, AccountId},
    binding::Link,
};

use crate::{
    i18n::{gettext, gettext_f},
    model::{Repository, permission},
    navigation::{self, Destination},
    services::Services,
    text,
    widgets::{Guard, Heading, account_choices, focus, toast},
};

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::PermissionPage)]
    #[template(file = "src/account/permission_page.blp")]
    pub struct PermissionPage {
        #[property(get, construct_only)]
        description: RefCell<String>,
        /// Title and host of the repository.
        #[property(get, construct_only)]
        repository_name: RefCell<String>,
        #[property(get, construct_only)]
        host: RefCell<String>,
        /// Whether there is one account alone that can be allowed.
        #[property(get, construct_only)]
        is_single: Cell<bool>,
        /// Whether *Allow* can be pressed: an account is chosen, and nothing is being saved.
        #[property(get, set)]
        can_allow: Cell<bool>,
        pub(super) services: OnceCell<Services>,
        pub(super) repository: OnceCell<Repository>,
        pub(super) chosen: Cell<Option<AccountId>>,
        #[template_child]
        accounts_box: TemplateChild<gtk::ListBox>,
        #[template_child]
        guard: TemplateChild<Guard>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PermissionPage {
        const NAME: &'static str = "UsherPermissionPage";
        type Type = super::PermissionPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Guard::ensure_type();
            Heading::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for PermissionPage {
        fn constructed(&self) {
            self.parent_constructed();
            focus::when_first_shown(&*self.obj(), |page| page.imp().place_focus());
        }
    }

    impl WidgetImpl for PermissionPage {}
    impl NavigationPageImpl for PermissionPage {}

    #[gtk::template_callbacks]
    impl PermissionPage {
        #[template_callback]
        fn on_allow(&self) {
            let (Some(services), Some(repository)) = (self.services.get(), self.repository.get()) else {
                return;
            };
            if let Some(account) = self.chosen.get() {
                glib::spawn_future_local(allow(self.obj().clone(), services.clone(), repository.clone(), account));
            }
        }

        #[template_callback]
        fn on_other(&self) {
            if let Some(repository) = self.repository.get() {
                navigation::go_to(&*self.obj(), &Destination::ServerOf(repository.clone()));
            }
        }

        #[template_callback(function)]
        fn other_text(is_single: bool) -> String {
            if is_single { gettext("Use Another Account…") } else { gettext("Add Account…") }
        }

        fn place_focus(&self) {
            if self.is_single.get() || !self.guard.is_open() {
                self.guard.place_focus();
            } else {
                self.accounts_box.child_focus(gtk::DirectionType::TabForward);
            }
        }

        pub(super) fn offer(&self, accounts: &[Account], repositories: &[Repository]) {
            let page = self.obj().downgrade();
            let choices = account_choices(accounts, repositories, move |account| {
                if let Some(page) = page.upgrade() {
                    page.imp().choose(account.id);
                }
            });
            for row in choices {
                self.accounts_box.append(&row);
            }
        }

        pub(super) fn choose(&self, account: AccountId) {
            self.chosen.set(Some(account));
            self.obj().set_can_allow(true);
        }
    }

    async fn allow(page: super::PermissionPage, services: Services, repository: Repository, account: AccountId) {
        page.set_can_allow(false);
        let link = Link { remote_url: repository.address.clone(), remote: repository.remote.name.clone() };
        let given = permission::give(services.accounts(), account, link).await;
        page.set_can_allow(true);
        match given {
            Ok(()) => {
                let title = text::within(&repository.title());
                toast::show(&page, &gettext_f("{repository} may use this account", &[("repository", &title)]));
                navigation::go_to(&page, &Destination::FirstPage);
            }
            Err(said) => toast::show(&page, &said),
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
    pub(crate) fn new(services: &Services, repository: Repository) -> Self {
        let mut accounts = services.accounts().accounts();
        accounts.retain(|account| account.binding == repository.binding);
        let (heading, description) = words(&repository, &accounts);
        let page: Self = glib::Object::builder()
            .property("title", heading)
            .property("description", description)
            .property("repository-name", format!("{} · {}", repository.title(), repository.address.host()))
            .property("host", repository.host())
            .property("is-single", accounts.len() == 1)
            .build();
        let imp = page.imp();
        match accounts.as_slice() {
            [account] => imp.choose(account.id),
            several => imp.offer(several, &services.repositories().all()),
        }
        let _ = imp.services.set(services.clone());
        let _ = imp.repository.set(repository);
        page
    }
}

/// Heading and description.
fn words(repository: &Repository, accounts: &[Account]) -> (String, String) {
    let (title, host) = (text::within(&repository.title()), text::within(&repository.host()));
    let values = [("repository", title.as_str()), ("host", host.as_str())];
    if let [account] = accounts {
        (
            gettext_f("Use the Account of {user}?", &[("user", &text::within(&account.label()))]),
            gettext_f("{repository} wants to use it to install apps.", &values[..1]),
        )
    } else {
        (gettext("Choose an Account"), gettext_f("{repository} needs an account at {host}.", &values))
    }
}
