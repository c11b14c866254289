// SPDX-License-Identifier: GPL-3.0-or-later
//! Proxies, as people and desktops write them.

use std::ffi::OsString;

use url::Url;

use super::proxy::{self, Environment};
use crate::fuzzing::input::{self, lines};

/// A line with a proxy, then a list of hosts that need none. A proxy is written so that it is read as the same one, and
/// printed without its login.
pub(crate) fn proxy(bytes: &[u8]) {
    let ([written], list) = lines(bytes);
    let (written, list) = (input::text(written), input::text(list));
    let variable = |name: &str| match name {
        "https_proxy" => Some(OsString::from(&written)),
        "no_proxy" => Some(OsString::from(&list)),
        _ => None,
    };
    let _ = proxy::pages_from_environment(variable);
    for server in ["https://example.org/", "https://192.0.2.1:8443/", "https://[2001:db8::1]/"] {
        let server = Url::parse(server).expect("it is an address");
        let Environment::Proxies(proxies) = proxy::from_environment(&server, variable) else { continue };
        for found in proxies {
            let address = found.to_secret_url();
            assert_eq!(proxy::parse(&address), Ok(vec![found.clone()]), "it is read as it was written");
            let shown = Url::parse(&format!("{found:?}")).expect("what is printed can be read again");
            assert!(shown.username().is_empty() && shown.password().is_none());
            assert_eq!(Some(found.host().as_str()), shown.host_str());
        }
    }
}
