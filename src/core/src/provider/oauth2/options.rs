// SPDX-License-Identifier: GPL-3.0-or-later
//! What the options of a remote say about single sign-on, and what follows for the person (rule R24).

use std::collections::BTreeMap;

use super::NAME;
use crate::{
    binding::{Binding, OptionsError, Provider, option},
    i18n::{gettext, gettext_f},
    provider::Way,
    service::ServiceUrl,
    text,
};

/// Option: the server that says who somebody is, verbatim.
pub(super) const ISSUER: &str = "issuer";
/// Option: the name under which that server knows Usher.
pub(super) const CLIENT_ID: &str = "client-id";
/// Option: what else to ask for, beside [`BASIC_SCOPES`], separated by spaces.
pub(super) const SCOPE: &str = "scope";
/// The scope of OpenID itself.
pub(super) const OPENID: &str = "openid";
/// The scope of a sign-in that lasts.
pub(super) const OFFLINE: &str = "offline_access";
/// What is asked for in any case (rule R24).
pub(super) const BASIC_SCOPES: [&str; 4] = [OPENID, "profile", "email", OFFLINE];
/// Most scopes besides (rule R24).
const SCOPES_LIMIT: usize = 4;
/// Longest client id or scope, in bytes.
const NAME_LIMIT: usize = 255;

/// Servers that are known to refuse views of other programs, so that the browser comes first.
///
/// - Google: “All embedded webviews will be blocked”
///   (<https://developers.googleblog.com/en/upcoming-security-changes-to-googles-oauth-20-authorization-endpoint-in-embedded-webviews>)
const REFUSES_VIEWS: [&str; 1] = ["accounts.google.com"];

/// The binding that options claim.
pub(super) fn claim(options: &BTreeMap<String, String>) -> Result<Binding, OptionsError> {
    let mut binding = Provider::new(NAME).at(option::service(options, option::URL)?);
    option::service(options, ISSUER)?;
    let client_id = options.get(CLIENT_ID).ok_or(OptionsError::Missing(CLIENT_ID))?;
    let is_printable = client_id.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !is_printable || !(1..=NAME_LIMIT).contains(&client_id.len()) {
        return Err(OptionsError::Malformed(CLIENT_ID));
    }
    let scopes = further_scopes(options.get(SCOPE).map_or("", String::as_str))?.join(" ");
    let terms = [(ISSUER, &options[ISSUER]), (CLIENT_ID, client_id), (SCOPE, &scopes)];
    let terms = terms.into_iter().filter(|(_, value)| !value.is_empty());
    binding.terms = terms.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    Ok(binding)
}

/// The options that claim a binding.
pub(super) fn of(binding: &Binding) -> BTreeMap<String, String> {
    let mut options = binding.terms.clone();
    options.insert(option::URL.to_owned(), binding.service.as_str().to_owned());
    options
}

/// The address of the server that says who somebody is.
pub(super) fn issuer(binding: &Binding) -> ServiceUrl {
    let issuer = binding.terms.get(ISSUER).and_then(|issuer| ServiceUrl::parse(issuer).ok());
    issuer.unwrap_or_else(|| binding.service.clone())
}

/// The ways to sign in. A code that somebody else asked for looks like one's own, so it is only for servers of one
/// operator, or those that the person put together.
pub(super) fn ways(binding: &Binding, is_typed: bool) -> Vec<Way> {
    let issuer = issuer(binding);
    let mut ways = vec![Way::Embedded, Way::Browser];
    if issuer.url().host_str().is_some_and(|host| REFUSES_VIEWS.contains(&host)) {
        ways.reverse();
    }
    if is_typed || is_of_one_operator(binding) {
        ways.push(Way::Code);
    }
    ways
}

/// What the service gets from a sign-in at another host.
pub(super) fn permissions(binding: &Binding) -> Vec<String> {
    if is_of_one_operator(binding) {
        return Vec::new();
    }
    let basic = [
        gettext("Learns the user name and e-mail address"),
        gettext("Stays signed in until the account is signed out"),
    ];
    let scopes = binding.terms.get(SCOPE).map_or("", String::as_str).split_ascii_whitespace();
    // Translators: the scope is what a server calls a permission, such as “read_api”
    let further = scopes.map(|scope| {
        gettext_f("Also gets what the server calls “{scope}”", &[("scope", &text::clean(scope, text::NAME_LIMIT))])
    });
    basic.into_iter().chain(further).collect()
}

/// Whether the service and its sign-in server share a host.
fn is_of_one_operator(binding: &Binding) -> bool {
    issuer(binding).url().host() == binding.service.url().host()
}

/// The scopes of an option besides the basic ones, sorted, each once (RFC 6749, 3.3).
fn further_scopes(option: &str) -> Result<Vec<&str>, OptionsError> {
    let is_scope = |scope: &str| scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    let mut scopes: Vec<_> = option.split_ascii_whitespace().filter(|scope| !BASIC_SCOPES.contains(scope)).collect();
    scopes.sort_unstable();
    scopes.dedup();
    let is_sound =
        scopes.len() <= SCOPES_LIMIT && scopes.iter().all(|scope| scope.len() <= NAME_LIMIT && is_scope(scope));
    if is_sound { Ok(scopes) } else { Err(OptionsError::Malformed(SCOPE)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(options: &[(&str, &str)]) -> Result<Binding, OptionsError> {
        claim(&options.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    fn bound(service: &str, issuer: &str, scope: &str) -> Binding {
        claimed(&[("url", service), ("issuer", issuer), ("client-id", "usher"), ("scope", scope)]).unwrap()
    }

    const SHOP: &str = "https://store.example.org/shop";

    #[test]
    fn the_options_name_service_issuer_and_client() {
        let (url, issuer, client) = (("url", SHOP), ("issuer", "https://id.example.org/realm"), ("client-id", "usher"));
        let binding = claimed(&[url, issuer, client, ("scope", "b openid a b"), ("other", "x")]).unwrap();
        assert_eq!((binding.provider.name(), binding.host().as_str()), ("oauth2", "store.example.org"));
        let terms = [("client-id", "usher"), ("issuer", "https://id.example.org/realm"), ("scope", "a b")];
        assert_eq!(binding.terms, terms.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        assert_eq!(claim(&of(&binding)), Ok(binding));
        for (options, fault) in [
            (&[issuer, client][..], OptionsError::Missing("url")),
            (&[url, client], OptionsError::Missing("issuer")),
            (&[url, issuer], OptionsError::Missing("client-id")),
            (&[url, issuer, ("client-id", "")], OptionsError::Malformed("client-id")),
            (&[url, issuer, ("client-id", "a\nb")], OptionsError::Malformed("client-id")),
            (&[url, ("issuer", "nonsense"), client], OptionsError::Malformed("issuer")),
            (&[url, issuer, client, ("scope", "a\"b")], OptionsError::Malformed("scope")),
            (&[url, issuer, client, ("scope", "a b c d e")], OptionsError::Malformed("scope")),
        ] {
            assert_eq!(claimed(options), Err(fault), "{options:?}");
        }
        let plain = claimed(&[url, ("issuer", "http://id.example.org/"), client]);
        assert!(matches!(plain, Err(OptionsError::Address("issuer", _))), "{plain:?}");
    }

    #[test]
    fn r24_a_code_is_only_for_servers_of_one_host_or_a_pair_that_the_person_typed() {
        use Way::{Browser, Code, Embedded};
        for (service, issuer, is_typed, expected) in [
            (SHOP, "https://store.example.org/realm", false, &[Embedded, Browser, Code][..]),
            (SHOP, "https://store.example.org:8443/", false, &[Embedded, Browser, Code]),
            (SHOP, "https://id.example.org/", false, &[Embedded, Browser]),
            (SHOP, "https://id.example.org/", true, &[Embedded, Browser, Code]),
            (SHOP, "https://store.example.org.id.example/", false, &[Embedded, Browser]),
            (SHOP, "https://accounts.google.com", false, &[Browser, Embedded]),
            (SHOP, "https://accounts.google.com", true, &[Browser, Embedded, Code]),
            (SHOP, "https://accounts.google.com.example.org", false, &[Embedded, Browser]),
        ] {
            assert_eq!(ways(&bound(service, issuer, ""), is_typed), expected, "{issuer} {is_typed}");
        }
    }

    #[test]
    fn r24_a_sign_in_at_another_host_says_what_the_service_gets() {
        assert_eq!(permissions(&bound(SHOP, "https://store.example.org/realm", "read_api")), [""; 0]);
        let other = bound(SHOP, "https://id.example.org/", "read_api");
        assert_eq!(issuer(&other).host(), "id.example.org");
        assert_eq!(
            permissions(&other),
            [
                "Learns the user name and e-mail address",
                "Stays signed in until the account is signed out",
                "Also gets what the server calls “read_api”"
            ]
        );
    }
}
