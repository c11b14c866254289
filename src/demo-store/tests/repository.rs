// SPDX-License-Identifier: GPL-3.0-or-later
//! The repository over HTTP, for flatpak and for intruders.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use common::{TestShop, answer};
use reqwest::Method;
use serde_json::json;
use usher_demo_store::{StoreError, SummaryAuthenticator};

const AUTHENTICATOR: &str = "org.example.Authenticator";

/// Runs ostree on the repository's files.
fn ostree(shop: &TestShop, arguments: &[&str]) -> String {
    let repo = format!("--repo={}", shop.folder.path().join("repository/repo").display());
    let output = Command::new("ostree").args(arguments).arg(repo).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The full name of the first ref whose name contains `part`.
fn ref_name(shop: &TestShop, part: &str) -> String {
    let refs = ostree(shop, &["refs"]);
    refs.lines().find(|name| name.contains(part)).unwrap().to_owned()
}

/// The path of the commit of this ref.
fn commit_path(shop: &TestShop, part: &str) -> String {
    let checksum = ostree(shop, &["rev-parse", &ref_name(shop, part)]);
    format!("repo/objects/{}/{}.commit", &checksum[..2], &checksum[2..])
}

/// The path of the delta from one commit to the next.
fn delta_path(from: &str, to: &str) -> String {
    let [from, to] = [from, to].map(|path| {
        let digits: String = path.trim_start_matches("repo/objects/").chars().filter(char::is_ascii_hexdigit).collect();
        let bytes: Vec<_> = (0..32).map(|index| u8::from_str_radix(&digits[2 * index..][..2], 16).unwrap()).collect();
        STANDARD_NO_PAD.encode(bytes).replace('/', "_")
    });
    format!("repo/deltas/{}/{}-{to}/superblock", &from[..2], &from[2..])
}

/// The paths of all files below a folder of the repository.
fn files_below(shop: &TestShop, folder: &str) -> BTreeSet<String> {
    fn collect(folder: &Path, path: &str, files: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{path}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                collect(&entry.path(), &path, files);
            } else {
                files.insert(path);
            }
        }
    }
    let mut files = BTreeSet::new();
    let repo = shop.folder.path().join("repository/repo");
    collect(&repo.join(folder), &format!("repo/{folder}"), &mut files);
    files
}

#[tokio::test]
async fn a_protected_commit_requires_a_token_for_it() {
    let shop = TestShop::with_repository().await;
    let path = commit_path(&shop, "app/org.example.Postcard/");

    let (status, body) = answer(shop.get(&path).await).await;
    assert_eq!(status, 403);
    assert_eq!(body["error-type"], "token-insufficient");
    assert_eq!(body["message"], "Not enough permissions: No token specified");

    let good = shop.download_token("demo", "org.example.Postcard").await;
    let response = shop.get_with_token(&path, &good).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");

    shop.store.control().grant("demo", "org.example.Sketchbook").unwrap();
    let other = shop.download_token("demo", "org.example.Sketchbook").await;
    assert_eq!(shop.get_with_token(&path, &other).await.status(), 403);

    let (status, body) = answer(shop.get_with_token(&path, "nonsense").await).await;
    assert_eq!(status, 401);
    assert_eq!(body["error-type"], "invalid-token");
}

#[tokio::test]
async fn an_expired_download_token_is_refused_for_every_file() {
    let shop = TestShop::with_repository_and(|options| options.token_lifetime = Duration::ZERO).await;
    let path = commit_path(&shop, "app/org.example.Postcard/");
    let token = shop.download_token("demo", "org.example.Postcard").await;
    // It is valid until the end of the second in which it was issued.
    let expired = async {
        loop {
            let response = shop.get_with_token(&path, &token).await;
            if response.status() != 200 {
                break answer(response).await;
            }
        }
    };
    let (status, body) = tokio::time::timeout(Duration::from_secs(30), expired).await.unwrap();
    assert_eq!((status, &body["message"]), (401, &json!("Token is expired")));
    assert_eq!(shop.get_with_token("repo/summary", &token).await.status(), 401);
    assert_eq!(shop.get("repo/summary").await.status(), 200);
}

#[tokio::test]
async fn a_token_covers_the_extensions_of_its_app() {
    let shop = TestShop::with_repository().await;
    let token = shop.download_token("demo", "org.example.Postcard").await;
    let path = commit_path(&shop, "runtime/org.example.Postcard.Locale/");
    assert_eq!(shop.get(&path).await.status(), 403);
    assert_eq!(shop.get_with_token(&path, &token).await.status(), 200);
}

#[tokio::test]
async fn free_apps_and_repository_metadata_require_no_token() {
    let shop = TestShop::with_repository().await;
    let (free, platform) = (commit_path(&shop, "app/org.example.Metronome/"), commit_path(&shop, "Platform"));
    for path in ["repo/summary", "repo/summary.idx", "repo/config", &free, &platform] {
        assert_eq!(shop.get(path).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn deltas_and_their_indexes_are_protected_like_the_commits() {
    let shop = TestShop::with_repository().await;
    for folder in ["deltas", "delta-indexes"] {
        let (mut open, mut closed) = (0, 0);
        let token = shop.download_token("demo", "org.example.Postcard").await;
        let mut opened = 0;
        for path in files_below(&shop, folder) {
            match shop.get(&path).await.status().as_u16() {
                200 => open += 1,
                403 => {
                    closed += 1;
                    opened += u32::from(shop.get_with_token(&path, &token).await.status() == 200);
                }
                status => panic!("{path}: {status}"),
            }
        }
        // A superblock and a part for each: runtime, Metronome and appstream; Postcard, its translations and the two paid
        // apps.
        let each = if folder == "deltas" { 2 } else { 1 };
        assert_eq!((open, closed, opened), (3 * each, 4 * each, 2 * each), "{folder}");
    }
}

#[tokio::test]
async fn a_new_version_and_its_delta_are_protected() {
    let shop = TestShop::with_repository().await;
    let (before, old_deltas) = (commit_path(&shop, "app/org.example.Postcard/"), files_below(&shop, "deltas"));

    shop.store.control().publish_update("org.example.Postcard").await.unwrap();

    let after = commit_path(&shop, "app/org.example.Postcard/");
    assert_ne!(before, after);
    for path in [&before, &after] {
        assert_eq!(shop.get(path).await.status(), 403, "{path}");
    }
    let name = ref_name(&shop, "app/org.example.Postcard/");
    let script = ostree(&shop, &["cat", &name, "files/bin/hello"]);
    assert!(script.starts_with("#!/bin/sh\necho 'Hello from Postcard 2'\n"), "{script}");
    let delta = delta_path(&before, &after);
    assert!(!old_deltas.contains(&delta) && files_below(&shop, "deltas").contains(&delta));
    assert_eq!(shop.get(&delta).await.status(), 403);
    let token = shop.download_token("demo", "org.example.Postcard").await;
    assert_eq!(shop.get_with_token(&delta, &token).await.status(), 200);
}

#[tokio::test]
async fn a_new_runtime_comes_with_an_app_that_needs_it() {
    let shop = TestShop::with_repository().await;
    shop.store.control().publish_runtime("2", "org.example.Metronome").await.unwrap();
    let runtime = ref_name(&shop, "org.example.Platform");
    assert!(ostree(&shop, &["refs"]).lines().any(|name| name.starts_with("runtime/") && name.ends_with("/2")));
    let metadata = ostree(&shop, &["cat", &ref_name(&shop, "app/org.example.Metronome/"), "metadata"]);
    let needed = runtime.trim_start_matches("runtime/").rsplit_once('/').unwrap().0;
    assert!(metadata.contains(&format!("runtime={needed}/2")), "{metadata}");
}

#[tokio::test]
async fn the_summary_names_an_authenticator_only_when_asked() {
    let shop = TestShop::with_repository().await;
    let summary = || fs::read(shop.folder.path().join("repository/repo/summary")).unwrap();
    let names = |text: &str| summary().windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!names("xa.authenticator-name"));

    let control = shop.store.control();
    control.announce_authenticator("org.example.Authenticator", "http://127.0.0.1:1/").await.unwrap();

    assert!(names("org.example.Authenticator"));
    assert!(names("http://127.0.0.1:1/"));
}

#[tokio::test]
async fn a_shop_can_be_opened_with_an_authenticator_in_its_summary() {
    let authenticator = SummaryAuthenticator { name: AUTHENTICATOR.to_owned(), url: None, brought_from: None };
    let shop = TestShop::with_repository_and(|options| options.summary_authenticator = Some(authenticator)).await;
    let summary = shop.get("repo/summary").await.bytes().await.unwrap();
    let url = shop.store.base_url().as_str().as_bytes();
    assert!(summary.windows(url.len()).any(|window| window == url));
}

/// Creates a repository on disk with an authenticator's Flatpak in it.
fn repository_of_authenticator(folder: &Path) -> PathBuf {
    let (app, repo) = (folder.join("app"), folder.join("repo"));
    fs::create_dir_all(app.join("files/bin")).unwrap();
    fs::write(app.join("files/bin/authenticator"), "#!/bin/sh\n").unwrap();
    fs::write(app.join("metadata"), format!("[Application]\nname={AUTHENTICATOR}\n")).unwrap();
    let [app, at] = [&app, &repo].map(|path| path.to_str().unwrap());
    let finish = ["build-finish", "--command=authenticator", app];
    let export = ["build-export", "--disable-sandbox", "--token-type=2", at, app, "stable"];
    for arguments in [&finish[..], &export] {
        let output = Command::new("flatpak").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    repo
}

#[tokio::test]
async fn the_authenticators_flatpak_is_published_unchanged_and_without_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let source = repository_of_authenticator(folder.path());
    let brought_from = Some(source.clone());
    let authenticator = SummaryAuthenticator { name: AUTHENTICATOR.to_owned(), url: None, brought_from };
    let shop = TestShop::with_repository_and(|options| {
        options.summary_authenticator = Some(authenticator);
        options.control_port = Some(0);
    })
    .await;

    let name = ref_name(&shop, "/autoinstall");
    assert!(name.starts_with(&format!("app/{AUTHENTICATOR}/")), "{name}");
    assert_eq!(ostree(&shop, &["cat", &name, "files/bin/authenticator"]), "#!/bin/sh");
    assert_eq!(shop.get(&commit_path(&shop, "/autoinstall")).await.status(), 200);
    let summary = shop.get("repo/summary").await.bytes().await.unwrap();
    let says = |text: &str| summary.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(says("xa.authenticator-install") && says(AUTHENTICATOR));
    // The command need not name the authenticator, and does not forbid installing it.
    let added = shop.store.remote_add_arguments("shop");
    assert_eq!(added, ["--no-gpg-verify", "shop", shop.store.repository_url().as_str()]);

    let before = ostree(&shop, &["rev-parse", &name]);
    let url = shop.store.base_url().to_string();
    let again = json!({ "name": AUTHENTICATOR, "url": url, "brought_from": source });
    let (status, _) = shop.control(Method::POST, "authenticator", again).await;
    assert_eq!(status, 200);
    assert_eq!(ostree(&shop, &["rev-parse", &name]), before, "what has not changed is not published anew");
}

#[tokio::test]
async fn nothing_outside_the_repository_can_be_read() {
    let shop = TestShop::with_repository().await;
    for path in [
        "/repo/../../shop.sqlite",
        "/repo/%2e%2e/%2e%2e/shop.sqlite",
        "/repo/objects/%2e%2e/%2e%2e/%2e%2e/shop.sqlite",
        "/repo/objects/..%2f..%2f..%2fshop.sqlite",
        "/repo/..%5cshop.sqlite",
        "/repo//etc/passwd",
        "/repo/%2fetc%2fpasswd",
        "/repo/contents.json",
        "/repo/%2e%2e/contents.json",
        "/repo/.lock",
        "/repo/tmp",
        "/repo/objects",
        "/repo/objects/%00",
    ] {
        let status = shop.raw_status(path).await;
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
    assert_eq!(shop.raw_status("/repo/summary").await, 200);
}

#[tokio::test]
async fn another_spelling_of_the_path_does_not_bypass_protection() {
    let shop = TestShop::with_repository().await;
    let path = format!("/{}", commit_path(&shop, "app/org.example.Postcard/"));
    let (folder, name) = path.strip_prefix("/repo/objects/").unwrap().split_once('/').unwrap();
    for spelling in [
        format!("/repo//objects/{folder}/{name}"),
        format!("/repo/objects//{folder}/{name}"),
        format!("/repo/./objects/{folder}/{name}"),
        format!("/repo/objects/{folder}/./{name}"),
        format!("/repo/objects/{folder}%2f{name}"),
        format!("/repo/deltas/../objects/{folder}/{name}"),
        format!("/repo/objects/{folder}/{name}/"),
        format!("/%72epo/objects/{folder}/{name}"),
    ] {
        let status = shop.raw_status(&spelling).await;
        assert!(matches!(status, 400 | 403 | 404), "{spelling}: {status}");
    }
}

#[tokio::test]
async fn only_apps_of_the_shop_can_be_published() {
    let shop = TestShop::with_repository().await;
    let outcome = shop.store.control().publish_update("org.example.Unheard").await;
    assert!(matches!(outcome, Err(StoreError::UnknownApp(_))));
}

#[tokio::test]
async fn anybody_may_read_the_names_and_icons_of_the_apps() {
    let shop = TestShop::with_repository().await;
    let appstream = ref_name(&shop, "appstream2/");
    let described = ostree(&shop, &["cat", &appstream, "/appstream.xml"]);
    for (id, name) in [("org.example.Postcard", "Postcard"), ("org.example.Stargazer", "Stargazer")] {
        assert!(described.contains(id) && described.contains(&format!("<name>{name}</name>")), "{described}");
        for size in ["64x64", "128x128"] {
            ostree(&shop, &["ls", &appstream, &format!("/icons/{size}/{id}.png")]);
        }
    }
    assert_eq!(shop.get(&commit_path(&shop, "appstream2/")).await.status(), 200);
}
