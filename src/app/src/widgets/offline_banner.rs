// SPDX-License-Identifier: GPL-3.0-or-later
//! The banner on every page while this computer has no connection.

use std::{cell::RefCell, rc::Rc};

use adw::prelude::*;
use gtk::glib;

use crate::{
    i18n::gettext,
    model::Network,
    widgets::{descendant, labels},
};

/// Gives each page that is shown such a banner, once.
pub(crate) fn show_offline(view: &adw::NavigationView, network: &Network) {
    let known: Rc<RefCell<Vec<glib::WeakRef<adw::NavigationPage>>>> = Rc::default();
    let network = network.clone();
    let add = move |view: &adw::NavigationView| {
        let Some(page) = view.visible_page() else {
            return;
        };
        let mut known = known.borrow_mut();
        known.retain(|page| page.upgrade().is_some());
        if known.iter().all(|known| known.upgrade().as_ref() != Some(&page)) {
            known.push(page.downgrade());
            if let Some(bars) = descendant::first::<adw::ToolbarView>(page.upcast_ref()) {
                bars.add_top_bar(&banner(&network));
            }
        }
    };
    add(view);
    view.connect_visible_page_notify(add);
}

fn banner(network: &Network) -> adw::Banner {
    let banner = adw::Banner::new(&gettext("Offline. Accounts can be viewed but not signed in to"));
    labels::settle(&banner);
    network.bind_property("is-available", &banner, "revealed").invert_boolean().sync_create().build();
    banner
}
