// SPDX-License-Identifier: GPL-3.0-or-later
//! What a server wants to see before it gives something away (RFC 9110, `WWW-Authenticate`).

use http_auth::{ChallengeRef, parser::ChallengeParser};

use crate::http::HttpResponse;

/// Most headers with challenges to read.
const HEADERS_LIMIT: usize = 16;
/// Most challenges to read of a header.
const CHALLENGES_LIMIT: usize = 16;

/// All challenges of an answer, in their order.
pub(crate) fn challenges(answer: &HttpResponse) -> impl Iterator<Item = ChallengeRef<'_>> {
    let headers = answer.headers_named("www-authenticate").take(HEADERS_LIMIT);
    // What comes behind a mistake means nothing.
    headers.flat_map(|header| ChallengeParser::new(header).take(CHALLENGES_LIMIT).map_while(Result::ok))
}

/// Whether a challenge names this scheme.
pub(crate) fn is_scheme(challenge: &ChallengeRef<'_>, scheme: &str) -> bool {
    challenge.scheme.eq_ignore_ascii_case(scheme)
}
