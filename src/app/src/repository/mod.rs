// SPDX-License-Identifier: GPL-3.0-or-later
//! The repositories of this computer, and one of them: its account, and whether installs from it can work.

mod change_page;
mod check_page;
mod check_rows;
mod item;
mod list;
mod notice;
mod other_row;
mod page;

pub(crate) use self::{
    change_page::{Change, ChangePage},
    list::RepositoriesPage,
    other_row::other_row,
    page::RepositoryPage,
};
