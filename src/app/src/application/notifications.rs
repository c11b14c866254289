// SPDX-License-Identifier: GPL-3.0-or-later
//! Where clicks on the daemon's notifications lead, and the end of those notifications once a window shows the same.
//! Anybody on the bus may activate these actions, so they lead to pages and do nothing else.

use gtk::{gio, glib, prelude::*};
use usher_core::{
    account::{AccountId, AccountState},
    clock,
    lookup::{self, Lookup},
    notices::{self, NoticeFile},
    service::RemoteUrl,
};

use crate::{
    application::Application,
    main_window::Window,
    model::{Repositories, Repository},
    runtime,
};

/// The actions, each about the account or the repository that its target names. What is not known opens the window.
pub(crate) fn actions() -> [gio::ActionEntry<Application>; 3] {
    let action = |name: &str, lead: fn(&Window, &str)| {
        gio::ActionEntry::builder(name)
            .parameter_type(Some(glib::VariantTy::STRING))
            .activate(move |application: &Application, _, target| {
                let window = application.main_window();
                window.present();
                if let Some(target) = target.and_then(glib::Variant::str) {
                    lead(&window, target);
                }
            })
            .build()
    };
    [
        action("show-account", |window, target| {
            if let Some(id) = AccountId::parse(target) {
                window.show_account(id);
            }
        }),
        action("sign-in-again", |window, target| {
            if let Some(id) = AccountId::parse(target) {
                window.once_accounts_are_read(move |window| sign_in_again(window, id));
            }
        }),
        action("attend-to-repository", |window, target| {
            if let Ok(address) = RemoteUrl::parse(target) {
                window.once_accounts_are_read(move |window| attend_to(window, address));
            }
        }),
    ]
}

/// Takes back what the daemon has told: the main window shows all of it.
pub(crate) fn withdraw_notifications() {
    let withdrawn = runtime::spawn(async {
        let (file, now) = (NoticeFile::of_person(), clock::now());
        let Some(file) = file.filter(|file| file.load(now).iter().any(|told| told.shown.is_some())) else {
            return;
        };
        let withdrawn = match zbus::Connection::session().await {
            Ok(connection) => notices::withdraw(&file, &connection, now, |_| true).await,
            Err(error) => Err(std::io::Error::other(error)),
        };
        if let Err(error) = withdrawn {
            tracing::warn!(%error, "notifications cannot be taken back");
        }
    });
    glib::spawn_future_local(withdrawn);
}

fn sign_in_again(window: &Window, id: AccountId) {
    if Application::current().accounts().find(id).is_some() && window.may_show_other_page() {
        window.show_first_page();
        window.sign_in_again(id);
    }
}

/// Shows what a repository wants, as soon as the repositories were read anew.
fn attend_to(window: &Window, address: RemoteUrl) {
    let repositories = Application::current().repositories().clone();
    let handler = std::rc::Rc::new(std::cell::Cell::new(None));
    let once = handler.clone();
    let connected = repositories.connect_changed(glib::clone!(
        #[weak]
        window,
        move |repositories: &Repositories| {
            if let Some(handler) = once.take() {
                repositories.disconnect(handler);
                if let Some(repository) = repositories.at(&address).filter(|_| window.may_show_other_page()) {
                    window.show_first_page();
                    attend_to_known(&window, &repository);
                }
            }
        }
    ));
    handler.set(Some(connected));
    repositories.reload();
}

fn attend_to_known(window: &Window, repository: &Repository) {
    let entries = Application::current().accounts().entries();
    match lookup::find(&entries, &repository.binding, &repository.address) {
        Lookup::Linked(account) if account.state == AccountState::SignedIn => window.show_account(account.id),
        Lookup::Linked(account) => window.sign_in_again(account.id),
        Lookup::Changed(account) => window.review_server(repository, account.id),
        Lookup::Unlinked(_) | Lookup::Ambiguous(_) => window.review_permission(repository),
        Lookup::Nothing => window.sign_in_for(repository),
        // The first page says so.
        Lookup::Locked => {}
    }
}
