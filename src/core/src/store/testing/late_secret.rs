// SPDX-License-Identifier: GPL-3.0-or-later
//! A portal whose person unlocks the keyring only once told to.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use oo7::Secret;

use super::{AccountStore, NoSecret, PATIENCE, SECRET, SecretSource, with};

/// Such a portal; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct LateSecret {
    is_given: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
}

impl LateSecret {
    pub(crate) fn store(&self, folder: &Path) -> AccountStore {
        with(folder, self.clone(), PATIENCE)
    }

    /// From now on the person unlocks the keyring.
    pub(crate) fn give(&self) {
        self.is_given.store(true, Ordering::SeqCst);
    }

    /// How often the portal was asked.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl SecretSource for LateSecret {
    async fn retrieve(&self) -> Result<Secret, NoSecret> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.is_given.load(Ordering::SeqCst) { SECRET.retrieve().await } else { Err(NoSecret::Refused) }
    }
}
