// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person takes along to another computer, in the file `Accounts.usher`: the accounts, the repositories that use
//! them, the apps from there. No secret of any kind. Such a file grants nothing: the person agrees to every server
//! anew, and no stored account changes because of it.

mod commands;
mod gather;

use serde::{Deserialize, Serialize};

pub use self::commands::{SetUp, install_command};
use crate::{
    account::{self, Account, AccountState},
    binding::Binding,
    provider::wire::json,
    refs::AppId,
    remote_add::is_key,
    service::RemoteUrl,
    store::Entry,
    text,
};

/// Usual name of the file.
pub const FILE_NAME: &str = "Accounts.usher";
/// Its media type.
pub const MIME_TYPE: &str = "application/x-io.github.usher";
/// Largest file to write and to read, in bytes.
pub const SIZE_LIMIT: usize = 1 << 20;

/// The file's own name for its format.
const FORMAT: &str = "io.github.usher.accounts";
/// Version that this build writes and reads.
const VERSION: u64 = 1;
/// Most accounts, and most repositories, in a file.
const COUNT_LIMIT: usize = 200;
/// Most apps of one account or repository.
const APPS_LIMIT: usize = 2000;

/// The content of such a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Takeout {
    /// The accounts, without credentials.
    pub accounts: Vec<TakenAccount>,
    /// The repositories that use Usher.
    pub repositories: Vec<TakenRepository>,
}

/// An account in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenAccount {
    /// Its server, and how to sign in there.
    #[serde(flatten)]
    pub binding: Binding,
    /// The person's name there.
    pub user: String,
    /// The person's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Ids of the apps that were bought with it.
    #[serde(default)]
    pub bought: Vec<String>,
}

/// A repository in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenRepository {
    /// Flatpak's name for it.
    pub name: String,
    /// Its title, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its address.
    pub address: RemoteUrl,
    /// The tag of a registry's index, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Its account server, from its authenticator options.
    #[serde(flatten)]
    pub binding: Binding,
    /// Whether it belongs to one user's installation.
    pub user_only: bool,
    /// Whether flatpak checks what comes from it against its key.
    pub verified: bool,
    /// Its key, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Index of the account that it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<usize>,
    /// Ids of the apps that were installed from it or bought for it.
    #[serde(default)]
    pub apps: Vec<String>,
}

/// Why a file is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TakeoutError {
    /// It is larger than any such file.
    #[error("the file is too large")]
    TooLarge,
    /// It is another kind of file, or damaged.
    #[error("the file is not one with accounts, or it is damaged")]
    Malformed,
    /// A newer version of Usher wrote it.
    #[error("the file was written by a newer version")]
    Newer,
}

#[derive(Serialize)]
struct File<'a> {
    format: &'static str,
    version: u64,
    accounts: &'a [TakenAccount],
    repositories: &'a [TakenRepository],
}

#[derive(Deserialize)]
struct ReadFile {
    accounts: Vec<TakenAccount>,
    repositories: Vec<TakenRepository>,
}

impl Takeout {
    /// The content of the file.
    pub fn encode(&self) -> Result<Vec<u8>, TakeoutError> {
        let Self { accounts, repositories } = self;
        let file = File { format: FORMAT, version: VERSION, accounts, repositories };
        let mut bytes = serde_json::to_vec_pretty(&file).map_err(|_| TakeoutError::Malformed)?;
        bytes.push(b'\n');
        // Never write what could not be read.
        Self::parse(&bytes).map(|_| bytes)
    }

    /// Reads the content of a file, which may come from anybody.
    pub fn parse(bytes: &[u8]) -> Result<Self, TakeoutError> {
        if bytes.len() > SIZE_LIMIT {
            return Err(TakeoutError::TooLarge);
        }
        let value = json::parse(bytes).map_err(|_| TakeoutError::Malformed)?;
        let is_ours = value.get("format").and_then(serde_json::Value::as_str) == Some(FORMAT);
        match value.get("version").and_then(serde_json::Value::as_u64).filter(|_| is_ours) {
            Some(VERSION) => {}
            Some(version) if version > VERSION => return Err(TakeoutError::Newer),
            _ => return Err(TakeoutError::Malformed),
        }
        let ReadFile { accounts, repositories } = serde_json::from_value(value).map_err(|_| TakeoutError::Malformed)?;
        if accounts.len() > COUNT_LIMIT || repositories.len() > COUNT_LIMIT {
            return Err(TakeoutError::TooLarge);
        }
        let accounts = accounts.into_iter().map(TakenAccount::checked).collect::<Result<Vec<_>, _>>()?;
        let repositories =
            repositories.into_iter().map(|taken| taken.checked(&accounts)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { accounts, repositories })
    }
}

impl TakenAccount {
    /// What to call it where a person reads it: see [`account::label`].
    pub fn label(&self) -> String {
        account::label(&self.user, self.name.as_deref(), &self.binding.host())
    }

    /// The same person's account at the same server on this computer, if there is one.
    pub fn here<'a>(&self, entries: &'a [Entry]) -> Option<&'a Account> {
        let mut here = entries.iter().filter_map(Entry::account);
        here.find(|account| account.binding == self.binding && account.user == self.user)
    }

    /// Whether that account is signed in on this computer.
    pub fn is_signed_in(&self, entries: &[Entry]) -> bool {
        self.here(entries).is_some_and(|account| account.state == AccountState::SignedIn)
    }

    fn checked(mut self) -> Result<Self, TakeoutError> {
        check(&self.binding)?;
        self.user = shown(&self.user)?;
        self.name = self.name.as_deref().map(shown).transpose()?;
        check_apps(&self.bought)?;
        Ok(self)
    }
}

impl TakenRepository {
    /// Whether flatpak can verify what comes from it: against its key, or, from a registry, by its digests.
    pub fn is_verified(&self) -> bool {
        self.verified || self.address.as_str().starts_with("oci+")
    }

    /// The name of the repository to show.
    pub fn display_name(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    fn checked(mut self, accounts: &[TakenAccount]) -> Result<Self, TakeoutError> {
        check(&self.binding)?;
        self.name = shown(&self.name)?;
        self.title = self.title.as_deref().map(shown).transpose()?;
        check_apps(&self.apps)?;
        if self.key.as_deref().is_some_and(|key| !is_key(key)) {
            return Err(TakeoutError::Malformed);
        }
        let is_sound = |at: usize| accounts.get(at).is_some_and(|account| account.binding == self.binding);
        self.account = self.account.filter(|&at| is_sound(at));
        Ok(self)
    }
}

/// A name, checked and cleaned for showing.
fn check(binding: &Binding) -> Result<(), TakeoutError> {
    if binding.is_sound() { Ok(()) } else { Err(TakeoutError::Malformed) }
}

fn shown(name: &str) -> Result<String, TakeoutError> {
    let cleaned = text::clean(name, text::NAME_LIMIT);
    if cleaned.is_empty() { Err(TakeoutError::Malformed) } else { Ok(cleaned) }
}

fn check_apps(apps: &[String]) -> Result<(), TakeoutError> {
    if apps.len() > APPS_LIMIT {
        return Err(TakeoutError::TooLarge);
    }
    if apps.iter().all(|app| AppId::is_valid(app)) { Ok(()) } else { Err(TakeoutError::Malformed) }
}

#[cfg(test)]
mod tests;
