// SPDX-License-Identifier: GPL-3.0-or-later
//! What happened with an account or a repository: the page, and the row that leads to it.
//!
//! ```text
//! page       the entries by day; search, *Clear*
//! day_list   one day of it
//! keyboard   its way from day to day
//! days       entries by day, as a pure function
//! entry_row  one entry
//! link_row   the row on other pages that leads here
//! scope      whose activity
//! ```

mod day_list;
mod days;
mod entry_row;
mod keyboard;
mod link_row;
mod page;
mod scope;

pub(crate) use self::{link_row::ActivityRow, page::ActivityPage, scope::Scope};
