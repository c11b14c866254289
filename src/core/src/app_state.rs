// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether a person has access to an app: the words of `io.github.usher.Access1` and of `usherctl query`.

use std::collections::BTreeMap;

use crate::{
    ask::Ask,
    provider::{Grant, Grants},
};

/// What is known about an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppState {
    /// The server needs no token for it.
    Free,
    /// The account has access.
    Owned,
    /// The account has no access.
    NotOwned,
    /// Nobody is signed in.
    AccountNeeded,
    /// The remote may not use an account yet.
    LinkNeeded,
    /// The keyring is locked.
    Locked,
    /// Nothing is known.
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

    /// The states of the apps in `asks`, from the server's grants.
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
    fn an_app_without_a_token_is_free_and_one_with_a_token_is_owned() {
        let token = Grant::Token(Token::parse("t").unwrap(), None);
        let asks = ["a", "b", "c"].map(Ask::of_app);
        let mut said = [Grant::Free, token, Grant::Denied].into_iter();
        let grants = Grants::of(&asks, |_| said.next()).unwrap();
        let words: Vec<_> = AppState::of_all(&asks, &grants).into_values().map(AppState::as_str).collect();
        assert_eq!(words, ["free", "owned", "not-owned"]);
    }
}
