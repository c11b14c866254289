// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether an app can be had with what the person has: the words of `io.github.usher.Access1` and of `usherctl query`.

use std::collections::BTreeMap;

use crate::{
    ask::Ask,
    provider::{Grant, Grants},
};

/// What can be said of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppState {
    /// The server wants no token for it.
    Free,
    /// There is access.
    Owned,
    /// There is none.
    NotOwned,
    /// Nobody is signed in.
    AccountNeeded,
    /// The remote may not use an account yet.
    LinkNeeded,
    /// The keyring is locked.
    Locked,
    /// Nothing can be said.
    Unknown,
}

impl AppState {
    /// The word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Owned => "owned",
            Self::NotOwned => "not-owned",
            Self::AccountNeeded => "account-needed",
            Self::LinkNeeded => "link-needed",
            Self::Locked => "locked",
            Self::Unknown => "unknown",
        }
    }

    /// What a server has said of each app that was asked about.
    pub fn of_all(asks: &[Ask], grants: &Grants) -> BTreeMap<String, Self> {
        let state = |grant: &Grant| match grant {
            Grant::Free => Self::Free,
            Grant::Token(..) => Self::Owned,
            Grant::Denied => Self::NotOwned,
        };
        asks.iter().zip(grants.iter()).map(|(ask, grant)| (ask.app_id().to_owned(), state(grant))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::Token;

    #[test]
    fn what_needs_no_token_is_free_and_what_gets_one_is_owned() {
        let token = Grant::Token(Token::parse("t").unwrap(), None);
        let asks = ["a", "b", "c"].map(Ask::of_app);
        let mut said = [Grant::Free, token, Grant::Denied].into_iter();
        let grants = Grants::of(&asks, |_| said.next()).unwrap();
        let words: Vec<_> = AppState::of_all(&asks, &grants).into_values().map(AppState::as_str).collect();
        assert_eq!(words, ["free", "owned", "not-owned"]);
    }
}
