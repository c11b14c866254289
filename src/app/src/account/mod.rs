// SPDX-License-Identifier: GPL-3.0-or-later
//! One account, what was bought with it, and the questions of repositories about it.

mod apps_row;
mod changed_server;
mod page;
mod permission_page;
mod permit;
mod protected_apps;
mod purchase_item;
mod purchase_row;
mod purchases;
mod remove;
mod sign_out;
mod uses;

pub(crate) use changed_server::ChangedServerPage;
pub(crate) use page::AccountPage;
pub(crate) use permission_page::PermissionPage;
pub(crate) use permit::set_permission;
pub(crate) use purchases::PurchasesPage;
pub(crate) use remove::ask as ask_to_remove;
