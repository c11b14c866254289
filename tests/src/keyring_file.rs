// SPDX-License-Identifier: GPL-3.0-or-later
//! The keyring file of the Flatpak. The Secret portal keeps its key in the desktop's keyring.

use std::path::PathBuf;

use oo7::Secret;
use oo7::file::{Item as Entry, UnlockedKeyring};

use crate::keyring::{Item, SCHEMA};
use crate::session::{AUTHENTICATOR, Session};

impl Session {
    /// The path of the keyring file.
    pub fn keyring_file(&self) -> PathBuf {
        self.folder_of_usher().join("data/keyrings/usher.keyring")
    }

    /// All accounts in the keyring file. The desktop's keyring must be unlocked.
    pub async fn accounts_in_file(&self) -> Vec<Item> {
        let key = self.keyring().key_of(AUTHENTICATOR).await;
        let keyring = UnlockedKeyring::load(self.keyring_file(), Secret::blob(key)).await;
        let entries = keyring.expect("the key opens the file").items().await.expect("the file can be read");
        let mut items = Vec::new();
        for entry in entries {
            let Ok(Entry::Unlocked(entry)) = entry else { panic!("the key opens all that is in the file: {entry:?}") };
            let attributes = entry.attributes().clone();
            assert_eq!(attributes.get("xdg:schema").map(String::as_str), Some(SCHEMA));
            items.push(Item { label: entry.label().to_owned(), attributes, secret: entry.secret().to_vec() });
        }
        items
    }
}
