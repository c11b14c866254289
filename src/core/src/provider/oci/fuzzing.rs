// SPDX-License-Identifier: GPL-3.0-or-later
//! Answers of registries and of their token servers.

use super::{
    challenge::{Challenge, Offer},
    name::{RepositoryName, digest},
    registry::{Issued, Manifest, allows, judge_manifest, judge_token},
};
use crate::{fuzzing::input, http::HttpResponse, service};

/// A moment in 2026, in seconds since 1970.
const NOW: i64 = 1_790_000_000;

/// An answer to each of the calls: a token server can be asked, and a token lives for a while.
pub(crate) fn answer(bytes: &[u8]) {
    name(&input::text(bytes));
    let Some(answer) = input::answer(bytes) else { return };
    if let Offer::Tokens(challenge) = Offer::of(&answer) {
        assert_can_be_asked(&challenge);
    }
    if let Ok(Manifest::Challenge(challenge)) = judge_manifest(&answer) {
        assert_eq!(answer.status, 401);
        assert_can_be_asked(&challenge);
    }
    token(&answer);
}

fn token(answer: &HttpResponse) {
    if let Ok(Issued::Token(issued)) = judge_token(answer, NOW) {
        assert!(answer.status == 200 && issued.ends > NOW);
        for name in ["acme/app", "a"] {
            let _ = allows(&issued.token, RepositoryName::parse(name).expect("it is a name"));
        }
    }
}

fn assert_can_be_asked(challenge: &Challenge) {
    let realm = challenge.realm.url();
    assert!(realm.scheme() == "https" || service::is_allowed_loopback(realm), "{realm}");
    assert!(realm.username().is_empty() && realm.password().is_none() && realm.fragment().is_none());
    for name in [&challenge.service, &challenge.scope].into_iter().flatten() {
        assert!(!name.is_empty() && name.len() <= 512);
    }
    if challenge.is_for_reading() {
        let scope = challenge.scope.as_deref().unwrap_or_default();
        assert!(!scope.contains("push") || scope.split(' ').all(|entry| !entry.ends_with("push")));
    }
}

/// A name of a repository adds nothing to an address but its own path.
fn name(text: &str) {
    if let Some(name) = RepositoryName::parse(text) {
        let address = format!("https://registry.example.org/v2/{}/tags/list", name.as_str());
        let read = url::Url::parse(&address).expect("it is an address");
        assert_eq!(read.as_str(), address);
        assert_eq!(name.scope().split(':').count(), 3);
    }
    assert!(digest(text).is_none_or(|digest| digest.len() == "sha256:".len() + 64));
}
