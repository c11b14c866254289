// SPDX-License-Identifier: GPL-3.0-or-later
//! The container registry over HTTP: real `docker-registry`, real images, tokens that it verifies.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::BTreeSet, path::Path, sync::Once};

use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::{Value, json};
use tempfile::TempDir;
use usher_demo_store::{
    DemoRegistry, Denial, Failure, REGISTRY_USERS, RegistryAuthentication, RegistryOptions, RegistryRoute, Reply,
    TokenAnswer,
};

const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json";
const COMPASS: &str = "org.example.Compass";

/// A registry in a folder of its own, and a client.
struct TestRegistry {
    registry: DemoRegistry,
    client: Client,
    _folder: TempDir,
}

impl TestRegistry {
    async fn start(authentication: RegistryAuthentication) -> Self {
        static PROVIDER: Once = Once::new();
        let folder = tempfile::tempdir().unwrap();
        let options = RegistryOptions {
            authentication,
            image_cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("image-cache")),
            ..RegistryOptions::new(folder.path())
        };
        PROVIDER.call_once(|| rustls::crypto::ring::default_provider().install_default().unwrap());
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { registry: DemoRegistry::start(options).await.unwrap(), client, _folder: folder }
    }

    /// Asks for the manifest of an app, with this token.
    async fn manifest(&self, id: &str, token: Option<&str>) -> Response {
        let digest = self.registry.control().digest(id).unwrap();
        let name = id.rsplit('.').next().unwrap().to_lowercase();
        let url = self.registry.registry_url().join(&format!("v2/acme/{name}/manifests/{digest}")).unwrap();
        let mut request = self.client.head(url).header("accept", ACCEPT);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap()
    }

    /// Asks for a token for the repository of Compass.
    async fn ask_for_token(&self, login: Option<(&str, &str)>) -> Response {
        let mut url = self.registry.control().realm();
        url.query_pairs_mut()
            .append_pair("service", "demo-registry")
            .append_pair("scope", "repository:acme/compass:pull");
        let mut request = self.client.get(url);
        if let Some((user, password)) = login {
            request = request.basic_auth(user, Some(password));
        }
        request.send().await.unwrap()
    }
}

fn challenges(response: &Response) -> Vec<String> {
    response.headers().get_all("www-authenticate").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

async fn json_of(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

async fn token_of(response: Response) -> String {
    assert_eq!(response.status(), StatusCode::OK);
    let answer = json_of(response).await;
    answer["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_registry_verifies_the_tokens_of_its_token_server() {
    let test = TestRegistry::start(RegistryAuthentication::Tokens).await;
    let refused = test.manifest(COMPASS, None).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let realm = test.registry.control().realm();
    let challenge = format!(r#"Bearer realm="{realm}",service="demo-registry",scope="repository:acme/compass:pull""#);
    assert_eq!(challenges(&refused), [challenge]);
    assert_ne!(realm.port(), test.registry.registry_url().port());

    for (user, password) in REGISTRY_USERS {
        let token = token_of(test.ask_for_token(Some((user, password))).await).await;
        assert_eq!(test.manifest(COMPASS, Some(&token)).await.status(), StatusCode::OK, "{user}");
        assert_eq!(test.ask_for_token(Some((user, "wrong"))).await.status(), StatusCode::UNAUTHORIZED, "{user}");
        let (head, signature) = token.rsplit_once('.').unwrap();
        let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
        assert_eq!(test.manifest(COMPASS, Some(&forged)).await.status(), StatusCode::UNAUTHORIZED, "{user}");
    }
    assert_eq!(test.ask_for_token(None).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(test.manifest(COMPASS, Some("")).await.status(), StatusCode::UNAUTHORIZED);

    let log = test.registry.requests();
    let users: BTreeSet<&str> = log.iter().filter_map(|request| request.user.as_deref()).collect();
    assert_eq!(users, REGISTRY_USERS.map(|(user, _)| user).into());
    let log = serde_json::to_string(&log).unwrap();
    for secret in test.registry.control().issued_secrets() {
        assert!(!log.contains(&secret));
    }
}

#[tokio::test]
async fn the_index_lists_every_image_with_its_labels() {
    let test = TestRegistry::start(RegistryAuthentication::Tokens).await;
    let url = test.registry.index_url().join("index/static?architecture=amd64").unwrap();
    let index = json_of(test.client.get(url).send().await.unwrap()).await;
    assert_eq!(index["Registry"], test.registry.registry_url().as_str());
    let results = index["Results"].as_array().unwrap();
    let names: Vec<&str> = results.iter().map(|result| result["Name"].as_str().unwrap()).collect();
    assert_eq!(names, ["acme/almanac", "acme/base", "acme/compass"]);
    let image = &results[2]["Images"][0];
    assert_eq!(image["Digest"].as_str(), test.registry.control().digest(COMPASS).as_deref());
    let labels = image["Labels"].as_object().unwrap();
    assert!(labels["org.flatpak.ref"].as_str().unwrap().starts_with("app/org.example.Compass/"));
    assert!(labels.contains_key("org.freedesktop.appstream.appdata"), "{labels:?}");
    assert!(!labels.contains_key("org.flatpak.commit-metadata.xa.token-type"), "{labels:?}");
}

#[tokio::test]
async fn every_oddity_of_a_challenge_is_sent_as_it_is_asked_for() {
    let test = TestRegistry::start(RegistryAuthentication::Tokens).await;
    let control = test.registry.control();
    let realm = control.realm();
    let scope = "repository:acme/compass:pull";
    for (asked, sent) in [
        (
            vec![r#"Bearer realm="{realm}",service="{service}""#],
            vec![format!(r#"Bearer realm="{realm}",service="demo-registry""#)],
        ),
        (vec![r#"bEaReR scope="{scope}", realm={realm}"#], vec![format!(r#"bEaReR scope="{scope}", realm={realm}"#)]),
        (
            vec!["Basic realm=x", "Bearer realm=\"{realm}\""],
            vec!["Basic realm=x".to_owned(), format!("Bearer realm=\"{realm}\"")],
        ),
        (vec![], vec![]),
    ] {
        control.challenge_with(&asked);
        let refused = test.manifest(COMPASS, None).await;
        assert_eq!((refused.status(), challenges(&refused)), (StatusCode::UNAUTHORIZED, sent));
    }
    control.reset();
    control.refuse_with(404);
    let refused = test.manifest(COMPASS, None).await;
    assert_eq!((refused.status(), challenges(&refused)), (StatusCode::NOT_FOUND, Vec::new()));
    let base = test.client.get(test.registry.registry_url().join("v2/").unwrap()).send().await.unwrap();
    assert_eq!((base.status(), challenges(&base).len()), (StatusCode::UNAUTHORIZED, 1));
    control.reset();
    control.move_realm();
    assert_ne!(control.realm(), realm);
    let moved = format!(r#"Bearer realm="{}",service="demo-registry",scope="{scope}""#, control.realm());
    assert_eq!(challenges(&test.manifest(COMPASS, None).await), [moved]);
    let token = token_of(test.ask_for_token(Some(("demo", "demo"))).await).await;
    assert_eq!(test.manifest(COMPASS, Some(&token)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn every_oddity_of_a_token_answer_is_sent_as_it_is_asked_for() {
    let test = TestRegistry::start(RegistryAuthentication::Tokens).await;
    let control = test.registry.control();
    for (answer, fields) in [
        (TokenAnswer::default(), vec!["expires_in", "issued_at", "token"]),
        (
            TokenAnswer { token: false, access_token: true, ..TokenAnswer::default() },
            vec!["access_token", "expires_in", "issued_at"],
        ),
        (
            TokenAnswer { access_token: true, expires_in: None, issued_at: false, ..TokenAnswer::default() },
            vec!["access_token", "token"],
        ),
    ] {
        control.answer_with(answer);
        let answer = json_of(test.ask_for_token(Some(("demo", "demo"))).await).await;
        assert_eq!(answer.as_object().unwrap().keys().collect::<Vec<_>>(), fields);
    }
    control.reset();

    control.fail_times(RegistryRoute::Token, Failure::Reply(Reply::new(429, "").with_header("retry-after", "1")), 1);
    let busy = test.ask_for_token(None).await;
    assert_eq!((busy.status(), &busy.headers()["retry-after"]), (StatusCode::TOO_MANY_REQUESTS, &"1".parse().unwrap()));

    // Less than was asked, which only the registry shows.
    control.deny_with(Denial::Less);
    let token = token_of(test.ask_for_token(None).await).await;
    assert_eq!(test.manifest(COMPASS, Some(&token)).await.status(), StatusCode::UNAUTHORIZED);
    control.open_to_everybody("acme/compass");
    let token = token_of(test.ask_for_token(None).await).await;
    assert_eq!(test.manifest(COMPASS, Some(&token)).await.status(), StatusCode::OK);
    control.open_to("acme/compass", &["demo2"]);
    control.reset();
    assert_eq!(test.ask_for_token(Some(("demo", "demo"))).await.status(), StatusCode::UNAUTHORIZED);
    token_of(test.ask_for_token(Some(("demo2", "demo2"))).await).await;
}

#[tokio::test]
async fn an_identity_token_stands_for_a_password_over_post() {
    let test = TestRegistry::start(RegistryAuthentication::Tokens).await;
    let control = test.registry.control();
    let identity = control.issue_identity_token("demo").unwrap();
    let ask = async |token: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("service", "demo-registry"),
            ("scope", "repository:acme/compass:pull"),
            ("client_id", "test"),
            ("refresh_token", token),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = test.client.post(control.realm()).header("content-type", "application/x-www-form-urlencoded");
        request.body(body).send().await.unwrap()
    };
    let answer = json_of(ask(&identity).await).await;
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(answer.get("token"), None);
    assert_eq!(test.manifest(COMPASS, Some(token)).await.status(), StatusCode::OK);
    assert_eq!(ask("another").await.status(), StatusCode::UNAUTHORIZED);
    control.refuse_post();
    assert_eq!(ask(&identity).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_update_changes_the_index_and_the_image() {
    let test = TestRegistry::start(RegistryAuthentication::Tokens).await;
    let control = test.registry.control();
    let before = control.digest(COMPASS);
    control.publish_update(COMPASS).await.unwrap();
    assert_ne!(control.digest(COMPASS), before);
    control.set_password("demo", "another");
    assert_eq!(test.ask_for_token(Some(("demo", "demo"))).await.status(), StatusCode::UNAUTHORIZED);
    let token = token_of(test.ask_for_token(Some(("demo", "another"))).await).await;
    assert_eq!(test.manifest(COMPASS, Some(&token)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_registry_can_know_passwords_alone() {
    let test = TestRegistry::start(RegistryAuthentication::Basic).await;
    let refused = test.manifest(COMPASS, None).await;
    assert_eq!(challenges(&refused), [r#"Basic realm="Demo Registry""#]);
    let url = test.registry.registry_url().join("v2/").unwrap();
    let status = async |password: &str| {
        test.client.get(url.clone()).basic_auth("demo", Some(password)).send().await.unwrap().status()
    };
    assert_eq!((status("demo").await, status("wrong").await), (StatusCode::OK, StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn an_answer_can_be_replaced_in_each_part() {
    let test = TestRegistry::start(RegistryAuthentication::Tokens).await;
    let control = test.registry.control();
    control.fail(RegistryRoute::Manifest, Failure::Reply(Reply::new(503, "")));
    assert_eq!(test.manifest(COMPASS, None).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    control.fail(RegistryRoute::Token, Failure::Json { value: json!({ "token": "an odd\ttoken" }) });
    let answer = json_of(test.ask_for_token(None).await).await;
    assert_eq!(answer["token"], "an odd\ttoken");
    control.succeed(RegistryRoute::Token);
    assert_eq!(test.ask_for_token(None).await.status(), StatusCode::UNAUTHORIZED);
}
