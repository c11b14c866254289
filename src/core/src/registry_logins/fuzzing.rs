// SPDX-License-Identifier: GPL-3.0-or-later
//! Files and programs of others that keep logins.

use url::Url;

use super::{
    file::{Contents, Entry, decode},
    helper::login_in,
    key::{Key, Wanted},
};
use crate::service::ServiceUrl;

/// A file with logins, or the answer of a program that keeps them: a login is taken only for the host that it is for.
pub(crate) fn file(bytes: &[u8]) {
    if let Ok((user, secret)) = login_in(bytes) {
        assert!(!user.is_empty() && !secret.expose().is_empty());
    }
    let Some(contents) = Contents::parse(bytes) else { return };
    for (key, entry) in contents.entries() {
        if let Entry::Text(text) = entry
            && let Some((user, _)) = decode(text)
        {
            assert!(!user.is_empty() && !user.contains(':'));
        }
        let _ = (Key(key).registry(), Key(key).is_bare());
    }
    for registry in ["https://registry.example.org/", "https://registry.example.org:5000/base"] {
        let registry = ServiceUrl::parse(registry).expect("it is an address");
        for repositories in [&[][..], &["acme/app", "acme/other"]] {
            let Some((key, _)) = contents.best(&Wanted::new(registry.clone(), repositories)) else { continue };
            let address = if key.contains("://") { key.to_owned() } else { format!("https://{key}") };
            let read = Url::parse(&address).expect("a key that fits is an address");
            assert_eq!((read.host_str(), read.port()), (registry.url().host_str(), registry.url().port()), "{key}");
        }
    }
}
