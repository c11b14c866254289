// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository guarded by tokens that people paste, without an account server.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::process::Command;

use common::{TestShop, answer};
use reqwest::Method;
use serde_json::json;
use usher_demo_store::{SignInKind, SummaryAuthenticator, TokenTerms};

/// The path of the commit of an app.
fn commit_path(shop: &TestShop, id: &str) -> String {
    let ostree = |arguments: &[&str]| {
        let repo = format!("--repo={}", shop.folder.path().join("repository/repo").display());
        let output = Command::new("ostree").args(arguments).arg(repo).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let refs = ostree(&["refs"]);
    let name = refs.lines().find(|name| name.starts_with(&format!("app/{id}/"))).unwrap();
    let checksum = ostree(&["rev-parse", name]);
    format!("repo/objects/{}/{}.commit", &checksum[..2], &checksum[2..])
}

async fn token_only() -> TestShop {
    TestShop::with_repository_and(|options| {
        options.sign_in = SignInKind::Token;
        options.control_port = Some(0);
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_account_server() {
    let shop = token_only().await;
    for path in ["login", "purchase/1"] {
        assert_eq!(shop.get(path).await.status(), 404, "{path}");
    }
    let asked = shop.post_json("api/v1/get_tokens", "anything", json!({ "ids": ["org.example.Postcard"] })).await;
    assert_eq!(asked.status(), 404);
    let arguments = shop.store.remote_add_arguments("demo").join(" ");
    assert!(arguments.contains("--authenticator-option=type=token") && !arguments.contains("url="), "{arguments}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_open_what_flat_manager_opens_with_them() {
    let shop = token_only().await;
    let (inside, outside) = ("org.example.Postcard", "org.example.Sketchbook");
    let hand_out = |prefixes: &[&str], lifetime| {
        shop.store.control().hand_out_token(TokenTerms { lifetime, ..TokenTerms::for_apps(prefixes) }).unwrap()
    };
    for (prefixes, lifetime, of_inside, of_outside, of_config) in [
        (&[inside][..], 60, 200, 403, 200),
        (&["org.example.Post"], 60, 403, 403, 200),
        (&["org.example"], 60, 200, 200, 200),
        (&[""], 60, 200, 200, 200),
        (&[], 60, 200, 200, 200),
        (&["org.example"], -60, 401, 401, 401),
    ] {
        let token = hand_out(prefixes, lifetime);
        let paths = [commit_path(&shop, inside), commit_path(&shop, outside), "repo/config".to_owned()];
        let mut statuses = Vec::new();
        for path in &paths {
            statuses.push(shop.get_with_token(path, &token).await.status().as_u16());
        }
        assert_eq!(statuses, [of_inside, of_outside, of_config], "{prefixes:?} {lifetime}");
    }
    assert_eq!(shop.get(&commit_path(&shop, inside)).await.status(), 403, "without a token");
    assert_eq!(shop.get("repo/config").await.status(), 200, "without a token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_handed_out_and_revoked_over_the_control_endpoint() {
    let shop = token_only().await;
    let terms = json!({ "name": "Ada", "prefixes": ["org.example"], "lifetime": 60 });
    let (status, handed_out) = shop.control(Method::POST, "tokens", terms).await;
    assert_eq!(status, 200);
    let token = handed_out["token"].as_str().unwrap();
    let path = commit_path(&shop, "org.example.Postcard");
    assert_eq!(shop.get_with_token(&path, token).await.status(), 200);
    assert!(shop.store.control().issued_secrets().contains(&token.to_owned()), "a search for leaks finds it");
    let (_, revoked) = shop.control(Method::POST, "tokens/revoke", json!({ "token": token })).await;
    assert_eq!(revoked, json!({ "revoked": true }));
    shop.store.control().reset();
    let (status, refusal) = answer(shop.get_with_token(&path, token).await).await;
    assert_eq!((status, refusal["error-type"].as_str()), (401, Some("invalid-token")));
    assert!(!shop.store.control().revoke_token("other"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_names_the_type_instead_of_a_server() {
    let shop = TestShop::with_repository_and(|options| {
        options.sign_in = SignInKind::Token;
        options.summary_authenticator =
            Some(SummaryAuthenticator { name: "org.example.Authenticator".into(), url: None, brought_from: None });
    })
    .await;
    let repo = format!("--repo={}", shop.folder.path().join("repository/repo").display());
    let output = Command::new("ostree").args(["summary", "--view", "--raw", &repo]).output().unwrap();
    let summary = String::from_utf8(output.stdout).unwrap();
    assert!(summary.contains("'xa.authenticator-options.type': <'token'>"), "{summary}");
    assert!(!summary.contains("xa.authenticator-options.url"), "{summary}");
}
