// SPDX-License-Identifier: GPL-3.0-or-later
//! Keeps pages from what listens on this computer, first of all from where another sign-in waits for the browser (rules R5
//! and R19).
//!
//! Whatever waits there speaks without encryption. So a page sends nothing unencrypted, whichever way it tries: to go there
//! itself is refused by [`policy`](super::policy), and anything else by a filter, which `WebKit` applies before it
//! connects. A development build leaves out the servers that the person has agreed to, where they are on this computer.

use std::{fs, io, path::PathBuf};

use gtk::{gio, glib};
use serde_json::json;
use url::Url;
use usher_core::{folders, service};
use webkit6::{UserContentFilter, UserContentFilterStore};

/// Where compiled filters are, in the folder of the login session.
const FOLDER: &str = "page-rules";
/// What the filter looks at: everything but a document for the main frame. That may be the answer to this very sign-in,
/// which is never loaded.
const KINDS: [&str; 12] = [
    "child-document",
    "image",
    "style-sheet",
    "script",
    "font",
    "fetch",
    "websocket",
    "svg-document",
    "media",
    "ping",
    "csp-report",
    "other",
];
/// The schemes of what is not encrypted. `WebKit` knows no alternatives within one expression.
const UNENCRYPTED: [&str; 2] = ["http", "ws"];

/// Where the pages of one task may go without encryption.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bounds {
    own: Vec<Url>,
}

impl Bounds {
    /// For pages of these servers.
    pub(super) fn of<'a>(servers: impl IntoIterator<Item = &'a Url>) -> Self {
        let own = servers.into_iter().filter(|url| url.scheme() == "http" && service::is_allowed_loopback(url));
        Self { own: own.cloned().collect() }
    }

    /// Whether a page may go there, though it is not encrypted.
    pub(super) fn allow(&self, address: &Url) -> bool {
        self.own.iter().any(|own| own.origin() == address.origin())
    }

    /// The filter, in `WebKit`'s words.
    fn rules(&self) -> String {
        let all = UNENCRYPTED.map(|scheme| {
            json!({
                "trigger": { "url-filter": format!("^{scheme}://"), "resource-type": KINDS },
                "action": { "type": "block" },
            })
        });
        let own = self.own.iter().map(|own| {
            let origin = own.origin().ascii_serialization();
            json!({
                "trigger": { "url-filter": format!("^{}/", escaped(&origin)) },
                "action": { "type": "ignore-previous-rules" },
            })
        });
        json!(all.into_iter().chain(own).collect::<Vec<_>>()).to_string()
    }

    /// A name for the filter: letters, digits and `-`.
    fn name(&self) -> String {
        let own = self.own.iter().map(|own| own.origin().ascii_serialization());
        let own: Vec<_> = own.map(|origin| origin.replace(|sign: char| !sign.is_ascii_alphanumeric(), "-")).collect();
        ["encrypted".to_owned()].into_iter().chain(own).collect::<Vec<_>>().join("-")
    }

    /// Makes the filter.
    ///
    /// # Errors
    /// If `WebKit` cannot compile or save it: then no page is shown.
    pub(super) async fn filter(&self) -> Result<UserContentFilter, glib::Error> {
        let folder = folder().map_err(|error| glib::Error::new(gio::IOErrorEnum::Failed, &error.to_string()))?;
        let store = UserContentFilterStore::new(&folder.to_string_lossy());
        store.save_future(&self.name(), &glib::Bytes::from_owned(self.rules())).await
    }
}

fn folder() -> io::Result<PathBuf> {
    let session = folders::session().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let folder = session.path.join(FOLDER);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// An origin as a regular expression that matches it alone.
fn escaped(origin: &str) -> String {
    origin.chars().flat_map(|sign| matches!(sign, '.' | '[' | ']').then_some('\\').into_iter().chain([sign])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(servers: &[&str]) -> Bounds {
        let servers: Vec<Url> = servers.iter().map(|server| Url::parse(server).unwrap()).collect();
        Bounds::of(&servers)
    }

    fn allowed(servers: &[&str], address: &str) -> bool {
        bounds(servers).allow(&Url::parse(address).unwrap())
    }

    #[test]
    fn a_page_of_another_server_has_no_way_to_this_computer() {
        for address in ["http://127.0.0.1:4711/", "http://[::1]/", "http://localhost/", "http://store.example.org/"] {
            assert!(!allowed(&["https://store.example.org/"], address), "{address}");
        }
        assert_eq!(bounds(&["https://store.example.org/", "http://store.example.org/"]), Bounds::default());
    }

    #[cfg(feature = "insecure-loopback")]
    #[test]
    fn a_page_on_this_computer_reaches_its_own_servers_and_no_other_port() {
        let servers = ["http://127.0.0.1:8080/shop/", "http://[::1]:8081/"];
        for (address, is_allowed) in [
            ("http://127.0.0.1:8080/", true),
            ("http://127.0.0.1:8080/login?x=y", true),
            ("http://[::1]:8081/authorize", true),
            ("http://127.0.0.1:8081/", false),
            ("http://127.0.0.1:4711/io.github.usher/x?state=y", false),
            ("http://127.0.0.1/", false),
            ("http://localhost:8080/", false),
            ("ws://127.0.0.1:8080/", false),
        ] {
            assert_eq!(allowed(&servers, address), is_allowed, "{address}");
        }
        let rules = bounds(&servers).rules();
        assert!(
            rules.contains(r"^http://127\\.0\\.0\\.1:8080/") && rules.contains(r"^http://\\[::1\\]:8081/"),
            "{rules}"
        );
        assert_eq!(bounds(&servers).name(), "encrypted-http---127-0-0-1-8080-http-----1--8081");
    }

    #[test]
    fn a_release_has_one_filter() {
        let all = Bounds::default();
        assert_eq!(all.name(), "encrypted");
        assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&all.rules()).unwrap().len(), 2);
    }
}
