// SPDX-License-Identifier: GPL-3.0-or-later
//! A file with the handles of open requests. If a daemon is killed, its clients would wait forever, since
//! `org.freedesktop.Flatpak.Authenticator` has no time-out; the next daemon ends their requests. Holds no secret.

use std::{
    fs,
    io::ErrorKind,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixStream},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use usher_core::{
    files, folders,
    json_file::{self, Contents, JsonFile, Version},
    names::{self, FLATPAK_AUTHENTICATOR_PATH},
    patience::within,
};
use zbus::{
    Address,
    address::transport::{Transport, UnixSocket},
};

/// The name of a bus's file is its id between these.
const BEGIN: &str = "requests-";
const END: &str = ".json";
/// Longest wait of a client for the file to be written.
const CLIENT_LIMIT: Duration = Duration::from_secs(1);
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
    /// Where the bus listens, if that tells one bus from another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    handles: Vec<Handle>,
}

impl Contents for OpenHandles {
    const SIZE_LIMIT: u64 = 256 * 1024;

    fn shrink(&mut self) -> bool {
        json_file::drop_first(&mut self.handles)
    }
}

/// The journal of the daemon on one bus. Several buses may share a runtime folder (a desktop, and a session over ssh),
/// so each has a file of its own.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    folder: PathBuf,
    file: JsonFile<OpenHandles>,
    bus: String,
    address: Option<String>,
    /// Whether writing it waits for no disk.
    is_in_memory: bool,
}

impl Journal {
    /// The journal of this login session, for the bus with that id.
    pub(crate) fn of_session(bus: &str) -> Option<Self> {
        // In a sandbox every bus has the same address.
        let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").ok().filter(|_| !names::in_sandbox());
        let folder = folders::session()?;
        Some(Self { is_in_memory: folder.is_in_memory, ..Self::in_folder(folder.path, bus, address) })
    }

    /// The journal in that folder, for the bus with that id and address.
    pub(crate) fn in_folder(folder: PathBuf, bus: &str, address: Option<String>) -> Self {
        let file = JsonFile::at(folder.join(format!("{BEGIN}{bus}{END}")));
        Self { folder, file, bus: bus.to_owned(), address, is_in_memory: false }
    }

    /// The path of its file.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
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
    pub(crate) fn write(&self, handles: Vec<Handle>) {
        let written = if handles.is_empty() {
            self.file.remove()
        } else {
            let (bus, address) = (self.bus.clone(), self.address.clone());
            self.file.save(OpenHandles { version: Version, bus, address, handles })
        };
        if let Err(error) = written {
            tracing::warn!(%error, "cannot write the open requests to the journal");
        }
    }

    /// Removes the journals of buses that are gone, and with them everybody who waited. Leaves a journal alone if its
    /// bus may still be there: the next daemon on that bus needs it.
    pub(crate) fn remove_dead(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let bus = name.to_str().and_then(|name| name.strip_prefix(BEGIN)?.strip_suffix(END));
            let Some(bus) = bus.filter(|&bus| bus != self.bus) else { continue };
            let journal = Self::in_folder(self.folder.clone(), bus, None);
            let left = journal.file.load();
            if left.bus == bus && left.address.is_some_and(|address| self.is_dead(&address)) {
                tracing::debug!(bus, "removing the journal of a bus that is gone");
                journal.write(Vec::new());
            }
        }
    }

    /// Whether another bus, which had this address, is gone.
    fn is_dead(&self, address: &str) -> bool {
        if self.address.as_deref() == Some(address) {
            // Ours has taken its place.
            return true;
        }
        let Ok(address) = address.parse::<Address>() else { return false };
        let Transport::Unix(unix) = address.transport() else { return false };
        let socket = match unix.path() {
            UnixSocket::File(path) => SocketAddr::from_pathname(path),
            UnixSocket::Abstract(name) => SocketAddr::from_abstract_name(name.as_encoded_bytes()),
            _ => return false,
        };
        let connected = socket.and_then(|socket| UnixStream::connect_addr(&socket));
        connected.is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused))
    }
}

/// Writes a journal; on a disk, by a thread of its own, so that a slow one delays nobody. Of several states that wait to be
/// written, only the last is.
#[derive(Debug)]
pub(crate) struct JournalWriter {
    latest: watch::Sender<(u64, Vec<Handle>)>,
    written: watch::Receiver<u64>,
}

impl JournalWriter {
    /// Writes this journal from now on.
    pub(crate) fn start(journal: Journal) -> Self {
        let (latest, mut waiting) = watch::channel((0, Vec::new()));
        let (done, written) = watch::channel(0);
        tokio::spawn(async move {
            while waiting.changed().await.is_ok() {
                let (number, handles) = waiting.borrow_and_update().clone();
                if journal.is_in_memory {
                    journal.write(handles);
                } else {
                    write_apart(journal.clone(), handles).await;
                }
                done.send_replace(number);
            }
        });
        Self { latest, written }
    }

    /// Writes the handles that are open now.
    pub(crate) fn write(&self, open: Vec<Handle>) {
        self.latest.send_modify(|(number, handles)| {
            *number += 1;
            *handles = open;
        });
    }

    /// Returns once all up to now is written, or cannot be in time.
    pub(crate) fn written(&self) -> impl Future<Output = ()> + use<> {
        let (number, mut written) = (self.latest.borrow().0, self.written.clone());
        async move {
            let _ = within(CLIENT_LIMIT, written.wait_for(|&done| done >= number)).await;
        }
    }
}

async fn write_apart(journal: Journal, handles: Vec<Handle>) {
    let place = journal.file.path().to_owned();
    if let Err(error) = files::apart_within(files::WRITE_LIMIT, &place, move || journal.write(handles)).await {
        tracing::warn!(%error, "cannot write the journal in time");
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
        let journal = Journal::in_folder(folder.path().to_owned(), "this-bus", Some("unix:path=/this".to_owned()));
        (folder, journal)
    }

    fn handle(peer: &str, path: &str) -> Handle {
        Handle { peer: peer.to_owned(), path: path.to_owned() }
    }

    #[test]
    fn l12_open_handles_are_read_by_the_next_daemon_on_the_same_bus() {
        let (folder, journal) = journal();
        let other = Journal::in_folder(folder.path().to_owned(), "other", None);
        let (ours, theirs) = (handle(":1.7", PATH), handle(":1.8", &PATH.replace("1_7", "1_8")));
        journal.write(vec![ours.clone()]);
        other.write(vec![theirs.clone()]);
        assert_eq!((journal.left_open(), other.left_open()), (vec![ours], vec![theirs.clone()]));
        journal.write(Vec::new());
        assert_eq!((journal.left_open(), other.left_open()), (vec![], vec![theirs]), "each bus has its own");
        assert!(!journal.file.path().exists());
        std::fs::rename(other.file.path(), journal.file.path()).unwrap();
        assert_eq!(journal.left_open(), []);
    }

    #[test]
    fn l16_only_journals_of_buses_that_are_gone_are_removed() {
        let (folder, journal) = journal();
        let socket = folder.path().join("bus");
        let abandoned = folder.path().join("abandoned");
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        drop(std::os::unix::net::UnixListener::bind(&abandoned).unwrap());
        let at = |path: &std::path::Path| {
            Some(format!("unix:path={},guid=0123456789abcdef0123456789abcdef", path.display()))
        };
        let others = [
            ("alive", at(&socket), true),
            ("without-a-listener", at(&abandoned), false),
            ("without-a-socket", at(&folder.path().join("nothing")), false),
            ("replaced", journal.address.clone(), false),
            ("abstract", Some("unix:abstract=/usher-tests/nobody-listens-here".to_owned()), false),
            ("unknown", None, true),
            ("elsewhere", Some("tcp:host=localhost,port=1".to_owned()), true),
            ("odd", Some("what?".to_owned()), true),
        ];
        let file = |bus: &str| folder.path().join(format!("requests-{bus}.json"));
        for (bus, address, _) in &others {
            let other = Journal::in_folder(folder.path().to_owned(), bus, address.clone());
            other.write(vec![handle(":1.7", PATH)]);
        }
        std::fs::write(file("not ours"), "{").unwrap();
        journal.write(vec![handle(":1.7", PATH)]);
        journal.remove_dead();
        assert!(file("this-bus").exists() && file("not ours").exists());
        for (bus, _, stays) in others {
            assert_eq!(file(bus).exists(), stays, "{bus}");
        }
    }

    #[tokio::test]
    async fn the_last_state_is_the_one_that_is_written() {
        for is_in_memory in [false, true] {
            let (_folder, journal) = journal();
            let writer = JournalWriter::start(Journal { is_in_memory, ..journal.clone() });
            for _ in 0..50 {
                writer.write(vec![handle(":1.7", PATH)]);
                writer.write(Vec::new());
                writer.write(vec![handle(":1.7", PATH)]);
                writer.written().await;
                assert_eq!(journal.left_open(), [handle(":1.7", PATH)], "in memory: {is_in_memory}");
                writer.write(Vec::new());
                writer.written().await;
                assert_eq!(journal.left_open(), [], "in memory: {is_in_memory}");
            }
        }
    }

    #[test]
    fn g07_a_journal_of_other_content_holds_no_handles() {
        let (_folder, journal) = journal();
        for content in [&b"{"[..], b"\xff\0", br#"{"version":2,"bus":"this-bus","handles":[]}"#] {
            usher_core::files::write(journal.file.path(), content).unwrap();
            assert_eq!(journal.left_open(), []);
        }
        for (peer, path) in [
            (":1.8", PATH),
            (":1.7", "/org/freedesktop/DBus"),
            (":1.7", "/org/freedesktop/Flatpak/Authenticator/request/1_7/3/4"),
            ("org.example.App", PATH),
        ] {
            journal.write(vec![handle(peer, path)]);
            assert_eq!(journal.left_open(), [], "{peer} {path}");
        }
    }
}
