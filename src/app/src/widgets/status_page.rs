// SPDX-License-Identifier: GPL-3.0-or-later
//! Pages that say one thing, where there is little width.

use adw::prelude::*;

use crate::main_window::Window;

/// Makes such a page compact while its window is narrow.
pub(crate) fn follow_width(status: &adw::StatusPage) {
    status.connect_root_notify(|status| {
        if let Some(window) = Window::of(status) {
            let classes = |narrow: bool| if narrow { vec!["compact".to_owned()] } else { Vec::new() };
            let binding = window.bind_property("narrow", status, "css-classes").sync_create();
            binding.transform_to(move |_, narrow: bool| Some(classes(narrow))).build();
        }
    });
}
