// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository that shows what it has only to those who are signed in, and one that is signed.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::process::Command;

use common::{TestShop, answer};
use reqwest::Method;
use serde_json::json;
use usher_demo_store::{SignInKind, TokenTerms};

const APP: &str = "org.example.Postcard";

/// Runs ostree on the repository's files.
fn ostree(shop: &TestShop, arguments: &[&str]) -> String {
    let repo = format!("--repo={}", shop.folder.path().join("repository/repo").display());
    let output = Command::new("ostree").args(arguments).arg(repo).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The path of the commit of the first ref that begins like this.
fn commit_path(shop: &TestShop, start: &str) -> String {
    let refs = ostree(shop, &["refs"]);
    let name = refs.lines().find(|name| name.starts_with(start)).unwrap();
    let checksum = ostree(shop, &["rev-parse", name]);
    format!("repo/objects/{}/{}.commit", &checksum[..2], &checksum[2..])
}

/// The path of a list that the index names.
fn list_path(shop: &TestShop) -> String {
    let folder = shop.folder.path().join("repository/repo/summaries");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    format!("repo/summaries/{}", names.filter(|name| !name.ends_with(".idx.sig")).min().unwrap())
}

/// What tells what a repository has.
fn listing(shop: &TestShop) -> Vec<String> {
    let catalogs = ["appstream/", "appstream2/"].map(|start| commit_path(shop, start));
    ["repo/summary", "repo/summary.idx"]
        .map(ToOwned::to_owned)
        .into_iter()
        .chain([list_path(shop)])
        .chain(catalogs)
        .collect()
}

async fn private() -> TestShop {
    TestShop::with_repository_and(|options| {
        options.private_listing = true;
        options.control_port = Some(0);
    })
    .await
}

async fn listing_token(shop: &TestShop, credential: &str) -> (u16, serde_json::Value) {
    answer(shop.post_json("api/v1/get_listing_token", credential, json!({})).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_list_is_shown_with_a_token_for_it_alone() {
    let shop = private().await;
    let credential = shop.store.control().issue_credential("demo").unwrap();
    let (status, given) = listing_token(&shop, &credential).await;
    assert_eq!(status, 200);
    let token = given["token"].as_str().unwrap();
    let download = shop.download_token("demo", APP).await;
    for path in listing(&shop) {
        let (status, body) = answer(shop.get(&path).await).await;
        assert_eq!((status, &body["error-type"]), (401, &json!("token-missing")), "{path}");
        assert_eq!(shop.get_with_token(&path, &download).await.status(), 403, "{path}: a download token");
        assert_eq!(shop.get_with_token(&path, "nonsense").await.status(), 401, "{path}");
        let shown = shop.get_with_token(&path, token).await;
        assert_eq!(
            (shown.status().as_u16(), &shown.headers()["cache-control"]),
            (200, &"no-store".parse().unwrap()),
            "{path}"
        );
    }
    let app = commit_path(&shop, &format!("app/{APP}/"));
    assert_eq!(shop.get_with_token(&app, token).await.status(), 403, "the token is for the list alone");
    assert_eq!(shop.get_with_token(&app, &download).await.status(), 200);
    assert_eq!(shop.get("repo/config").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_are_signed_in_get_a_token_for_the_list() {
    let shop = private().await;
    for credential in ["nonsense".to_owned(), shop.download_token("demo", APP).await] {
        assert_eq!(listing_token(&shop, &credential).await.0, 401);
    }
    let control = shop.store.control();
    let credential = control.issue_credential("demo").unwrap();
    let not_json = shop.client.post(shop.url("api/v1/get_listing_token")).bearer_auth(&credential).body("");
    assert_eq!(not_json.send().await.unwrap().status(), 400);

    assert_eq!(shop.control(Method::PUT, "listing", json!({ "private": false })).await.0, 200);
    assert_eq!(listing_token(&shop, &credential).await.0, 404);
    assert_eq!(shop.get("repo/summary").await.status(), 200);
    assert_eq!(shop.control(Method::PUT, "listing", json!({ "private": true })).await.0, 200);
    control.reset();
    assert_eq!(shop.get("repo/summary").await.status(), 401, "a reset does not open the list");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_token_opens_the_list_as_well() {
    let shop = TestShop::with_repository_and(|options| {
        options.private_listing = true;
        options.sign_in = SignInKind::Token;
    })
    .await;
    let token = shop.store.control().hand_out_token(TokenTerms::for_apps(&[APP])).unwrap();
    assert_eq!(shop.get("repo/summary.idx").await.status(), 401);
    assert_eq!(shop.get_with_token("repo/summary.idx", &token).await.status(), 200);
    assert_eq!(shop.post_json("api/v1/get_listing_token", &token, json!({})).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_repository_is_accepted_by_ostree_also_after_an_update() {
    let shop = TestShop::with_repository_and(|options| options.sign = true).await;
    shop.store.control().publish_update(APP).await.unwrap();
    let arguments = shop.store.remote_add_arguments("demo");
    let key = arguments.iter().find_map(|argument| argument.strip_prefix("--gpg-import=")).unwrap();
    let mirror = shop.folder.path().join("mirror");
    let repo = format!("--repo={}", mirror.display());
    let run = |arguments: &[&str]| {
        let output = Command::new("ostree").args(arguments).arg(&repo).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert!(run(&["init", "--mode=archive"]).0);
    let url = shop.store.repository_url().to_string();
    let add = ["remote", "add", "--set=gpg-verify=true", "--set=gpg-verify-summary=true"];
    for (name, key) in [("own", Some(format!("--gpg-import={key}"))), ("none", None)] {
        let more = key.iter().map(String::as_str).chain([name, url.as_str()]);
        let (is_added, said) = run(&add.into_iter().chain(more).collect::<Vec<_>>());
        assert!(is_added, "{said}");
        let (is_good, said) = run(&["remote", "summary", name]);
        assert_eq!(is_good, name == "own", "{said}");
    }
    let free = ostree(&shop, &["refs"])
        .lines()
        .find(|name| name.starts_with("runtime/org.example.Platform/"))
        .unwrap()
        .to_owned();
    let (is_pulled, said) = run(&["pull", "own", &free]);
    assert!(is_pulled, "{said}");
    for file in ["summary.sig", "summary.idx.sig"] {
        assert_eq!(shop.get(&format!("repo/{file}")).await.status(), 200, "{file}");
    }
    let folder = shop.folder.path().to_str().unwrap();
    let command_of = |process: std::fs::DirEntry| std::fs::read(process.path().join("cmdline")).unwrap_or_default();
    let mut commands = std::fs::read_dir("/proc").unwrap().map(|process| command_of(process.unwrap()));
    assert!(!commands.any(|command| String::from_utf8_lossy(&command).contains(folder)), "nothing keeps running");
}
