// SPDX-License-Identifier: GPL-3.0-or-later
//! Real HTTP to servers on this computer that misbehave (a development build allows them).

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use usher_core::account::AccountState;

use super::{Bus, Call, Client, Daemon, Plan, soon, until};
use crate::fakes::{APP, OTHER, REMOTE_URI, World, account, configured};

/// A server that answers every request with the same bytes.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    open: Arc<AtomicUsize>,
}

impl Server {
    /// With an empty answer it never answers, and keeps the connection.
    async fn start(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let server = Self { address, requests: Arc::default(), open: Arc::default() };
        let (requests, open, answer) = (server.requests.clone(), server.open.clone(), answer.to_owned());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (requests, open, answer) = (requests.clone(), open.clone(), answer.clone());
                open.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let mut bytes = vec![0; 65536];
                    let read = stream.read(&mut bytes).await.unwrap_or(0);
                    requests.lock().unwrap().push(String::from_utf8_lossy(&bytes[..read]).into_owned());
                    if answer.is_empty() {
                        // Until the client gives up.
                        while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
                    } else {
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        server
    }

    async fn json(status: &str, body: &str) -> Self {
        let length = body.len();
        Self::start(&format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ))
        .await
    }

    fn seen(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// A world in which the remote `shop` is served by this server, with an account.
    fn world(&self) -> Arc<World> {
        let world = World::empty();
        world.accounts.lock().unwrap().push(account(&self.address, "demo", &[REMOTE_URI]));
        *world.remotes.lock().unwrap() = vec![configured("shop", REMOTE_URI, &self.address)];
        world
    }

    fn call(&self) -> Call<'_> {
        Call { service: &self.address, silent: true, ..Call::default() }
    }
}

fn plan(seconds: u64) -> Plan {
    Plan { http: Some(Duration::from_secs(seconds)), ..Plan::default() }
}

const GRANTED: &str = r#"{"tokens":{"org.example.App":"granted"},"denied":[]}"#;

#[tokio::test]
async fn g06_a_development_build_speaks_to_a_server_on_this_computer() {
    let (bus, server) = (Bus::start(), Server::json("200 OK", GRANTED).await);
    let _daemon = Daemon::start_as(&bus, &server.world(), plan(30)).await;
    let response = Client::on(&bus).await.answer(&server.call()).await;
    assert_eq!(response.tokens["granted"], [APP]);
    let request = server.requests.lock().unwrap()[0].clone();
    assert!(request.starts_with("POST /api/v1/get_tokens HTTP/1.1\r\n"), "{request}");
    assert!(request.to_lowercase().contains("authorization: bearer credential-of-demo"));
    assert!(request.ends_with(r#"{"ids":["org.example.App"]}"#));
}

async fn redirected_to(location: &str) -> usize {
    let (bus, head) =
        (Bus::start(), format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"));
    let server = Server::start(&head).await;
    let _daemon = Daemon::start_as(&bus, &server.world(), plan(30)).await;
    let response = Client::on(&bus).await.answer(&server.call()).await;
    assert_eq!(response.code, 2);
    assert!(response.message.contains("unexpected way"));
    server.seen()
}

#[tokio::test]
async fn h01_a_redirect_to_another_server_is_not_followed() {
    let elsewhere = Server::json("200 OK", GRANTED).await;
    redirected_to(&elsewhere.address).await;
    assert_eq!(elsewhere.seen(), 0);
}

#[tokio::test]
async fn h03_a_redirect_in_a_circle_is_not_followed() {
    assert_eq!(redirected_to("/api/v1/get_tokens").await, 1);
}

/// For each answer: the request ends with a clean message, after few attempts, and the sign-in stays.
async fn is_no_answer(answers: &[&str]) {
    let bus = Bus::start();
    for answer in answers {
        let server = Server::start(answer).await;
        let world = server.world();
        let mut daemon = Daemon::start_as(&bus, &world, plan(5)).await;
        let response = Client::on(&bus).await.answer(&server.call()).await;
        assert_eq!((response.code, response.error_code), (2, None), "{answer}");
        assert!(!response.message.contains(|c: char| c.is_control()), "{answer}");
        assert!(server.seen() <= 2, "{answer}");
        assert_eq!(world.accounts.lock().unwrap()[0].state, AccountState::SignedIn);
        daemon.stop();
        daemon.end().await.unwrap();
    }
}

#[tokio::test]
async fn h07_what_is_not_json_is_no_answer() {
    is_no_answer(&[
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n",
    ])
    .await;
}

#[tokio::test]
async fn h16_a_status_that_is_no_success_is_no_answer() {
    is_no_answer(&[
        "HTTP/1.1 503 Busy\r\nRetry-After: 1000000000\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 500 Oops\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n{\"error\":\"\u{1b}[31m\u{202e}\"}",
        "HTTP/1.1 429 Slow Down\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    ])
    .await;
}

#[tokio::test]
async fn h17_a_connection_that_breaks_is_no_answer() {
    is_no_answer(&[
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        "garbage\r\n\r\n",
    ])
    .await;
}

#[tokio::test]
async fn h10_h12_an_answer_that_covers_too_little_or_holds_odd_tokens_is_none() {
    let bus = Bus::start();
    let short = r#"{"tokens":{},"denied":[]}"#;
    let split = r#"{"tokens":{"org.example.App":"a\r\nX-Evil: 1"},"denied":[]}"#;
    for body in [short, split] {
        let server = Server::json("200 OK", body).await;
        let mut daemon = Daemon::start_as(&bus, &server.world(), plan(30)).await;
        let mut client = Client::on(&bus).await;
        let response = client.answer(&server.call()).await;
        assert_eq!((response.code, response.tokens.len()), (2, 0), "{body}");
        assert_eq!(client.answer(&Call { token: "2", ..server.call() }).await.code, 2);
        assert_eq!(server.seen(), 2, "nothing of it is kept");
        daemon.stop();
        daemon.end().await.unwrap();
    }
}

#[tokio::test]
async fn h14_a_401_ends_the_sign_in() {
    let (bus, server) = (Bus::start(), Server::json("401 Unauthorized", "{}").await);
    let world = server.world();
    let _daemon = Daemon::start_as(&bus, &world, plan(30)).await;
    let mut client = Client::on(&bus).await;
    let response = client.answer(&server.call()).await;
    assert_eq!((response.code, response.error_code), (2, Some(23)));
    assert!(response.message.starts_with("Sign-in expired."));
    assert_eq!(world.accounts.lock().unwrap()[0].state, AccountState::Expired);
    client.answer(&Call { token: "2", ..server.call() }).await;
    assert_eq!(server.seen(), 1, "a credential that was refused is not tried again");
}

#[tokio::test]
async fn h31_a_page_in_place_of_an_answer_neither_ends_the_sign_in_nor_opens_a_purchase() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let page = "<html>Checking the browser</html>";
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}", page.len());
        let (bus, server) = (Bus::start(), Server::start(&answer).await);
        let world = server.world();
        let _daemon = Daemon::start_as(&bus, &world, plan(30)).await;
        let response = Client::on(&bus).await.answer(&Call { silent: false, ..server.call() }).await;
        assert_eq!((response.code, response.error_code), (2, None), "{status}");
        assert!(response.message.contains("answered in an unexpected way"), "{}", response.message);
        assert_eq!(world.accounts.lock().unwrap()[0].state, AccountState::SignedIn, "{status}");
        assert!(world.questions().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn h18_a_server_that_never_answers_is_given_up_and_others_are_served() {
    let (bus, stalled) = (Bus::start(), Server::start("").await);
    let working = Server::json("200 OK", r#"{"tokens":{"org.example.Other":"granted"},"denied":[]}"#).await;
    let world = stalled.world();
    world.accounts.lock().unwrap().push(account(&working.address, "two", &["https://two.example/"]));
    let _daemon = Daemon::start_as(&bus, &world, plan(1)).await;
    let (mut slow, mut fast) = (Client::on(&bus).await, Client::on(&bus).await);
    slow.ask(&stalled.call()).await.unwrap();
    until("the server to be asked", || stalled.seen() == 1).await;
    let call = Call { remote_uri: "https://two.example/", refs: vec![OTHER], ..working.call() };
    assert_eq!(fast.answer(&call).await.code, 0);
    let response = slow.response().await;
    assert_eq!(response.code, 2);
    assert!(response.message.ends_with("cannot be reached. Check the connection, then try again."));
}

#[test]
fn c04_names_that_are_looked_up_for_long_delay_nothing_else() {
    let runtime = crate::runtime().unwrap();
    let lookups = Arc::new(Mutex::new(()));
    let held = lookups.lock().unwrap();
    for _ in 0..64 {
        let lookups = lookups.clone();
        runtime.spawn_blocking(move || drop(lookups.lock()));
    }
    runtime.block_on(soon("other work", async { tokio::task::spawn_blocking(|| ()).await.unwrap() }));
    drop(held);
}

#[tokio::test]
async fn d12_l01_a_request_that_is_given_up_lets_its_connection_go() {
    let (bus, server) = (Bus::start(), Server::start("").await);
    let _daemon = Daemon::start_as(&bus, &server.world(), plan(600)).await;
    let (mut closing, leaving) = (Client::on(&bus).await, Client::on(&bus).await);
    let handle = closing.ask(&server.call()).await.unwrap();
    leaving.ask(&server.call()).await.unwrap();
    until("the server to be asked twice", || server.seen() == 2).await;
    closing.close(&handle).await.unwrap();
    assert_eq!(closing.response().await.code, 1);
    leaving.connection.close().await.unwrap();
    until("both connections to be let go", || server.open.load(Ordering::Relaxed) == 0).await;
}

#[tokio::test]
async fn h19_a_server_that_is_not_there_is_named() {
    let bus = Bus::start();
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let server = Server { address: format!("http://{nobody}/"), requests: Arc::default(), open: Arc::default() };
    let _daemon = Daemon::start_as(&bus, &server.world(), plan(30)).await;
    let response = Client::on(&bus).await.answer(&server.call()).await;
    assert_eq!(response.message, format!("{nobody} cannot be reached. Check the connection, then try again."));
}
