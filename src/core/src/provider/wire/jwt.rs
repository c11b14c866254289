// SPDX-License-Identifier: GPL-3.0-or-later
//! What a token says about itself, if it is a JWT. Hints, to show a name and to skip calls that must fail; never
//! trusted (rule R12).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Number, Value};

use crate::text;

/// Latest end of validity that we believe, in seconds from now.
const FURTHEST: i64 = 10 * 366 * 24 * 60 * 60;

/// When the token ends, by its own word: seconds since 1970, within the next ten years. `None` otherwise.
pub fn expiry(token: &str, now: i64) -> Option<i64> {
    /// The only claim that matters here: there can be thousands of tokens.
    #[derive(Deserialize)]
    struct End {
        exp: Number,
    }

    let End { exp } = serde_json::from_slice(&payload(token)?).ok()?;
    let exp = exp.as_i64().or_else(|| {
        let seconds = exp.as_f64()?;
        // A float beyond the range saturates.
        #[allow(clippy::cast_possible_truncation)]
        seconds.is_finite().then_some(seconds as i64)
    })?;
    (exp >= 0).then(|| exp.min(now.saturating_add(FURTHEST)))
}

/// How long the token lives from when it was issued, by its own word: seconds. `None` if it does not say both.
pub fn lifetime(token: &str) -> Option<i64> {
    let claims = claims(token)?;
    let seconds = |claim: &str| claims.get(claim)?.as_i64();
    Some(seconds("exp")?.saturating_sub(seconds("iat")?)).filter(|lifetime| *lifetime >= 0)
}

/// The apps that flat-manager lets a token have: each id in the list, and the ids below it; with an empty list every app.
/// `None` for a token that is not flat-manager's.
pub fn prefixes(token: &str) -> Option<Vec<String>> {
    let claims = claims(token)?;
    let list = |claim: &str| claims.get(claim)?.as_array();
    match list("prefixes") {
        Some(prefixes) => prefixes.iter().map(|prefix| prefix.as_str().map(ToOwned::to_owned)).collect(),
        // Where flat-manager finds no prefixes it looks at no other list either.
        None => ["apps", "repos", "branches"].into_iter().any(|claim| list(claim).is_some()).then(Vec::new),
    }
}

/// Whether prefixes of flat-manager's cover an id.
pub fn covers(prefixes: &[impl AsRef<str>], id: &str) -> bool {
    let is_below = |prefix: &str| id.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'));
    let mut texts = prefixes.iter().map(AsRef::as_ref);
    prefixes.is_empty() || texts.any(|prefix| prefix.is_empty() || prefix == id || is_below(prefix))
}

/// The name of the person to whom a token says it belongs, cleaned for showing.
pub fn user(token: &str) -> Option<String> {
    let claims = claims(token)?;
    ["preferred_username", "email", "name", "sub"].iter().find_map(|claim| {
        let name = match claims.get(*claim)? {
            Value::String(name) => name.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(text::clean(&name, text::NAME_LIMIT)).filter(|name| !name.is_empty())
    })
}

pub(crate) fn claims(token: &str) -> Option<serde_json::Map<String, Value>> {
    match super::json::parse(&payload(token)?).ok()? {
        Value::Object(claims) => Some(claims),
        _ => None,
    }
}

/// The claims as they are written.
fn payload(token: &str) -> Option<Vec<u8>> {
    let mut parts = token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    URL_SAFE_NO_PAD.decode(payload).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn jwt(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn name_and_end_are_read_from_a_jwt() {
        assert_eq!(user(&jwt(r#"{"sub":"7","name":"demo"}"#)).as_deref(), Some("demo"));
        assert_eq!(user(&jwt(r#"{"sub":7}"#)).as_deref(), Some("7"));
        assert_eq!(user("opaque"), None);
        assert_eq!(expiry(&jwt(r#"{"exp":2000}"#), 1000), Some(2000));
        assert_eq!(expiry(&jwt(r#"{"exp":1e300}"#), 1000), Some(1000 + FURTHEST));
        assert_eq!(expiry(&jwt(r#"{"exp":-5}"#), 1000), None);
        assert_eq!(expiry(&jwt(r#"{"exp":"2000"}"#), 1000), None);
    }

    #[test]
    fn the_prefixes_are_read_as_flat_manager_reads_them() {
        for (claims, read) in [
            (r#"{"prefixes":["org.a","org.b.B"]}"#, Some(&["org.a", "org.b.B"][..])),
            (r#"{"prefixes":[]}"#, Some(&[])),
            (r#"{"prefixes":[""]}"#, Some(&[""])),
            (r#"{"apps":["org.a.A"]}"#, Some(&[])),
            (r#"{"repos":["stable"]}"#, Some(&[])),
            (r#"{"prefixes":"org.a"}"#, None),
            (r#"{"prefixes":[1]}"#, None),
            (r#"{"sub":"7","exp":1}"#, None),
        ] {
            let expected = read.map(|read| read.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(prefixes(&jwt(claims)), expected, "{claims}");
        }
        assert_eq!(prefixes("opaque"), None);
    }

    #[test]
    fn a_prefix_covers_its_own_id_and_those_below_it() {
        for (prefixes, id, is_covered) in [
            (&["org.a"][..], "org.a", true),
            (&["org.a"], "org.a.A", true),
            (&["org.a"], "org.a.A.Locale", true),
            (&["org.a"], "org.ab.A", false),
            (&["org.a."], "org.a.A", false),
            (&["org.a.A"], "org.a", false),
            (&["org.b", "org.a"], "org.a.A", true),
            (&[""], "org.a.A", true),
            (&[], "org.a.A", true),
        ] {
            let prefixes: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
            assert_eq!(covers(&prefixes, id), is_covered, "{prefixes:?} {id}");
        }
    }

    #[test]
    fn how_long_a_token_lives_is_known_only_if_it_says_both() {
        assert_eq!(lifetime(&jwt(r#"{"iat":1000,"exp":1600}"#)), Some(600));
        for odd in [r#"{"exp":1600}"#, r#"{"iat":1000}"#, r#"{"iat":2000,"exp":1600}"#, r#"{"iat":"a","exp":1600}"#] {
            assert_eq!(lifetime(&jwt(odd)), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn hints_never_panic_and_stay_in_range(payload in any::<String>(), raw in any::<String>(), exp in any::<i64>(), now in 0i64..4_000_000_000) {
            for token in [jwt(&payload), raw, jwt(&format!("{{\"exp\":{exp}}}"))] {
                let _ = (user(&token), prefixes(&token), lifetime(&token));
                if let Some(end) = expiry(&token, now) {
                    prop_assert!((0..=now + FURTHEST).contains(&end));
                }
            }
        }
    }
}
