// SPDX-License-Identifier: GPL-3.0-or-later
//! Where a page may go (rule R19). Pure.
//!
//! A view tells no navigation of the main frame from one of a sub-frame before it begins. So the views are given a
//! content security policy that keeps sub-frames from unencrypted addresses, and with it from the redirect: WebKit
//! applies it before it asks. What still asks to go to such an address is the main frame.

use url::Url;
use usher_core::service;

use super::bounds::Bounds;

/// Keeps sub-frames and plugins away from unencrypted addresses, loopback included.
pub(super) const CONTENT_SECURITY_POLICY: &str = "frame-src 'self' https: data: blob: about:; object-src 'none'";

/// What to do about a navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Navigation {
    /// It may go on.
    Allow,
    /// Unencrypted: it does not, and the person is told.
    Insecure,
    /// It does not; nothing is handed to the desktop.
    Drop,
}

/// Judges a navigation of any frame before it begins.
pub(super) fn judge(address: &str, bounds: &Bounds) -> Navigation {
    let Ok(url) = Url::parse(address) else {
        return Navigation::Drop;
    };
    match url.scheme() {
        "http" if !bounds.allow(&url) => Navigation::Insecure,
        // Sub-frames are made with the last three. That they never fill the main frame is seen to at the response and
        // when the document is there.
        "https" | "http" | "about" | "blob" | "data" => Navigation::Allow,
        _ => Navigation::Drop,
    }
}

/// Whether a document may fill the main frame.
pub(super) fn is_showable(address: &str) -> bool {
    Url::parse(address)
        .is_ok_and(|url| url.scheme() == "https" || (url.scheme() == "http" && service::is_allowed_loopback(&url)))
}

/// Whether a page belongs to the approved server: its host (and port), or a host under it.
pub(super) fn is_at_home(approved: &Url, address: &Url) -> bool {
    if approved.port_or_known_default() != address.port_or_known_default() {
        return false;
    }
    match (approved.host(), address.host()) {
        (Some(url::Host::Domain(approved)), Some(url::Host::Domain(host))) => {
            host == approved || host.strip_suffix(approved).is_some_and(|under| under.ends_with('.'))
        }
        (approved, host) => approved == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w10_an_unencrypted_page_is_blocked() {
        let bounds = Bounds::default();
        for address in ["http://store.example.org/", "http://localhost:8080/", "http://127.0.0.1:8080/"] {
            assert_eq!(judge(address, &bounds), Navigation::Insecure, "{address}");
        }
        assert_eq!(judge("https://id.example.net/", &bounds), Navigation::Allow);
    }

    #[test]
    fn w13_other_schemes_are_dropped() {
        for address in ["file:///etc/passwd", "mailto:a@b", "myapp://x", "intent:x", "javascript:x", "ftp://a", "", "x"]
        {
            assert_eq!(judge(address, &Bounds::default()), Navigation::Drop, "{address}");
        }
    }

    #[test]
    fn w13_no_document_without_a_host_fills_the_main_frame() {
        for address in
            ["about:srcdoc", "about:blank", "data:text/html,x", "blob:https://a.example/1", "http://a.example"]
        {
            assert!(!is_showable(address), "{address}");
        }
        assert!(is_showable("https://a.example/"));
    }

    #[cfg(feature = "insecure-loopback")]
    #[test]
    fn a_development_build_shows_pages_of_this_computer() {
        let own = Bounds::of([&Url::parse("http://127.0.0.1:8080/").unwrap()]);
        assert_eq!(judge("http://127.0.0.1:8080/", &own), Navigation::Allow);
        assert_eq!(judge("http://127.0.0.1:8081/", &own), Navigation::Insecure);
        assert!(is_showable("http://127.0.0.1:8080/"));
        assert!(!is_showable("http://localhost:8080/"));
    }

    #[test]
    fn only_the_server_and_what_is_under_it_is_home() {
        let home =
            |approved: &str, address: &str| is_at_home(&Url::parse(approved).unwrap(), &Url::parse(address).unwrap());
        assert!(home("https://a.example", "https://a.example/x"));
        assert!(home("https://a.example", "https://login.a.example/"));
        assert!(!home("https://a.example", "https://evil-a.example/"));
        assert!(!home("https://a.example", "https://a.example.org/"));
        assert!(!home("https://a.example", "https://a.example:444/"));
        assert!(!home("https://127.0.0.1", "https://1.127.0.0.1.example/"));
    }
}
