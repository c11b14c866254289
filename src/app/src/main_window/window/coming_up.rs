// SPDX-License-Identifier: GPL-3.0-or-later
//! Who brought the window up. Any program may call it on the bus; only a person opens it, and only then the questions
//! that were put off come back (rule R18).

use std::time::Duration;

use adw::{prelude::*, subclass::prelude::*};
use usher_core::{clock, dismissals::DismissalFile};

use super::{Window, imp};
use crate::{navigation::Destination, widgets::guard};

/// If the window becomes active so soon after a call, the call has done it.
const CALL: Duration = Duration::from_secs(5);

impl imp::Window {
    /// Notes when the window becomes active.
    pub(super) fn follow_activity(&self) {
        self.obj().connect_is_active_notify(|window| {
            if !window.is_active() {
                return;
            }
            let imp = window.imp();
            imp.came_up.set_now();
            if !imp.called.is_within(CALL) {
                imp.opened();
            }
            if imp.has_begun.get() {
                imp.services().own_installation().look_for_helper();
            }
        });
    }

    /// Where a press leads. Right after the window came up it may have been meant for something else.
    pub(super) fn follow(&self, destination: Destination) {
        if self.came_up.is_within_guard() {
            self.go_to(destination);
            return;
        }
        if self.is_unopened.take() {
            self.opened();
        }
        guard::follow_press(|| self.go_to(destination));
    }

    /// The person is here and sees what was put off, so the daemon may ask again. What was put off within this minute
    /// stays: its prompt has just closed, and so this window is in front again.
    fn opened(&self) {
        self.is_unopened.set(false);
        forget(|file| file.forget_old(clock::now()));
    }
}

impl Window {
    /// A program has called the window on the bus. With a token of the desktop it did so for the person.
    pub(crate) fn was_called(&self, has_token: bool) {
        let imp = self.imp();
        imp.came_up.set_now();
        guard::close_within(self);
        if has_token {
            imp.is_unopened.set(false);
            forget(DismissalFile::clear);
        } else {
            imp.called.set_now();
            imp.is_unopened.set(true);
        }
    }
}

fn forget(forget: impl FnOnce(&DismissalFile) -> std::io::Result<()>) {
    if let Some(Err(error)) = DismissalFile::of_session().map(|file| forget(&file)) {
        tracing::warn!(%error, "cannot forget which questions were put off");
    }
}
