// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether this computer has a connection to others.

use gtk::{gio, glib, prelude::*, subclass::prelude::*};
use usher_core::service::{self, ServiceUrl};

use super::Changes;

mod imp {
    use std::cell::Cell;

    use super::*;

    #[derive(Default, glib::Properties)]
    #[properties(wrapper_type = super::Network)]
    pub struct Network {
        /// Whether there is a connection, as far as the system knows.
        #[property(get, set = Self::set_available)]
        is_available: Cell<bool>,
        pub(super) changes: Changes,
    }

    impl Network {
        fn set_available(&self, is_available: bool) {
            if self.is_available.replace(is_available) != is_available {
                self.changes.announce();
            }
        }
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Network {
        const NAME: &'static str = "UsherNetwork";
        type Type = super::Network;
    }

    #[glib::derived_properties]
    impl ObjectImpl for Network {}
}

glib::wrapper! {
    pub struct Network(ObjectSubclass<imp::Network>);
}

impl Default for Network {
    fn default() -> Self {
        glib::Object::new()
    }
}

impl Network {
    /// Begins to follow what the system says.
    pub(crate) fn new() -> Self {
        let network = Self::default();
        gio::NetworkMonitor::default()
            .bind_property("network-available", &network, "is-available")
            .sync_create()
            .build();
        network
    }

    /// Whether a server can be reached: one on this computer always can.
    pub(crate) fn reaches(&self, service: &ServiceUrl) -> bool {
        self.is_available() || service::is_literal_loopback(service.url())
    }

    /// Lets a widget be used only while a server can be reached.
    pub(crate) fn gate(&self, widget: &impl IsA<gtk::Widget>, service: &ServiceUrl) {
        if !service::is_literal_loopback(service.url()) {
            self.bind_property("is-available", widget, "sensitive").sync_create().build();
        }
    }

    /// Tells when the connection has come or gone.
    pub(crate) fn changes(&self) -> &Changes {
        &self.imp().changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_this_computer_can_always_be_reached() {
        let network = Network::default();
        let url = |text: &str| ServiceUrl::parse(text).unwrap();
        let reached = |network: &Network| {
            ["https://store.example/", "http://127.0.0.1:8080/", "http://[::1]:8080/"]
                .map(|text| network.reaches(&url(text)))
        };
        assert_eq!(reached(&network), [false, true, true]);
        network.set_is_available(true);
        assert_eq!(reached(&network), [true, true, true]);
    }
}
