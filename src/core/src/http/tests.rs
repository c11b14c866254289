// SPDX-License-Identifier: GPL-3.0-or-later
//! Tests of the client with proxies and servers on this computer.

#[cfg(feature = "insecure-loopback")]
mod loopback;

use super::*;
use crate::credential::Token;

#[tokio::test]
#[ignore = "is run by others, with a proxy"]
async fn posting_in_vain() {
    let url = url::Url::parse("https://store.example.org/").unwrap();
    let answer = HttpClient::new(HttpLimits::default())
        .post(&url)
        .bearer(&Token::parse("CANARY").unwrap())
        .json(&"x")
        .send()
        .await;
    assert!(answer.is_err());
}

/// The first bytes that a proxy at this address receives.
fn sent_to(proxy: &str) -> Vec<u8> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    for variable in ["https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        command.env_remove(variable);
    }
    let mut child = command
        .args(["--exact", "http::tests::posting_in_vain", "--ignored"])
        .env("HTTPS_PROXY", format!("{proxy}:{}", listener.local_addr().unwrap().port()))
        .spawn()
        .unwrap();
    let (sender, sent) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = vec![0; 4096];
        let read = std::io::Read::read(&mut listener.accept().unwrap().0, &mut bytes).unwrap();
        bytes.truncate(read);
        sender.send(bytes)
    });
    let sent = sent.recv_timeout(Duration::from_secs(30)).expect("the proxy is asked");
    assert!(child.wait().unwrap().success());
    sent
}

#[test]
fn h30_a_proxy_sees_the_servers_name_and_nothing_else() {
    let sent = String::from_utf8(sent_to("http://localhost")).unwrap();
    assert!(sent.starts_with("CONNECT store.example.org:443 ") && !sent.contains("CANARY"), "{sent}");
}

#[test]
fn h30_a_socks_proxy_is_used() {
    assert_eq!(sent_to("socks5h://localhost")[0], 5);
}

#[tokio::test]
async fn a_name_that_leads_to_this_computer_is_refused() {
    let client = HttpClient::new(HttpLimits::default());
    let url = url::Url::parse("https://localhost:9/").unwrap();
    let answer = client.post(&url).bearer(&Token::parse("t").unwrap()).json(&"x").send().await;
    assert_eq!(answer.err(), Some(HttpError::Forbidden));
}

#[test]
fn a_login_that_the_server_would_misread_is_not_sent() {
    let client = HttpClient::new(HttpLimits::default());
    let url = Url::parse("https://store.example.org/").unwrap();
    let sent = |user: &str, password: &str| client.get(&url).basic(user, password).map(|_| ());
    for user in ["a:b", "a\r\nX: 1", "a\0", "a\u{7f}", "a\u{85}"] {
        assert_eq!(sent(user, "p"), Err(BasicError::UserName), "{user:?}");
    }
    for password in ["a\nb", "a\0", "\u{7f}"] {
        assert_eq!(sent("a", password), Err(BasicError::Password), "{password:?}");
    }
    assert_eq!(sent("robot$store+é", "p:q w"), Ok(()));
}
