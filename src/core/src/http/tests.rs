// SPDX-License-Identifier: GPL-3.0-or-later
//! Tests of the client with proxies and servers on this computer.

#[cfg(feature = "insecure-loopback")]
mod loopback;
mod proxies;

use super::*;
use crate::credential::Token;

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
