// SPDX-License-Identifier: GPL-3.0-or-later
//! The repositories of this computer, and one of them: its account, and whether installs from it can work.

mod check_page;
mod check_rows;
mod item;
mod list;
mod notice;
mod page;

pub(crate) use self::{list::RepositoriesPage, page::RepositoryPage};
