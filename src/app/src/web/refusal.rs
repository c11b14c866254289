// SPDX-License-Identifier: GPL-3.0-or-later
//! How pages say that they do not work in a view of another program. Pure.
//!
//! Sources: Google names its errors (developers.google.com/identity/protocols/oauth2/native-app, “Authorization errors”) and
//! explains its other page (support.google.com/accounts/answer/7675428); Facebook announces its sentence
//! (developers.facebook.com/docs/facebook-login/android/deprecating-webviews). Addresses and sentences are as public reports of
//! such pages quote them (`WebView2Feedback` 1584, `webcompat/web-bugs` 57231, `facebook-android-sdk` 1023). Sentences are in
//! the person's language, so addresses and names of errors come first.

use gtk::glib;
use url::Url;

/// A host and the beginning of a path that only such a page has.
const ADDRESSES: [(&str, &str); 4] = [
    ("accounts.google.com", "/signin/rejected"),
    ("accounts.google.com", "/v3/signin/rejected"),
    ("accounts.google.com", "/signin/v2/deniedsigninrejected"),
    ("accounts.google.com", "/v3/signin/deniedsigninrejected"),
];
/// The parameter in which Google's error pages say what is wrong, in Base64.
const GOOGLES_ERROR: &str = "authError";
/// What such pages say, in lower case.
const TEXTS: [&str; 6] = [
    "disallowed_useragent",
    "this browser or app may not be secure",
    "embedded webview policy",
    "secure browsers\u{201d} policy",
    "logging in to facebook from an embedded browser is disabled",
    "logging into facebook from an embedded browser is disabled",
];

/// Whether an address is that of a page that only says so.
pub(super) fn is_by_address(address: &Url) -> bool {
    let Some(host) = address.host_str() else { return false };
    let is_known = ADDRESSES.iter().any(|(known, path)| host == *known && address.path().starts_with(path));
    is_known || (host == "accounts.google.com" && googles_error(address).is_some_and(|error| is_by_text(&error)))
}

/// Whether a title or text says so.
pub(super) fn is_by_text(text: &str) -> bool {
    let text = text.to_lowercase().replace('\u{2019}', "'");
    TEXTS.iter().any(|said| text.contains(said))
}

fn googles_error(address: &Url) -> Option<String> {
    let (_, value) = address.query_pairs().find(|(name, _)| name == GOOGLES_ERROR)?;
    let standard = value.replace('-', "+").replace('_', "/");
    let padded = format!("{standard}{}", "=".repeat(standard.len().wrapping_neg() % 4));
    Some(String::from_utf8_lossy(&glib::base64_decode(&padded)).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_address(address: &str) -> bool {
        is_by_address(&Url::parse(address).unwrap())
    }

    #[test]
    fn googles_own_pages_are_known_by_their_address_in_every_language() {
        let error = glib::base64_encode(b"\n\x14disallowed_useragent\x12\x03Nein\x20\x93\x03")
            .replace('+', "-")
            .replace('/', "_");
        let error = error.trim_end_matches('=');
        assert!(by_address(&format!("https://accounts.google.com/signin/oauth/error?authError={error}&client_id=x")));
        assert!(by_address("https://accounts.google.com/v3/signin/rejected?rrk=1"));
        assert!(by_address("https://accounts.google.com/signin/v2/deniedsigninrejected?service=x"));
    }

    #[test]
    fn other_errors_and_other_hosts_are_not_taken_for_it() {
        let other = glib::base64_encode(b"\n\x0einvalid_client");
        for address in [
            format!("https://accounts.google.com/signin/oauth/error?authError={other}").as_str(),
            "https://accounts.google.com/signin/oauth/error?authError=%%%",
            "https://accounts.google.com/signin/identifier",
            "https://accounts.google.com.evil.example/signin/rejected",
            "https://id.example.org/signin/rejected",
            "data:text/html,x",
        ] {
            assert!(!by_address(address), "{address}");
        }
    }

    #[test]
    fn a_page_is_known_by_what_it_says() {
        for said in [
            "Error 403: disallowed_useragent",
            "Couldn\u{2019}t sign you in\nThis browser or app may not be secure. Learn more",
            "because this app doesn't comply with Google's embedded webview Policy",
            "does not comply with Google\u{2019}s \u{201c}Use secure browsers\u{201d} policy",
            "For your account security, logging in to Facebook from an embedded browser is disabled.",
        ] {
            assert!(is_by_text(said), "{said}");
        }
        for said in ["", "Sign in with a secure browser", "User name\nPassword"] {
            assert!(!is_by_text(said), "{said}");
        }
    }
}
