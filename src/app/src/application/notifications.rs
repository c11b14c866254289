// SPDX-License-Identifier: GPL-3.0-or-later
//! Where clicks on the daemon's notifications lead, and the end of those notifications once a window shows the same.
//! Anybody on the bus may activate these actions, so they lead to pages and do nothing else.

use gtk::glib;
use usher_core::{
    account::AccountId,
    clock,
    notices::{self, NoticeFile},
    service::RemoteUrl,
};

use crate::{main_window::Window, runtime};

/// What a click does, given the account or the repository that it is about.
#[derive(Clone, Copy)]
pub(super) struct ClickAction {
    pub(super) name: &'static str,
    pub(super) lead: fn(&Window, &str),
}

pub(super) const CLICKS: [ClickAction; 3] = [
    ClickAction { name: "show-account", lead: show_account },
    ClickAction { name: "sign-in-again", lead: sign_in_again },
    ClickAction { name: "attend-to-repository", lead: attend_to_repository },
];

fn show_account(window: &Window, target: &str) {
    if let Some(id) = AccountId::parse(target) {
        window.show_account(id);
    }
}

fn sign_in_again(window: &Window, target: &str) {
    if let Some(id) = AccountId::parse(target) {
        window.interrupt_to_sign_in_again(id);
    }
}

fn attend_to_repository(window: &Window, target: &str) {
    if let Ok(address) = RemoteUrl::parse(target) {
        window.attend_to(address);
    }
}

/// Takes back the daemon's notifications: the main window shows all of it.
pub(super) fn withdraw() {
    let withdrawn = runtime::spawn(async {
        let (file, now) = (NoticeFile::of_person(), clock::now());
        let Some(file) = file.filter(|file| file.load(now).iter().any(|notice| notice.shown.is_some())) else {
            return;
        };
        let withdrawn = match zbus::Connection::session().await {
            Ok(connection) => notices::withdraw(&file, &connection, now, |_| true).await,
            Err(error) => Err(std::io::Error::other(error)),
        };
        if let Err(error) = withdrawn {
            tracing::warn!(%error, "cannot take notifications back");
        }
    });
    glib::spawn_future_local(withdrawn);
}
