// SPDX-License-Identifier: GPL-3.0-or-later
//! A server's page in the person's own browser, for signing in and for buying. Both give it the task that they give to a
//! web page of Usher's.
//!
//! ```text
//! page   says that the browser has it now, and what can be done meanwhile
//! visit  the listener that the browser comes back to
//! ```

mod page;
mod visit;

pub(crate) use self::{page::BrowserPage, visit::Route};
