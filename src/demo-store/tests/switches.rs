// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop as it misbehaves, and what it writes down.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{RETURN, Visit};
use reqwest::Method;
use serde_json::{Value, json};
use usher_demo_store::{Authorization, Content, Failure, Outcome, Reply, Route};

const WISH: &str = "api/v1/get_tokens";

async fn visit_with(failure: Failure) -> (Visit, String) {
    let visit = Visit::to_shop().await;
    visit.store.control().fail(Route::GetTokens, failure);
    let credential = visit.store.control().issue_credential("demo").unwrap();
    (visit, credential)
}

#[tokio::test]
async fn an_answer_can_be_replaced_once() {
    let visit = Visit::to_shop().await;
    let control = visit.store.control();
    let credential = control.issue_credential("demo").unwrap();
    let reply = Reply::new(503, "{}").with_header("retry-after", "9");
    control.fail_times(Route::GetTokens, Failure::Reply(reply), 1);

    let response = visit.post_json(WISH, &credential, json!({"ids": []})).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "9");
    assert_eq!(visit.get_tokens(&credential, &[]).await.0, 200);
}

#[tokio::test]
async fn a_late_answer_is_the_right_one() {
    let (visit, credential) = visit_with(Failure::Slow { milliseconds: 5 }).await;
    let (status, answer) = visit.get_tokens(&credential, &["org.example.Free"]).await;
    assert_eq!((status, &answer["tokens"]["org.example.Free"]), (200, &json!("")));
}

#[tokio::test]
async fn an_answer_can_be_something_else() {
    let (visit, credential) = visit_with(Failure::Nonsense).await;
    let wish = || visit.post_json(WISH, &credential, json!({"ids": []}));
    let text = wish().await.text().await.unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_err());

    let control = visit.store.control();
    control.fail(Route::GetTokens, Failure::Json { value: json!({"tokens": null}) });
    assert_eq!(wish().await.text().await.unwrap(), r#"{"tokens":null}"#);

    control.fail(Route::GetTokens, Failure::Redirect { location: "http://127.0.0.1:1/".to_owned() });
    let response = wish().await;
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["location"], "http://127.0.0.1:1/");

    control.reset();
    assert_eq!(wish().await.status(), 200);
}

#[tokio::test]
async fn the_connection_can_break_in_the_middle_of_an_answer() {
    let (visit, credential) = visit_with(Failure::CloseEarly).await;
    let response = visit.post_json(WISH, &credential, json!({"ids": []})).await;
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn the_connection_can_break_before_the_answer() {
    let (visit, credential) = visit_with(Failure::Reset).await;
    assert!(visit.try_post_json(WISH, &credential, json!({"ids": []})).await.is_err());
}

#[tokio::test]
async fn any_bytes_can_be_the_answer() {
    let bytes = Content::from("HTTP/1.1 299 Odd\r\nx: 1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n");
    let (visit, credential) = visit_with(Failure::Raw { bytes }).await;
    let response = visit.post_json(WISH, &credential, json!({"ids": []})).await;
    assert_eq!(response.status(), 299);
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn a_body_can_go_on_for_ever() {
    let (visit, credential) = visit_with(Failure::Endless { milliseconds: 1 }).await;
    let mut response = visit.post_json(WISH, &credential, json!({"ids": []})).await;
    for _ in 0..3 {
        assert!(response.chunk().await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_request_that_hangs_is_known_and_so_is_its_end() {
    let (visit, credential) = visit_with(Failure::Hang).await;
    let control = visit.store.control();
    let ids = json!({"ids": ["org.example.Private"]});
    {
        let waiting = visit.try_post_json(WISH, &credential, ids);
        tokio::select! {
            _ = waiting => panic!("there was an answer"),
            request = control.wait_for_request(|request| request.user.is_some()) => {
                assert_eq!(request.user.as_deref(), Some("demo"));
                assert_eq!(request.ids, ["org.example.Private"]);
                assert_eq!(request.outcome, Outcome::Pending);
            }
        }
    }
    let dropped = control.wait_for_request(|request| request.outcome == Outcome::Dropped);
    tokio::time::timeout(Duration::from_secs(30), dropped).await.unwrap();
}

#[tokio::test]
async fn what_was_asked_is_done_even_if_the_answer_goes_wrong() {
    let visit = Visit::to_shop().await;
    let control = visit.store.control();
    control.fail(Route::SignIn, Failure::Nonsense);
    let fields = [("redirect_uri", RETURN), ("user", "demo"), ("password", "demo")];
    assert_eq!(visit.post_form("login", &fields).await.status(), 200);
    assert_eq!(control.issued_secrets().len(), 1);
}

#[tokio::test]
async fn the_log_tells_who_asked_what_and_no_secret() {
    let visit = Visit::to_shop().await;
    let fields = [("redirect_uri", RETURN), ("state", "s3cret"), ("user", "demo"), ("password", "demo")];
    visit.post_form("login", &fields).await;
    visit.get("login?redirect_uri=http://127.0.0.1:4711/done&state=s3cret").await;
    let credential = visit.store.control().issue_credential("demo2").unwrap();
    visit.get_tokens(&credential, &["org.example.Paid"]).await;

    let requests = visit.store.requests();
    let told: Vec<_> = requests
        .iter()
        .map(|request| (request.method.as_str(), request.path.as_str(), request.status(), request.user.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("POST", "/login", Some(303), Some("demo")),
            ("GET", "/login", Some(200), None),
            ("POST", "/api/v1/get_tokens", Some(200), Some("demo2")),
        ]
    );
    assert_eq!(requests[2].ids, ["org.example.Paid"]);
    assert_eq!(requests[2].authorization, Authorization::Bearer);
    let log = format!("{requests:?}");
    assert!(!log.contains("s3cret") && !log.contains(&credential) && !log.contains("4711"));
    visit.store.control().clear_requests();
    assert!(visit.store.requests().is_empty());
}

#[tokio::test]
async fn pages_can_be_put_up_and_taken_down() {
    let visit = Visit::to_shop().await;
    let control = visit.store.control();
    control.set_page("/login", Reply::html("<script>location = '/'</script>"));
    control.set_page("/elsewhere", Reply::new(200, "text").with_header("content-type", "text/plain"));
    let page = visit.get("login").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.text().await.unwrap(), "<script>location = '/'</script>");
    assert_eq!(visit.get("elsewhere").await.text().await.unwrap(), "text");
    control.remove_page("/elsewhere");
    assert_eq!(visit.get("elsewhere").await.status(), 404);
}

#[tokio::test]
async fn what_a_credential_claims_need_not_be_true() {
    let visit = Visit::to_shop().await;
    let control = visit.store.control();
    control.set_claimed_expiry(Some(1));
    let credential = control.issue_credential("demo").unwrap();
    let claims = URL_SAFE_NO_PAD.decode(credential.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&claims).unwrap()["exp"], 1);
    assert!(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() > 1);
    assert_eq!(visit.get_tokens(&credential, &[]).await.0, 200);
}

#[tokio::test]
async fn the_switches_work_over_http() {
    let visit = Visit::to_shop().await;
    let credential = visit.store.control().issue_credential("demo").unwrap();
    let paid = || visit.get_tokens(&credential, &["org.example.Paid"]);

    let ownership = json!({"user": "demo", "app": "org.example.Paid", "granted": true});
    assert_eq!(visit.control(Method::PUT, "apps", ownership).await.0, 200);
    assert_eq!(paid().await.1["denied"], json!([]));

    let plan = json!({"failure": {"mode": "reply", "status": 418, "body": "{}"}, "times": 1});
    assert_eq!(visit.control(Method::PUT, "failures/get_tokens", plan).await.0, 200);
    assert_eq!(paid().await.0, 418);

    assert_eq!(visit.control(Method::POST, "credentials/revoke", json!({})).await.1["credentials"], 1);
    assert_eq!(paid().await.0, 401);

    let (_, log) = visit.control(Method::GET, "requests", json!(null)).await;
    let statuses: Vec<_> = log.as_array().unwrap().iter().map(|entry| &entry["outcome"]["answered"]).collect();
    assert_eq!(statuses, [200, 418, 401]);
    assert_eq!(visit.control(Method::POST, "publish", json!([])).await.0, 400);
}

#[tokio::test]
async fn what_is_paid_can_be_unlocked_later() {
    let visit = Visit::to_shop().await;
    let control = visit.store.control();
    let credential = control.issue_credential("demo").unwrap();
    let (status, _) = visit.control(Method::PUT, "grants", json!({"held": true})).await;
    assert_eq!(status, 200);
    let id = "org.example.Paid";
    let begun = common::answer(visit.post_json("api/v1/begin_purchase", &credential, json!({ "id": id })).await).await;
    let page = format!("{}/done", begun.1["start_uri"].as_str().unwrap());
    assert_eq!(visit.post_form(&page, &[("redirect_uri", RETURN)]).await.status(), 303);
    assert_eq!(visit.get_tokens(&credential, &[id]).await.1["denied"], json!([id]));
    control.reset();
    assert_eq!(visit.get_tokens(&credential, &[id]).await.1["denied"], json!([id]));

    control.release_grants().unwrap();
    assert_eq!(visit.get_tokens(&credential, &[id]).await.1["denied"], json!([]));
}
