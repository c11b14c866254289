// SPDX-License-Identifier: GPL-3.0-or-later
//! Where a person signs in to a server. Where that is another server, both are named, with what the first one gets
//! (rule R24).

use usher_core::{binding::Binding, provider::Way};

use crate::{
    i18n::{gettext, gettext_f},
    text,
};

/// Where a person signs in to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignInPlace {
    has_page: bool,
    method: String,
    /// The host of the sign-in page, where that is another than the server's.
    pub(crate) other_host: Option<String>,
    /// What the server learns and may do afterwards, one a line; empty where nothing needs saying.
    pub(crate) server_gets: String,
}

impl SignInPlace {
    /// That of a binding.
    pub(crate) fn of(binding: &Binding) -> Self {
        let provider = binding.provider;
        let host = binding.sign_in_host();
        let other_host = Some(host).filter(|host| *host != binding.host());
        let server_gets = other_host.as_ref().map(|_| provider.permissions(binding).join("\n")).unwrap_or_default();
        Self { has_page: provider.has_sign_in_page(), method: provider.sign_in_method(), other_host, server_gets }
    }

    /// What comes next on a way; empty where that is a form, which the way to sign in says.
    pub(crate) fn what_follows(&self, way: Way) -> String {
        match (way, &self.other_host) {
            (Way::Code, _) => gettext("A code to enter on another device comes next."),
            _ if !self.has_page => String::new(),
            (_, None) => gettext("The sign-in page of this server opens next."),
            (_, Some(host)) => gettext_f("The sign-in page of {host} opens next.", &[("host", &text::within(host))]),
        }
    }

    /// How a person signs in on a way.
    pub(crate) fn method(&self, way: Way) -> String {
        match way {
            Way::Embedded => self.method.clone(),
            Way::Browser => gettext("In the browser"),
            Way::Code => gettext("Code on another device"),
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    fn place(other_host: Option<&str>) -> SignInPlace {
        SignInPlace {
            has_page: true,
            method: "On the page".into(),
            other_host: other_host.map(str::to_owned),
            server_gets: String::new(),
        }
    }

    #[test]
    fn r24_the_page_that_opens_next_is_named_where_it_is_another_servers() {
        let follows = |host, way| place(host).what_follows(way);
        assert_eq!(follows(None, Way::Embedded), "The sign-in page of this server opens next.");
        let named = "The sign-in page of \u{2068}id.example.net\u{2069} opens next.";
        assert_eq!(follows(Some("id.example.net"), Way::Browser), named);
        assert_eq!(follows(Some("id.example.net"), Way::Code), "A code to enter on another device comes next.");
    }

    #[test]
    fn a_server_that_signs_people_in_itself_gets_nothing_new() {
        let place = SignInPlace::of(&testing::binding("https://store.example.org"));
        assert_eq!((place.other_host, place.server_gets.as_str()), (None, ""));
    }

    #[test]
    fn the_way_is_told_in_words() {
        let methods = [Way::Embedded, Way::Browser, Way::Code].map(|way| place(None).method(way));
        assert_eq!(methods, ["On the page", "In the browser", "Code on another device"]);
    }
}
