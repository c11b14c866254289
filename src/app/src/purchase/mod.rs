// SPDX-License-Identifier: GPL-3.0-or-later
//! Buying, after the person's click: the shop's own page, and then what the server says. Only the server knows whether
//! something was paid (rule R20).
//!
//! ```text
//! request         what is to be bought, and what a purchase reports
//! basket          the apps to be bought, each in turn; pure
//! trouble         what can go wrong when asking the server, and the words for it
//! words           what the pages say
//! flow            leads from page to page
//! page            one page between the shop's pages
//! shop_page       the page that shows the shop: in Usher, or in the browser
//! departure       the question before the shop's page is left
//! already         Already Bought?: other accounts of the person that may have the app
//! unfinished      asking again what became of a purchase, and its row
//! ```

mod already;
mod basket;
mod departure;
mod flow;
mod page;
mod request;
mod shop_page;
mod trouble;
pub(crate) mod unfinished;
mod unfinished_row;
mod words;

pub(crate) use self::{
    already::{AlreadyAnswer, AlreadyPage},
    flow::{Closing, Purchase},
    request::{PurchaseEvent, PurchaseRequest},
    unfinished_row::unfinished_row,
};
