// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop for a browser and for an authenticator.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{RETURN_ADDRESS, TestShop, answer, location, parameter};
use serde_json::{Value, json};
use usher_demo_store::{Authorization, CREDENTIAL_MARK, DOWNLOAD_TOKEN_MARK, DemoStore, SignInKind, StoreOptions};

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[tokio::test]
async fn signing_in_leads_back_with_a_credential_that_works() {
    let shop = TestShop::without_repository().await;
    let page = shop.get("login?redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fdone&state=abc").await;
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("<label for=\"password\">Password</label>"));

    let fields = [("redirect_uri", RETURN_ADDRESS), ("state", "abc"), ("user", "demo"), ("password", "demo")];
    let response = shop.post_form("login", &fields).await;

    assert_eq!(response.status(), 303);
    let back = location(&response);
    assert!(back.as_str().starts_with(RETURN_ADDRESS));
    assert_eq!(parameter(&back, "state").unwrap(), "abc");
    let credential = parameter(&back, "token").unwrap();
    let claims = claims(&credential);
    assert_eq!(claims["name"], "demo");
    assert!(claims["sub"].is_string());
    assert!(claims["exp"].is_i64());
    assert!(credential.contains(CREDENTIAL_MARK));
    assert_eq!(shop.get_tokens(&credential, &["org.example.Postcard"]).await.0, 200);
    assert!(shop.store.control().issued_secrets().contains(&credential));
}

#[tokio::test]
async fn a_return_address_keeps_its_query_and_gets_no_state() {
    let shop = TestShop::without_repository().await;
    let return_to = format!("{RETURN_ADDRESS}?flow=7");
    let fields = [("redirect_uri", return_to.as_str()), ("user", "demo"), ("password", "demo")];
    let back = location(&shop.post_form("login", &fields).await);
    assert!(back.as_str().starts_with(&format!("{return_to}&token=")));
    assert_eq!(parameter(&back, "state"), None);
}

#[tokio::test]
async fn a_wrong_password_shows_the_form_again_with_the_user_name_in_it() {
    let shop = TestShop::without_repository().await;
    let fields =
        [("redirect_uri", RETURN_ADDRESS), ("state", "a\"b<c"), ("user", "\"><script>"), ("password", "wrong")];
    let response = shop.post_form("login", &fields).await;
    assert_eq!(response.status(), 200);
    let page = response.text().await.unwrap();
    assert!(page.contains("User name or password is wrong."));
    assert!(page.contains("value=\"&quot;&gt;&lt;script&gt;\""));
    assert!(page.contains("value=\"a&quot;b&lt;c\""));
    assert!(!page.contains("<script"));
}

#[tokio::test]
async fn a_person_can_cancel() {
    let shop = TestShop::without_repository().await;
    let page = shop.get("login?redirect_uri=http://127.0.0.1:4711/done&state=abc").await.text().await.unwrap();
    assert!(page.contains(&format!("href=\"{RETURN_ADDRESS}?error=access_denied&amp;state=abc\">Cancel</a>")));
}

#[tokio::test]
async fn credentials_are_not_sent_to_other_computers() {
    let shop = TestShop::without_repository().await;
    for address in ["https://example.org/done", "http://localhost:4711/done", "", "http://127.0.0.1.example.org/"] {
        let page = shop.client.get(shop.url_with("login", &[("redirect_uri", address)])).send().await;
        assert_eq!(page.unwrap().status(), 400, "{address}");
        let fields = [("redirect_uri", address), ("user", "demo"), ("password", "demo")];
        assert_eq!(shop.post_form("login", &fields).await.status(), 400, "{address}");
    }
}

#[tokio::test]
async fn each_app_is_answered_according_to_its_terms() {
    let shop = TestShop::without_repository().await;
    let credential = shop.store.control().issue_credential("demo").unwrap();
    let ids = ["org.example.Metronome", "org.example.Postcard", "org.example.Sketchbook", "org.example.Unheard"];

    let (status, answer) = shop.get_tokens(&credential, &ids).await;

    assert_eq!(status, 200);
    assert_eq!(answer["tokens"]["org.example.Metronome"], "");
    assert_eq!(answer["denied"], json!(["org.example.Sketchbook", "org.example.Unheard"]));
    let token = answer["tokens"]["org.example.Postcard"].as_str().unwrap();
    let claims = claims(token);
    assert_eq!(claims["prefixes"], json!(["org.example.Postcard"]));
    assert!(claims["sub"].is_string());
    assert!(claims["exp"].is_i64());
    assert_eq!(claims.get("aud"), None);
    assert!(token.contains(DOWNLOAD_TOKEN_MARK));
}

#[tokio::test]
async fn an_app_is_bought_by_one_account_and_not_by_the_other() {
    let shop = TestShop::without_repository().await;
    let [demo, demo2] = ["demo", "demo2"].map(|user| shop.store.control().issue_credential(user).unwrap());
    let request = json!({"id": "org.example.Sketchbook"});
    let (_, begun) = answer(shop.post_json("api/v1/begin_purchase", &demo, request).await).await;
    let start = begun["start_uri"].as_str().unwrap();
    let page = shop.client.get(shop.url_with(start, &[("redirect_uri", RETURN_ADDRESS), ("state", "abc")]));
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Buy Now") && page.contains("I Changed My Mind"));
    assert_eq!(shop.get(&format!("{start}/thanks")).await.status(), 404);
    assert_eq!(
        shop.get_tokens(&demo, &["org.example.Sketchbook"]).await.1["denied"],
        json!(["org.example.Sketchbook"])
    );

    let done = shop.post_form(&format!("{start}/done"), &[("redirect_uri", RETURN_ADDRESS), ("state", "abc")]).await;

    assert_eq!(done.status(), 303);
    let back = location(&done);
    assert_eq!(parameter(&back, "state").unwrap(), "abc");
    let thanks = parameter(&back, "redirect_uri").unwrap();
    assert_eq!(thanks, shop.url(&format!("{start}/thanks")).as_str());
    assert_eq!(shop.client.get(thanks).send().await.unwrap().status(), 200);
    assert_eq!(shop.get_tokens(&demo, &["org.example.Sketchbook"]).await.1["denied"], json!([]));
    assert_eq!(
        shop.get_tokens(&demo2, &["org.example.Sketchbook"]).await.1["denied"],
        json!(["org.example.Sketchbook"])
    );
    let again = shop.client.get(shop.url_with(start, &[("redirect_uri", RETURN_ADDRESS)])).send().await.unwrap();
    assert!(again.text().await.unwrap().contains("Already Yours"));
}

#[tokio::test]
async fn an_app_that_is_not_for_sale_cannot_be_bought() {
    let shop = TestShop::without_repository().await;
    let credential = shop.store.control().issue_credential("demo").unwrap();
    for id in ["org.example.Metronome", "org.example.Postcard", "org.example.Unheard"] {
        let response = shop.post_json("api/v1/begin_purchase", &credential, json!({ "id": id })).await;
        let (status, answer) = answer(response).await;
        assert_eq!(status, 404, "{id}");
        assert!(answer["message"].is_string());
    }
}

#[tokio::test]
async fn a_revoked_expired_or_invented_credential_is_answered_with_401() {
    let shop = TestShop::without_repository().await;
    let control = shop.store.control();
    let [revoked, expired] = ["demo", "demo2"].map(|user| control.issue_credential(user).unwrap());
    assert_eq!(control.revoke_credentials(Some("demo")).unwrap(), 1);
    assert_eq!(control.expire_credentials(Some("demo2")).unwrap(), 1);
    for credential in [revoked.as_str(), expired.as_str(), "nonsense", &format!("{revoked}x")] {
        let (status, answer) = shop.get_tokens(credential, &["org.example.Postcard"]).await;
        assert_eq!(status, 401);
        assert!(answer["message"].is_string());
    }
    let fresh = control.issue_credential("demo").unwrap();
    assert_eq!(shop.get_tokens(&fresh, &["org.example.Postcard"]).await.0, 200);
}

#[tokio::test]
async fn credentials_and_purchases_outlive_the_shop() {
    let shop = TestShop::without_repository().await;
    let control = shop.store.control();
    let credential = control.issue_credential("demo").unwrap();
    control.grant("demo", "org.example.Sketchbook").unwrap();
    let port = shop.store.base_url().port().unwrap();
    shop.store.stop().await;

    let options = StoreOptions { port, ..StoreOptions::without_repository(shop.folder.path()) };
    let store = DemoStore::start(options).await.unwrap();
    let shop = TestShop { store, ..shop };

    let (status, answer) = shop.get_tokens(&credential, &["org.example.Sketchbook"]).await;
    assert_eq!(status, 200);
    assert_eq!(answer["denied"], json!([]));
}

#[tokio::test]
async fn the_front_page_names_the_apps_and_how_to_add_the_shop() {
    let shop = TestShop::without_repository().await;
    let page = shop.get("").await.text().await.unwrap();
    assert!(page.contains("Postcard"));
    assert!(page.contains(shop.store.remote_add_command()));
    assert_eq!(shop.get("favicon.ico").await.status(), 404);
}

#[tokio::test]
async fn a_script_runs_on_the_front_page_alone() {
    let shop = TestShop::without_repository().await;
    let login = format!("login?redirect_uri={RETURN_ADDRESS}");
    for (path, has_script) in [("", true), (login.as_str(), false), ("unheard", false)] {
        let page = shop.get(path).await;
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert_eq!(policy.contains("script-src 'sha256-"), has_script, "{path}: {policy}");
        assert_eq!(page.text().await.unwrap().contains("<script"), has_script, "{path}");
    }
}

#[tokio::test]
async fn a_shop_behind_another_address_names_that_one() {
    let folder = tempfile::tempdir().unwrap();
    let base_url = Some("https://store.example.org/".parse().unwrap());
    let options = StoreOptions { base_url, ..StoreOptions::without_repository(folder.path()) };
    let store = DemoStore::start(options).await.unwrap();
    let command = store.remote_add_command();
    assert!(command.contains(" --authenticator-option=url=https://store.example.org/ "), "{command}");
    assert!(command.ends_with(" demo https://store.example.org/repo"), "{command}");
    assert_ne!(store.port(), 0);
}

#[tokio::test]
async fn signing_out_ends_the_sign_in_that_asks_for_it_and_no_other() {
    let shop = TestShop::without_repository().await;
    let control = shop.store.control();
    let [one, other] = [(); 2].map(|()| control.issue_credential("demo").unwrap());
    let sign_out = async |credential: &str| shop.post_json("api/v1/sign_out", credential, json!({})).await.status();

    assert_eq!(sign_out(&one).await, 204);
    assert_eq!(shop.get_tokens(&one, &["org.example.Postcard"]).await.0, 401);
    assert_eq!(shop.get_tokens(&other, &["org.example.Postcard"]).await.0, 200);
    assert_eq!(sign_out(&one).await, 401, "there is nothing left to end");

    control.offer_sign_out(false);
    let (status, answer) = answer(shop.post_json("api/v1/sign_out", &other, json!({})).await).await;
    assert_eq!((status, answer["message"].is_string()), (404, true));
    assert_eq!(shop.get_tokens(&other, &["org.example.Postcard"]).await.0, 200);
    assert_eq!(shop.control(reqwest::Method::PUT, "sign-out", json!({"offered": true})).await.0, 200);
    assert_eq!(sign_out(&other).await, 204);
}

#[tokio::test]
async fn a_shop_with_passwords_has_no_page_and_takes_no_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        sign_in: SignInKind::Basic,
        control_port: Some(0),
        ..StoreOptions::without_repository(folder.path())
    };
    let shop = TestShop::start(folder, options).await;
    let control = shop.store.control();
    let page = shop.get("login?redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fdone&state=abc").await;
    assert_eq!(page.status(), 404);
    let credential = control.issue_credential("demo").unwrap();
    let refused = shop.post_json("api/v1/get_tokens", &credential, json!({ "ids": [] })).await;
    assert_eq!(refused.headers()["www-authenticate"], "Basic realm=\"Demo Store\", charset=\"UTF-8\"");
    assert_eq!(answer(refused).await.0, 401);

    let call = async |path: &str, password: &str, body: Value| {
        let request = shop.client.post(shop.url(path)).basic_auth("demo", Some(password));
        let response = request.header("content-type", "application/json").body(body.to_string()).send().await;
        answer(response.unwrap()).await
    };
    let ids = json!({ "ids": ["org.example.Postcard", "org.example.Sketchbook"] });
    let (status, tokens) = call("api/v1/get_tokens", "demo", ids.clone()).await;
    assert_eq!((status, &tokens["denied"]), (200, &json!(["org.example.Sketchbook"])));
    assert!(tokens["tokens"]["org.example.Postcard"].as_str().unwrap().contains(DOWNLOAD_TOKEN_MARK));
    let (status, answered) = call("api/v1/get_tokens", "demo", json!({ "ids": [] })).await;
    assert_eq!((status, answered), (200, json!({ "tokens": {}, "denied": [] })));
    let (status, purchase) = call("api/v1/begin_purchase", "demo", json!({ "id": "org.example.Sketchbook" })).await;
    assert_eq!(status, 200);
    assert_eq!(
        shop.get(purchase["start_uri"].as_str().unwrap()).await.status(),
        400,
        "a page that wants to know the way back"
    );
    assert_eq!(call("api/v1/sign_out", "demo", json!({})).await.0, 404);

    let new = json!({ "user": "demo", "password": "new: one" });
    assert_eq!(shop.control(reqwest::Method::PUT, "passwords", new).await.0, 200);
    assert_eq!(call("api/v1/get_tokens", "demo", ids.clone()).await.0, 401);
    assert_eq!(call("api/v1/get_tokens", "new: one", ids).await.0, 200);
    assert!(control.issued_secrets().contains(&"new: one".to_owned()), "tests search for it");
    let requests = shop.store.requests();
    assert_eq!(requests.last().unwrap().authorization, Authorization::Basic);
    assert_eq!(requests.last().unwrap().user.as_deref(), Some("demo"));
}

#[tokio::test]
async fn the_repository_of_a_shop_with_passwords_says_so() {
    let shop = TestShop::with_repository_and(|options| options.sign_in = SignInKind::Basic).await;
    let command = shop.store.remote_add_command();
    assert!(command.contains("--authenticator-option=type=basic"), "{command}");
    let address = shop.store.base_url().to_string();
    shop.store.control().announce_authenticator("org.example.Authenticator", &address).await.unwrap();
    let summary = std::fs::read(shop.folder.path().join("repository/repo/summary")).unwrap();
    let has = |text: &str| summary.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has("xa.authenticator-options") && has("basic"));
}
