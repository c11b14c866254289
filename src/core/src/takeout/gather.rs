// SPDX-License-Identifier: GPL-3.0-or-later
//! Gathers what to take along: from the accounts, and from the installations on this computer.

use std::{collections::BTreeSet, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{TakenAccount, TakenRepository, Takeout};
use crate::{
    account::Account,
    buying::purchases::PurchaseState,
    files,
    installed::{self, InstalledApp},
    keyfile::KeyFile,
    lookup::{self, Lookup},
    refs::AppId,
    remote::{self, Installation, Remote},
    remote_add::KEY_LIMIT,
    service,
    store::Entry,
    text,
};

impl Takeout {
    /// All that this computer can hand over. Leaves out entries that cannot be read.
    pub fn gather(entries: &[Entry], installations: &[Installation]) -> Self {
        let mut accounts: Vec<&Account> = entries.iter().filter_map(Entry::account).collect();
        accounts.sort_by(|a, b| (&a.binding, &a.user, a.id).cmp(&(&b.binding, &b.user, b.id)));
        let mut repositories: Vec<TakenRepository> = Vec::new();
        for installation in installations {
            let apps = installed::apps(installation);
            for remote in remote::remotes(std::slice::from_ref(installation)) {
                repositories.extend(repository(installation, &remote, &apps, entries, &accounts));
            }
        }
        Self { accounts: accounts.into_iter().map(account).collect(), repositories }
    }
}

fn account(account: &Account) -> TakenAccount {
    let owned = account.purchases.iter().filter(|known| known.state == PurchaseState::Owned);
    let bought: BTreeSet<_> = owned.map(|known| known.app_id.clone()).filter(|app| AppId::is_valid(app)).collect();
    TakenAccount {
        binding: account.binding.clone(),
        user: text::clean(&account.user, text::NAME_LIMIT),
        name: account.name.as_deref().map(|name| text::clean(name, text::NAME_LIMIT)).filter(|name| !name.is_empty()),
        bought: bought.into_iter().collect(),
    }
}

/// One of our remotes. One that cannot use an account here could not do so elsewhere.
fn repository(
    installation: &Installation,
    remote: &Remote,
    installed: &[InstalledApp],
    entries: &[Entry],
    accounts: &[&Account],
) -> Option<TakenRepository> {
    let (true, Ok(binding), Ok(address)) = (remote.is_ours(), remote.claimed(), remote.address()) else {
        return None;
    };
    let name = text::clean(&remote.name, text::NAME_LIMIT);
    if name.is_empty() {
        return None;
    }
    let title = remote.title.as_deref().map(|title| text::clean(title, text::NAME_LIMIT));
    let installed = installed.iter().filter(|app| app.origin == remote.name).map(|app| app.app.id().to_owned());
    let purchases = accounts.iter().flat_map(|account| &account.purchases);
    let bought = purchases
        .filter(|known| known.state == PurchaseState::Owned && known.remote_url == address)
        .map(|known| known.app_id.clone());
    let apps: BTreeSet<String> = installed.chain(bought).filter(|app| AppId::is_valid(app)).collect();
    let account = match lookup::find(entries, &binding, &address) {
        Lookup::Linked(linked) => accounts.iter().position(|account| account.id == linked.id),
        _ => None,
    };
    let verified = is_verified(&installation.path, &remote.name);
    Some(TakenRepository {
        name,
        title: title.filter(|title| !title.is_empty()),
        address,
        tag: service::tag(remote.url.verbatim()).map(ToOwned::to_owned),
        binding,
        user_only: remote.is_user,
        verified,
        key: verified.then(|| key(&installation.path, &remote.name)).flatten(),
        account,
        apps: apps.into_iter().collect(),
    })
}

/// Whether flatpak checks what comes from a remote against its key. It does so by default (`ostree.repo-config(5)`).
fn is_verified(installation: &Path, name: &str) -> bool {
    let group = format!("remote \"{name}\"");
    KeyFile::read(&installation.join("repo/config")).is_none_or(|file| {
        let keys = file.groups().find(|(found, _)| *found == group).and_then(|(_, keys)| keys.get("gpg-verify"));
        keys.is_none_or(|value| value != "false" && value != "0")
    })
}

/// The public key of a remote, as flatpak keeps it.
fn key(installation: &Path, name: &str) -> Option<String> {
    let path = installation.join("repo").join(format!("{name}.trustedkeys.gpg"));
    if name.contains('/') {
        return None;
    }
    files::read_regular(&path, KEY_LIMIT as u64).ok().filter(|key| !key.is_empty()).map(|key| STANDARD.encode(key))
}
