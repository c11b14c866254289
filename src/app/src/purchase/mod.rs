// SPDX-License-Identifier: GPL-3.0-or-later
//! Buying, after the person's click: the shop's own page, and then what the server says. Whether something was paid is
//! known from the server alone (rule R20).
//!
//! ```text
//! basket          the apps to be bought, each in turn; pure
//! trouble         what can go wrong with asking the server, and how it is said
//! words           what the pages say
//! flow            leads from page to page
//! page            one page between the shop's pages
//! departure       the question before the shop's page is left
//! already         Already Bought?: other accounts of the person that may have the app
//! unfinished      asking again what became of a purchase, and its row
//! ```

mod already;
mod basket;
mod departure;
mod flow;
mod page;
mod trouble;
pub(crate) mod unfinished;
mod unfinished_row;
mod words;

use std::rc::Rc;

use usher_core::{account::Account, ground::Ground};

pub(crate) use self::{
    already::{AlreadyAnswer, AlreadyPage},
    flow::{Closing, Purchase},
    unfinished_row::unfinished_row,
};
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

/// What whoever asked for a purchase is told while it goes on.
pub(crate) enum PurchaseEvent {
    /// Something is being asked of the server, or not any more: the page from which the purchase began shows it.
    Busy(bool),
    /// The shop does not sell an app to this account. The person is told, too.
    NotOffered,
    /// The account has to be signed in to again before it can go on.
    SignIn,
    /// The person wants to use another account.
    AnotherAccount,
    /// Nothing was begun, or the person says that it was not paid: it can be asked again.
    Back,
    /// It is over.
    Over {
        /// The apps that belong to the account now; none if all were skipped.
        bought: Vec<String>,
        /// Whether the shop's page was needed.
        was_paid: bool,
    },
}

/// Told the news.
type Tell = Rc<dyn Fn(PurchaseEvent)>;
