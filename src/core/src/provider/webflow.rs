// SPDX-License-Identifier: GPL-3.0-or-later
//! The API of flatpak's sample account server: a page at `login` that redirects with a token, `api/v1/get_tokens`, and
//! `api/v1/begin_purchase` with a page for each purchase.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::{Grant, Grants, PurchaseError, SignInError, SignedIn, TokensError, hints, json};
use crate::{
    clock,
    http::{Answer, HttpClient, HttpError},
    redirect::{Parameters, Redirect},
    secret::Token,
    service::{ServiceUrl, UrlError},
    text,
};

#[derive(Serialize)]
struct TokensRequest<'a> {
    ids: &'a BTreeSet<String>,
}

#[derive(Serialize)]
struct PurchaseRequest<'a> {
    id: &'a str,
}

/// The sign-in page with redirect and state.
pub(super) fn login_page(service: &ServiceUrl, redirect: &Redirect) -> Result<Url, UrlError> {
    let mut page = service.join("login")?;
    page.query_pairs_mut().append_pair("redirect_uri", &redirect.uri()).append_pair("state", redirect.state());
    Ok(page)
}

/// Takes the credential out of what the redirect carried.
pub(super) fn finish(service: &ServiceUrl, parameters: &Parameters) -> Result<SignedIn, SignInError> {
    if let Some(reason) = parameters.get("error") {
        let reason = parameters.get("error_description").unwrap_or(reason);
        return Err(SignInError::Refused(text::clean(reason, text::SERVER_TEXT_LIMIT)));
    }
    let token = parameters.get("token").ok_or(SignInError::NoCredential)?;
    let credential = Token::parse(token).map_err(|_| SignInError::NoCredential)?;
    Ok(SignedIn {
        user: hints::user(token).unwrap_or_else(|| service.host()),
        valid_until: hints::expiry(token, clock::now()),
        credential,
    })
}

pub(super) async fn get_tokens(
    http: &HttpClient,
    service: &ServiceUrl,
    credential: &Token,
    ids: &BTreeSet<String>,
) -> Result<Grants, TokensError> {
    let url = service.join("api/v1/get_tokens").map_err(|_| TokensError::Unexpected)?;
    let answer = http.post(&url).bearer(credential).json(&TokensRequest { ids }).send().await?;
    judge(&answer, ids, clock::now())
}

pub(super) async fn begin_purchase(
    http: &HttpClient,
    service: &ServiceUrl,
    credential: &Token,
    app_id: &str,
) -> Result<Url, PurchaseError> {
    let url = service.join("api/v1/begin_purchase").map_err(|_| PurchaseError::Unexpected)?;
    let answer = http.post(&url).bearer(credential).json(&PurchaseRequest { id: app_id }).send().await?;
    judge_purchase(&answer, service)
}

/// What the answer to a wish to buy means. The sample server has no word for “not for sale”: it is refused as forbidden or
/// as something that is not there.
fn judge_purchase(answer: &Answer, service: &ServiceUrl) -> Result<Url, PurchaseError> {
    match answer.status {
        200 if answer.is_json() => start_page(&answer.body, service).ok_or(PurchaseError::NoPage),
        401 => Err(PurchaseError::Rejected),
        403..=405 | 410 | 501 => Err(PurchaseError::NotOffered),
        _ => Err(PurchaseError::Unexpected),
    }
}

/// The page of a purchase: an address of this very server (rule R4).
fn start_page(body: &[u8], service: &ServiceUrl) -> Option<Url> {
    let Ok(Value::Object(mut body)) = json::parse(body) else {
        return None;
    };
    match body.remove("start_uri") {
        Some(Value::String(start)) => service.page(&start),
        _ => None,
    }
}

/// Whether a service speaks this protocol: asked for tokens without a credential, it refuses in JSON. Other servers know no
/// such path, do not take a POST, or answer with a page.
pub async fn is_spoken_at(http: &HttpClient, service: &ServiceUrl) -> Result<bool, HttpError> {
    let Ok(url) = service.join("api/v1/get_tokens") else {
        return Ok(false);
    };
    let answer = http.post(&url).json(&TokensRequest { ids: &BTreeSet::new() }).send().await?;
    Ok(is_refusal(&answer))
}

/// The sample server refuses with 403, others with 401 as HTTP has it.
fn is_refusal(answer: &Answer) -> bool {
    answer.is_json() && matches!(answer.status, 401 | 403) && json::parse(&answer.body).is_ok()
}

/// What an answer means. 401 ends the sign-in, 403 denies all, anything else but a sound 200 is no answer (rule R13).
fn judge(answer: &Answer, ids: &BTreeSet<String>, now: i64) -> Result<Grants, TokensError> {
    match answer.status {
        200 if answer.is_json() => parse(&answer.body, ids, now),
        401 => Err(TokensError::Rejected),
        403 => Ok(Grants { granted: BTreeMap::new(), denied: ids.clone() }),
        _ => Err(TokensError::Unexpected),
    }
}

/// Parses a body: every id that was asked for is granted or denied, not both; others are ignored (rule R10).
fn parse(body: &[u8], ids: &BTreeSet<String>, now: i64) -> Result<Grants, TokensError> {
    let Ok(Value::Object(mut body)) = json::parse(body) else {
        return Err(TokensError::Unexpected);
    };
    let (Some(Value::Object(tokens)), Some(Value::Array(denied))) = (body.remove("tokens"), body.remove("denied"))
    else {
        return Err(TokensError::Unexpected);
    };
    let mut grants = Grants::default();
    for id in denied {
        let Value::String(id) = id else {
            return Err(TokensError::Unexpected);
        };
        if ids.contains(&id) {
            grants.denied.insert(id);
        }
    }
    for (id, token) in tokens {
        if ids.contains(&id) {
            grants.granted.insert(id, grant(token, now)?);
        }
    }
    let covered = ids.iter().all(|id| grants.granted.contains_key(id) != grants.denied.contains(id));
    if covered { Ok(grants) } else { Err(TokensError::Unexpected) }
}

fn grant(token: Value, now: i64) -> Result<Grant, TokensError> {
    match token {
        Value::Null => Ok(Grant::Free),
        Value::String(token) if token.is_empty() => Ok(Grant::Free),
        Value::String(token) => {
            let ends = hints::expiry(&token, now);
            Ok(Grant::Token(Token::try_from(token).map_err(|_| TokensError::Unexpected)?, ends))
        }
        _ => Err(TokensError::Unexpected),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::redirect::Match;

    fn ids(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }

    fn json_answer(status: u16, body: &[u8]) -> Answer {
        Answer::of(status, "application/json", body)
    }

    fn read(body: &str, asked: &[&str]) -> Result<Grants, TokensError> {
        parse(body.as_bytes(), &ids(asked), 0)
    }

    fn finished(query: &str) -> Result<SignedIn, SignInError> {
        let redirect = Redirect::issue().unwrap();
        let uri = format!("{}?state={}&{query}", redirect.uri(), redirect.state());
        let Match::Redirect(parameters) = redirect.recognise(&uri) else { panic!("not recognised") };
        finish(&ServiceUrl::parse("https://store.example.org").unwrap(), &parameters)
    }

    #[test]
    fn granted_free_and_denied_ids_are_told_apart() {
        let grants = read(r#"{"tokens":{"a":"t","b":"","c":null},"denied":["d"]}"#, &["a", "b", "c", "d"]).unwrap();
        assert_eq!(grants.granted["a"], Grant::Token(Token::parse("t").unwrap(), None));
        assert_eq!((&grants.granted["b"], &grants.granted["c"]), (&Grant::Free, &Grant::Free));
        assert_eq!(grants.denied, ids(&["d"]));
    }

    #[test]
    fn h08_lists_of_the_wrong_kind_are_no_answer() {
        for tokens in ["null", "[]", "\"\"", "1"] {
            assert!(read(&format!(r#"{{"tokens":{tokens},"denied":["a"]}}"#), &["a"]).is_err());
        }
        for denied in ["{}", "null", "[1]", "[null]"] {
            assert!(read(&format!(r#"{{"tokens":{{"a":"t"}},"denied":{denied}}}"#), &["a"]).is_err());
        }
    }

    #[test]
    fn h10_an_id_left_out_or_both_granted_and_denied_is_no_answer() {
        assert!(read(r#"{"tokens":{"a":"t"},"denied":[]}"#, &["a", "b"]).is_err());
        assert!(read(r#"{"tokens":{"a":"t"},"denied":["a"]}"#, &["a"]).is_err());
    }

    #[test]
    fn h11_ids_that_were_not_asked_for_are_ignored() {
        let grants = read(r#"{"tokens":{"a":"t","x":"u"},"denied":["y"]}"#, &["a"]).unwrap();
        assert_eq!((grants.granted.len(), grants.denied.len()), (1, 0));
    }

    #[test]
    fn h12_a_token_with_other_characters_is_no_answer() {
        for token in [r"a\r\nX: 1", r"a\nb", "a b", r"a\u0000b", "é", r"\u007f"] {
            assert!(read(&format!(r#"{{"tokens":{{"a":"{token}"}},"denied":[]}}"#), &["a"]).is_err(), "{token}");
        }
    }

    #[test]
    fn only_401_ends_a_sign_in() {
        let judged = |status| judge(&json_answer(status, b"{}"), &ids(&["a"]), 0);
        assert_eq!(judged(401), Err(TokensError::Rejected));
        assert_eq!(judged(403).unwrap().denied, ids(&["a"]));
        for status in [200, 204, 404, 418, 429, 500, 502, 503] {
            assert_eq!(judged(status), Err(TokensError::Unexpected));
        }
    }

    #[test]
    fn only_a_refusal_in_json_tells_that_the_protocol_is_spoken() {
        let told = |status, is_json, body: &[u8]| {
            is_refusal(&Answer::of(status, if is_json { "application/json" } else { "text/html" }, body))
        };
        assert!(told(401, true, br#"{"message":"Sign in first."}"#));
        assert!(told(403, true, br#"{"message":"no"}"#));
        for status in [200, 400, 404, 405, 500, 503] {
            assert!(!told(status, true, b"{}"), "{status}");
        }
        assert!(!told(401, false, b"<html>"));
        assert!(!told(401, true, b"<html>"));
    }

    #[test]
    fn h24_only_a_page_of_the_server_itself_begins_a_purchase() {
        let service = ServiceUrl::parse("https://store.example.org/shop").unwrap();
        let judged = |body: &str| judge_purchase(&json_answer(200, body.as_bytes()), &service);
        let page = |start: &str| judged(&format!(r#"{{"start_uri":{}}}"#, Value::from(start)));
        assert_eq!(page("purchase/1").unwrap().as_str(), "https://store.example.org/shop/purchase/1");
        assert_eq!(page("/buy?x=1").unwrap().as_str(), "https://store.example.org/buy?x=1");
        assert_eq!(page("https://store.example.org/p").unwrap().as_str(), "https://store.example.org/p");
        for start in [
            "",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "http://store.example.org/p",
            "https://evil.example/p",
            "//evil.example/p",
            "https://u@store.example.org/p",
            "https://store.example.org:444/p",
            "https://store.example.org.evil.example/p",
            "\\\\evil.example/p",
            "purchase/1#x",
            "purchase/\n1",
            "purchase/1?state=theirs",
            "purchase/1?redirect_uri=https://evil.example/",
            &"a".repeat(100 << 10),
        ] {
            assert_eq!(page(start), Err(PurchaseError::NoPage), "{start}");
        }
        for body in ["{}", r#"{"start_uri":null}"#, r#"{"start_uri":1}"#, "[]", "x"] {
            assert_eq!(judged(body), Err(PurchaseError::NoPage), "{body}");
        }
    }

    #[test]
    fn a_refusal_to_sell_is_told_from_an_outcome_that_is_not_known() {
        let service = ServiceUrl::parse("https://store.example.org").unwrap();
        let judged = |status| judge_purchase(&json_answer(status, b"{}"), &service);
        assert_eq!(judged(401), Err(PurchaseError::Rejected));
        for status in [403, 404, 405, 410, 501] {
            assert_eq!(judged(status), Err(PurchaseError::NotOffered), "{status}");
        }
        for status in [201, 204, 302, 400, 408, 429, 500, 502, 503] {
            assert_eq!(judged(status), Err(PurchaseError::Unexpected), "{status}");
        }
    }

    #[test]
    fn w08_a_redirect_without_a_sound_token_gives_no_account() {
        for query in ["", "token=", "token=a%0d%0ab", "token=a%00b", &format!("token={}", "a".repeat(9 << 10))] {
            assert!(matches!(finished(query), Err(SignInError::NoCredential)), "{query}");
        }
        assert_eq!(finished("token=abc").unwrap().user, "store.example.org");
    }

    #[test]
    fn w19_an_error_in_the_redirect_is_told_cleaned() {
        let Err(SignInError::Refused(reason)) = finished("error=access_denied%1b[0m&token=t") else {
            panic!("signed in")
        };
        assert_eq!(reason, "access_denied [0m");
    }

    proptest! {
        #[test]
        fn a_purchase_never_begins_at_another_server(start in ".{0,40}|(https:|http:)?[/\\\\]{0,3}[a-z.@:]{0,20}[/?#][a-z=]{0,8}") {
            let service = ServiceUrl::parse("https://store.example.org/shop").unwrap();
            if let Some(page) = start_page(&serde_json::to_vec(&serde_json::json!({"start_uri": start})).unwrap(), &service) {
                prop_assert_eq!((page.scheme(), page.host_str(), page.port()), ("https", Some("store.example.org"), None));
                prop_assert!(page.username().is_empty() && page.fragment().is_none());
            }
        }

        #[test]
        fn whatever_is_accepted_covers_every_id_once(body in any::<String>(), granted in "[ab]", denied in "[abc]") {
            let asked = ids(&["a", "b"]);
            let sound = format!(r#"{{"tokens":{{"{granted}":"t"}},"denied":["{denied}"]}}"#);
            for body in [body, sound] {
                if let Ok(grants) = parse(body.as_bytes(), &asked, 0) {
                    let covered: BTreeSet<_> = grants.granted.keys().chain(&grants.denied).cloned().collect();
                    prop_assert_eq!(grants.granted.len() + grants.denied.len(), asked.len());
                    prop_assert_eq!(covered, asked.clone());
                }
            }
        }
    }
}
