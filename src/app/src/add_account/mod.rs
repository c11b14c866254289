// SPDX-License-Identifier: GPL-3.0-or-later
//! Adding an account: from a repository of this computer, a typed address or a file, to the page that names the server.

mod discovery;
mod logins;
mod other_way;
mod page;
mod server;
mod set_up;

pub(crate) use logins::RegistryLoginsPage;
pub(crate) use page::AddAccountPage;
pub(crate) use server::ServerPage;
