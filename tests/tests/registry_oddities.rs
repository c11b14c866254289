// SPDX-License-Identifier: GPL-3.0-or-later
//! Container registries differ. Each row is one way, met by sign-in and token request alike.

use usher_demo_store::{DemoRegistry, Denial, Failure, RegistryControl, RegistryRoute, Reply, TokenAnswer};
use usher_tests::{Client, Session, Setup, token_requests};

const APP: &str = "org.example.Compass";

type Oddity = fn(&RegistryControl);

/// What a registry may do, and Usher serves it all the same.
const HARMLESS: [(&str, Oddity); 11] = [
    ("the token as “access_token”", |control| {
        control.answer_with(TokenAnswer { token: false, access_token: true, ..TokenAnswer::default() });
    }),
    ("the token twice", |control| {
        control.answer_with(TokenAnswer { access_token: true, ..TokenAnswer::default() });
    }),
    ("nothing but the token", |control| {
        control.answer_with(TokenAnswer { expires_in: None, issued_at: false, ..TokenAnswer::default() });
    }),
    ("a challenge without scope", |control| {
        control.challenge_with(&[r#"Bearer realm="{realm}",service="{service}""#]);
    }),
    ("a challenge without service", |control| control.challenge_with(&[r#"Bearer realm="{realm}",scope="{scope}""#])),
    ("another order, and any case", |control| {
        control.challenge_with(&[r#"bEARER Scope="{scope}" , SERVICE={service},  rEALM="{realm}""#]);
    }),
    ("several challenges in one header", |control| {
        control.challenge_with(&[r#"Basic realm="a, b", Bearer realm="{realm}",service="{service}",scope="{scope}""#]);
    }),
    ("several headers", |control| {
        control.challenge_with(&[r"Negotiate", r#"Bearer realm="{realm}",service="{service}""#, r#"Basic realm="x""#]);
    }),
    ("a realm with a query", |control| control.challenge_with(&[r#"Bearer realm="{realm}?x=1",service="{service}""#])),
    ("404 in place of 401", |control| control.refuse_with(404)),
    ("less granted than asked", |control| control.deny_with(Denial::Less)),
];

/// What a registry may do that ends the request. Nobody is asked anything, and no account is lost.
const FAULTS: [(&str, Oddity); 9] = [
    ("a registry that fails", |control| control.fail(RegistryRoute::Manifest, Failure::Reply(Reply::new(503, "")))),
    ("a realm that fails", |control| control.fail(RegistryRoute::Token, Failure::Reply(Reply::new(500, "")))),
    ("a page in place of a token", |control| {
        control.fail(RegistryRoute::Token, Failure::Reply(Reply::html("<h1>Maintenance</h1>")));
    }),
    ("a page that refuses", |control| {
        control.fail(RegistryRoute::Token, Failure::Reply(Reply::new(401, "<h1>Checking your browser</h1>")));
    }),
    ("a token that cannot be one", |control| {
        control.fail(RegistryRoute::Token, Failure::Json { value: serde_json::json!({ "token": "a\r\nHost: b" }) });
    }),
    ("a redirect of the realm", |control| {
        let location = "http://127.0.0.1:1/elsewhere".to_owned();
        control.fail(RegistryRoute::Token, Failure::Redirect { location });
    }),
    ("a refusal without a challenge", |control| control.challenge_with(&[])),
    ("passwords alone", |control| control.challenge_with(&[r#"Basic realm="x""#])),
    ("a realm that is no address", |control| control.challenge_with(&[r#"Bearer realm="sso",service="{service}""#])),
];

async fn start() -> (Session, DemoRegistry, Client) {
    let session = Session::start(Setup { without_shop: true, ..Setup::without_display() }).await;
    let registry = session.open_registry("acme").await;
    let client = Client::new(&session).await;
    (session, registry, client)
}

#[tokio::test]
async fn o07_a_registry_may_differ_in_many_ways() {
    let (session, registry, mut client) = start().await;
    for (what, oddity) in HARMLESS {
        eprintln!("{what}");
        registry.control().reset();
        oddity(registry.control());
        session.sign_in_to_registry("acme", &registry, "robot$name").await;
        // It remembers nothing of the row before.
        session.stop_daemon().await;
        let response = client.request_from(&registry, "acme", APP).await;
        assert_eq!((response.code, response.message.as_str()), (0, ""), "{what}");
        let token = response.tokens.keys().next().expect("there is a token");
        assert!(registry.control().issued_secrets().contains(token), "{what}: the token is the registry's");
        session.keyring().delete_items().await;
    }
}

#[tokio::test]
async fn o07_a_busy_registry_is_asked_again_after_the_time_that_it_names() {
    let (session, registry, mut client) = start().await;
    session.sign_in_to_registry("acme", &registry, "demo").await;
    for route in [RegistryRoute::Manifest, RegistryRoute::Token] {
        let busy = Reply::new(429, "").with_header("retry-after", "1");
        registry.control().fail_times(route, Failure::Reply(busy), 1);
        session.stop_daemon().await;
        let response = client.request_from(&registry, "acme", APP).await;
        assert_eq!((response.code, response.message.as_str()), (0, ""), "{route:?}");
    }
}

#[tokio::test]
async fn o08_a_registry_with_a_fault_is_named_and_costs_no_account() {
    let (session, registry, mut client) = start().await;
    session.sign_in_to_registry("acme", &registry, "demo").await;
    let item = session.keyring().only_item().await.text();
    for (what, oddity) in FAULTS {
        eprintln!("{what}");
        registry.control().reset();
        oddity(registry.control());
        session.stop_daemon().await;
        let response = client.request_from(&registry, "acme", APP).await;
        assert_eq!(response.code, 2, "{what}: {response:?}");
        assert!(response.message.contains(&registry.host()), "{what}: {}", response.message);
        assert_eq!(session.keyring().only_item().await.text().contains("demo"), item.contains("demo"), "{what}");
    }
    registry.control().reset();
    session.stop_daemon().await;
    assert_eq!(client.request_from(&registry, "acme", APP).await.code, 0, "the account is as good as before");
}

#[tokio::test]
async fn o05_a_password_goes_to_no_realm_but_the_one_it_was_given_for() {
    let (session, registry, mut client) = start().await;
    session.sign_in_to_registry("acme", &registry, "demo").await;
    for challenge in [
        r#"Bearer realm="{other_realm}",service="{service}",scope="{scope}""#,
        r#"Bearer realm="{realm}?to=other",service="{service}",scope="{scope}""#,
        r#"Bearer realm="{realm}/",service="{service}",scope="{scope}""#,
        r#"Bearer realm="{realm}",realm="{other_realm}",service="{service}",scope="{scope}""#,
        r#"Basic realm="{other_realm}", Bearer realm="{other_realm}",service="{service}""#,
    ] {
        registry.control().challenge_with(&[challenge]);
        registry.control().clear_requests();
        session.stop_daemon().await;
        let response = client.request_from(&registry, "acme", APP).await;
        assert_eq!(response.code, 2, "{challenge}");
        let requests = registry.requests();
        assert!(token_requests(&requests).iter().all(|(_, user)| user.is_none()), "{challenge}: {requests:?}");
    }
}
