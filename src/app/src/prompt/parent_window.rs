// SPDX-License-Identifier: GPL-3.0-or-later
//! The window of the program that asked, in the form of the portals.

use adw::prelude::*;
use gdk4_wayland::WaylandToplevel;

/// Longest handle, in bytes. Compositors give some dozens.
const LIMIT: usize = 128;

/// A window of another program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ParentWindow {
    /// Exported by the compositor.
    Wayland(String),
    /// An X11 window. GTK offers no way to be its child, so the prompt stands alone.
    X11(u64),
}

/// Reads a handle; `None` if it is malformed.
pub(super) fn parse(handle: &str) -> Option<ParentWindow> {
    let (kind, value) = handle.split_once(':').filter(|(_, value)| !value.is_empty() && value.len() <= LIMIT)?;
    match kind {
        "wayland" if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) => {
            Some(ParentWindow::Wayland(value.to_owned()))
        }
        "x11" => {
            let digits = value.strip_prefix("0x").unwrap_or(value);
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            u64::from_str_radix(digits, 16).ok().filter(|window| is_plain && *window > 0).map(ParentWindow::X11)
        }
        _ => None,
    }
}

/// Puts a window above the program that asked, and is modal only if that worked.
pub(super) fn place(window: &impl IsA<gtk::Window>, parent: Option<ParentWindow>) {
    let Some(ParentWindow::Wayland(handle)) = parent else {
        return;
    };
    window.as_ref().connect_map(move |window| {
        let toplevel = window.surface().and_downcast::<WaylandToplevel>();
        window.set_modal(toplevel.is_some_and(|toplevel| toplevel.set_transient_for_exported(&handle)));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d16_only_well_formed_handles_are_parents() {
        assert_eq!(parse("wayland:abc-12_x"), Some(ParentWindow::Wayland("abc-12_x".into())));
        assert_eq!(parse("x11:2a00007"), Some(ParentWindow::X11(0x02a0_0007)));
        let long = format!("wayland:{}", "a".repeat(1 << 20));
        for bad in ["", "x11:zz", "x11:", "x11:0", "x11:+1", "wayland:", "wayland:a b", ";rm", "mir:1", &long] {
            assert_eq!(parse(bad), None, "{bad:.40}");
        }
    }
}
