// SPDX-License-Identifier: GPL-3.0-or-later
//! Answers of account servers.

use super::{judge, judge_check, judge_listing, judge_purchase, judge_sign_out, wants_basic, wants_bearer};
use crate::{ask::Ask, credential::TOKEN_LIMIT, fuzzing::input, provider::Grant, service::ServiceUrl};

/// A moment in 2026, in seconds since 1970.
const NOW: i64 = 1_790_000_000;

/// An answer to each of the calls: everything that was asked is granted or denied, and a page is at this very server.
pub(crate) fn answer(bytes: &[u8]) {
    let Some(answer) = input::answer(bytes) else { return };
    let asks = ["org.example.App", "org.example.Other"].map(Ask::of_app);
    if let Ok(grants) = judge(&answer, &asks, NOW) {
        assert_eq!(grants.iter().count(), asks.len());
        grants.iter().for_each(assert_is_sound);
        assert!(matches!(answer.status, 200 | 403), "only these say anything of apps");
        let access = grants.access(&asks);
        assert!(access.granted.is_disjoint(&access.denied));
        assert_eq!(access.granted.len() + access.denied.len(), asks.len());
    }
    if let Ok(grant) = judge_listing(&answer, NOW) {
        assert_is_sound(&grant);
    }
    let service = ServiceUrl::parse("https://store.example.org/base/").expect("it is an address");
    if let Ok(page) = judge_purchase(&answer, &service) {
        assert!(answer.status == 200 && service.has_origin_of(&page) && page.username().is_empty(), "{page}");
    }
    assert!(judge_check(&answer).is_err() || matches!(answer.status, 200 | 403));
    let _ = (judge_sign_out(&answer), wants_bearer(&answer), wants_basic(&answer));
}

/// Panics unless a token may go into a header, and ends when tokens may.
fn assert_is_sound(grant: &Grant) {
    if let Grant::Token(token, ends) = grant {
        let text = token.expose();
        assert!(!text.is_empty() && text.len() <= TOKEN_LIMIT && text.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(ends.is_none_or(|ends| ends >= 0));
    }
}
