// SPDX-License-Identifier: GPL-3.0-or-later
//! Takes accounts along to another computer in one file, without any secret. Such a file grants nothing: the person agrees
//! to every server anew, and runs every command.
//!
//! ```text
//! file      asks for the file, and writes it
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
