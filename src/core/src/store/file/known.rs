// SPDX-License-Identifier: GPL-3.0-or-later
//! What we learned about the files, so as not to derive keys each time, nor to try in vain again.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use oo7::{Secret, file::UnlockedKeyring};

use super::{
    content::{self, Items},
    disk::Stamp,
};
use crate::store::StoreError;

/// What we learned about all files.
#[derive(Default)]
pub(super) struct Known {
    files: BTreeMap<String, KnownFile>,
    /// How many secrets had been given when the unreadable files were last judged.
    judged_with: usize,
}

/// What we learned about one file.
#[derive(Default)]
pub(super) struct KnownFile {
    /// A keyring that opens items made with its key, and the bytes that the key was derived from.
    opener: Option<(Arc<UnlockedKeyring>, Vec<u8>)>,
    /// The keyring last written, and the file as it was afterwards.
    written: Option<(Arc<UnlockedKeyring>, Stamp)>,
    /// The file as it was last read, and whether it could be.
    read: Option<(Stamp, bool)>,
    /// Whether it turned out to be unreadable since the files were last judged.
    is_news: bool,
}

impl Known {
    pub(super) fn file(&mut self, name: &str) -> &mut KnownFile {
        self.files.entry(name.to_owned()).or_default()
    }

    /// Another file has this name now.
    pub(super) fn forget(&mut self, name: &str) {
        self.files.remove(name);
    }

    /// Forgets what an older secret showed, and says whether it did. `given` says how many were given.
    pub(super) fn forget_older(&mut self, given: usize) -> bool {
        let is_older = self.judged_with != given;
        if is_older {
            self.files.clear();
        }
        is_older
    }

    /// Whether the file was read as it is now, and judged.
    pub(super) fn is_judged(&self, name: &str, stamp: &Stamp) -> bool {
        let file = self.files.get(name).filter(|file| !file.is_news);
        file.and_then(|file| file.read.as_ref()).is_some_and(|(as_of, _)| as_of == stamp)
    }

    /// Whether the portal may have another secret by now: a file turned up that the secret does not open, and the secret
    /// is an old one.
    pub(super) fn is_secret_stale(&self, given: usize) -> bool {
        self.judged_with == given && self.files.values().any(|file| file.is_news)
    }

    /// The unreadable files stay so until they change, or until another secret is given.
    pub(super) fn settle(&mut self, given: usize) {
        self.judged_with = given;
        self.files.values_mut().for_each(|file| file.is_news = false);
    }
}

impl KnownFile {
    /// Reads the file, whose content is `stamp`. `None` if the secret does not open it.
    pub(super) async fn read(
        &mut self,
        path: PathBuf,
        stamp: &Stamp,
        secret: Secret,
    ) -> Result<Option<Items>, StoreError> {
        if self.read.as_ref().is_some_and(|(as_of, could)| as_of == stamp && !could) {
            return Ok(None);
        }
        if let Some(key_parameters) = stamp.key_parameters() {
            let opener = match &self.opener {
                Some((opener, same)) if same == key_parameters => Some(opener.clone()),
                _ => content::load(path.clone(), secret).await?,
            };
            if let Some(opener) = opener
                && let Some(items) = content::items(path, opener.clone()).await?
            {
                self.opener = Some((opener, key_parameters.to_owned()));
                self.read = Some((stamp.clone(), true));
                return Ok(Some(items));
            }
        }
        self.read = Some((stamp.clone(), false));
        self.is_news = true;
        Ok(None)
    }

    /// The keyring last written, if the file is still as it was afterwards. Forgets it: after a failure the library's
    /// idea of the file is wrong.
    pub(super) fn take_written(&mut self, stamp: Option<&Stamp>) -> Option<Arc<UnlockedKeyring>> {
        let written = self.written.take();
        written.filter(|(_, as_of)| Some(as_of) == stamp).map(|(keyring, _)| keyring)
    }

    /// The file was written.
    pub(super) fn wrote(&mut self, keyring: Arc<UnlockedKeyring>, stamp: Stamp) {
        if let Some(key_parameters) = stamp.key_parameters() {
            self.opener = Some((keyring.clone(), key_parameters.to_owned()));
        }
        self.written = Some((keyring, stamp));
    }
}
