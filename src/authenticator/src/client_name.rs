// SPDX-License-Identifier: GPL-3.0-or-later
//! The name of a client: the program of its process if the administrator has installed it, else a store by its well-known
//! name, else what the program says of itself. Inside a sandbox process ids differ from those outside, so there a client is a
//! known store or unknown.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use usher_core::{files, locale, patience::within, prompt, text};
use zbus::{Connection, fdo::DBusProxy, names::BusName};

use crate::{delivery::BusAccess, flow::Clients};

/// Stores, by the bus name that each of them owns.
const STORES: [(&str, &str); 3] = [
    ("org.gnome.Software", "gnome-software"),
    ("org.kde.discover", "plasma-discover"),
    ("io.github.kolunmi.Bazaar", "bazaar"),
];
/// Programs that Usher knows by name, if the administrator installed them.
const PROGRAMS: [&str; 4] = ["flatpak", "gnome-software", "plasma-discover", "bazaar"];
/// A sandbox's bus proxy: it hides the program behind it.
const BUS_PROXY: &str = "xdg-dbus-proxy";
/// Longest name of a process to read, in bytes. The kernel's own limit is 16.
const NAME_LIMIT: u64 = 64;
/// Largest environment of a process to read, in bytes.
const ENVIRONMENT_LIMIT: u64 = 1 << 20;
/// Longest wait for the bus.
const LIMIT: Duration = Duration::from_secs(3);

/// Most clients to remember.
const KNOWN_LIMIT: usize = 64;

/// Asks the bus and `/proc`, once for each client.
pub(crate) struct BusClients {
    connection: Connection,
    bus_access: BusAccess,
    /// Names by unique bus names, which never come again.
    known: Mutex<HashMap<String, String>>,
}

#[async_trait]
impl Clients for BusClients {
    async fn name(&self, peer: &str) -> String {
        if let Some(name) = self.known().get(peer) {
            return name.clone();
        }
        let Some(name) = within(LIMIT, self.find(peer)).await.ok().flatten() else {
            return String::new();
        };
        let mut known = self.known();
        if known.len() >= KNOWN_LIMIT {
            known.clear();
        }
        known.insert(peer.to_owned(), name.clone());
        name
    }

    fn forget(&self, peer: &str) {
        self.known().remove(peer);
    }

    async fn is_unicode(&self, peer: &str) -> bool {
        let environment = within(LIMIT, self.environment(peer)).await.ok().flatten();
        environment.is_none_or(|environment| is_unicode(&environment))
    }
}

impl BusClients {
    /// Knows nobody yet.
    pub(crate) fn new(connection: Connection, bus_access: BusAccess) -> Self {
        Self { connection, bus_access, known: Mutex::default() }
    }

    #[cfg(test)]
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    async fn find(&self, peer: &str) -> Option<String> {
        let bus = DBusProxy::new(&self.connection).await.ok()?;
        let program = match self.bus_access {
            BusAccess::Bus => self.program(&bus, peer).await,
            BusAccess::Sandbox => None,
        };
        match program {
            Some(name) if PROGRAMS.contains(&name.as_str()) => Some(name),
            unsure => store(&bus, peer).await.or(unsure),
        }
    }

    async fn program(&self, bus: &DBusProxy<'_>, peer: &str) -> Option<String> {
        let folder = self.process(bus, peer).await?;
        // The program's file may be on a disk that hangs.
        files::apart(&folder.clone(), move || of_process(&folder)).await.ok().flatten()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder of the process in `/proc`.
    async fn process(&self, bus: &DBusProxy<'_>, peer: &str) -> Option<PathBuf> {
        let process = bus.get_connection_unix_process_id(BusName::try_from(peer).ok()?).await.ok()?;
        Some(Path::new("/proc").join(process.to_string()))
    }

    /// The environment in which the program was started. `None` if it cannot be known.
    async fn environment(&self, peer: &str) -> Option<Vec<u8>> {
        if self.bus_access == BusAccess::Sandbox {
            return None;
        }
        let file = self.process(&DBusProxy::new(&self.connection).await.ok()?, peer).await?.join("environ");
        files::apart(&file.clone(), move || files::read_regular(&file, ENVIRONMENT_LIMIT).ok()).await.ok().flatten()
    }
}

/// The store that owns its name on the bus as this peer.
async fn store(bus: &DBusProxy<'_>, peer: &str) -> Option<String> {
    for (name, store) in STORES {
        let owner = bus.get_name_owner(BusName::try_from(name).ok()?).await;
        if owner.is_ok_and(|owner| owner.as_str() == peer) {
            return Some(store.to_owned());
        }
    }
    None
}

/// Whether a program with this environment can print typographic characters.
fn is_unicode(environment: &[u8]) -> bool {
    locale::is_unicode(|name| {
        let mut variables = environment.split(|byte| *byte == 0).filter_map(|variable| str::from_utf8(variable).ok());
        variables.find_map(|variable| Some(variable.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
    })
}

/// The program of a process. An unknown program's name counts only as claimed.
fn of_process(folder: &Path) -> Option<String> {
    if let Some(name) = installed_program(folder) {
        if name == BUS_PROXY {
            return None;
        }
        if PROGRAMS.contains(&name.as_str()) {
            return Some(name);
        }
    }
    let claimed = files::read_regular(&folder.join("comm"), NAME_LIMIT).ok()?;
    let claimed = text::clean(&String::from_utf8_lossy(&claimed), text::NAME_LIMIT);
    (!claimed.is_empty()).then(|| format!("{}{claimed}", prompt::client::CLAIMED))
}

/// The name of the process's program, if only the administrator can have installed it.
fn installed_program(folder: &Path) -> Option<String> {
    let program = fs::read_link(folder.join("exe")).ok()?;
    // Through the link, so that this is the running file.
    let is_roots = fs::metadata(folder.join("exe")).ok()?.uid() == 0;
    if !is_roots || !program.starts_with("/usr") {
        return None;
    }
    Some(program.file_name()?.to_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn u06_an_environment_says_what_a_program_can_print() {
        assert!(is_unicode(b"A=b\0LANG=en_GB.UTF-8\0"));
        assert!(!is_unicode(b"LANG=en_GB.UTF-8\0LC_ALL=C\0"));
        assert!(!is_unicode(b"XLANG=en_GB.UTF-8\0"));
        assert!(!is_unicode(b""));
    }

    #[test]
    fn a_program_that_anybody_can_have_put_there_is_only_claimed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("comm"), "flatpak\n").unwrap();
        assert_eq!(of_process(folder.path()).as_deref(), Some("claimed:flatpak"));
        symlink("/usr/bin/env", folder.path().join("exe")).unwrap();
        assert_eq!(of_process(folder.path()).as_deref(), Some("claimed:flatpak"));
        assert_eq!(of_process(Path::new("/nonexistent")), None);
    }
}
