// SPDX-License-Identifier: GPL-3.0-or-later
//! The constants of `io.github.usher.Prompter1`, which daemon and window process share.

/// Keys of `details`.
pub mod detail {
    /// `a{ss}`: the claimed binding.
    pub const BINDING: &str = "binding";
    /// `s`: id of the account, if known.
    pub const ACCOUNT: &str = "account";
    /// `s`: name of the remote.
    pub const REMOTE: &str = "remote";
    /// `s`: address of the remote.
    pub const REMOTE_URI: &str = "remote-uri";
    /// `as`: ids of the requested apps.
    pub const APP_IDS: &str = "app-ids";
    /// `s`: the program that asked: see [`super::client`].
    pub const CLIENT: &str = "client";
    /// `s`: a [`super::Reason`].
    pub const REASON: &str = "reason";
    /// `b`: whether the request is an update, or counts as one.
    pub const UPDATE: &str = "update";
    /// `b`: whether the request is for the list of what the remote has. It counts as an update.
    pub const LISTING: &str = "listing";
}

/// Keys of `results`.
pub mod result {
    /// `s`: id of the account that the person signed in to or allowed.
    pub const ACCOUNT: &str = "account";
    /// `s`: more about the outcome: [`NOT_OFFERED`], [`QUEUED`], or text for the log.
    pub const MESSAGE: &str = "message";

    /// The service does not sell the app to this account.
    pub const NOT_OFFERED: &str = "not-offered";
    /// With [`super::Outcome::Deferred`]: the window shows another question, and this one is a row in Usher.
    pub const QUEUED: &str = "queued";
}

/// In the property `Shown`: the main window, which shows everything. Other values are the address of the server that a
/// question is about.
pub const SHOWN_ACCOUNTS: &str = "accounts";

/// Forms of [`detail::CLIENT`].
pub mod client {
    /// Prefix of a name that rests only on the program's own claim.
    pub const CLAIMED: &str = "claimed:";
    /// KDE Discover. It shows nothing of why a request for tokens failed.
    pub const DISCOVER: &str = "plasma-discover";

    /// Whether a program shows nobody why an install failed.
    pub fn is_mute(client: &str) -> bool {
        client == DISCOVER
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The variant of a word; `None` for an unknown word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// What to ask the person for: the prompter's methods.
    Kind {
        /// Sign in to a service.
        SignIn = "SignIn",
        /// Let a remote use an account.
        Link = "Link",
        /// Buy apps.
        Purchase = "Purchase",
        /// Unlock the keyring.
        Unlock = "Unlock",
    }
}

words! {
    /// Why to show a prompt.
    Reason {
        /// There is no account at the service.
        NoAccount = "no-account",
        /// The service ended the sign-in, or the person signed out.
        Rejected = "rejected",
        /// The service gives the sign-in no usable answer, so that it may have ended.
        MayHaveEnded = "may-have-ended",
        /// The remote may not use the account yet.
        NoLink = "no-link",
        /// The account has no access to the apps.
        NotBought = "not-bought",
        /// The keyring is locked.
        Locked = "locked",
    }
}

/// How a prompt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The person did what was asked.
    Done,
    /// The person put it off.
    Dismissed,
    /// The prompt could not be shown or finished.
    Failed,
    /// The prompt is on screen, but its caller need not wait.
    Deferred,
}

impl Outcome {
    /// The number on the wire.
    pub fn code(self) -> u32 {
        match self {
            Self::Done => 0,
            Self::Dismissed => 1,
            Self::Failed => 2,
            Self::Deferred => 3,
        }
    }

    /// The outcome of a number; unknown numbers mean failure.
    pub fn from_code(code: u32) -> Self {
        match code {
            0 => Self::Done,
            1 => Self::Dismissed,
            3 => Self::Deferred,
            _ => Self::Failed,
        }
    }
}

/// Whether a token may name a call: 1 to 255 letters, digits and underscores (rule R9).
pub fn is_handle_token(token: &str) -> bool {
    (1..=255).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_named_by_plain_characters() {
        assert!(is_handle_token("a_1"));
        for bad in ["", "a/b", "../x", "é", &"a".repeat(256)] {
            assert!(!is_handle_token(bad), "{bad}");
        }
    }

    #[test]
    fn words_and_numbers_read_back_unchanged() {
        for kind in [Kind::SignIn, Kind::Link, Kind::Purchase, Kind::Unlock] {
            assert_eq!(Kind::from_word(kind.as_str()), Some(kind));
        }
        for outcome in [Outcome::Done, Outcome::Dismissed, Outcome::Failed, Outcome::Deferred] {
            assert_eq!(Outcome::from_code(outcome.code()), outcome);
        }
    }
}
