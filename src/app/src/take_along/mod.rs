// SPDX-License-Identifier: GPL-3.0-or-later
//! Accounts are taken along to another computer in one file, without any secret. What such a file says grants nothing:
//! every server is agreed to anew, and every command is run by the person.
//!
//! ```text
//! file      the file is asked for, and written
//! export    the page from which it is saved
//! welcome   the page that a file leads to
//! steps     what is left to do; pure
//! ```

mod export;
mod file;
mod steps;
mod welcome;

pub(crate) use export::ExportPage;
pub(crate) use file::ask_for_file;
pub(crate) use welcome::WelcomePage;
