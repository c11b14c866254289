// SPDX-License-Identifier: GPL-3.0-or-later
//! The API of flatpak's sample account server: a page at `login` that redirects with a token, `api/v1/get_tokens`, and
//! `api/v1/begin_purchase`, which gives a page for each purchase.

mod probe;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Beginning, Claim, Endpoints, Grant, Granted, Grants, Progress, Protocol, PurchaseError, RedirectReceiver, Shop,
    SignIn, SignInError, SignedIn, Step, StepAnswer, TokensCall, TokensError,
    wire::{api::ApiAnswer, json, jwt},
};
use crate::{
    ask::Ask,
    binding::{Binding, OptionsError, Provider, option},
    clock,
    credential::{Credential, Token},
    http::{self, HttpClient, HttpError},
    i18n::gettext,
    redirect::{Parameters, Redirect},
    service::{ServiceUrl, UrlError},
};

/// The provider's name in options and records.
const NAME: &str = "webflow";

/// The protocol of flatpak's sample account server.
pub struct Webflow;

#[derive(Serialize)]
struct TokensRequest<'a> {
    ids: BTreeSet<&'a str>,
}

/// Every id of the request must be a key of `tokens` or an element of `denied`, or the answer is void. Other ids are
/// ignored.
#[derive(Deserialize)]
struct TokensAnswer {
    tokens: BTreeMap<String, Option<String>>,
    denied: BTreeSet<String>,
}

#[derive(Serialize)]
struct PurchaseRequest<'a> {
    id: &'a str,
}

#[derive(Deserialize)]
struct PurchaseAnswer {
    start_uri: String,
}

#[async_trait]
impl Protocol for Webflow {
    fn name(&self) -> &'static str {
        NAME
    }

    fn sign_in_method(&self) -> String {
        gettext("On the server’s web page")
    }

    fn has_sign_in_page(&self) -> bool {
        true
    }

    fn claim(&self, claim: &Claim<'_>) -> Result<Binding, OptionsError> {
        Ok(Provider::new(NAME).at(option::service(claim.options, option::URL)?))
    }

    fn options(&self, binding: &Binding) -> BTreeMap<String, String> {
        BTreeMap::from([(option::URL.to_owned(), binding.service.as_str().to_owned())])
    }

    async fn probe(&self, http: &HttpClient, service: &ServiceUrl) -> Result<bool, HttpError> {
        probe::is_spoken(http, service).await
    }

    async fn begin(&self, _http: &HttpClient, beginning: Beginning<'_>) -> Result<Box<dyn SignIn>, SignInError> {
        let redirect = beginning.receiver.redirect()?;
        let start = start(&beginning.binding.service, &redirect)?;
        Ok(Box::new(WebSignIn { start, redirect }))
    }

    async fn tokens(&self, call: TokensCall<'_>) -> Result<Granted, TokensError> {
        let url = call.binding.service.join("api/v1/get_tokens").map_err(|_| TokensError::Unexpected)?;
        let ids = call.asks.iter().map(Ask::app_id).collect();
        let answer = call.http.post(&url).bearer(bearer(call.credential)?).json(&TokensRequest { ids }).send().await?;
        judge(&answer, call.asks, clock::now()).map(Granted::from)
    }

    fn shop(&self) -> Option<&dyn Shop> {
        Some(self)
    }
}

#[async_trait]
impl Shop for Webflow {
    async fn begin_purchase(
        &self,
        http: &HttpClient,
        binding: &Binding,
        credential: &Credential,
        app_id: &str,
    ) -> Result<Url, PurchaseError> {
        let url = binding.service.join("api/v1/begin_purchase").map_err(|_| PurchaseError::Unexpected)?;
        let token = credential.bearer().ok_or(PurchaseError::Rejected)?;
        let answer = http.post(&url).bearer(token).json(&PurchaseRequest { id: app_id }).send().await?;
        judge_purchase(&answer, &binding.service)
    }
}

/// The server's own page, until it redirects with a token.
struct WebSignIn {
    start: Url,
    redirect: Redirect,
}

#[async_trait]
impl SignIn for WebSignIn {
    fn step(&self) -> Step<'_> {
        Step::Web { start: &self.start, redirect: &self.redirect }
    }

    async fn answer(self: Box<Self>, _http: &HttpClient, answer: StepAnswer) -> Result<Progress, SignInError> {
        match answer {
            StepAnswer::Redirect(parameters) => finish(&parameters).map(Progress::Done),
            StepAnswer::Fields(_) | StepAnswer::Poll => Err(SignInError::NoCredential),
        }
    }
}

/// The page that a sign-in begins with.
fn start(service: &ServiceUrl, redirect: &Redirect) -> Result<Url, UrlError> {
    let mut start = service.join("login")?;
    start.query_pairs_mut().append_pair("redirect_uri", &redirect.uri()).append_pair("state", redirect.state());
    Ok(start)
}

/// A server of this kind never gave out a credential of another kind.
fn bearer(credential: Option<&Credential>) -> Result<&Token, TokensError> {
    credential.and_then(Credential::bearer).ok_or(TokensError::Rejected)
}

/// Takes the credential from the parameters of the redirect.
fn finish(parameters: &Parameters) -> Result<SignedIn, SignInError> {
    if let Some(refusal) = parameters.refusal() {
        return Err(refusal.into());
    }
    let text = parameters.get("token").ok_or(SignInError::NoCredential)?;
    let token = Token::parse(text).map_err(|_| SignInError::NoCredential)?;
    Ok(SignedIn {
        credential: Credential::Bearer(token),
        user: jwt::user(text),
        valid_until: jwt::expiry(text, clock::now()),
        endpoints: Endpoints::new(),
    })
}

/// What the answer to a wish to buy means. The sample server has no answer for “not for sale”: it says “forbidden” or
/// “not found”.
fn judge_purchase(answer: &http::HttpResponse, service: &ServiceUrl) -> Result<Url, PurchaseError> {
    match ApiAnswer::of(answer) {
        ApiAnswer::Success => start_page(&answer.body, service).ok_or(PurchaseError::NoPage),
        ApiAnswer::Rejected => Err(PurchaseError::Rejected),
        ApiAnswer::Denied | ApiAnswer::Missing => Err(PurchaseError::NotOffered),
        ApiAnswer::Void => Err(PurchaseError::Unexpected),
    }
}

/// The page of a purchase: an address at this very server (rule R4).
fn start_page(body: &[u8], service: &ServiceUrl) -> Option<Url> {
    let answer: PurchaseAnswer = json::read(body).ok()?;
    service.page(&answer.start_uri)
}

/// What an answer means: 401 ends the sign-in, 403 denies everything, and a sound 200 counts (rule R13).
fn judge(answer: &http::HttpResponse, asks: &[Ask], now: i64) -> Result<Grants, TokensError> {
    match ApiAnswer::of(answer) {
        ApiAnswer::Success => parse(&answer.body, asks, now),
        ApiAnswer::Rejected => Err(TokensError::Rejected),
        ApiAnswer::Denied => Grants::of(asks, |_| Some(Grant::Denied)).ok_or(TokensError::Unexpected),
        ApiAnswer::Missing | ApiAnswer::Void => Err(TokensError::Unexpected),
    }
}

/// Reads a body. It must grant or deny every app of the request, never both (rule R10).
fn parse(body: &[u8], asks: &[Ask], now: i64) -> Result<Grants, TokensError> {
    let answer: TokensAnswer = json::read(body).map_err(|_| TokensError::Unexpected)?;
    let grant = |ask: &Ask| match (answer.tokens.get(ask.app_id()), answer.denied.contains(ask.app_id())) {
        (Some(token), false) => grant(token.as_deref().unwrap_or_default(), now),
        (None, true) => Some(Grant::Denied),
        _ => None,
    };
    Grants::of(asks, grant).ok_or(TokensError::Unexpected)
}

fn grant(token: &str, now: i64) -> Option<Grant> {
    if token.is_empty() {
        return Some(Grant::Free);
    }
    Some(Grant::Token(Token::parse(token).ok()?, jwt::expiry(token, now)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::redirect::Match;

    fn asks(ids: &[&str]) -> Vec<Ask> {
        ids.iter().map(|id| Ask::of_app(id)).collect()
    }

    fn read(body: &str, asked: &[&str]) -> Result<Vec<Grant>, TokensError> {
        parse(body.as_bytes(), &asks(asked), 0).map(|grants| grants.into_iter().collect())
    }

    fn answer(status: u16, body: &str) -> http::HttpResponse {
        http::HttpResponse::of(status, "application/json", body.as_bytes())
    }

    fn finished(query: &str) -> Result<SignedIn, SignInError> {
        let redirect = Redirect::issue().unwrap();
        let uri = format!("{}?state={}&{query}", redirect.uri(), redirect.state());
        let Match::Redirect(parameters) = redirect.recognise(&uri) else { panic!("not recognised") };
        finish(&parameters)
    }

    #[test]
    fn granted_free_and_denied_ids_stay_apart() {
        let grants = read(r#"{"tokens":{"a":"t","b":"","c":null},"denied":["d"]}"#, &["d", "c", "b", "a"]).unwrap();
        let token = Grant::Token(Token::parse("t").unwrap(), None);
        assert_eq!(grants, [Grant::Denied, Grant::Free, Grant::Free, token]);
    }

    #[test]
    fn every_part_of_an_app_has_its_grant() {
        let refs = ["app/org.a.A/x/1", "runtime/org.a.A.Locale/x/1", "runtime/org.b.B/x/1"];
        let asks: Vec<Ask> = refs.iter().map(|text| Ask::of_ref(text.parse().unwrap())).collect();
        let grants = parse(br#"{"tokens":{"org.b.B":null},"denied":["org.a.A"]}"#, &asks, 0).unwrap();
        assert_eq!(grants.iter().collect::<Vec<_>>(), [&Grant::Denied, &Grant::Denied, &Grant::Free]);
        let access = grants.access(&asks);
        assert_eq!(access.granted, ["org.b.B".to_owned()].into());
        assert_eq!(access.denied, ["org.a.A".to_owned()].into());
    }

    #[test]
    fn h08_an_answer_with_lists_of_the_wrong_kind_is_void() {
        for tokens in ["null", "[]", "\"\"", "1"] {
            assert!(read(&format!(r#"{{"tokens":{tokens},"denied":["a"]}}"#), &["a"]).is_err());
        }
        for denied in ["{}", "null", "[1]", "[null]"] {
            assert!(read(&format!(r#"{{"tokens":{{"a":"t"}},"denied":{denied}}}"#), &["a"]).is_err());
        }
    }

    #[test]
    fn h10_an_answer_that_omits_an_id_or_both_grants_and_denies_it_is_void() {
        assert!(read(r#"{"tokens":{"a":"t"},"denied":[]}"#, &["a", "b"]).is_err());
        assert!(read(r#"{"tokens":{"a":"t"},"denied":["a"]}"#, &["a"]).is_err());
    }

    #[test]
    fn h11_ids_outside_the_request_are_ignored() {
        let grants = read(r#"{"tokens":{"a":"t","x":"u"},"denied":["y"]}"#, &["a"]).unwrap();
        assert_eq!(grants, [Grant::Token(Token::parse("t").unwrap(), None)]);
    }

    #[test]
    fn h12_an_answer_with_forbidden_characters_in_a_token_is_void() {
        for token in [r"a\r\nX: 1", r"a\nb", "a b", r"a\u0000b", "é", r"\u007f"] {
            assert!(read(&format!(r#"{{"tokens":{{"a":"{token}"}},"denied":[]}}"#), &["a"]).is_err(), "{token}");
        }
    }

    #[test]
    fn only_401_ends_a_sign_in() {
        let judged = |status| judge(&answer(status, "{}"), &asks(&["a"]), 0);
        assert_eq!(judged(401), Err(TokensError::Rejected));
        assert_eq!(judged(403).unwrap().into_iter().collect::<Vec<_>>(), [Grant::Denied]);
        for status in [200, 204, 404, 418, 429, 500, 502, 503] {
            assert_eq!(judged(status), Err(TokensError::Unexpected));
        }
    }

    #[test]
    fn h31_a_page_in_place_of_an_answer_changes_nothing() {
        let service = ServiceUrl::parse("https://store.example.org").unwrap();
        for status in [200, 401, 403, 404, 429, 503] {
            let page = http::HttpResponse::of(status, "text/html", b"<html><title>Checking the browser</title>");
            assert_eq!(judge(&page, &asks(&["a"]), 0), Err(TokensError::Unexpected), "{status}");
            assert_eq!(judge_purchase(&page, &service), Err(PurchaseError::Unexpected), "{status}");
            assert!(!probe::is_refusal(&page), "{status}");
        }
    }

    #[test]
    fn h24_only_a_page_of_the_server_itself_begins_a_purchase() {
        let service = ServiceUrl::parse("https://store.example.org/shop").unwrap();
        let judged = |body: &str| judge_purchase(&answer(200, body), &service);
        let page = |start: &str| judged(&format!(r#"{{"start_uri":{}}}"#, serde_json::Value::from(start)));
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
    fn a_refusal_to_sell_differs_from_an_unknown_outcome() {
        let service = ServiceUrl::parse("https://store.example.org").unwrap();
        let judged = |status| judge_purchase(&answer(status, "{}"), &service);
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
        assert_eq!(finished("token=abc").unwrap().user, None);
    }

    #[test]
    fn w19_an_error_redirect_signs_nobody_in_whatever_else_it_carries() {
        assert!(matches!(finished("error=access_denied&token=t"), Err(SignInError::Cancelled)));
        let Err(SignInError::Stopped(reason)) = finished("error=server_error%1b[0m&token=t") else {
            panic!("signed in")
        };
        assert_eq!(reason, "server_error [0m");
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
        fn an_accepted_answer_covers_every_id_once(body in any::<String>(), granted in "[ab]", denied in "[abc]") {
            let asked = asks(&["a", "b"]);
            let sound = format!(r#"{{"tokens":{{"{granted}":"t"}},"denied":["{denied}"]}}"#);
            for body in [body, sound] {
                if let Ok(grants) = parse(body.as_bytes(), &asked, 0) {
                    let access = grants.access(&asked);
                    prop_assert_eq!(grants.iter().count(), asked.len());
                    prop_assert_eq!(access.granted.len() + access.denied.len(), asked.len());
                }
            }
        }
    }
}
