// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's failures and its request log.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{RETURN_ADDRESS, TestShop};
use reqwest::Method;
use serde_json::{Value, json};
use usher_demo_store::{Authorization, Content, Failure, Outcome, Reply, Route};

const GET_TOKENS: &str = "api/v1/get_tokens";

async fn failing_shop(failure: Failure) -> (TestShop, String) {
    let shop = TestShop::without_repository().await;
    shop.store.control().fail(Route::GetTokens, failure);
    let credential = shop.store.control().issue_credential("demo").unwrap();
    (shop, credential)
}

#[tokio::test]
async fn an_answer_can_be_replaced_once() {
    let shop = TestShop::without_repository().await;
    let control = shop.store.control();
    let credential = control.issue_credential("demo").unwrap();
    let reply = Reply::new(503, "{}").with_header("retry-after", "9");
    control.fail_times(Route::GetTokens, Failure::Reply(reply), 1);

    let response = shop.post_json(GET_TOKENS, &credential, json!({"ids": []})).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "9");
    assert_eq!(shop.get_tokens(&credential, &[]).await.0, 200);
}

#[tokio::test]
async fn a_late_answer_is_the_right_one() {
    let (shop, credential) = failing_shop(Failure::Slow { milliseconds: 5 }).await;
    let (status, answer) = shop.get_tokens(&credential, &["org.example.Metronome"]).await;
    assert_eq!((status, &answer["tokens"]["org.example.Metronome"]), (200, &json!("")));
}

#[tokio::test]
async fn an_answer_can_be_something_else() {
    let (shop, credential) = failing_shop(Failure::Nonsense).await;
    let request = || shop.post_json(GET_TOKENS, &credential, json!({"ids": []}));
    let text = request().await.text().await.unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_err());

    let control = shop.store.control();
    control.fail(Route::GetTokens, Failure::Json { value: json!({"tokens": null}) });
    assert_eq!(request().await.text().await.unwrap(), r#"{"tokens":null}"#);

    control.fail(Route::GetTokens, Failure::Redirect { location: "http://127.0.0.1:1/".to_owned() });
    let response = request().await;
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["location"], "http://127.0.0.1:1/");

    control.reset();
    assert_eq!(request().await.status(), 200);
}

#[tokio::test]
async fn the_connection_can_break_in_the_middle_of_an_answer() {
    let (shop, credential) = failing_shop(Failure::CloseEarly).await;
    let response = shop.post_json(GET_TOKENS, &credential, json!({"ids": []})).await;
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn the_connection_can_break_before_the_answer() {
    let (shop, credential) = failing_shop(Failure::Reset).await;
    assert!(shop.try_post_json(GET_TOKENS, &credential, json!({"ids": []})).await.is_err());
}

#[tokio::test]
async fn any_bytes_can_be_the_answer() {
    let bytes = Content::from("HTTP/1.1 299 Odd\r\nx: 1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n");
    let (shop, credential) = failing_shop(Failure::Raw { bytes }).await;
    let response = shop.post_json(GET_TOKENS, &credential, json!({"ids": []})).await;
    assert_eq!(response.status(), 299);
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn a_body_can_go_on_for_ever() {
    let (shop, credential) = failing_shop(Failure::Endless { milliseconds: 1 }).await;
    let mut response = shop.post_json(GET_TOKENS, &credential, json!({"ids": []})).await;
    for _ in 0..3 {
        assert!(response.chunk().await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_hanging_request_and_its_end_are_logged() {
    let (shop, credential) = failing_shop(Failure::Hang).await;
    let control = shop.store.control();
    let ids = json!({"ids": ["org.example.Postcard"]});
    {
        let waiting = shop.try_post_json(GET_TOKENS, &credential, ids);
        tokio::select! {
            _ = waiting => panic!("there was an answer"),
            request = control.wait_for_request(|request| request.user.is_some()) => {
                assert_eq!(request.user.as_deref(), Some("demo"));
                assert_eq!(request.ids, ["org.example.Postcard"]);
                assert_eq!(request.outcome, Outcome::Pending);
            }
        }
    }
    let dropped = control.wait_for_request(|request| request.outcome == Outcome::Dropped);
    tokio::time::timeout(Duration::from_secs(30), dropped).await.unwrap();
}

#[tokio::test]
async fn a_request_is_carried_out_even_if_its_answer_fails() {
    let shop = TestShop::without_repository().await;
    let control = shop.store.control();
    control.fail(Route::SignIn, Failure::Nonsense);
    let fields = [("redirect_uri", RETURN_ADDRESS), ("user", "demo"), ("password", "demo")];
    assert_eq!(shop.post_form("login", &fields).await.status(), 200);
    assert_eq!(control.issued_secrets().len(), 1);
}

#[tokio::test]
async fn the_log_records_who_asked_what_without_secrets() {
    let shop = TestShop::without_repository().await;
    let fields = [("redirect_uri", RETURN_ADDRESS), ("state", "s3cret"), ("user", "demo"), ("password", "demo")];
    shop.post_form("login", &fields).await;
    shop.get("login?redirect_uri=http://127.0.0.1:4711/done&state=s3cret").await;
    let credential = shop.store.control().issue_credential("demo2").unwrap();
    shop.get_tokens(&credential, &["org.example.Sketchbook"]).await;

    let requests = shop.store.requests();
    let logged: Vec<_> = requests
        .iter()
        .map(|request| (request.method.as_str(), request.path.as_str(), request.status(), request.user.as_deref()))
        .collect();
    assert_eq!(
        logged,
        [
            ("POST", "/login", Some(303), Some("demo")),
            ("GET", "/login", Some(200), None),
            ("POST", "/api/v1/get_tokens", Some(200), Some("demo2")),
        ]
    );
    assert_eq!(requests[2].ids, ["org.example.Sketchbook"]);
    assert_eq!(requests[2].authorization, Authorization::Bearer);
    let log = format!("{requests:?}");
    assert!(!log.contains("s3cret") && !log.contains(&credential) && !log.contains("4711"));
    shop.store.control().clear_requests();
    assert!(shop.store.requests().is_empty());
}

#[tokio::test]
async fn pages_can_be_replaced_and_restored() {
    let shop = TestShop::without_repository().await;
    let control = shop.store.control();
    control.set_page("/login", Reply::html("<script>location = '/'</script>"));
    control.set_page("/elsewhere", Reply::new(200, "text").with_header("content-type", "text/plain"));
    let page = shop.get("login").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.text().await.unwrap(), "<script>location = '/'</script>");
    assert_eq!(shop.get("elsewhere").await.text().await.unwrap(), "text");
    control.remove_page("/elsewhere");
    assert_eq!(shop.get("elsewhere").await.status(), 404);
}

#[tokio::test]
async fn a_credential_can_claim_a_false_expiry() {
    let shop = TestShop::without_repository().await;
    let control = shop.store.control();
    control.set_claimed_expiry(Some(1));
    let credential = control.issue_credential("demo").unwrap();
    let claims = URL_SAFE_NO_PAD.decode(credential.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&claims).unwrap()["exp"], 1);
    assert!(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() > 1);
    assert_eq!(shop.get_tokens(&credential, &[]).await.0, 200);
}

#[tokio::test]
async fn the_switches_work_over_http() {
    let shop = TestShop::without_repository().await;
    let credential = shop.store.control().issue_credential("demo").unwrap();
    let paid = || shop.get_tokens(&credential, &["org.example.Sketchbook"]);

    let ownership = json!({"user": "demo", "app": "org.example.Sketchbook", "granted": true});
    assert_eq!(shop.control(Method::PUT, "apps", ownership).await.0, 200);
    assert_eq!(paid().await.1["denied"], json!([]));

    let plan = json!({"failure": {"mode": "reply", "status": 418, "body": "{}"}, "times": 1});
    assert_eq!(shop.control(Method::PUT, "failures/get_tokens", plan).await.0, 200);
    assert_eq!(paid().await.0, 418);

    assert_eq!(shop.control(Method::POST, "credentials/revoke", json!({})).await.1["credentials"], 1);
    assert_eq!(paid().await.0, 401);

    let (_, log) = shop.control(Method::GET, "requests", json!(null)).await;
    let statuses: Vec<_> = log.as_array().unwrap().iter().map(|entry| &entry["outcome"]["answered"]).collect();
    assert_eq!(statuses, [200, 418, 401]);
    assert_eq!(shop.control(Method::POST, "publish", json!([])).await.0, 400);
}

#[tokio::test]
async fn a_paid_app_can_be_unlocked_later() {
    let shop = TestShop::without_repository().await;
    let control = shop.store.control();
    let credential = control.issue_credential("demo").unwrap();
    let (status, _) = shop.control(Method::PUT, "grants", json!({"held": true})).await;
    assert_eq!(status, 200);
    let id = "org.example.Sketchbook";
    let begun = common::answer(shop.post_json("api/v1/begin_purchase", &credential, json!({ "id": id })).await).await;
    let page = format!("{}/done", begun.1["start_uri"].as_str().unwrap());
    assert_eq!(shop.post_form(&page, &[("redirect_uri", RETURN_ADDRESS)]).await.status(), 303);
    assert_eq!(shop.get_tokens(&credential, &[id]).await.1["denied"], json!([id]));
    control.reset();
    assert_eq!(shop.get_tokens(&credential, &[id]).await.1["denied"], json!([id]));

    control.release_grants().unwrap();
    assert_eq!(shop.get_tokens(&credential, &[id]).await.1["denied"], json!([]));
}
