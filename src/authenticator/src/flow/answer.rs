// SPDX-License-Identifier: GPL-3.0-or-later
//! The answer to a client, and the work that follows it.

use std::collections::HashMap;

use serde::{Serialize, Serializer, ser::SerializeMap};
use usher_core::{
    account::AccountId,
    credential::Token,
    pending::{Pending, Unusable},
    provider::{Access, Grant},
    refs::FlatpakRef,
};
use zbus::zvariant::{Signature, Type, Value, as_value};

use super::{notification_event::NotificationEvent, obstacle::Obstacle, outcome::Outcome, ports::Question};
use crate::request::Request;

/// `FLATPAK_ERROR_AUTHENTICATION_FAILED`.
const AUTHENTICATION_FAILED: i32 = 23;
/// `FLATPAK_ERROR_NOT_AUTHORIZED`.
const NOT_AUTHORIZED: i32 = 24;

/// The only `Response` of a request.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Each token with its refs; the refs without a token under none. Never empty.
    Tokens(Vec<(Option<Token>, Vec<FlatpakRef>)>),
    /// The token that opens a listing. `None` if none is needed, or none can be had.
    Listing(Option<Token>),
    /// The person put it off, or the client closed it.
    Cancelled,
    /// No tokens.
    Failed {
        /// A `FlatpakError` number; `None` for a failure of no particular kind.
        code: Option<i32>,
        /// One line for a person.
        message: String,
    },
}

/// An answer, and the work that follows it.
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) follow_up: FollowUp,
}

/// Work to do after the answer. The client does not wait for it.
#[derive(Default)]
pub(crate) struct FollowUp {
    /// A note of the refs that were not covered.
    pub(crate) note: Option<Pending>,
    /// A note of a request whose remote's options cannot be used.
    pub(crate) unusable: Option<Unusable>,
    /// Whether every ref outside the note was covered.
    pub(crate) covered: bool,
    /// A question to the person whose answer nobody waits for.
    pub(crate) question: Option<Question>,
    /// The account that was used, if its use is to be saved.
    pub(crate) used: Option<AccountId>,
    /// News about the purchases of an account.
    pub(crate) settled: Option<(AccountId, Access)>,
    /// Something that a notification may say.
    pub(crate) notification: Option<NotificationEvent>,
    /// What the activity log says; `None` if the answer says it.
    pub(crate) outcome: Option<Outcome>,
}

impl Answer {
    /// Gives nothing that was asked for.
    pub(crate) fn without_tokens(request: &Request) -> Self {
        Self::with_tokens(request, &vec![None; request.asks.len()])
    }

    /// Puts each ref under its token, if it has one; or gives the token for the listing that was asked for.
    pub(crate) fn with_tokens(request: &Request, grants: &[Option<Grant>]) -> Self {
        if request.is_listing {
            return Self::Listing(token_of(grants.first().and_then(Option::as_ref)).cloned());
        }
        let mut tokens: Vec<(Option<Token>, Vec<FlatpakRef>)> = Vec::new();
        let mut places = HashMap::with_capacity(grants.len());
        for (ask, grant) in request.asks.iter().zip(grants) {
            let Some(wanted) = ask.full_ref() else { continue };
            let token = token_of(grant.as_ref());
            let place = *places.entry(text_of(token)).or_insert_with(|| {
                tokens.push((token.cloned(), Vec::new()));
                tokens.len() - 1
            });
            tokens[place].1.push(wanted.clone());
        }
        Self::Tokens(tokens)
    }

    /// The failure for an obstacle.
    pub(crate) fn failed(obstacle: &Obstacle, message: String) -> Self {
        let code = match obstacle {
            Obstacle::NoAccount
            | Obstacle::SignedOut(_)
            | Obstacle::Expired(_)
            | Obstacle::MayHaveEnded(_)
            | Obstacle::NoLink(_)
            | Obstacle::Refused
            | Obstacle::Locked
            | Obstacle::NoKeyring
            | Obstacle::NoPortal
            | Obstacle::KeyringFailed
            | Obstacle::NotSavedYet
            | Obstacle::Changed { .. } => Some(AUTHENTICATION_FAILED),
            Obstacle::NotBought { .. } | Obstacle::NotOffered { .. } => Some(NOT_AUTHORIZED),
            Obstacle::Options(_)
            | Obstacle::Unreachable
            | Obstacle::Proxy(_)
            | Obstacle::BadAnswer
            | Obstacle::NotSecure(_)
            | Obstacle::NotRenewed { .. }
            | Obstacle::NotPossible => None,
        };
        Self::Failed { code, message }
    }

    /// The `response` of `Response`.
    pub(crate) fn code(&self) -> u32 {
        match self {
            Self::Tokens(_) | Self::Listing(_) => 0,
            Self::Cancelled => 1,
            Self::Failed { .. } => 2,
        }
    }
}

fn token_of(grant: Option<&Grant>) -> Option<&Token> {
    match grant {
        Some(Grant::Token(token, _)) => Some(token),
        Some(Grant::Free | Grant::Denied) | None => None,
    }
}

/// The token as the client gets it: empty without one.
fn text_of(token: Option<&Token>) -> &str {
    token.map(Token::expose).unwrap_or_default()
}

/// The refs of each token, as the client gets them.
struct RefsByToken<'a>(&'a [(Option<Token>, Vec<FlatpakRef>)]);

impl Type for RefsByToken<'_> {
    const SIGNATURE: &'static Signature = <HashMap<&str, Vec<&str>> as Type>::SIGNATURE;
}

impl Serialize for RefsByToken<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(token, refs)| (text_of(token.as_ref()), Refs(refs))))
    }
}

struct Refs<'a>(&'a [FlatpakRef]);

impl Serialize for Refs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(FlatpakRef::as_str))
    }
}

/// The `results` of `Response`, serialized straight from the answer, since there can be thousands of refs.
pub(crate) struct Results<'a>(pub(crate) &'a Answer);

impl Type for Results<'_> {
    const SIGNATURE: &'static Signature = <HashMap<&str, Value<'_>> as Type>::SIGNATURE;
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut results = serializer.serialize_map(None)?;
        match self.0 {
            Answer::Tokens(tokens) => results.serialize_entry("tokens", &as_value::Serialize(&RefsByToken(tokens)))?,
            Answer::Listing(token) => {
                results.serialize_entry("token", &as_value::Serialize(&text_of(token.as_ref())))?;
            }
            Answer::Cancelled => {}
            Answer::Failed { code, message } => {
                results.serialize_entry("error-message", &as_value::Serialize(message))?;
                if let Some(code) = code {
                    results.serialize_entry("error-code", &as_value::Serialize(code))?;
                }
            }
        }
        results.end()
    }
}

impl Reply {
    /// An answer that only the log hears more of.
    pub(super) fn with_outcome(answer: Answer, outcome: Outcome) -> Self {
        Self { answer, follow_up: FollowUp { outcome: Some(outcome), ..FollowUp::default() } }
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self { answer, follow_up: FollowUp::default() }
    }
}

/// Shows the kind of answer but no tokens.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tokens(tokens) => {
                let count = |has_token| -> usize {
                    let those = tokens.iter().filter(|(token, _)| token.is_some() == has_token);
                    those.map(|(_, refs)| refs.len()).sum()
                };
                f.debug_struct("Tokens").field("with", &count(true)).field("without", &count(false)).finish()
            }
            Self::Listing(token) => f.debug_struct("Listing").field("has_token", &token.is_some()).finish(),
            Self::Cancelled => f.write_str("Cancelled"),
            Self::Failed { code, message } => {
                f.debug_struct("Failed").field("code", code).field("message", message).finish()
            }
        }
    }
}
