// SPDX-License-Identifier: GPL-3.0-or-later
//! A server's web page, for signing in and for buying. Both give it a task and wait for its answer.
//!
//! ```text
//! task         what the person is on the page for, and what the answer is recognised by
//! page         the page under a header of our own that says where it is
//! view         the web view, in which a page can show itself and nothing else
//! policy       where a page may go; pure
//! bounds       what a page may reach on this computer
//! refusal      how pages say that they want a browser; pure
//! problem      what can go wrong, and how it is said
//! dialogs      messages of a page's scripts
//! containment  whether pages have a sandbox of their own here
//! processes    the processes of pages
//! proxies      pages follow the proxies of the environment
//! identity     the name of a page on the accessibility bus
//! ```

mod bounds;
pub(crate) mod containment;
mod dialogs;
mod identity;
mod page;
mod policy;
mod problem;
mod processes;
mod proxies;
mod refusal;
mod task;
mod view;

pub(crate) use self::{
    page::WebPage,
    problem::{NotShown, WebProblem},
    task::{SpentRedirects, WebTask},
    view::WebSession,
};
