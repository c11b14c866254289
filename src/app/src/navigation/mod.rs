// SPDX-License-Identifier: GPL-3.0-or-later
//! From page to page. A page says where it leads; the main window shows it. So no page knows the window.
//!
//! ```text
//! destination  where pages lead
//! stack        the pages of a window, one above the other
//! ```

mod destination;
mod stack;

pub(crate) use self::{
    destination::{Destination, GO_TO, Wanted, go_to},
    stack::{pages_up_to, push, stack_of},
};
