// SPDX-License-Identifier: GPL-3.0-or-later
//! The name under which pages are known to assistive technology.

use gtk::{gio, prelude::*};
use usher_core::names;

/// Does `work`, which lets `WebKit` do something for the first time.
///
/// `WebKit` then names its processes after the default application. On the accessibility bus the window of a Flatpak may
/// speak only to names that begin with the Flatpak's id and “Sandboxed”; those made from the bus name of this process are
/// none, and pages would be silent to a screen reader.
pub(super) fn under_own_id<T>(work: impl FnOnce() -> T) -> T {
    let before = gio::Application::default();
    let own = gio::Application::new(Some(names::APP_ID), gio::ApplicationFlags::NON_UNIQUE);
    own.set_default();
    let done = work();
    if let Some(before) = before {
        before.set_default();
    }
    done
}
