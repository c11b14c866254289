// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person takes along to another computer, in the file `Accounts.usher`: which accounts there are, which repositories
//! use them, which apps came from there. No secret of any kind. What such a file says grants nothing: every server is agreed
//! to anew, and no stored account is changed by it.

mod commands;
mod gather;

use serde::{Deserialize, Serialize};

pub use self::commands::{SetUp, install_command};
use crate::{
    account::{Account, AccountState},
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
/// Largest file that is written and read, in bytes.
pub const SIZE_LIMIT: usize = 1 << 20;

/// What the file says it is.
const FORMAT: &str = "io.github.usher.accounts";
/// Version that this build writes and reads.
const VERSION: u64 = 1;
/// Most accounts, and most repositories.
const COUNT_LIMIT: usize = 200;
/// Most apps of one account or repository.
const APPS_LIMIT: usize = 2000;

/// What is taken along.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Takeout {
    /// The accounts, without what signs in to them.
    pub accounts: Vec<TakenAccount>,
    /// The repositories whose accounts Usher keeps.
    pub repositories: Vec<TakenRepository>,
}

/// An account that is taken along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenAccount {
    /// Where it is, and how it is signed in to.
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

/// A repository that is taken along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenRepository {
    /// Flatpak's own name for it.
    pub name: String,
    /// Its title, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its address.
    pub address: RemoteUrl,
    /// Where its accounts are: its authenticator options.
    #[serde(flatten)]
    pub binding: Binding,
    /// Whether it was set up for one user alone.
    pub user_only: bool,
    /// Whether what comes from it is checked against its key.
    pub verified: bool,
    /// Its key, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Which of the accounts it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<usize>,
    /// Ids of the apps that were installed from it or bought for it.
    #[serde(default)]
    pub apps: Vec<String>,
}

/// Why a file is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TakeoutError {
    /// Larger than any such file.
    #[error("the file is too large")]
    TooLarge,
    /// Not such a file, or a damaged one.
    #[error("the file is not one with accounts, or it is damaged")]
    Malformed,
    /// Written by a newer version.
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
        // What is written can be read.
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
    /// The account of that person at that server which is on this computer, if there is one.
    pub fn here<'a>(&self, entries: &'a [Entry]) -> Option<&'a Account> {
        let mut here = entries.iter().filter_map(Entry::account);
        here.find(|account| account.binding == self.binding && account.user == self.user)
    }

    /// Whether it is signed in to on this computer.
    pub fn is_signed_in(&self, entries: &[Entry]) -> bool {
        self.here(entries).is_some_and(|account| account.state == AccountState::SignedIn)
    }

    fn checked(mut self) -> Result<Self, TakeoutError> {
        self.user = shown(&self.user)?;
        self.name = self.name.as_deref().map(shown).transpose()?;
        check_apps(&self.bought)?;
        Ok(self)
    }
}

impl TakenRepository {
    /// What the repository is called in a window.
    pub fn display_name(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    fn checked(mut self, accounts: &[TakenAccount]) -> Result<Self, TakeoutError> {
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

/// A name as it is shown.
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
