// SPDX-License-Identifier: GPL-3.0-or-later
//! The challenges of a registry: what it wants to see before it gives something away (RFC 9110, `WWW-Authenticate`;
//! distribution specification, token authentication).

use http_auth::ChallengeRef;

use crate::{
    http::HttpResponse,
    provider::wire::challenges::{challenges, is_scheme},
    service::RealmUrl,
};

/// Longest name of a service or a scope, in bytes.
const NAME_LIMIT: usize = 512;

/// Where the tokens of a registry come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    /// The address of the token server.
    pub(super) realm: RealmUrl,
    /// The registry's name there.
    pub(super) service: Option<String>,
    /// What a token has to allow, by the server's word.
    pub(super) scope: Option<String>,
}

impl Challenge {
    /// Whether a token for its scope allows reading and no more: a bearer token is shown to others.
    pub(super) fn is_for_reading(&self) -> bool {
        let is_for_reading = |entry: &str| match entry.rsplit_once(':') {
            Some(("registry:catalog", "*")) => true,
            Some((_, actions)) => actions.split(',').all(|action| action == "pull"),
            None => false,
        };
        self.scope.as_deref().is_none_or(|scope| scope.split(' ').all(is_for_reading))
    }
}

/// What a registry offers with a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Offer {
    /// Tokens from a server that can be asked.
    Tokens(Challenge),
    /// A way that flatpak cannot use: it can send nothing but a token.
    OtherWays,
    /// Nothing that makes sense.
    Nothing,
}

impl Offer {
    /// Reads all challenges of an answer. The first that offers tokens counts.
    pub(super) fn of(answer: &HttpResponse) -> Self {
        let mut is_other = false;
        for challenge in challenges(answer) {
            if is_scheme(&challenge, "Bearer") {
                if let Some(challenge) = tokens(&challenge) {
                    return Self::Tokens(challenge);
                }
            } else {
                is_other = true;
            }
        }
        if is_other { Self::OtherWays } else { Self::Nothing }
    }
}

/// The token server of a challenge, if its address is sound.
fn tokens(challenge: &ChallengeRef<'_>) -> Option<Challenge> {
    let value = |name: &str| {
        let mut same = challenge.params.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, value) = same.next()?;
        // A parameter that stands twice may mean either.
        same.next().is_none().then(|| value.to_unescaped())
    };
    let name = |parameter| value(parameter).filter(|name| !name.is_empty() && name.len() <= NAME_LIMIT);
    Some(Challenge { realm: RealmUrl::parse(&value("realm")?).ok()?, service: name("service"), scope: name("scope") })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn offered(headers: &[&str]) -> Offer {
        Offer::of(&HttpResponse::with_headers(401, headers.iter().map(|value| ("www-authenticate", *value))))
    }

    /// Realm and service.
    fn told(headers: &[&str]) -> Option<(String, Option<String>)> {
        match offered(headers) {
            Offer::Tokens(challenge) => Some((challenge.realm.as_str().to_owned(), challenge.service)),
            Offer::OtherWays | Offer::Nothing => None,
        }
    }

    #[test]
    fn o02_a_challenge_is_read_however_it_is_written() {
        let plain = (String::from("https://sso.example.org/token"), Some(String::from("reg")));
        for written in [
            &[r#"Bearer realm="https://sso.example.org/token",service="reg",scope="repository:a/b:pull""#][..],
            &[r#"Bearer realm="https://sso.example.org/token",service="reg""#],
            &[r#"bearer SCOPE="x,y" , Service=reg , Realm="https://sso.example.org/token""#],
            &[r#"BEARER service="reg",realm="https://sso\.example.org/token",error="invalid_token""#],
            &[r#"Basic realm="a, Bearer b", Bearer realm="https://sso.example.org/token",service="reg""#],
            &[r#"Bearer realm="https://sso.example.org/token",service="reg", Basic realm="x""#],
            &[r#"Basic realm="x""#, r#"Bearer realm="https://sso.example.org/token",service="reg""#],
            &["Negotiate", r#"Bearer realm="https://sso.example.org/token",service=reg"#],
            &[r#"Bearer realm="ftp://x/""#, r#"Bearer realm="https://sso.example.org/token",service="reg""#],
        ] {
            assert_eq!(told(written), Some(plain.clone()), "{written:?}");
        }
        let (realm, service) = told(&[r#"Bearer realm="https://sso.example.org/token?tenant=a%20b""#]).unwrap();
        assert_eq!((realm.as_str(), service), ("https://sso.example.org/token?tenant=a%20b", None));
    }

    #[test]
    fn o03_a_registry_without_tokens_is_told_apart() {
        for other in [r#"Basic realm="Registry""#, "Negotiate", r#"Digest realm="x", nonce="y""#, "basic"] {
            assert_eq!(offered(&[other]), Offer::OtherWays, "{other}");
        }
        for nothing in ["", "Bearer", r#"Bearer realm="x"#, "Bearer realm=", "\"", "=,=", r#"Bearer service="reg""#] {
            assert_eq!(offered(&[nothing]), Offer::Nothing, "{nothing}");
        }
        assert_eq!(offered(&[]), Offer::Nothing);
    }

    #[test]
    fn o04_a_realm_that_nobody_may_ask_is_none() {
        for realm in [
            "http://sso.example.org/token",
            "ftp://sso.example.org/",
            "https://user:pass@sso.example.org/token",
            "https://user@sso.example.org/token",
            "https://sso.example.org/token#x",
            "https://sso.example.org\\\\@evil.example/",
            "//sso.example.org/token",
            "sso.example.org",
            "https://sso.example.org/a/../token",
            "https://127.1/",
            "file:///etc/passwd",
            "data:x",
            "",
            " https://sso.example.org/",
        ] {
            assert_eq!(offered(&[&format!(r#"Bearer realm="{realm}",service="x""#)]), Offer::Nothing, "{realm}");
        }
        let twice = r#"Bearer realm="https://a.example/",realm="https://b.example/""#;
        assert_eq!(offered(&[twice]), Offer::Nothing);
    }

    #[test]
    fn a_scope_that_allows_more_than_reading_is_told_apart() {
        let is_for_reading = |scope: &str| {
            let header = format!(r#"Bearer realm="https://sso.example.org/token"{scope}"#);
            matches!(offered(&[&header]), Offer::Tokens(challenge) if challenge.is_for_reading())
        };
        for reading in ["", "registry:catalog:*", "repository:a/b:pull", "registry:catalog:* repository:a:pull"] {
            assert!(is_for_reading(&format!(r#",scope="{reading}""#)), "{reading}");
        }
        assert!(is_for_reading(""));
        for more in [
            "repository:a:pull,push",
            "repository:a:*",
            "registry:catalog:* repository:a:delete",
            "x",
            "a:",
            "a:pull  ",
        ] {
            assert!(!is_for_reading(&format!(r#",scope="{more}""#)), "{more}");
        }
    }

    proptest! {
        #[test]
        fn o02_no_header_makes_the_parser_panic(headers in proptest::collection::vec("[ -~\\t]{0,60}|(Bearer|Basic|[a-zA-Z]{1,3})( [a-z]{1,8}=(\"[ -~]{0,20}\"?|[a-z]{0,5}),?){0,4}", 0..4)) {
            let headers: Vec<_> = headers.iter().map(String::as_str).collect();
            if let Offer::Tokens(challenge) = offered(&headers) {
                prop_assert!(challenge.realm.as_str().starts_with("http"));
            }
        }
    }
}
