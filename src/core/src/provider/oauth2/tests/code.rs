// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing in on the server's page.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::server::{Fields, Peer, http, id_token, keys};
use crate::{
    clock,
    credential::Credential,
    provider::{
        Beginning, Progress, Protocol, RedirectReceiver, SignIn, SignInError, SignedIn, Step, StepAnswer,
        oauth2::OAuth2,
    },
    redirect::{Match, Redirect},
};

const SERVICE: &str = "https://store.example.org/shop/";

/// A sign-in under way: the page's parameters, and the redirect.
struct Begun {
    sign_in: Box<dyn SignIn>,
    page: Fields,
    redirect: Redirect,
}

async fn begin(peer: &Peer) -> Result<Begun, SignInError> {
    let binding = peer.binding(SERVICE);
    let receiver = RedirectReceiver::Listener(20001);
    let beginning = Beginning { binding: &binding, receiver, samples: &[], is_typed: false };
    let sign_in = OAuth2.begin(&http(), beginning).await?;
    let Step::Web { start, redirect } = sign_in.step() else { panic!("a page") };
    assert_eq!(start.as_str().split('?').next(), Some(peer.at("authorize").as_str()));
    let page: Fields = start.query_pairs().into_owned().collect();
    assert_eq!(page.len(), start.query_pairs().count(), "a parameter occurs twice");
    let redirect = redirect.clone();
    Ok(Begun { page, redirect, sign_in })
}

impl Begun {
    fn nonce(&self) -> Option<&str> {
        Some(&self.page["nonce"])
    }

    /// Comes back with these parameters.
    async fn back(self, query: &str) -> Result<SignedIn, SignInError> {
        let uri = format!("{}?state={}&{query}", self.redirect.uri(), self.redirect.state());
        let Match::Redirect(parameters) = self.redirect.recognise(&uri) else { panic!("not recognised") };
        match self.sign_in.answer(&http(), StepAnswer::Redirect(parameters)).await? {
            Progress::Done(signed_in) => Ok(signed_in),
            Progress::Next(_) => panic!("another step"),
        }
    }
}

/// Signs in with these members of the answer with tokens, and these claims, in place of the usual.
async fn sign_in(peer: &Peer, tokens: Value, claims: Option<Value>) -> Result<SignedIn, SignInError> {
    let begun = begin(peer).await?;
    let mut answer = peer.tokens(begun.nonce(), tokens);
    if let Some(claims) = claims {
        answer["id_token"] = json!(id_token(1, &peer.claims(begun.nonce(), claims)));
    }
    peer.forgets("token");
    peer.answers("token", &answer);
    begun.back("code=c1").await
}

#[tokio::test]
async fn a_code_with_its_proof_becomes_an_account() {
    let peer = Peer::start().await;
    let begun = begin(&peer).await.unwrap();
    let page = begun.page.clone();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "usher"),
        ("redirect_uri", "http://127.0.0.1:20001/io.github.usher/callback"),
        ("state", begun.redirect.state()),
        ("scope", "openid profile email offline_access"),
        ("resource", SERVICE),
        ("prompt", "consent"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(page.get(name).map(String::as_str), Some(value), "{name}");
    }
    peer.answers("token", &peer.tokens(begun.nonce(), json!({})));
    let before = clock::now();
    let signed_in = begun.back("code=c1").await.unwrap();

    let asked = &peer.asked("token")[0];
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "c1"),
        ("client_id", "usher"),
        ("redirect_uri", "http://127.0.0.1:20001/io.github.usher/callback"),
        ("resource", SERVICE),
    ] {
        assert_eq!(asked.get(name).map(String::as_str), Some(value), "{name}");
    }
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(&asked["code_verifier"]));
    assert_eq!(page["code_challenge"], proof);
    assert_eq!(asked.get("Authorization"), None, "Usher has no secret to show");

    let Credential::OAuth2 { access, refresh, ends } = signed_in.credential else { panic!("another kind") };
    assert_eq!((access.expose(), refresh.unwrap().expose()), ("access-1", "refresh-1"));
    assert!((before + 600..=clock::now() + 600).contains(&ends.unwrap()));
    assert_eq!((signed_in.user.as_deref(), signed_in.valid_until), (Some("demo"), None));
    let endpoints = ["revocation", "token", "userinfo"].map(|name| signed_in.endpoints[name].clone());
    assert_eq!(endpoints, ["revoke", "token", "userinfo"].map(|place| peer.at(place)));
    assert!(peer.asked("userinfo").is_empty(), "the signed word says enough");
}
