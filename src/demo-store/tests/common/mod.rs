// SPDX-License-Identifier: GPL-3.0-or-later
//! Shared helpers: a shop, and an HTTP client of it.

#![allow(dead_code, reason = "not every test uses everything")]

use std::{path::Path, sync::Once, time::Duration};

use reqwest::{Client, Method, Response, redirect};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::Url;
use usher_demo_store::{DemoStore, StoreOptions};

/// The return address after signing in or buying.
pub const RETURN_ADDRESS: &str = "http://127.0.0.1:4711/done";

/// A shop in a folder of its own, and a client.
pub struct TestShop {
    pub store: DemoStore,
    pub folder: TempDir,
    pub client: Client,
}

impl TestShop {
    /// A shop without a repository.
    pub async fn without_repository() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions { control_port: Some(0), ..StoreOptions::without_repository(folder.path()) };
        Self::start(folder, options).await
    }

    /// A shop with a repository.
    pub async fn with_repository() -> Self {
        Self::with_repository_and(|_| {}).await
    }

    /// A shop with a repository and changed options.
    pub async fn with_repository_and(change: impl FnOnce(&mut StoreOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = StoreOptions {
            repository_cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("repository-cache")),
            ..StoreOptions::new(folder.path())
        };
        change(&mut options);
        Self::start(folder, options).await
    }

    pub async fn start(folder: TempDir, options: StoreOptions) -> Self {
        Self { store: DemoStore::start(options).await.unwrap(), folder, client: client() }
    }

    pub fn url(&self, path: &str) -> Url {
        self.store.base_url().join(path).unwrap()
    }

    pub fn url_with(&self, path: &str, parameters: &[(&str, &str)]) -> Url {
        let mut url = self.url(path);
        url.query_pairs_mut().extend_pairs(parameters);
        url
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    /// Requests a file of the repository with a download token.
    pub async fn get_with_token(&self, path: &str, token: &str) -> Response {
        self.client.get(self.url(path)).bearer_auth(token).send().await.unwrap()
    }

    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.client.post(self.url(path)).body(body);
        request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
    }

    pub async fn post_json(&self, path: &str, credential: &str, body: Value) -> Response {
        self.try_post_json(path, credential, body).await.unwrap()
    }

    pub async fn try_post_json(&self, path: &str, credential: &str, body: Value) -> reqwest::Result<Response> {
        let request = self.client.post(self.url(path)).bearer_auth(credential);
        request.header("content-type", "application/json").body(body.to_string()).send().await
    }

    pub async fn get_tokens(&self, credential: &str, ids: &[&str]) -> (u16, Value) {
        answer(self.post_json("api/v1/get_tokens", credential, json!({ "ids": ids })).await).await
    }

    /// A download token for one app that the user may have.
    pub async fn download_token(&self, user: &str, id: &str) -> String {
        let credential = self.store.control().issue_credential(user).unwrap();
        let (_, answer) = self.get_tokens(&credential, &[id]).await;
        answer["tokens"][id].as_str().unwrap().to_owned()
    }

    /// Calls the control endpoint.
    pub async fn control(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = self.store.control_url().unwrap().join(path).unwrap();
        let request = self.client.request(method, url).header("content-type", "application/json");
        answer(request.body(body.to_string()).send().await.unwrap()).await
    }

    /// The status of a request for exactly this path, which an HTTP client would normalise.
    pub async fn raw_status(&self, path: &str) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.store.base_url().port().unwrap())).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

/// The status and the JSON of an answer.
pub async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

/// The value of a parameter in the query.
pub fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The address to which an answer redirects.
pub fn location(response: &Response) -> Url {
    Url::parse(response.headers()["location"].to_str().unwrap()).unwrap()
}

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| rustls::crypto::ring::default_provider().install_default().unwrap());
    Client::builder().redirect(redirect::Policy::none()).no_proxy().timeout(Duration::from_secs(30)).build().unwrap()
}
