// SPDX-License-Identifier: GPL-3.0-or-later

#![cfg(feature = "insecure-loopback")]

mod code;
mod device;
mod identity;
mod metadata;
mod nonsense;
mod renewal;
mod server;

use serde_json::{Value, json};

use self::server::{Fields, Peer, http, id_token};
use super::OAuth2;
use crate::{
    binding::Binding,
    provider::{Beginning, Progress, Protocol, RedirectReceiver, SignIn, SignInError, SignedIn, Step, StepAnswer},
    redirect::{Match, Redirect},
};

/// A shop that trusts the server of a test.
const SERVICE: &str = "https://store.example.org/shop/";

/// A sign-in under way: the page's parameters, and the redirect.
struct Begun {
    sign_in: Box<dyn SignIn>,
    page: Fields,
    redirect: Redirect,
}

async fn begin(peer: &Peer) -> Result<Begun, SignInError> {
    begin_at(peer, &peer.binding(SERVICE, "")).await
}

async fn begin_at(peer: &Peer, binding: &Binding) -> Result<Begun, SignInError> {
    let receiver = RedirectReceiver::Listener(20001);
    let beginning = Beginning { binding, receiver, samples: &[], is_typed: false };
    let sign_in = OAuth2.begin(&http(), beginning).await?;
    let Step::Web { start, redirect } = sign_in.step() else { panic!("a page") };
    assert_eq!(start.as_str().split('?').next(), Some(peer.at("authorize").as_str()));
    let page: Fields = start.query_pairs().into_owned().collect();
    assert_eq!(page.len(), start.query_pairs().count(), "a parameter occurs twice");
    let redirect = redirect.clone();
    Ok(Begun { sign_in, page, redirect })
}

impl Begun {
    fn nonce(&self) -> &str {
        &self.page["nonce"]
    }

    /// Comes back with these parameters.
    async fn back(self, query: &str) -> Result<SignedIn, SignInError> {
        self.try_back(query).await.expect("a redirect")
    }

    /// The same, if they make a redirect.
    async fn try_back(self, query: &str) -> Option<Result<SignedIn, SignInError>> {
        let uri = format!("{}?state={}&{query}", self.redirect.uri(), self.redirect.state());
        let Match::Redirect(parameters) = self.redirect.recognise(&uri) else { return None };
        let progress = self.sign_in.answer(&http(), StepAnswer::Redirect(parameters)).await;
        Some(progress.map(|progress| match progress {
            Progress::Done(signed_in) => signed_in,
            Progress::Next(_) => panic!("another step"),
        }))
    }
}

/// Signs in with these members of the answer with tokens, and these claims, in place of the usual.
async fn sign_in(peer: &Peer, tokens: Value, claims: Option<Value>) -> Result<SignedIn, SignInError> {
    let begun = begin(peer).await?;
    let mut answer = peer.tokens(Some(begun.nonce()), tokens);
    if let Some(claims) = claims {
        answer["id_token"] = json!(id_token(1, &peer.claims(Some(begun.nonce()), claims)));
    }
    peer.forgets("token");
    peer.answers("token", &answer);
    begun.back("code=c1").await
}
