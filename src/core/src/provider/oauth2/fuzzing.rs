// SPDX-License-Identifier: GPL-3.0-or-later
//! Answers of sign-in servers.

use std::future::{Ready, ready};

use futures_util::FutureExt;
use openidconnect::{
    AccessToken, AsyncHttpClient, AuthorizationCode, DeviceAuthorizationUrl, HttpRequest, HttpResponse, Nonce,
    RefreshToken,
    core::{CoreIdToken, CoreJsonWebKeySet},
};
use url::Url;

use super::{
    device::DeviceSignIn,
    exchange::own_word,
    finish::credential,
    identity::claims_of,
    metadata::{Metadata, check},
    renewal::tokens_error,
    server::{Server, scopes, sign_in_error},
};
use crate::{
    credential::Credential,
    fuzzing::input::{self, assert_is_plain, lines},
    http::HttpError,
    provider::{SignIn, SignInError, Step, wire::json},
    redirect::WAIT,
    service, text,
};

/// A moment in 2026, in seconds since 1970.
const NOW: i64 = 1_790_000_000;
const ISSUER: &str = "https://id.example.org";

/// Says the same to every request.
struct Said(Result<HttpResponse, HttpError>);

impl<'c> AsyncHttpClient<'c> for Said {
    type Error = HttpError;
    type Future = Ready<Result<HttpResponse, HttpError>>;

    fn call(&'c self, _request: HttpRequest) -> Self::Future {
        ready(self.0.clone())
    }
}

fn at(path: &str) -> Url {
    Url::parse(&format!("{ISSUER}/{path}")).expect("it is an address")
}

fn server() -> Server {
    let metadata = Metadata {
        issuer: ISSUER.to_owned(),
        keys: Some(at("keys")),
        authorization: Some(at("authorize")),
        token: at("token"),
        device: Some(at("device")),
        revocation: None,
        userinfo: None,
        scopes: None,
        challenge_methods: None,
        says_issuer: false,
    };
    Server { resource: ISSUER.to_owned(), scopes: Vec::new(), client_id: "usher".to_owned(), metadata }
}

/// What a server says about itself: it is this server, and its addresses can be asked.
pub(crate) fn metadata(bytes: &[u8]) {
    for is_openid in [true, false] {
        let Some(read) = json::read(bytes).ok().and_then(|said| check(said, ISSUER, is_openid).ok()) else { continue };
        assert!(read.issuer == ISSUER && read.is_openid() == is_openid);
        let others = [&read.keys, &read.authorization, &read.device, &read.revocation, &read.userinfo];
        others.into_iter().flatten().chain([&read.token]).for_each(assert_can_be_asked);
        let _ = scopes(&read, "more");
    }
}

fn assert_can_be_asked(url: &Url) {
    assert!(url.scheme() == "https" || service::is_allowed_loopback(url), "{url}");
    assert!(url.has_host() && url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
}

/// An answer to each of the questions: tokens are as they may be sent, and what is shown is plain.
pub(crate) fn answer(bytes: &[u8]) {
    let Some(answer) = input::answer(bytes) else { return };
    let (said, server) = (Said(own_word(answer)), server());
    let Ok(client) = server.client() else { return };
    let exchanged = client.exchange_code(AuthorizationCode::new("code".to_owned())).request_async(&said);
    match exchanged.now_or_never().expect("the answer is there") {
        Ok(tokens) => {
            if let Some(Credential::OAuth2 { ends, refresh, .. }) = credential(&tokens, None, NOW) {
                assert!(ends.is_none_or(|ends| ends > NOW));
                assert!(refresh.is_none_or(|refresh| !refresh.expose().is_empty()));
            }
        }
        Err(fault) => assert_shows_plain(&sign_in_error(fault)),
    }
    let refresh = RefreshToken::new("refresh".to_owned());
    let renewed = client.exchange_refresh_token(&refresh).request_async(&said);
    if let Err(fault) = renewed.now_or_never().expect("the answer is there") {
        let _ = tokens_error(fault);
    }
    device(&said, server);
}

fn device(said: &Said, server: Server) {
    let client = server
        .client()
        .map(|client| client.set_device_authorization_url(DeviceAuthorizationUrl::from_url(at("device"))));
    let Ok(client) = client else { return };
    let begun = client.exchange_device_code().request_async(said).now_or_never().expect("the answer is there");
    let sign_in = match begun {
        Ok(answer) => DeviceSignIn::read(server, answer, NOW),
        Err(fault) => Err(sign_in_error(fault)),
    };
    match sign_in {
        Err(error) => assert_shows_plain(&error),
        Ok(sign_in) => {
            let Step::Code { page, filled_in, code, ends } = sign_in.step() else { panic!("it has a code") };
            assert_can_be_asked(page);
            assert!(filled_in.is_none_or(|filled_in| filled_in.origin() == page.origin()));
            assert!(!code.is_empty() && code.chars().count() <= 32);
            assert_is_plain(code);
            assert!((NOW..=NOW.saturating_add_unsigned(WAIT.as_secs())).contains(&ends));
        }
    }
}

fn assert_shows_plain(error: &SignInError) {
    if let SignInError::Stopped(reason) = error {
        assert!(reason.chars().count() <= text::SERVER_TEXT_LIMIT);
        assert_is_plain(reason);
    }
}

/// Who signed in, in a server's word. A line with it, then the server's keys.
pub(crate) fn identity(bytes: &[u8]) {
    let ([token], keys) = lines(bytes);
    let Ok(token) = input::text(token).parse::<CoreIdToken>() else { return };
    let Ok(keys) = serde_json::from_slice::<CoreJsonWebKeySet>(keys) else { return };
    let (server, access) = (server(), AccessToken::new("access".to_owned()));
    for nonce in [None, Some(Nonce::new("nonce".to_owned()))] {
        if let Ok(Ok(claims)) = claims_of(&server, keys.clone(), &access, &token, nonce.as_ref()) {
            assert_eq!(claims.issuer().as_str(), ISSUER);
        }
    }
}
