// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person may be told though nobody asks them anything. Pure: whether it is told is decided elsewhere.

use usher_core::{
    account::{Account, AccountId},
    binding::Binding,
    notices::{self, Cause},
    pending::Operation,
    prompt::Kind,
    purchase,
};

use super::{
    Found, Obstacle,
    decide::{self, Wish},
};

/// Something to tell of, and whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Occasion {
    /// What it is.
    pub(crate) cause: Cause,
    /// The account concerned, if there is one.
    pub(crate) account: Option<AccountId>,
    /// The server concerned.
    pub(crate) binding: Binding,
    /// Name of the remote.
    pub(crate) remote: String,
    /// Its address, verbatim.
    pub(crate) remote_uri: String,
    /// The end that is near: seconds since 1970.
    pub(crate) end: Option<i64>,
}

/// The remote that an occasion came with.
pub(crate) struct Asker<'a> {
    pub(crate) remote: &'a str,
    pub(crate) remote_uri: &'a str,
    pub(crate) binding: &'a Binding,
}

impl Occasion {
    fn new(cause: Cause, account: Option<AccountId>, asker: &Asker<'_>) -> Self {
        Self {
            cause,
            account,
            binding: asker.binding.clone(),
            remote: asker.remote.to_owned(),
            remote_uri: asker.remote_uri.to_owned(),
            end: None,
        }
    }

    /// An update was left out, and nobody may be asked: what a person could do about it.
    pub(super) fn left_out(obstacle: &Obstacle, wish: Wish, asker: &Asker<'_>) -> Option<Self> {
        if wish.interactive || wish.operation != Operation::Update {
            return None;
        }
        // What a person could be asked is what they are told of.
        let cause = match decide::question(obstacle)?.0 {
            Kind::SignIn => Cause::SignIn,
            Kind::Link => Cause::Permission,
            Kind::Unlock => Cause::Unlock,
            Kind::Purchase => Cause::NoAccess,
        };
        Some(Self::new(cause, obstacle.account(), asker))
    }

    /// All is well, but not for long.
    pub(super) fn ends_soon(account: &Account, asker: &Asker<'_>, now: i64) -> Option<Self> {
        let end = account.ends_soon(now)?;
        Some(Self { end: Some(end), ..Self::new(Cause::EndsSoon, Some(account.id), asker) })
    }

    /// The server grants what was begun to be bought, to somebody who is not about to install it.
    pub(crate) fn finished<'a>(
        account: &Account,
        granted: impl IntoIterator<Item = &'a String>,
        asker: &Asker<'_>,
    ) -> Option<Self> {
        let is_news = |app_id: &String| purchase::is_unfinished(&account.purchases, app_id);
        granted.into_iter().any(is_news).then(|| Self::new(Cause::Finished, Some(account.id), asker))
    }

    /// Id of the notification.
    pub(crate) fn id(&self) -> String {
        match (self.cause, self.account) {
            (Cause::Unlock, _) => notices::KEYRING.to_owned(),
            (_, Some(account)) => notices::id_of_account(account),
            (_, None) => notices::id_of_server(&self.binding),
        }
    }
}

impl Found {
    /// What was finished although the request that found it gets nothing.
    pub(super) fn finished(&self, asker: &Asker<'_>) -> Option<Occasion> {
        Occasion::finished(self.used.as_ref()?, self.granted.keys(), asker)
    }
}
