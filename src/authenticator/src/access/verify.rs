// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether tokens that somebody shows are good for refs. Never asks the person. Tells nothing that whoever has the public
//! keys could not find out alone.

use std::{collections::BTreeMap, sync::Arc};

use url::Url;
use usher_core::{
    binding::OptionsError,
    credential::Token,
    ground::Ground,
    http::HttpError,
    patience::within,
    refs::FlatpakRef,
    remote::Remote,
    token_check::{self, KeySet, KeySource, NotAJwt, Terms},
};
use zbus::{DBusError, Message, fdo, message::Header, names::ErrorName};

use super::{AccessService, remotes_of};
use crate::{
    flow::Reading,
    limits::{self, LimitError},
    open_requests::AdmissionError,
};

/// The refs of a call, each with its token.
pub(super) type Shown = BTreeMap<String, (FlatpakRef, Token)>;

/// Why nothing is said about the tokens of a call.
#[derive(Debug, thiserror::Error)]
pub(super) enum VerifyError {
    /// The call itself is wrong, or was ended.
    #[error(transparent)]
    Call(#[from] fdo::Error),
    /// No such remote uses Usher, or installations disagree about it.
    #[error("there is no such remote that uses Usher")]
    UnknownRemote,
    /// The remote names no keys.
    #[error("the remote names no keys to check tokens with (“verify-key”)")]
    NoKeys,
    /// The option that names the keys cannot be used.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// A token that only its server can judge.
    #[error("a token that is {0}")]
    NotAJwt(#[from] NotAJwt),
    /// The keys are at a server to which nobody has agreed.
    #[error("the keys are at a server to which no account is linked")]
    AccountNeeded,
    /// The server did not show its keys.
    #[error("the server does not show its keys: {0}")]
    Unreachable(#[from] HttpError),
}

impl From<LimitError> for VerifyError {
    fn from(error: LimitError) -> Self {
        Self::Call(error.into())
    }
}

impl From<AdmissionError> for VerifyError {
    fn from(refusal: AdmissionError) -> Self {
        Self::Call(refusal.into())
    }
}

impl DBusError for VerifyError {
    fn create_reply(&self, call: &Header<'_>) -> zbus::Result<Message> {
        match self {
            Self::Call(error) => error.create_reply(call),
            error => Message::error(call, error.name())?.build(&error.to_string()),
        }
    }

    fn name(&self) -> ErrorName<'_> {
        ErrorName::from_static_str_unchecked(match self {
            Self::Call(error) => return error.name(),
            Self::UnknownRemote => "io.github.usher.Access1.Error.UnknownRemote",
            Self::NoKeys | Self::Options(_) | Self::NotAJwt(_) => "io.github.usher.Access1.Error.CannotBeChecked",
            Self::AccountNeeded => "io.github.usher.Access1.Error.AccountNeeded",
            Self::Unreachable(_) => "io.github.usher.Access1.Error.Unreachable",
        })
    }

    fn description(&self) -> Option<&str> {
        match self {
            Self::Call(error) => error.description(),
            _ => None,
        }
    }
}

/// Reads the refs and tokens of a call.
pub(super) fn shown(entries: &[(&str, &str)]) -> Result<Shown, LimitError> {
    let mut shown = Shown::new();
    for &(wanted, token) in entries {
        limits::within(wanted)?;
        let parsed = wanted.parse().map_err(|_| LimitError::Ref)?;
        let token = Token::parse(token).map_err(|_| LimitError::Token)?;
        if shown.get(wanted).is_some_and(|(_, other)| *other != token) {
            return Err(LimitError::TwoTokens);
        }
        shown.insert(wanted.to_owned(), (parsed, token));
    }
    Ok(shown)
}

impl AccessService {
    /// Whether each token is good for its ref.
    pub(super) async fn verify(
        self: Arc<Self>,
        remote: String,
        remote_uri: String,
        shown: Shown,
    ) -> Result<BTreeMap<String, bool>, VerifyError> {
        let flow = &self.daemon.flow;
        let mut found = remotes_of(&*flow.installations, &remote, &remote_uri).await.into_iter();
        let remote = found.next().ok_or(VerifyError::UnknownRemote)?;
        if found.any(|other| other.options != remote.options || other.registry != remote.registry) {
            return Err(VerifyError::UnknownRemote);
        }
        let Terms { keys, repository } = Terms::of(&remote)?.ok_or(VerifyError::NoKeys)?;
        let keys = match keys {
            KeySource::Inline(keys) => Arc::new(keys),
            KeySource::At(address) => self.keys_at(&address, &remote, &shown).await?,
        };
        let now = flow.clock.now();
        // Many signatures take time that the bus does not have.
        let checked = tokio::task::spawn_blocking(move || check(&shown, &keys, repository.as_deref(), now)).await;
        checked.unwrap_or_else(|error| Err(fdo::Error::Failed(error.to_string()).into()))
    }

    /// The keys at a server, if an account is linked to the remote.
    async fn keys_at(&self, address: &Url, remote: &Remote, shown: &Shown) -> Result<Arc<KeySet>, VerifyError> {
        let flow = &self.daemon.flow;
        let ids: Result<Vec<Option<String>>, NotAJwt> =
            shown.values().map(|(_, token)| token_check::key_id(token.expose())).collect();
        let ids = ids?.into_iter().flatten().collect();
        let ground = Ground::of(remote).map_err(|_| VerifyError::UnknownRemote)?;
        let look = async {
            let entries = flow.accounts.entries(Reading { afresh: false, interactive: false }).await;
            if !entries.is_ok_and(|entries| token_check::is_agreed(&entries, &ground)) {
                return Err(VerifyError::AccountNeeded);
            }
            Ok(flow.token_keys.at(address, &ids, flow.clock.elapsed()).await?)
        };
        within(flow.limit, look).await.unwrap_or(Err(HttpError::TimedOut.into()))
    }
}

fn check(
    shown: &Shown,
    keys: &KeySet,
    repository: Option<&str>,
    now: i64,
) -> Result<BTreeMap<String, bool>, VerifyError> {
    let verdict = |(name, (wanted, token)): (&String, &(FlatpakRef, Token))| {
        let checked = token_check::check(token.expose(), wanted, keys, repository, now)?;
        if let Err(fault) = checked {
            tracing::debug!(reason = fault.as_str(), "a token that was shown is not good");
        }
        Ok((name.clone(), checked.is_ok()))
    };
    shown.iter().map(verdict).collect()
}
