// SPDX-License-Identifier: GPL-3.0-or-later

use proptest::prelude::*;

use super::*;

fn asks(ids: &[&str]) -> Vec<Ask> {
    ids.iter().map(|id| Ask::of_app(id)).collect()
}

fn read(body: &str, asked: &[&str]) -> Result<Vec<Grant>, TokensError> {
    parse(body.as_bytes(), &asks(asked), 0).map(|grants| grants.into_iter().collect())
}

fn answer(status: u16, body: &str) -> HttpResponse {
    HttpResponse::of(status, "application/json", body.as_bytes())
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
        let page = HttpResponse::of(status, "text/html", b"<html><title>Checking the browser</title>");
        assert_eq!(judge(&page, &asks(&["a"]), 0), Err(TokensError::Unexpected), "{status}");
        assert_eq!(judge_purchase(&page, &service), Err(PurchaseError::Unexpected), "{status}");
        assert!(!is_refusal(&page), "{status}");
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
fn only_a_refusal_in_json_shows_that_the_server_speaks_the_protocol() {
    let told = |status, is_json, body: &[u8]| {
        is_refusal(&HttpResponse::of(status, if is_json { "application/json" } else { "text/html" }, body))
    };
    assert!(told(401, true, br#"{"message":"Sign in first."}"#));
    assert!(told(403, true, br#"{"message":"no"}"#));
    for status in [200, 400, 404, 405, 500, 503] {
        assert!(!told(status, true, b"{}"), "{status}");
    }
    assert!(!told(401, false, b"<html>"));
    assert!(!told(401, true, b"<html>"));
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

#[test]
fn b03_only_what_the_server_says_itself_ends_a_sign_in_or_shows_that_it_cannot() {
    const JSON: &str = "application/json";
    const PAGE: &str = "text/html";
    let failed = || Err(HttpError::Unexpected);
    for (status, content_type, body, told) in [
        (200, JSON, "{}", Ok(Revoked::Ended)),
        (200, JSON, r#"{"message":"Bye."}"#, Ok(Revoked::Ended)),
        (200, "", "", Ok(Revoked::Ended)),
        (204, "", "", Ok(Revoked::Ended)),
        // It had ended already.
        (401, JSON, r#"{"message":"The credential has expired."}"#, Ok(Revoked::Ended)),
        (404, "", "", Ok(Revoked::NotOffered)),
        (404, JSON, "{}", Ok(Revoked::NotOffered)),
        (405, "", "", Ok(Revoked::NotOffered)),
        (501, "application/problem+json", r#"{"status":501}"#, Ok(Revoked::NotOffered)),
        // A captive portal, a bot wall, a proxy.
        (200, PAGE, "<html>", failed()),
        (200, JSON, "<html>", failed()),
        (401, PAGE, "<html>", failed()),
        (401, "", "", failed()),
        (403, PAGE, "<html>", failed()),
        (404, PAGE, "<html>", failed()),
        // It says no, or nothing that counts.
        (403, JSON, "{}", failed()),
        (202, JSON, "{}", failed()),
        (400, JSON, "{}", failed()),
        (429, JSON, "{}", failed()),
        (500, JSON, "{}", failed()),
        (503, "", "", failed()),
    ] {
        let answer = HttpResponse::of(status, content_type, body.as_bytes());
        assert_eq!(judge_sign_out(&answer), told, "{status} {content_type} {body}");
    }
}

#[test]
fn b02_a_login_is_right_or_wrong_only_by_the_servers_own_word() {
    const JSON: &str = "application/json";
    const EMPTY: &str = r#"{"tokens":{},"denied":[]}"#;
    for (status, content_type, body, told) in [
        (200, JSON, EMPTY, Ok(())),
        // Known, but without access to anything.
        (403, JSON, "{}", Ok(())),
        (401, JSON, r#"{"message":"no"}"#, Err(FormFault::WrongLogin)),
        (401, "text/html", "<html>", Err(FormFault::Unexpected)),
        (403, "text/html", "<html>", Err(FormFault::Unexpected)),
        (200, "text/html", "<html>", Err(FormFault::Unexpected)),
        (200, JSON, "{}", Err(FormFault::Unexpected)),
        (204, "", "", Err(FormFault::Unexpected)),
        (404, JSON, "{}", Err(FormFault::Unexpected)),
        (429, JSON, "{}", Err(FormFault::Unexpected)),
        (500, JSON, "{}", Err(FormFault::Unexpected)),
    ] {
        let answer = HttpResponse::of(status, content_type, body.as_bytes());
        assert_eq!(judge_check(&answer), told, "{status} {content_type} {body}");
    }
}

#[test]
fn a_refusal_says_what_it_wants() {
    for (challenges, bearer, basic) in [
        (&[][..], true, false),
        (&["Bearer"][..], true, false),
        (&["bearer realm=\"shop\""][..], true, false),
        (&["Basic"][..], false, true),
        (&["BASIC realm=\"shop\", charset=\"UTF-8\""][..], false, true),
        (&["Bearer realm=\"shop\", Basic realm=\"shop\""][..], true, true),
        (&["Bearer", "Basic realm=\"shop\""][..], true, true),
        (&["Digest realm=\"Basic\", qop=\"auth, Basic\""][..], false, false),
        (&["Bearer realm=\"a, Basic b\""][..], true, false),
        (&["Negotiate", "Basic realm=\"x\""][..], false, true),
        (&["", ", ,"][..], true, false),
    ] {
        let mut refusal = answer(401, "{}");
        for challenge in challenges {
            refusal.headers.append("www-authenticate", challenge.parse().unwrap());
        }
        assert_eq!((wants_bearer(&refusal), wants_basic(&refusal)), (bearer, basic), "{challenges:?}");
        // A refusal of another kind asks for nothing.
        refusal.status = 403;
        assert!(!wants_basic(&refusal), "{challenges:?}");
    }
}

#[test]
fn an_answer_about_a_listing_gives_a_token_or_none_or_means_nothing() {
    let token = Grant::Token(Token::parse("t").unwrap(), None);
    for (body, expected) in [
        (r#"{"token":"t","later":[]}"#, Ok(token)),
        (r#"{"token":""}"#, Ok(Grant::Free)),
        (r#"{"token":null}"#, Ok(Grant::Free)),
        ("{}", Ok(Grant::Free)),
        (r#"{"token":"a b"}"#, Err(TokensError::Unexpected)),
        (r#"{"token":"a\r\nX: 1"}"#, Err(TokensError::Unexpected)),
        (r#"{"token":7}"#, Err(TokensError::Unexpected)),
        (r#"{"token":"t","token":"u"}"#, Err(TokensError::Unexpected)),
        (r#""t""#, Err(TokensError::Unexpected)),
        ("", Err(TokensError::Unexpected)),
    ] {
        assert_eq!(judge_listing(&answer(200, body), 0), expected, "{body}");
    }
    let huge = format!(r#"{{"token":"{}"}}"#, "a".repeat(9 << 10));
    assert_eq!(judge_listing(&answer(200, &huge), 0), Err(TokensError::Unexpected));
}

#[test]
fn a_server_that_knows_no_listings_needs_no_token_for_one() {
    let page = |status| judge_listing(&HttpResponse::of(status, "text/html", b"<h1>Sorry</h1>"), 0);
    let json = |status| judge_listing(&answer(status, "{}"), 0);
    for status in [404, 405, 410, 501] {
        assert_eq!(json(status), Ok(Grant::Free), "{status}");
    }
    assert_eq!((page(404), page(405)), (Ok(Grant::Free), Ok(Grant::Free)));
    assert_eq!((json(401), json(403)), (Err(TokensError::Rejected), Ok(Grant::Denied)));
    for status in [200, 401, 403, 429, 500, 503] {
        assert_eq!(page(status), Err(TokensError::Unexpected), "{status}");
    }
}
