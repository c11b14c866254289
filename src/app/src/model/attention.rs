// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person should do, what can be installed now, and which repositories have no account. Pure.

use std::collections::BTreeSet;

use usher_core::{
    account::{Account, AccountId},
    buying::purchases::{Purchase, PurchaseState},
    lookup::{self, Lookup},
    pending::{self, Obstacle, Operation, Pending, UnusableRemote},
    refs::FlatpakRef,
    service::ServiceUrl,
    store::Entry,
};

pub(crate) use usher_core::{account::Standing, pending::Waiting};

use super::{Impostor, Repository};

/// Something that a person should do, and that no row of an account says: how an account stands is told there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    /// Undo what may have replaced Usher, or could.
    Impostor(Impostor),
    /// Sign in for the first time: something waits.
    FirstSignIn { repository: Repository, waiting: Waiting },
    /// Allow a repository to use an account, or not.
    Permission { repository: Repository },
    /// Decide about a repository that names another server than the one of the account that it uses.
    ServerChanged { repository: Repository, account: Box<Account> },
    /// Find out what became of a purchase that was begun.
    Unfinished { account: AccountId, host: String, purchase: Purchase },
    /// Buy apps, or not: an install stopped since the account has no access to them.
    NotBought { account: AccountId, repository: Repository, app_ids: Vec<String>, client: String },
    /// An app is installed and was not updated, since the account has no access to it any more.
    NoAccess { account: AccountId, repository: Repository, app_id: String, client: String },
    /// Updates were left out, since the server gave no usable answer.
    LeftOut(LeftOut),
    /// A client needed an account, but the repository's options cannot be used.
    Unusable(UnusableRemote),
}

/// Updates that were left out for want of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Where they come from.
    pub(crate) repository: Repository,
    /// The account that the repository uses.
    pub(crate) account: AccountId,
    /// The host of the server that gave nothing.
    pub(crate) host: String,
    /// Their full refs.
    pub(crate) refs: Vec<String>,
}

impl LeftOut {
    /// The apps, each once.
    pub(crate) fn app_ids(&self) -> BTreeSet<String> {
        self.refs.iter().filter_map(|text| app_id_of(text)).collect()
    }
}

/// An app whose install or update stopped and can go on now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ready {
    /// The app.
    pub(crate) app_id: String,
    /// Where it comes from.
    pub(crate) repository: Repository,
    /// Whether it is installed and waits for its update.
    pub(crate) is_update: bool,
    /// What was asked for.
    pub(crate) refs: Vec<String>,
}

/// What the first page shows besides the accounts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Overview {
    /// Newest first, after what may stand in for Usher.
    pub(crate) needs: Vec<Need>,
    /// Newest first.
    pub(crate) ready: Vec<Ready>,
    /// Repositories at whose server there is no account.
    pub(crate) without_account: Vec<Repository>,
}

/// Puts accounts, repositories and notes together.
pub(crate) fn overview(entries: &[Entry], repositories: &[Repository], notes: &[Pending], now: i64) -> Overview {
    let mut needs: Vec<(i64, Need)> = changed_servers(entries, repositories, notes);
    needs.extend(entries.iter().filter_map(Entry::account).flat_map(unfinished));
    let mut ready = Vec::new();
    for repository in repositories {
        let own: Vec<&Pending> = notes.iter().filter(|note| is_from(note, repository)).collect();
        let Some(latest) = own.iter().map(|note| note.at).max() else {
            continue;
        };
        let repository = repository.clone();
        match lookup::find(entries, &repository.binding, &repository.address) {
            Lookup::Linked(account) if Standing::of(account, now).is_usable() => {
                let waiting =
                    own.iter().filter(|note| note.waits_for_account() || note.obstacle == Obstacle::NotBought);
                let all = waiting.flat_map(|note| apps(note, &repository));
                ready.extend(all.filter(|(_, app)| can_go_on(&own, account, &app.app_id)));
                needs.extend(not_bought(&own, account, &repository));
                needs.extend(left_out(&own, &repository, account).map(|found| (latest, Need::LeftOut(found))));
                for found in own.iter().flat_map(|note| no_access(note, account, &repository)) {
                    if !needs.iter().any(|(_, known)| known.is_same(&found.1)) {
                        needs.push(found);
                    }
                }
            }
            Lookup::Unlinked(_) | Lookup::Ambiguous(_) => needs.push((latest, Need::Permission { repository })),
            Lookup::Nothing => {
                let waiting = pending::waiting(own.into_iter());
                needs.push((latest, Need::FirstSignIn { repository, waiting }));
            }
            Lookup::Linked(_) | Lookup::Changed(_) | Lookup::Locked => {}
        }
    }
    needs.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let needs: Vec<Need> = needs.into_iter().map(|(_, need)| need).collect();
    let without_account = repositories.iter().filter(|repository| is_without_account(repository, entries, &needs));
    Overview { ready: newest_first(ready), without_account: without_account.cloned().collect(), needs }
}

fn changed_servers(entries: &[Entry], repositories: &[Repository], notes: &[Pending]) -> Vec<(i64, Need)> {
    let mut changed = Vec::new();
    for repository in repositories {
        if let Lookup::Changed(account) = lookup::find(entries, &repository.binding, &repository.address) {
            let at = notes.iter().filter(|note| is_from(note, repository)).map(|note| note.at).max().unwrap_or(0);
            let account = Box::new(account.clone());
            changed.push((at, Need::ServerChanged { repository: repository.clone(), account }));
        }
    }
    changed
}

/// Whether to offer a repository for a first sign-in. An account at its server that it does not use is no reason
/// to sign in again.
fn is_without_account(repository: &Repository, entries: &[Entry], needs: &[Need]) -> bool {
    let is_needed = needs.iter().any(|need| match need {
        Need::FirstSignIn { repository: known, .. } | Need::ServerChanged { repository: known, .. } => {
            known == repository
        }
        Need::Impostor(_)
        | Need::Permission { .. }
        | Need::Unfinished { .. }
        | Need::NotBought { .. }
        | Need::NoAccess { .. }
        | Need::LeftOut(_)
        | Need::Unusable(_) => false,
    });
    let has_account = entries.iter().any(|entry| match entry {
        Entry::Open(account) => account.binding == repository.binding,
        Entry::Locked(outline) => outline.service == repository.binding.service,
        Entry::Broken(_) => false,
    });
    !is_needed && !has_account
}

/// Whether a note is about what a repository asks for now.
pub(super) fn is_from(note: &Pending, repository: &Repository) -> bool {
    (&note.ground.binding, &note.ground.remote_url) == (&repository.binding, &repository.address)
}

/// What waits until an account is signed in to.
pub(crate) fn waiting_for(account: &Account, entries: &[Entry], notes: &[Pending]) -> Waiting {
    pending::waiting(notes.iter().filter(|note| {
        let found = lookup::find(entries, &note.ground.binding, &note.ground.remote_url);
        matches!(found, Lookup::Linked(found) if found.id == account.id)
    }))
}

/// Whether nothing stands in the way of an app any more, now that there is an account that may be used: the account is not
/// known to lack access, and no purchase is unfinished.
fn can_go_on(own: &[&Pending], account: &Account, app_id: &str) -> bool {
    match state_of(account, app_id) {
        Some(PurchaseState::Owned) => true,
        Some(PurchaseState::Unfinished | PurchaseState::NoAccess) => false,
        None => {
            own.iter().all(|note| note.obstacle != Obstacle::NotBought || !note.app_ids().iter().any(|id| id == app_id))
        }
    }
}

fn state_of(account: &Account, app_id: &str) -> Option<PurchaseState> {
    account.purchases.iter().find(|known| known.app_id == app_id).map(|known| known.state)
}

/// The apps that were left out of an update for want of access, each with its time. A purchase that was begun has a row of
/// its own.
fn no_access(note: &Pending, account: &Account, repository: &Repository) -> Vec<(i64, Need)> {
    let mut needs = Vec::new();
    for app_id in lacking(note, Operation::Update, account) {
        let (repository, client) = (repository.clone(), note.client.clone());
        needs.push((note.at, Need::NoAccess { account: account.id, repository, app_id, client }));
    }
    needs
}

/// The question whether to buy what installs from a repository stopped for, with the time of the last of them. `None` if
/// nothing is sold there.
fn not_bought(own: &[&Pending], account: &Account, repository: &Repository) -> Option<(i64, Need)> {
    account.binding.provider.shop()?;
    let mut app_ids: Vec<String> = Vec::new();
    let mut latest: Option<&Pending> = None;
    for note in own {
        let lacking = lacking(note, Operation::Install, account);
        if !lacking.is_empty() && latest.is_none_or(|latest| note.at >= latest.at) {
            latest = Some(note);
        }
        app_ids.extend(lacking);
    }
    app_ids.sort();
    app_ids.dedup();
    let (latest, repository) = (latest?, repository.clone());
    Some((latest.at, Need::NotBought { account: account.id, repository, app_ids, client: latest.client.clone() }))
}

/// The apps of a note that lack access, as the server said for this request or has said since.
fn lacking(note: &Pending, operation: Operation, account: &Account) -> Vec<String> {
    let mut app_ids = if note.operation == operation { note.app_ids() } else { Vec::new() };
    app_ids.retain(|id| match state_of(account, id) {
        None => note.obstacle == Obstacle::NotBought,
        Some(PurchaseState::NoAccess) => note.waits_for_account() || note.obstacle == Obstacle::NotBought,
        Some(PurchaseState::Unfinished | PurchaseState::Owned) => false,
    });
    app_ids
}

/// The updates of a repository that were left out for want of a server.
fn left_out(own: &[&Pending], repository: &Repository, account: &Account) -> Option<LeftOut> {
    let left_out: Vec<_> = own.iter().filter(|note| note.was_left_out()).collect();
    let host = left_out.iter().max_by_key(|note| note.at)?.silent_server()?;
    let refs = left_out.iter().flat_map(|note| note.refs.clone()).collect();
    Some(LeftOut { repository: repository.clone(), account: account.id, host, refs })
}

/// The purchases of an account that were begun and not finished, each with its time.
fn unfinished(account: &Account) -> impl Iterator<Item = (i64, Need)> {
    let begun = account.purchases.iter().filter(|known| known.state == PurchaseState::Unfinished);
    begun.map(|purchase| {
        let host = account.binding.host();
        (purchase.at, Need::Unfinished { account: account.id, host, purchase: purchase.clone() })
    })
}

fn apps(note: &Pending, repository: &Repository) -> Vec<(i64, Ready)> {
    let is_update = note.operation == Operation::Update;
    let mut ready = Vec::new();
    for app_id in note.app_ids() {
        let refs =
            note.refs.iter().filter(|text| app_id_of(text).as_deref() == Some(app_id.as_str())).cloned().collect();
        ready.push((note.at, Ready { app_id, repository: repository.clone(), is_update, refs }));
    }
    ready
}

fn app_id_of(text: &str) -> Option<String> {
    text.parse::<FlatpakRef>().ok().map(|parsed| parsed.app_id().to_owned())
}

/// One row for each app of a repository.
fn newest_first(mut all: Vec<(i64, Ready)>) -> Vec<Ready> {
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut rows: Vec<Ready> = Vec::new();
    for (_, ready) in all {
        let known = rows.iter_mut().find(|row| row.app_id == ready.app_id && row.repository == ready.repository);
        match known {
            Some(row) => row.refs.extend(ready.refs),
            None => rows.push(ready),
        }
    }
    rows
}

impl Overview {
    /// With the repositories whose options cannot be used.
    pub(crate) fn add_unusable(&mut self, unusable: &[UnusableRemote]) {
        self.needs.extend(unusable.iter().cloned().map(Need::Unusable));
    }

    /// With what may stand in for Usher before all else (rule R23).
    pub(crate) fn warn_of(&mut self, impostors: &[Impostor]) {
        self.needs.splice(..0, impostors.iter().cloned().map(Need::Impostor));
    }
}

impl Need {
    /// The server without which nothing can be done about it now.
    pub(crate) fn needed_server(&self, accounts: &[Account]) -> Option<ServiceUrl> {
        match self {
            Self::FirstSignIn { repository, .. }
            | Self::NotBought { repository, .. }
            | Self::NoAccess { repository, .. } => Some(repository.binding.service.clone()),
            Self::Unfinished { account, .. } => {
                let known = accounts.iter().find(|known| known.id == *account);
                known.map(|known| known.binding.service.clone())
            }
            Self::LeftOut(left_out) => Some(left_out.repository.binding.service.clone()),
            Self::Impostor(_) | Self::Permission { .. } | Self::ServerChanged { .. } | Self::Unusable(_) => None,
        }
    }

    /// Whether two rows are about the same account or repository.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Impostor(impostor), Self::Impostor(other)) => impostor == other,
            (
                Self::FirstSignIn { repository, .. } | Self::Permission { repository },
                Self::FirstSignIn { repository: other, .. } | Self::Permission { repository: other },
            )
            | (Self::ServerChanged { repository, .. }, Self::ServerChanged { repository: other, .. })
            | (Self::NotBought { repository, .. }, Self::NotBought { repository: other, .. }) => {
                repository.address == other.address
            }
            (
                Self::Unfinished { account, purchase, .. },
                Self::Unfinished { account: other, purchase: other_purchase, .. },
            ) => account == other && purchase.app_id == other_purchase.app_id,
            (Self::NoAccess { account, app_id, .. }, Self::NoAccess { account: other, app_id: other_app, .. }) => {
                account == other && app_id == other_app
            }
            (Self::LeftOut(left_out), Self::LeftOut(other)) => left_out.repository.address == other.repository.address,
            (Self::Unusable(unusable), Self::Unusable(other)) => {
                (&unusable.remote.name, &unusable.remote.url) == (&other.remote.name, &other.remote.url)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
