// SPDX-License-Identifier: GPL-3.0-or-later
//! What really goes over the wire, tested with a server on this computer (which a development build allows).

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use super::*;

const TOKEN: &str = "CANARY-token";
const JSON: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}";

/// A server that answers one request with these bytes, and then gives what it received.
async fn server(answer: impl Into<Vec<u8>>) -> (Url, JoinHandle<String>) {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/path?q=1", listener.local_addr().unwrap())).unwrap();
    let seen = tokio::spawn(async move {
        let mut stream = listener.accept().await.unwrap().0;
        let mut request = Vec::new();
        while !is_whole(&request) {
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).await.unwrap();
            assert!(read > 0, "the request is cut short");
            request.extend_from_slice(&bytes[..read]);
        }
        let _ = stream.write_all(&answer).await;
        if answer.is_empty() {
            // Wait until the other side gives up.
            let _ = stream.read(&mut [0]).await;
        }
        String::from_utf8(request).unwrap()
    });
    (url, seen)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let head = request.split("\r\n\r\n").next()?;
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

fn client() -> HttpClient {
    HttpClient::new(HttpLimits { time: Duration::from_secs(10), body: 1000 })
}

/// What a client with these limits makes of an answer.
async fn read(limits: HttpLimits, answer: &str) -> Result<HttpResponse, HttpError> {
    let (url, _) = server(answer).await;
    HttpClient::new(limits).post(&url).bearer(&Token::parse(TOKEN).unwrap()).json(&"x").send().await
}

#[tokio::test]
async fn json_is_posted_with_a_bearer_token() {
    let (url, seen) = server(JSON).await;
    let wanted = serde_json::json!({"ids": ["a"]});
    let answer = client().post(&url).bearer(&Token::parse(TOKEN).unwrap()).json(&wanted).send().await.unwrap();
    let seen = seen.await.unwrap();
    assert!(seen.starts_with("POST /path?q=1 HTTP/1.1\r\n"), "{seen}");
    assert_eq!(header(&seen, "authorization"), Some("Bearer CANARY-token"));
    assert_eq!(header(&seen, "content-type"), Some("application/json"));
    assert_eq!(header(&seen, "accept"), Some("application/json"));
    assert_eq!(header(&seen, "referer"), None);
    assert_eq!(body(&seen), r#"{"ids":["a"]}"#);
    assert_eq!((answer.status, answer.is_json(), answer.body.as_slice()), (200, true, &b"{}"[..]));
}

#[tokio::test]
async fn a_form_is_posted_escaped_and_without_credentials() {
    let (url, seen) = server(JSON).await;
    client().post(&url).form([("grant_type", "refresh_token"), ("é&=", "a b+c&d=e")]).send().await.unwrap();
    let seen = seen.await.unwrap();
    assert_eq!(header(&seen, "content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(header(&seen, "authorization"), None);
    assert_eq!(body(&seen), "grant_type=refresh_token&%C3%A9%26%3D=a+b%2Bc%26d%3De");
}

#[tokio::test]
async fn a_get_carries_a_login_and_no_body() {
    let (url, seen) = server(JSON).await;
    client().get(&url).basic("Aladdin", "open sesame").unwrap().send().await.unwrap();
    let seen = seen.await.unwrap();
    assert!(seen.starts_with("GET /path?q=1 HTTP/1.1\r\n"), "{seen}");
    // The example from RFC 7617.
    assert_eq!(header(&seen, "authorization"), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    assert_eq!((header(&seen, "content-type"), body(&seen)), (None, ""));
}

#[tokio::test]
async fn a_login_is_sent_as_utf_8() {
    let (url, seen) = server(JSON).await;
    client().get(&url).basic("test", "123£").unwrap().send().await.unwrap();
    assert_eq!(header(&seen.await.unwrap(), "authorization"), Some("Basic dGVzdDoxMjPCow=="));
}

#[tokio::test]
async fn a_head_request_gives_status_and_headers_without_a_body() {
    let answer = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 5000\r\nContent-Encoding: gzip\r\n\
        WWW-Authenticate: Bearer realm=\"https://auth.example.org/\"\r\nWWW-Authenticate: Basic\r\n\r\n";
    let (url, seen) = server(answer).await;
    let answer = client().head(&url).send().await.unwrap();
    assert!(seen.await.unwrap().starts_with("HEAD /path?q=1 HTTP/1.1\r\n"));
    assert_eq!((answer.status, answer.is_json(), answer.body.len()), (401, false, 0));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"https://auth.example.org/\""));
    assert_eq!(answer.headers_named("WWW-Authenticate").count(), 2);
    assert_eq!(answer.header("x-other"), None);
}

#[tokio::test]
async fn h03_a_redirect_is_an_unexpected_answer() {
    for status in ["301 Moved", "302 Found", "307 Again", "308 Moved", "304 Same"] {
        let answer = format!("HTTP/1.1 {status}\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(read(HttpLimits::default(), &answer).await.err(), Some(HttpError::Unexpected), "{status}");
    }
}

#[tokio::test]
async fn a_too_long_answer_is_unexpected() {
    let limits = HttpLimits { body: 10, ..HttpLimits::default() };
    let of = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}", "x".repeat(length));
    assert_eq!(read(limits, &of(10)).await.unwrap().body.len(), 10);
    assert_eq!(read(limits, &of(11)).await.err(), Some(HttpError::Unexpected));
}

#[tokio::test]
async fn a_missing_answer_times_out() {
    let limits = HttpLimits { time: Duration::from_millis(200), ..HttpLimits::default() };
    assert_eq!(read(limits, "").await.err(), Some(HttpError::TimedOut));
    let slow = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert!(read(limits, slow).await.is_err(), "a body that is cut short");
}

#[tokio::test]
async fn no_error_shows_the_address_or_a_secret() {
    for answer in ["nonsense", "HTTP/1.1 302 Found\r\nLocation: /?token=CANARY\r\n\r\n"] {
        let error = read(HttpLimits::default(), answer).await.err().unwrap();
        let told = format!("{error} {error:?}");
        assert!(!told.contains("CANARY") && !told.contains("127.0.0.1"), "{told}");
    }
}
