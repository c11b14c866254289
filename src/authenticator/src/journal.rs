// SPDX-License-Identifier: GPL-3.0-or-later
//! A file with the handles of open requests. If a daemon is killed, its clients would wait forever, since
//! `org.freedesktop.Flatpak.Authenticator` has no time-out; the next daemon ends their requests. Holds no secret.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use usher_core::{
    json_file::{self, Contents, JsonFile, Version},
    names::{self, FLATPAK_AUTHENTICATOR_PATH},
};

/// Most handles to accept from the file.
const COUNT_LIMIT: usize = 256;

/// The handle of a request, and its client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Handle {
    /// Unique bus name of the client.
    pub(crate) peer: String,
    /// Object path of the request.
    pub(crate) path: String,
}

/// The content of the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct OpenHandles {
    version: Version<1>,
    bus: String,
    handles: Vec<Handle>,
}

impl Contents for OpenHandles {
    const SIZE_LIMIT: u64 = 256 * 1024;

    fn shrink(&mut self) -> bool {
        json_file::drop_first(&mut self.handles)
    }
}

/// The journal.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    file: JsonFile<OpenHandles>,
    bus: String,
}

impl Journal {
    /// The journal of this login session, for the bus with that id.
    pub(crate) fn of_session(bus: &str) -> Option<Self> {
        Some(Self::at(names::runtime_dir()?.join("requests.json"), bus))
    }

    /// A journal in that file.
    pub(crate) fn at(path: PathBuf, bus: &str) -> Self {
        Self { file: JsonFile::at(path), bus: bus.to_owned() }
    }

    /// The handles that an earlier daemon left open on this same bus.
    pub(crate) fn left_open(&self) -> Vec<Handle> {
        let left = self.file.load();
        if left.bus != self.bus {
            return Vec::new();
        }
        left.handles.into_iter().filter(Handle::is_sound).take(COUNT_LIMIT).collect()
    }

    /// Writes the handles that are open now. A failure does not stop a request: it only means that no later daemon
    /// could end it.
    pub(crate) fn write<'a>(&self, open: impl Iterator<Item = (&'a str, &'a str)>) {
        let handles: Vec<_> =
            open.map(|(peer, path)| Handle { peer: peer.to_owned(), path: path.to_owned() }).collect();
        let written = if handles.is_empty() {
            self.file.remove()
        } else {
            self.file.save(OpenHandles { version: Version, bus: self.bus.clone(), handles })
        };
        if let Err(error) = written {
            tracing::warn!(%error, "cannot write the open requests to the journal");
        }
    }
}

impl Handle {
    /// Whether the path is that of a request of this peer, so that a forged entry can do no harm.
    fn is_sound(&self) -> bool {
        let sender = self.peer.strip_prefix(':').map(|rest| rest.replace('.', "_"));
        let token = sender.and_then(|sender| {
            self.path
                .strip_prefix(FLATPAK_AUTHENTICATOR_PATH)?
                .strip_prefix("/request/")?
                .strip_prefix(&sender)?
                .strip_prefix('/')
        });
        token.is_some_and(|token| crate::limits::handle_path(&self.peer, token).is_ok())
            && zbus::names::UniqueName::try_from(self.peer.as_str()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/org/freedesktop/Flatpak/Authenticator/request/1_7/3";

    fn journal() -> (tempfile::TempDir, Journal) {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(folder.path().join("requests.json"), "bus-id");
        (folder, journal)
    }

    #[test]
    fn l12_open_handles_are_read_by_the_next_daemon_on_the_same_bus() {
        let (_folder, journal) = journal();
        journal.write([(":1.7", PATH)].into_iter());
        assert_eq!(journal.left_open(), [Handle { peer: ":1.7".into(), path: PATH.into() }]);
        assert_eq!(Journal::at(journal.file.path().to_owned(), "other").left_open(), []);
        journal.write([].into_iter());
        assert!(!journal.file.path().exists());
    }

    #[test]
    fn g07_a_journal_of_other_content_holds_no_handles() {
        let (_folder, journal) = journal();
        for content in [&b"{"[..], b"\xff\0", br#"{"version":2,"bus":"bus-id","handles":[]}"#] {
            usher_core::files::write(journal.file.path(), content).unwrap();
            assert_eq!(journal.left_open(), []);
        }
        for (peer, path) in [
            (":1.8", PATH),
            (":1.7", "/org/freedesktop/DBus"),
            (":1.7", "/org/freedesktop/Flatpak/Authenticator/request/1_7/3/4"),
            ("org.example.App", PATH),
        ] {
            journal.write([(peer, path)].into_iter());
            assert_eq!(journal.left_open(), [], "{peer} {path}");
        }
    }
}
