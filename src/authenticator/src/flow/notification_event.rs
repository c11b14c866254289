// SPDX-License-Identifier: GPL-3.0-or-later
//! What a notification may say when nobody is being asked. Pure: other code decides whether to send it.

use usher_core::{
    account::{Account, AccountId},
    buying::purchases,
    ground::Ground,
    notices::{self, Cause},
    prompt::Kind,
    provider::Sorted,
};

use super::{
    decision::{RequestKind, Wanted},
    obstacle::{Obstacle, question},
};

/// Something to notify a person of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotificationEvent {
    /// The kind of notification.
    pub(crate) cause: Cause,
    /// The account in question, if there is one.
    pub(crate) account: Option<AccountId>,
    /// The remote and the server in question.
    pub(crate) ground: Ground,
    /// When the sign-in ends: seconds since 1970.
    pub(crate) end: Option<i64>,
    /// Why an install stopped.
    pub(crate) obstacle: Option<Obstacle>,
}

impl NotificationEvent {
    fn new(cause: Cause, account: Option<AccountId>, ground: &Ground) -> Self {
        Self { cause, account, ground: ground.clone(), end: None, obstacle: None }
    }

    /// An update that was left out while nobody may be asked: says what the person could do.
    pub(super) fn left_out(obstacle: &Obstacle, request_kind: RequestKind, ground: &Ground) -> Option<Self> {
        if request_kind.interactive || request_kind.wanted != Wanted::Update {
            return None;
        }
        // The notification stands for the question that we may not ask.
        let cause = match question(obstacle)?.0 {
            Kind::SignIn => Cause::SignIn,
            Kind::Link => Cause::Permission,
            Kind::Unlock => Cause::Unlock,
            Kind::Purchase => Cause::NoAccess,
        };
        Some(Self::new(cause, obstacle.account(), ground))
    }

    /// An install stopped, and the program that asked for it tells nobody.
    pub(super) fn stopped(obstacle: &Obstacle, ground: &Ground) -> Self {
        Self { obstacle: Some(obstacle.clone()), ..Self::new(Cause::Stopped, obstacle.account(), ground) }
    }

    /// The sign-in still works, but ends soon.
    pub(super) fn ends_soon(account: &Account, ground: &Ground, now: i64) -> Option<Self> {
        let end = account.ends_soon(now)?;
        Some(Self { end: Some(end), ..Self::new(Cause::EndsSoon, Some(account.id), ground) })
    }

    /// The server grants an app whose purchase had been begun; for requests that are not about to install it.
    pub(crate) fn finished(account: &Account, said: &Sorted<'_>, ground: &Ground) -> Option<Self> {
        let is_news = |app_id: &&str| purchases::is_unfinished(&account.purchases, app_id);
        said.granted.iter().any(is_news).then(|| Self::new(Cause::Finished, Some(account.id), ground))
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
