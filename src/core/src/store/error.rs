// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a keyring failed.

use std::io;

/// Why the keyring failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No keyring is running.
    #[error("no keyring is running")]
    NoKeyring,
    /// Inside a sandbox: no portal of the desktop gives the key.
    #[error("there is no portal for secrets")]
    NoPortal,
    /// The keyring is locked.
    #[error("the keyring is locked")]
    Locked,
    /// The person did not unlock it.
    #[error("the keyring was not unlocked")]
    Dismissed,
    /// There is no collection for new items, as before the first use, and the person made none.
    #[error("no keyring was set up")]
    NotSetUp,
    /// The keyring did not answer in time.
    #[error("the keyring did not answer in time")]
    TimedOut,
    /// The keyring failed.
    #[error("the keyring failed: {0}")]
    Keyring(zbus::Error),
    /// The portal failed.
    #[error("the portal for secrets failed: {0}")]
    Portal(zbus::Error),
    /// The keyring file cannot be read or written; its content is still there.
    #[error("the keyring file cannot be used: {0}")]
    File(io::Error),
    /// Reading back gave something other than what was saved.
    #[error("the keyring did not keep the account")]
    NotKept,
    /// The lock file cannot be used.
    #[error("the lock file cannot be used: {0}")]
    LockFile(#[from] io::Error),
}

/// The copy of an error of the system has its kind and its text.
impl Clone for StoreError {
    fn clone(&self) -> Self {
        match self {
            Self::NoKeyring => Self::NoKeyring,
            Self::NoPortal => Self::NoPortal,
            Self::Locked => Self::Locked,
            Self::Dismissed => Self::Dismissed,
            Self::NotSetUp => Self::NotSetUp,
            Self::TimedOut => Self::TimedOut,
            Self::Keyring(error) => Self::Keyring(error.clone()),
            Self::Portal(error) => Self::Portal(error.clone()),
            Self::File(error) => Self::File(copy(error)),
            Self::NotKept => Self::NotKept,
            Self::LockFile(error) => Self::LockFile(copy(error)),
        }
    }
}

fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
