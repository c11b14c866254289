// SPDX-License-Identifier: GPL-3.0-or-later
//! The first page: what needs attention, what can be installed, the accounts, and repositories without one.

mod account_item;
mod account_row;
mod banner;
mod broken_row;
mod impostor_row;
mod left_out_row;
mod lists;
mod need_row;
mod page;
mod ready_row;
mod repository_row;

pub(crate) use page::AccountsPage;
pub(crate) use repository_row::repository_choice;
