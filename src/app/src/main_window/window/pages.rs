// SPDX-License-Identifier: GPL-3.0-or-later
//! The page of every destination.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{
    account::{AccountId, AccountState},
    lookup::{self, Lookup},
    remote::Remote,
    service::RemoteUrl,
    takeout::Takeout,
};

use super::{Window, imp};
use crate::{
    account::{AccountPage, ChangedServerPage, PermissionPage, PurchasesPage, ask_to_remove},
    activity::ActivityPage,
    add_account::{AddAccountPage, RegistryLoginsPage, ServerPage},
    model::{OfferedRepository, Repository},
    navigation::Destination,
    repository::{Change, ChangePage, RepositoriesPage, RepositoryPage},
    services::Services,
    sign_in::{self, Purpose, SignInRequest},
    take_along::{ExportPage, WelcomePage},
    widgets::guard,
};

impl imp::Window {
    pub(super) fn go_to(&self, destination: Destination) {
        let services = self.services();
        match destination {
            Destination::FirstPage => self.show_first_page(),
            Destination::Repositories => self.view.push(&RepositoriesPage::new(services)),
            Destination::Repository(remote) => self.view.push(&RepositoryPage::new(services, remote)),
            Destination::UseUsher(remote) => self.show_change(Change::Use, remote),
            Destination::StopUsingUsher(remote) => self.show_change(Change::Stop, remote),
            Destination::Activity(scope) => self.view.push(&ActivityPage::new(services, scope)),
            Destination::Purchases(account) => self.view.push(&PurchasesPage::new(services, account)),
            Destination::RemoveAccount(account) => ask_to_remove(&self.view, services, account),
            Destination::Server(binding) => self.view.push(&ServerPage::new(services, None, binding)),
            Destination::TypedServer(binding) => self.view.push(&ServerPage::typed(services, binding)),
            Destination::ServerOf(repository) => self.show_server_of(&repository),
            Destination::ServerOfTaken(taken) => {
                // Its server is new here until the person has agreed to it.
                let repositories = services.repositories().all();
                let repository = repositories.iter().find(|repository| repository.binding == taken.binding);
                self.view.push(&ServerPage::expecting(services, repository, &taken));
            }
            Destination::SignInAgain(account) => self.sign_in_again(account),
            Destination::SignIn { binding, account, remote, way, is_typed } => {
                self.sign_in(SignInRequest { binding, account, purpose: Purpose::ByHand { remote }, way, is_typed });
            }
            Destination::Permission(repository) => self.view.push(&PermissionPage::new(services, repository)),
            Destination::AnotherAccount(repository) => self.show_other_accounts(&repository),
            Destination::Purchase(wanted) => {
                if let Some(prompter) = self.prompter.get() {
                    prompter.ask_to_buy(wanted);
                }
            }
            Destination::ChangedServer(repository, account) => self.show_changed_server(repository, account),
            Destination::AcceptedServer(repository) => {
                let is_known = services.accounts().accounts().iter().any(|known| known.binding == repository.binding);
                if is_known {
                    self.view.push(&PermissionPage::new(services, repository));
                } else {
                    self.show_server_of(&repository);
                }
            }
            Destination::RegistryLogins => self.view.push(&RegistryLoginsPage::new()),
            Destination::File(file) => self.obj().open(&[file]),
        }
    }

    fn show_first_page(&self) {
        self.view.pop_to_tag("accounts");
    }

    fn show_change(&self, change: Change, remote: Remote) {
        if let Some(page) = ChangePage::new(self.services(), change, remote) {
            self.view.push(&page);
        }
    }

    fn show_server_of(&self, repository: &Repository) {
        self.view.push(&ServerPage::new(self.services(), Some(repository), repository.binding.clone()));
    }

    /// The accounts at the server of a repository, where there is more than the one that it uses; else a new one.
    fn show_other_accounts(&self, repository: &Repository) {
        let accounts = self.services().accounts().accounts();
        if accounts.iter().filter(|account| account.binding == repository.binding).count() > 1 {
            self.view.push(&PermissionPage::new(self.services(), repository.clone()));
        } else {
            self.show_server_of(repository);
        }
    }

    /// To the page of the account's own server, which the person agreed to when the account was made.
    fn sign_in_again(&self, account: AccountId) {
        if !guard::is_press() {
            return self.show_server_again(account);
        }
        if let Some(account) = self.services().accounts().find(account) {
            self.sign_in(SignInRequest {
                binding: account.binding,
                account: Some(account.id),
                purpose: Purpose::ByHand { remote: None },
                way: None,
                is_typed: false,
            });
        }
    }

    /// Neither a program on the bus nor a stray key opens a server's page: the server is shown first.
    fn show_server_again(&self, account: AccountId) {
        if let Some(account) = self.services().accounts().find(account) {
            self.view.push(&ServerPage::again(self.services(), &account));
        }
    }

    fn show_changed_server(&self, repository: Repository, account: AccountId) {
        if let Some(account) = self.services().accounts().find(account) {
            self.view.push(&ChangedServerPage::new(self.services(), repository, &account));
        }
    }

    /// Shows the pages of a sign-in. After it the page is shown on which it began, if that leads to several, else the first
    /// one.
    fn sign_in(&self, request: SignInRequest) {
        let origin = ["account", "repository", "welcome-back"].into_iter().find_map(|tag| self.view.find_page(tag));
        let origin = origin.map(|page| page.downgrade());
        let finished = glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |account: Option<AccountId>| {
                if account.is_none() {
                    return;
                }
                imp.services().accounts().reload();
                match origin.and_then(|page| page.upgrade()) {
                    Some(page) => _ = imp.view.pop_to_page(&page),
                    None => imp.show_first_page(),
                }
            }
        );
        sign_in::start(&self.view, self.services(), request, finished);
    }

    /// Shows what came along from another computer. A sign-in is not broken off for it.
    pub(super) fn show_takeout(&self, takeout: Takeout) {
        if self.may_interrupt() {
            self.show_first_page();
            self.view.push(&WelcomePage::new(self.services(), takeout));
        }
    }

    /// Fills in where an account is added with what a file says of a repository. A sign-in is not broken off for it.
    pub(super) fn add_account_for(&self, offered: OfferedRepository) {
        if !self.may_interrupt() {
            return;
        }
        let page = self.view.visible_page().and_downcast::<AddAccountPage>().unwrap_or_else(|| {
            self.show_first_page();
            let page = AddAccountPage::new(self.services());
            self.view.push(&page);
            page
        });
        page.fill(offered);
    }

    /// Goes back to the page with that tag, or shows a new one above whatever is shown. A sign-in is not broken off for it,
    /// and a question stays.
    fn show_over_others(&self, tag: &str, page: impl FnOnce(&Services) -> adw::NavigationPage) {
        let dialog = self.obj().visible_dialog();
        if dialog.as_ref().is_some_and(ObjectExt::is::<adw::AlertDialog>) || !self.may_interrupt() {
            return;
        }
        if let Some(dialog) = dialog {
            dialog.close();
        }
        if self.view.find_page(tag).is_some() {
            self.view.pop_to_tag(tag);
        } else {
            self.view.push(&page(self.services()));
        }
    }

    fn show_account(&self, id: AccountId) {
        if self.services().accounts().find(id).is_some() && self.may_interrupt() {
            self.show_first_page();
            self.view.push(&AccountPage::new(self.services(), self.prompter.get().cloned(), id));
        }
    }

    /// Shows what a repository wants.
    fn attend_to(&self, repository: Repository) {
        self.show_first_page();
        let entries = self.services().accounts().entries();
        match lookup::find(&entries, &repository.binding, &repository.address) {
            Lookup::Linked(account) if account.state == AccountState::SignedIn => self.show_account(account.id),
            Lookup::Linked(account) => self.show_server_again(account.id),
            Lookup::Changed(account) => self.show_changed_server(repository, account.id),
            Lookup::Unlinked(_) | Lookup::Ambiguous(_) => self.go_to(Destination::Permission(repository)),
            Lookup::Nothing => self.show_server_of(&repository),
            // The first page says so.
            Lookup::Locked => {}
        }
    }
}

impl Window {
    /// Shows where an account is added.
    pub(crate) fn add_account(&self) {
        self.imp().show_over_others("add-account", |services| AddAccountPage::new(services).upcast());
    }

    /// Shows what goes along to another computer.
    pub(crate) fn export(&self) {
        self.imp().show_over_others("export", |services| ExportPage::new(services).upcast());
    }

    /// Shows an account, as soon as the keyring has told of it.
    pub(crate) fn show_account(&self, id: AccountId) {
        self.once_accounts_are_read(move |imp| imp.show_account(id));
    }

    /// Shows the server of an account, to sign in again, as soon as the keyring has told of it.
    pub(crate) fn interrupt_to_sign_in_again(&self, id: AccountId) {
        self.once_accounts_are_read(move |imp| {
            if imp.services().accounts().find(id).is_some() && imp.may_interrupt() {
                imp.show_first_page();
                imp.show_server_again(id);
            }
        });
    }

    /// Shows what a repository wants, once the keyring and the repositories have been read.
    pub(crate) fn attend_to(&self, address: RemoteUrl) {
        let window = self.downgrade();
        let services = self.imp().services().clone();
        glib::spawn_future_local(async move {
            services.accounts().wait_until_read().await;
            services.repositories().reload();
            services.repositories().changes().next().await;
            let repository = services.repositories().at(&address);
            if let (Some(window), Some(repository)) = (window.upgrade(), repository)
                && window.imp().may_interrupt()
            {
                window.imp().attend_to(repository);
            }
        });
    }

    fn once_accounts_are_read(&self, act: impl FnOnce(&imp::Window) + 'static) {
        let window = self.downgrade();
        let accounts = self.imp().services().accounts().clone();
        glib::spawn_future_local(async move {
            accounts.wait_until_read().await;
            if let Some(window) = window.upgrade() {
                act(window.imp());
            }
        });
    }
}
