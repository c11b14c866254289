// SPDX-License-Identifier: GPL-3.0-or-later
//! The first page: what needs attention, what can be installed, the accounts, and repositories without one.

mod account_row;
mod broken_row;
mod impostor_row;
mod keyring_words;
mod listed;
mod need_text;
mod notice;
mod offer_row;
mod page;
mod ready_row;
mod repository_row;
mod row_group;
mod unfinished_row;

pub(crate) use account_row::{sign_in_name, state_label};
pub(crate) use offer_row::{Offer, OfferRow};
pub(crate) use page::AccountsPage;
pub(crate) use repository_row::repository_choice;
pub(crate) use row_group::RowGroup;
pub(crate) use unfinished_row::unfinished_row;
