// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing the repository, with a key that `gpg` makes for it.

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use super::commands;
use crate::StoreError;

/// Whose key it is.
const OWNER: &str = "Demo Store <demo-store@example.org>";

/// The key, and the folder in which `gpg` keeps it.
#[derive(Debug)]
pub(crate) struct Signer {
    home: PathBuf,
    fingerprint: String,
    key: PathBuf,
}

impl Signer {
    /// The key in this folder. Makes it if there is none.
    pub(crate) fn open(home: &Path) -> Result<Self, StoreError> {
        let key = home.join("key.gpg");
        if !home.exists() {
            DirBuilder::new().mode(0o700).create(home).map_err(StoreError::file(home))?;
            gpg(home, &["--passphrase", "", "--quick-generate-key", OWNER, "ed25519", "sign", "never"])?;
            gpg(home, &["--output", &key.to_string_lossy(), "--export"])?;
        }
        let listed = gpg(home, &["--list-keys", "--with-colons"])?;
        let fingerprint = listed.lines().find_map(|line| line.strip_prefix("fpr:")?.split(':').nth(8));
        let fingerprint = fingerprint.ok_or_else(|| StoreError::Damaged(home.display().to_string()))?.to_owned();
        let signer = Self { home: home.to_owned(), fingerprint, key };
        signer.rest()?;
        Ok(signer)
    }

    /// The file with the public key.
    pub(crate) fn key(&self) -> &Path {
        &self.key
    }

    /// The arguments with which flatpak signs what it writes.
    pub(super) fn arguments(&self) -> [String; 2] {
        [format!("--gpg-sign={}", self.fingerprint), format!("--gpg-homedir={}", self.home.display())]
    }

    /// Signs those of these commits that are not signed yet.
    pub(super) fn sign<'a>(&self, repo: &Path, commits: impl Iterator<Item = &'a str>) -> Result<(), StoreError> {
        let (place, home) = (format!("--repo={}", repo.display()), format!("--gpg-homedir={}", self.home.display()));
        for commit in commits {
            // A signature is all that such a file holds here.
            if !repo.join("objects").join(&commit[..2]).join(format!("{}.commitmeta", &commit[2..])).exists() {
                commands::run("ostree", ["gpg-sign", &place, &home, commit, &self.fingerprint])?;
            }
        }
        self.rest()
    }

    /// Ends the process that keeps the key ready.
    pub(super) fn rest(&self) -> Result<(), StoreError> {
        commands::run("gpgconf", ["--homedir", &self.home.to_string_lossy(), "--kill", "gpg-agent"]).map(drop)
    }
}

fn gpg(home: &Path, arguments: &[&str]) -> Result<String, StoreError> {
    let home = home.to_string_lossy();
    commands::run("gpg", ["--batch", "--homedir", &home].iter().chain(arguments))
}
