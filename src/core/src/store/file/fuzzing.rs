// SPDX-License-Identifier: GPL-3.0-or-later
//! The keyring file of the sandbox, as a disk may give it back.

use std::sync::{Arc, OnceLock};

use oo7::file::UnlockedKeyring;
use tokio::runtime::{Builder, Runtime};

use super::{FILE_NAME, content};
use crate::{fuzzing::input::Folder, store::testing::SECRET, testing};

/// How every keyring file begins.
const BEGIN: &[u8] = b"GnomeKeyring";

/// A keyring with two accounts, and what opens it.
struct Sound {
    runtime: Runtime,
    bytes: Vec<u8>,
    opener: Arc<UnlockedKeyring>,
}

fn sound() -> &'static Sound {
    static SOUND: OnceLock<Sound> = OnceLock::new();
    SOUND.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let folder = Folder::new();
        let path = folder.path().join("keyrings").join(FILE_NAME);
        let opener = runtime.block_on(async {
            for user in ["ada", "grace"] {
                let account = testing::account("https://store.example.org", user);
                testing::store(folder.path()).add(&account).await.expect("a keyring is made");
            }
            content::load(path.clone(), oo7::Secret::blob(SECRET.0)).await
        });
        let opener = opener.ok().flatten().expect("the keyring opens");
        Sound { runtime, bytes: std::fs::read(path).expect("the keyring is there"), opener }
    })
}

/// A whole file; or, where the bytes do not begin as one, what has changed in a sound one: a place (two bytes) and what is
/// there now. Nothing is found that was not in it, and it can be looked at again and again.
pub(crate) fn keyring_file(bytes: &[u8]) {
    let sound = sound();
    let mut file = if bytes.starts_with(BEGIN) { bytes.to_vec() } else { sound.bytes.clone() };
    if !bytes.starts_with(BEGIN) {
        for change in bytes.chunks_exact(3) {
            let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % file.len();
            file[place] = change[2];
        }
    }
    let folder = Folder::new();
    let path = folder.write(FILE_NAME, &file);
    let read = || sound.runtime.block_on(content::items(path.clone(), sound.opener.clone()));
    let count = read().ok().flatten().map(|items| {
        let accounts = items.iter().flatten().filter(|item| crate::account::Account::decode(&item.secret()).is_ok());
        assert!(accounts.count() <= 2, "a signature proves each");
        items.len()
    });
    assert_eq!(read().ok().flatten().map(|items| items.len()), count);
}
