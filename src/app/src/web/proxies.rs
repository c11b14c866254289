// SPDX-License-Identifier: GPL-3.0-or-later
//! Pages take the same way as Usher's own calls: the proxy of the environment, and else that of the desktop.

use usher_core::http::{self, PageProxies};
use webkit6::{NetworkProxyMode, NetworkProxySettings, NetworkSession};

/// The schemes of what an https page loads.
const SCHEMES: [&str; 2] = ["https", "wss"];

/// Lets a session follow the environment. By itself it follows GIO, for which GNOME's settings come first.
pub(super) fn follow_environment(session: &NetworkSession) {
    match http::page_proxies() {
        PageProxies::Desktop => {}
        PageProxies::Direct => session.set_proxy_settings(NetworkProxyMode::NoProxy, None),
        PageProxies::Through { proxy, except } => {
            let except: Vec<_> = except.iter().map(String::as_str).collect();
            let mut settings = NetworkProxySettings::new(None, &except);
            for scheme in SCHEMES {
                settings.add_proxy_for_scheme(scheme, &proxy);
            }
            session.set_proxy_settings(NetworkProxyMode::Custom, Some(&settings));
        }
    }
}
