// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository wants to use an account at its server: which one may it use?

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{
    account::{Account, AccountId},
    binding::Link,
    lookup::{self, Lookup},
    pending::{Operation, Pending},
};

use crate::{
    i18n::{gettext, gettext_f},
    model::{App, Repository, permission},
    navigation::{self, Destination},
    prompt::wants_to_use,
    purchase::unfinished,
    services::Services,
    text,
    widgets::{Body, Guard, Heading, Why, WhyList, accessible, account_choices, focus, toast},
};

/// What the repository wants an account for, as far as it has been noted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    /// The programs that asked, each once.
    clients: Vec<String>,
    app_ids: Vec<String>,
    is_update: bool,
}

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::PermissionPage)]
    #[template(file = "src/account/permission_page.blp")]
    pub struct PermissionPage {
        #[property(get, set)]
        description: RefCell<String>,
        /// Whether there is one account alone that can be allowed.
        #[property(get, construct_only)]
        is_single: Cell<bool>,
        /// Whether the repository asks for this: it can be told no.
        #[property(get, construct_only)]
        is_asked: Cell<bool>,
        /// Whether an account is chosen.
        #[property(get, set)]
        is_chosen: Cell<bool>,
        /// Whether an answer is being saved.
        #[property(get, set)]
        is_busy: Cell<bool>,
        pub(super) wish: OnceCell<Wish>,
        pub(super) services: OnceCell<Services>,
        pub(super) repository: OnceCell<Repository>,
        pub(super) chosen: Cell<Option<AccountId>>,
        #[template_child]
        accounts_box: TemplateChild<gtk::ListBox>,
        #[template_child]
        why: TemplateChild<WhyList>,
        #[template_child]
        other_row: TemplateChild<adw::ButtonRow>,
        #[template_child]
        guard: TemplateChild<Guard>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PermissionPage {
        const NAME: &'static str = "UsherPermissionPage";
        type Type = super::PermissionPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Body::ensure_type();
            Guard::ensure_type();
            Heading::ensure_type();
            WhyList::ensure_type();
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
            accessible::can_be_pressed(&*self.other_row);
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
        fn on_refuse(&self) {
            if let (Some(services), Some(repository)) = (self.services.get(), self.repository.get()) {
                glib::spawn_future_local(refuse(self.obj().clone(), services.clone(), repository.clone()));
            }
        }

        #[template_callback]
        fn on_other(&self) {
            if let Some(repository) = self.repository.get() {
                navigation::go_to(&*self.obj(), &Destination::ServerOf(repository.clone()));
            }
        }

        #[template_callback(function)]
        fn can_allow(is_chosen: bool, is_busy: bool) -> bool {
            is_chosen && !is_busy
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
            self.obj().set_is_chosen(true);
        }

        /// Names of apps arrive later.
        pub(super) fn refresh(&self) {
            let (Some(services), Some(repository), Some(wish)) =
                (self.services.get(), self.repository.get(), self.wish.get())
            else {
                return;
            };
            let app = |id: &str| services.apps().get(&repository.remote.name, id);
            if self.is_single.get() {
                let title = text::within(&repository.title());
                let name = |id: &str| app(id).title();
                self.obj().set_description(wants_to_use(&wish.app_ids, wish.is_update, &title, &name));
            }
            let apps: Vec<App> = wish.app_ids.iter().map(|id| app(id)).collect();
            self.why.show(Why {
                clients: &wish.clients,
                apps,
                repository: &repository.title(),
                repository_host: &repository.address.host(),
                server: &repository.host(),
                sign_in: None,
            });
        }
    }

    async fn allow(page: super::PermissionPage, services: Services, repository: Repository, account: AccountId) {
        page.set_is_busy(true);
        let link = Link { remote_url: repository.address.clone(), remote: repository.remote.name.clone() };
        let given = permission::give(services.accounts(), account, link).await;
        page.set_is_busy(false);
        match given {
            Ok(()) => {
                unfinished::look_for_access_of(&services, account, &repository.address);
                let title = text::within(&repository.title());
                toast::show(&page, &gettext_f("{repository} may use this account", &[("repository", &title)]));
                navigation::go_to(&page, &Destination::FirstPage);
            }
            Err(said) => toast::show(&page, &said),
        }
    }

    async fn refuse(page: super::PermissionPage, services: Services, repository: Repository) {
        page.set_is_busy(true);
        let (subject, remote) = (repository.subject(), &repository.remote.name);
        let refused = permission::refuse(services.decisions(), services.accounts(), subject, remote).await;
        page.set_is_busy(false);
        match refused {
            Ok(()) => {
                let title = text::within(&repository.title());
                toast::show(&page, &gettext_f("{repository} may not use an account", &[("repository", &title)]));
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
        let found = services.accounts().entries();
        let found = lookup::find(&found, &repository.binding, &repository.address);
        let is_refused = services.decisions().is_refused(&repository.subject());
        let page: Self = glib::Object::builder()
            .property("title", heading)
            .property("description", description)
            .property("is-single", accounts.len() == 1)
            .property("is-asked", matches!(found, Lookup::Unlinked(_) | Lookup::Ambiguous(_)) && !is_refused)
            .build();
        let imp = page.imp();
        match accounts.as_slice() {
            [account] => imp.choose(account.id),
            several => imp.offer(several, &services.repositories().all()),
        }
        let _ = imp.services.set(services.clone());
        let _ = imp.wish.set(Wish::of(services.notes().of(&repository)));
        let _ = imp.repository.set(repository);
        services.apps().changes().follow(&page, |page| page.imp().refresh());
        imp.refresh();
        page
    }
}

impl Wish {
    /// What these notes are about.
    fn of(notes: impl IntoIterator<Item = Pending>) -> Self {
        let mut wish = Self { is_update: true, ..Self::default() };
        for note in notes {
            // An install among updates is what the person did.
            wish.is_update &= note.operation == Operation::Update;
            wish.app_ids.extend(note.app_ids());
            if !wish.clients.contains(&note.client) {
                wish.clients.push(note.client);
            }
        }
        wish.app_ids.sort();
        wish.app_ids.dedup();
        wish
    }
}

/// Heading, and description where there are several accounts.
fn words(repository: &Repository, accounts: &[Account]) -> (String, String) {
    let (title, host) = (text::within(&repository.title()), text::within(&repository.host()));
    let values = [("repository", title.as_str()), ("host", host.as_str())];
    if let [account] = accounts {
        (gettext_f("Use the Account of {user}?", &[("user", &text::within(&account.label()))]), String::new())
    } else {
        (gettext("Choose an Account"), gettext_f("{repository} needs an account at {host}.", &values))
    }
}

#[cfg(test)]
mod tests {
    use usher_core::{pending::Obstacle, testing};

    use super::*;

    fn note(operation: Operation, client: &str, apps: &[&str]) -> Pending {
        Pending {
            operation,
            obstacle: Obstacle::NoLink,
            ground: testing::ground("https://r.example/", "https://s.example"),
            account: None,
            refs: apps.iter().map(|app| format!("app/{app}/x86_64/stable")).collect(),
            client: client.to_owned(),
            at: 0,
        }
    }

    #[test]
    fn what_is_wished_names_each_program_and_app_once() {
        let (install, update) = (Operation::Install, Operation::Update);
        let all = [
            note(update, "flatpak", &["org.b.B"]),
            note(install, "gnome-software", &["org.a.A"]),
            note(update, "flatpak", &["org.b.B", "org.c.C"]),
        ];
        let wish = Wish::of(all.clone());
        assert_eq!(wish.clients, ["flatpak", "gnome-software"]);
        assert_eq!(wish.app_ids, ["org.a.A", "org.b.B", "org.c.C"]);
        assert!(!wish.is_update);
        assert!(Wish::of([all[0].clone(), all[2].clone()]).is_update);
        assert_eq!(Wish::of([]).clients, [""; 0]);
    }
}
