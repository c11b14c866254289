// SPDX-License-Identifier: GPL-3.0-or-later
//! What a purchase is to buy, and what it reports.

use std::rc::Rc;

use usher_core::{account::Account, ground::Ground};

use crate::web::WebSession;

/// What is to be bought, with which account and for which repository.
pub(crate) struct PurchaseRequest {
    /// The account that pays.
    pub(crate) account: Account,
    /// The repository.
    pub(crate) ground: Ground,
    /// The apps, in the order in which they are bought.
    pub(crate) app_ids: Vec<String>,
    /// The web session of the window.
    pub(crate) session: WebSession,
}

/// What happens to a purchase, for whoever asked for it.
pub(crate) enum PurchaseEvent {
    /// Usher began or ended asking the server: the page from which the purchase began shows it.
    Busy(bool),
    /// The shop does not sell an app to this account. The purchase's own page says so, too.
    NotOffered,
    /// The account has to be signed in to again before it can go on.
    SignIn,
    /// The person wants to use another account.
    AnotherAccount,
    /// Nothing was begun, or nothing was paid by the word of the person: the question can be asked again.
    Back,
    /// It is over.
    Over {
        /// The apps that belong to the account now; none if all were skipped.
        bought: Vec<String>,
        /// Whether the shop's page was needed.
        was_paid: bool,
    },
}

/// Called with what happens.
pub(super) type Tell = Rc<dyn Fn(PurchaseEvent)>;
