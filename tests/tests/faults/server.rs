// SPDX-License-Identifier: GPL-3.0-or-later
//! Account servers that answer too much or for too long, and others that answer in their place.

use std::process::Command;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use usher_demo_store::{Failure, Reply, Route};
use usher_tests::{LIMIT, Session, Setup};

use crate::client::{APP, Client, Daemon, SignIn};

/// How much more memory a bad answer may take, in KiB.
const GROWTH: u64 = 32 * 1024;

/// A session with an account, a daemon with a short time limit for requests, and a client that has had one error.
async fn session_with_client() -> (Session, Daemon, Client) {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let daemon = Daemon::start(&session, "", &["--verbose", "--http-seconds", "3"]).await;
    let mut client = Client::new(&session).await;
    session.shop().control().fail_times(Route::GetTokens, Failure::Nonsense, 1);
    assert_eq!(client.request(&session).await.code, 2);
    (session, daemon, client)
}

/// Every failure ends in an error and takes little memory; the account stays, and the daemon accepts a good answer
/// afterwards.
async fn assert_refused_within_bounds(failures: Vec<Failure>) {
    let (session, daemon, mut client) = session_with_client().await;
    let before = daemon.peak();
    let control = session.shop().control();
    for failure in failures {
        let shown = format!("{failure:?}").chars().take(80).collect::<String>();
        control.fail(Route::GetTokens, failure);
        let response = client.request(&session).await;
        assert_eq!(response.code, 2, "{shown}: {response:?}");
        assert!(daemon.peak() < before + GROWTH, "{shown}: {} KiB, then {} KiB", before, daemon.peak());
    }
    control.succeed(Route::GetTokens);
    let response = client.request(&session).await;
    assert_eq!((response.code, response.tokens.len()), (0, 1), "{}", response.message);
    assert_eq!(session.leaks(), []);
}

fn raw(text: String) -> Failure {
    Failure::Raw { bytes: text.into() }
}

/// The output of a shell command.
fn shell_output(shell: &str) -> Vec<u8> {
    let output = Command::new("sh").args(["-c", shell]).output().expect("sh starts");
    assert!(output.status.success() && !output.stdout.is_empty(), "{shell}");
    output.stdout
}

fn encoded(encoding: &str, body: Vec<u8>) -> Failure {
    Failure::Reply(
        Reply::new(200, body).with_header("content-type", "application/json").with_header("content-encoding", encoding),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn h04_an_oversized_or_endless_answer_is_refused_in_bounded_time_and_memory() {
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    assert_refused_within_bounds(vec![
        Failure::Big { bytes: 2 << 20 },
        Failure::Big { bytes: 1 << 30 },
        Failure::Endless { milliseconds: 1000 },
        raw(format!("{json}content-length: 1000000000000\r\n\r\n{{}}")),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h05_a_compression_bomb_is_refused_in_bounded_memory() {
    let nested = shell_output("head -c 256M /dev/zero | gzip -1 | gzip -9");
    // A good answer in Brotli, uncompressed: only a client that accepts an encoding it did not ask for can read it.
    let good = format!(r#"{{"tokens":{{"{APP}":"token"}},"denied":[]}}"#);
    let head = u32::try_from((good.len() - 1) << 4 | 1 << 20).expect("a short answer").to_le_bytes();
    let brotli = [&head[..3], good.as_bytes(), b"\x03"].concat();
    assert_refused_within_bounds(vec![
        Failure::GzipBomb { mebibytes: 1024 },
        encoded("gzip", nested.clone()),
        encoded("gzip, gzip", nested),
        encoded("br", brotli),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h28_oversized_headers_are_refused_in_bounded_memory() {
    let body = format!(r#"{{"tokens":{{"{APP}":"token"}},"denied":[]}}"#);
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let end = format!("content-length: {}\r\n\r\n{body}", body.len());
    let lines = "x-line: x\r\n".repeat(200);
    let long = "x".repeat(1 << 20);
    assert_refused_within_bounds(vec![
        raw(format!("{json}{lines}{end}")),
        raw(format!("{json}x-long: {long}\r\n{end}")),
        raw(format!("{json}x-folded: a\r\n b\r\n{end}")),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h21_a_captive_portals_page_does_not_end_the_sign_in() {
    let (session, _daemon, mut client) = session_with_client().await;
    session.shop().control().fail(Route::GetTokens, Failure::Reply(Reply::html("<h1>Welcome to the airport</h1>")));
    let response = client.request(&session).await;
    assert_eq!(response.code, 2);
    assert!(!response.message.contains("airport") && !response.message.contains("Sign"), "{}", response.message);
    assert_still_signed_in(&session).await;
    session.shop().control().reset();
    assert_eq!(client.request(&session).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn h21_a_401_over_an_untrusted_connection_does_not_end_the_sign_in() {
    let session = Session::start(Setup::without_display()).await;
    let folder = session.folder().display().to_string();
    shell_output(&format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=portal \
         -addext subjectAltName=IP:127.0.0.1 -keyout {folder}/key.pem -out {folder}/portal.pem 2>&1; echo made"
    ));
    let mut portal = session.processes.command("/usr/bin/python3");
    portal.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/helpers/portal.py")).arg(&folder);
    session.processes.start("portal", portal);
    let log = session.processes.log_file("portal");
    let port = usher_tests::wait_for(
        "the portal",
        async || Some(std::fs::read_to_string(&log).ok()?.lines().next()?.to_owned()),
        async || String::new(),
    )
    .await;
    let url = format!("https://127.0.0.1:{port}/");
    sign_in_at(&session, &url).await;

    let _daemon = Daemon::start(&session, "", &["--verbose", "--http-seconds", "10"]).await;
    let mut client = Client::new(&session).await;
    let response = client.request_at(&session, &url).await;
    assert_eq!(response.code, 2);
    assert!(response.message.contains("is not secure"), "{}", response.message);
    assert_still_signed_in(&session).await;
    let seen = || std::fs::read_to_string(&log).expect("the log is text");
    let refused = async || seen().contains("refused").then_some(());
    usher_tests::wait_for("the portal to have been spoken to", refused, async || seen()).await;
    assert!(!seen().contains("request"), "nothing was sent to it: {}", seen());
}

#[tokio::test(flavor = "multi_thread")]
async fn h23_tokens_of_a_server_whose_clock_is_ten_years_off_are_used() {
    let (session, _daemon, mut client) = session_with_client().await;
    // {"alg":"none"}.{"exp":1} and {"alg":"none"}.{"exp":9999999999999}
    let (past, future) = ("eyJhbGciOiJub25lIn0.eyJleHAiOjF9.x", "eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTk5OTl9.x");
    for (date, token) in [("Sun, 22 Nov 2006 00:00:00 GMT", past), ("Sun, 22 Nov 2046 00:00:00 GMT", future)] {
        let body = format!(r#"{{"tokens":{{"{APP}":"{token}"}},"denied":[]}}"#);
        let reply = Reply::new(200, body).with_header("content-type", "application/json").with_header("date", date);
        session.shop().control().fail(Route::GetTokens, Failure::Reply(reply));
        let response = client.request(&session).await;
        assert_eq!(response.code, 0, "{date}: {}", response.message);
        assert_eq!(response.tokens.keys().collect::<Vec<_>>(), [token]);
    }
    assert_still_signed_in(&session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn h30_a_proxy_sees_only_the_servers_name_and_its_password_is_not_logged() {
    let session = Session::start(Setup::without_display()).await;
    let url = "https://store.test/";
    sign_in_at(&session, url).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("it has a port").port();
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("somebody connects");
        let mut bytes = vec![0; 65536];
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let count = stream.read(&mut bytes).await.expect("the head comes");
            assert!(count > 0, "the head is whole");
            head.extend_from_slice(&bytes[..count]);
        }
        stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.expect("the client waits");
        let count = stream.read(&mut bytes).await.expect("the client goes on");
        (String::from_utf8(head).expect("a head is text"), bytes[..count].to_vec())
    });
    let shell = ["http_proxy", "https_proxy", "HTTPS_PROXY"]
        .map(|name| format!("export {name}=http://porter:password-CANARY-77@127.0.0.1:{port}"))
        .join("\n");
    let daemon = Daemon::start(&session, &shell, &["--verbose", "--http-seconds", "10"]).await;
    let response = Client::new(&session).await.request_at(&session, url).await;
    assert_eq!(response.code, 2);
    assert!(!response.message.contains("CANARY") && !response.message.contains("porter"), "{}", response.message);
    let (head, after) = tokio::time::timeout(LIMIT, seen).await.expect("the proxy was asked").expect("no panic");
    assert!(head.starts_with("CONNECT store.test:443 HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("\r\nproxy-authorization: basic "), "the proxy knows its user");
    assert!(!head.contains("Bearer") && !head.contains(TOKEN) && !head.contains(APP), "{head}");
    assert_eq!(after.first(), Some(&0x16), "what follows is the beginning of TLS");
    assert!(!daemon.log_text().contains("porter") && !daemon.log_text().contains("CANARY"), "{}", daemon.log_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn h40_a_proxy_that_is_not_understood_is_named_and_nothing_is_sent_past_it() {
    let session = Session::start(Setup::without_display()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("https://127.0.0.1:{}/", listener.local_addr().expect("it has a port").port());
    sign_in_at(&session, &url).await;
    let shell = "export https_proxy=quic://porter:password-CANARY-79@proxy.example:1";
    let daemon = Daemon::start(&session, shell, &["--verbose", "--http-seconds", "10"]).await;
    let response = Client::new(&session).await.request_at(&session, &url).await;
    let reason = "the proxy in the variable “https_proxy” is not understood. Nothing was sent.";
    assert!(response.code == 2 && response.message.ends_with(reason), "{}", response.message);
    assert!(!daemon.log_text().contains("porter") && !daemon.log_text().contains("CANARY"), "{}", daemon.log_text());
    let accepted = tokio::time::timeout(std::time::Duration::ZERO, listener.accept()).await;
    assert!(accepted.is_err(), "nobody has connected");
    assert_still_signed_in(&session).await;
}

const TOKEN: &str = "credential-CANARY-5120";

/// Lets the remote `demo` name the account server `url`, and creates an account there without contacting it.
async fn sign_in_at(session: &Session, url: &str) {
    let option = format!("--authenticator-option=url={url}");
    session.flatpak().run(&["remote-modify", "--user", &option, "demo"]).await.expect_success();
    let sign_in = SignIn::start(session).await;
    sign_in.redirect(TOKEN).await.expect("the browser comes back");
    let (code, said) = sign_in.end().await;
    assert_eq!(code, 0, "{said}");
}

async fn assert_still_signed_in(session: &Session) {
    let list = session.usherctl(&["list"]).await.stdout;
    assert!(list.contains("Signed in"), "{list}");
}
