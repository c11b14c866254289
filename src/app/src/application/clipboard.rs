// SPDX-License-Identifier: GPL-3.0-or-later
//! What was copied outlives the last window. On X11 and Wayland the program that copied keeps the text until another one
//! copies, and the text ends with that program unless the desktop has a clipboard manager. So the process stays while the
//! clipboard is its own, for a while.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use gtk::{gdk, gio, glib, prelude::*};

use crate::services::Services;

/// How long the process stays for what was copied.
const LIMIT: Duration = Duration::from_secs(15 * 60);

#[derive(Default)]
struct Keeping {
    hold: Cell<Option<gio::ApplicationHoldGuard>>,
    limit: RefCell<Option<glib::SourceId>>,
}

/// Keeps the process while it has what was copied last.
pub(super) fn keep_what_is_copied(services: &Services) {
    let Some(display) = gdk::Display::default() else { return };
    let (keeping, services) = (Rc::new(Keeping::default()), services.clone());
    display.clipboard().connect_changed(move |clipboard| {
        keeping.end();
        // Copying nothing is how a program clears the clipboard.
        if clipboard.is_local() && clipboard.content().is_some() {
            keeping.begin(services.hold());
        }
    });
}

impl Keeping {
    fn begin(self: &Rc<Self>, hold: Option<gio::ApplicationHoldGuard>) {
        self.hold.set(hold);
        let keeping = Rc::downgrade(self);
        let limit = glib::timeout_add_local_once(LIMIT, move || {
            if let Some(keeping) = keeping.upgrade() {
                keeping.limit.take();
                keeping.hold.take();
            }
        });
        self.limit.replace(Some(limit));
    }

    fn end(&self) {
        self.hold.take();
        if let Some(limit) = self.limit.take() {
            limit.remove();
        }
    }
}
