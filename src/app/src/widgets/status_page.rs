// SPDX-License-Identifier: GPL-3.0-or-later
//! Pages that say one thing, where there is little width.

use adw::prelude::*;

/// Makes such a page compact while its window is narrow.
pub(crate) fn follow_width(status: &adw::StatusPage) {
    status.connect_root_notify(|status| {
        if let Some(window) = status.root().filter(|root| root.find_property("narrow").is_some()) {
            let binding = window.bind_property("narrow", status, "css-classes").sync_create();
            binding.transform_to(|_, narrow: bool| Some(compact_when(narrow))).build();
        }
    });
}

fn compact_when(narrow: bool) -> Vec<String> {
    if narrow { vec!["compact".to_owned()] } else { Vec::new() }
}
