// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person may be told though nobody asks them anything. Pure: whether it is told is decided elsewhere.

use usher_core::{
    account::{Account, AccountId},
    buying::record,
    ground::Ground,
    notices::{self, Cause},
    pending::Operation,
    prompt::Kind,
};

use super::{
    course::Wish,
    obstacle::{Obstacle, question},
};

/// Something to tell of, and whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Occasion {
    /// What it is.
    pub(crate) cause: Cause,
    /// The account concerned, if there is one.
    pub(crate) account: Option<AccountId>,
    /// The remote that it came with, and the server concerned.
    pub(crate) ground: Ground,
    /// The end that is near: seconds since 1970.
    pub(crate) end: Option<i64>,
}

impl Occasion {
    fn new(cause: Cause, account: Option<AccountId>, ground: &Ground) -> Self {
        Self { cause, account, ground: ground.clone(), end: None }
    }

    /// An update was left out, and nobody may be asked: what a person could do about it.
    pub(super) fn left_out(obstacle: &Obstacle, wish: Wish, ground: &Ground) -> Option<Self> {
        if wish.interactive || wish.operation != Operation::Update {
            return None;
        }
        // What a person could be asked is what they are told of.
        let cause = match question(obstacle)?.0 {
            Kind::SignIn => Cause::SignIn,
            Kind::Link => Cause::Permission,
            Kind::Unlock => Cause::Unlock,
            Kind::Purchase => Cause::NoAccess,
        };
        Some(Self::new(cause, obstacle.account(), ground))
    }

    /// All is well, but not for long.
    pub(super) fn ends_soon(account: &Account, ground: &Ground, now: i64) -> Option<Self> {
        let end = account.ends_soon(now)?;
        Some(Self { end: Some(end), ..Self::new(Cause::EndsSoon, Some(account.id), ground) })
    }

    /// The server grants what was begun to be bought, to somebody who is not about to install it.
    pub(crate) fn finished<'a>(
        account: &Account,
        granted: impl IntoIterator<Item = &'a String>,
        ground: &Ground,
    ) -> Option<Self> {
        let is_news = |app_id: &String| record::is_unfinished(&account.purchases, app_id);
        granted.into_iter().any(is_news).then(|| Self::new(Cause::Finished, Some(account.id), ground))
    }

    /// Id of the notification.
    pub(crate) fn id(&self) -> String {
        match (self.cause, self.account) {
            (Cause::Unlock, _) => notices::KEYRING.to_owned(),
            (_, Some(account)) => notices::id_of_account(account),
            (_, None) => notices::id_of_server(&self.ground.binding),
        }
    }
}
