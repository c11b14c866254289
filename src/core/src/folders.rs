// SPDX-License-Identifier: GPL-3.0-or-later
//! The folders of Usher's own files. Only this file reads the variables that name them. A relative path in one counts
//! as unset (XDG Base Directory Specification), and what belongs to the session is kept with the data where there is no
//! folder for it.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use rustix::fs::{Access, FsWord, access, statfs};

use crate::{files, names};

/// The variable that names the folder of the login session.
pub const RUNTIME_VARIABLE: &str = "XDG_RUNTIME_DIR";

/// The type of a file system in memory (`TMPFS_MAGIC` of `linux/magic.h`).
const TMPFS_MAGIC: FsWord = 0x0102_1994;

/// Why the folder of the login session is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionFault {
    /// The variable is not set.
    Unset,
    /// It is set to a path that is not absolute.
    Relative,
    /// There is no such folder.
    Missing,
    /// It belongs to somebody else.
    NotOurs,
    /// It cannot be written.
    ReadOnly,
}

/// A folder for what must not outlive the login session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFolder {
    /// Its path.
    pub path: PathBuf,
    /// Why it is not the one of the session, but lies with the data.
    pub fault: Option<SessionFault>,
    /// Whether it can be written.
    pub is_usable: bool,
    /// Whether its files are kept in memory, so that nothing waits for a disk there. Most systems keep them so.
    pub is_in_memory: bool,
}

/// The folder for the data of applications; inside Flatpak, the application's own. `None` without a home folder.
pub fn data() -> Option<PathBuf> {
    Folders::of_process().data()
}

/// The folder for what must not outlive the login session: `$XDG_RUNTIME_DIR/<application id>`; inside Flatpak, the
/// folder that all instances of the application share. If that cannot be used, one with the data. `None` without
/// either. Looks at the disk, unless [`settle_session`] has.
pub fn session() -> Option<SessionFolder> {
    SETTLED.get().cloned().unwrap_or_else(|| Folders::of_process().session())
}

/// The answer of [`session`], once it is settled.
static SETTLED: OnceLock<Option<SessionFolder>> = OnceLock::new();

/// Settles for this process what [`session`] answers, so that it waits for no disk from then on. A disk that does not
/// answer counts as usable: each use of it has a limit of its own. To be called in a tokio runtime.
pub async fn settle_session() {
    let folders = Folders::of_process();
    let named = folders.session_unseen();
    let place = named.as_ref().map(|folder| folder.path.clone()).unwrap_or_default();
    let found = files::apart(&place, move || folders.session()).await;
    // Settled before: the folder does not change.
    let _ = SETTLED.set(found.unwrap_or(named));
}

/// Whether files can be made in this folder, or the folder itself can.
pub fn is_writable(folder: &Path) -> bool {
    nearest(folder).is_some_and(|folder| folder.is_dir() && can_write(folder))
}

/// Whether files in this folder are kept in memory.
fn is_in_memory(folder: &Path) -> bool {
    let system = nearest(folder).and_then(|folder| statfs(folder).ok());
    system.is_some_and(|system| system.f_type == TMPFS_MAGIC)
}

/// The folder, or the one that it would be made in.
fn nearest(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| folder.symlink_metadata().is_ok())
}

fn can_write(folder: &Path) -> bool {
    access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// The facts that decide where the folders are.
struct Folders<V> {
    variable: V,
    in_sandbox: bool,
    user: u32,
    /// Where the system keeps the folders of sessions, by the numbers of their users.
    sessions: PathBuf,
}

impl Folders<fn(&str) -> Option<PathBuf>> {
    fn of_process() -> Self {
        Self {
            variable: |name| std::env::var_os(name).map(PathBuf::from),
            in_sandbox: names::in_sandbox(),
            user: rustix::process::geteuid().as_raw(),
            sessions: "/run/user".into(),
        }
    }
}

impl<V: Fn(&str) -> Option<PathBuf>> Folders<V> {
    fn folder(&self, name: &str) -> Option<PathBuf> {
        (self.variable)(name).filter(|path| path.is_absolute())
    }

    fn data(&self) -> Option<PathBuf> {
        self.folder("XDG_DATA_HOME").or_else(|| Some(self.folder("HOME")?.join(".local/share")))
    }

    fn session(&self) -> Option<SessionFolder> {
        let fault = match self.named_session() {
            Ok(path) => {
                let is_in_memory = is_in_memory(&path);
                return Some(SessionFolder { path, fault: None, is_usable: true, is_in_memory });
            }
            Err(fault) => fault,
        };
        let path = self.session_with_data()?;
        let is_usable = is_writable(&path) && !self.is_foreign(&path);
        Some(SessionFolder { path, fault: Some(fault), is_usable, is_in_memory: false })
    }

    /// The folder of the session as the variables name it, whatever is on the disk.
    fn session_unseen(&self) -> Option<SessionFolder> {
        let path = match self.folder(RUNTIME_VARIABLE) {
            Some(base) => self.places(&base).1,
            None => self.session_with_data()?,
        };
        Some(SessionFolder { path, fault: None, is_usable: true, is_in_memory: false })
    }

    fn session_with_data(&self) -> Option<PathBuf> {
        Some(self.data()?.join(names::APP_ID).join("session"))
    }

    /// The folder of the session that the variable names, or that the system made where the variable is not set: the
    /// session bus is looked for there as well.
    fn named_session(&self) -> Result<PathBuf, SessionFault> {
        let given = (self.variable)(RUNTIME_VARIABLE).filter(|path| !path.as_os_str().is_empty());
        match given {
            Some(path) if path.is_absolute() => self.checked(&path),
            other => {
                let fault = if other.is_some() { SessionFault::Relative } else { SessionFault::Unset };
                self.checked(&self.sessions.join(self.user.to_string())).map_err(|_| fault)
            }
        }
    }

    /// The folder that must be there in a folder of sessions, and Usher's.
    fn places(&self, sessions: &Path) -> (PathBuf, PathBuf) {
        if self.in_sandbox {
            let shared = sessions.join("app").join(names::APP_ID);
            (shared.clone(), shared)
        } else {
            (sessions.to_owned(), sessions.join(names::APP_ID))
        }
    }

    /// Usher's folder in a folder of sessions, if both can be used.
    fn checked(&self, sessions: &Path) -> Result<PathBuf, SessionFault> {
        let (base, own) = self.places(sessions);
        if !base.is_dir() {
            return Err(SessionFault::Missing);
        }
        if self.is_foreign(&base) || self.is_foreign(&own) {
            return Err(SessionFault::NotOurs);
        }
        if is_writable(&own) { Ok(own) } else { Err(SessionFault::ReadOnly) }
    }

    fn is_foreign(&self, folder: &Path) -> bool {
        fs::metadata(folder).is_ok_and(|folder| folder.uid() != self.user)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, os::unix::fs::PermissionsExt};

    use super::*;

    fn folders(variables: &[(&str, PathBuf)], sessions: &Path) -> Folders<impl Fn(&str) -> Option<PathBuf> + use<>> {
        let variables: BTreeMap<String, PathBuf> =
            variables.iter().map(|(name, path)| ((*name).to_owned(), path.clone())).collect();
        Folders {
            variable: move |name: &str| variables.get(name).cloned(),
            in_sandbox: false,
            user: rustix::process::geteuid().as_raw(),
            sessions: sessions.to_owned(),
        }
    }

    /// A folder that nobody can write: root neither, who may write wherever no file is in the way.
    fn read_only(folder: &Path) -> PathBuf {
        let (read_only, own) = (folder.join("read-only"), folder.join("read-only").join(names::APP_ID));
        fs::create_dir_all(&read_only).unwrap();
        for file in [&own, &read_only.join("data")] {
            fs::write(file, "in the way").unwrap();
        }
        fs::set_permissions(&read_only, fs::Permissions::from_mode(0o500)).unwrap();
        read_only
    }

    #[test]
    fn u03_a_relative_path_counts_as_unset() {
        let nowhere = Path::new("/nonexistent");
        let data = |variables: &[(&str, &str)]| {
            let variables: Vec<_> = variables.iter().map(|&(name, path)| (name, PathBuf::from(path))).collect();
            folders(&variables, nowhere).data().map(|path| path.display().to_string())
        };
        let home = ("HOME", "/home/ada");
        for (given, found) in [
            (&[("XDG_DATA_HOME", "/data"), home][..], Some("/data")),
            (&[("XDG_DATA_HOME", "data"), home], Some("/home/ada/.local/share")),
            (&[("XDG_DATA_HOME", "./data"), home], Some("/home/ada/.local/share")),
            (&[("XDG_DATA_HOME", ""), home], Some("/home/ada/.local/share")),
            (&[home], Some("/home/ada/.local/share")),
            (&[("HOME", "home")], None),
            (&[], None),
        ] {
            assert_eq!(data(given).as_deref(), found, "{given:?}");
        }
    }

    #[test]
    fn u03_the_data_folder_serves_where_there_is_no_usable_folder_of_the_session() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("run")).unwrap();
        fs::write(at("file"), "").unwrap();
        let read_only = read_only(folder.path());
        let data = at("data").join(names::APP_ID).join("session");
        let own = at("run").join(names::APP_ID);
        for (given, path, fault) in [
            (Some(at("run")), &own, None),
            (Some(at("missing")), &data, Some(SessionFault::Missing)),
            (Some(at("file")), &data, Some(SessionFault::Missing)),
            (Some("run".into()), &data, Some(SessionFault::Relative)),
            (Some("".into()), &data, Some(SessionFault::Unset)),
            (None, &data, Some(SessionFault::Unset)),
            (Some(read_only.clone()), &data, Some(SessionFault::ReadOnly)),
        ] {
            let runtime = given.clone().map(|path| (RUNTIME_VARIABLE, path));
            let variables: Vec<_> = [("XDG_DATA_HOME", at("data"))].into_iter().chain(runtime).collect();
            let found = folders(&variables, &at("nowhere")).session();
            let is_in_memory = fault.is_none() && is_in_memory(folder.path());
            let wanted = SessionFolder { path: path.clone(), fault, is_usable: true, is_in_memory };
            assert_eq!(found, Some(wanted), "{given:?}");
        }
        let variables = [("XDG_DATA_HOME", read_only.join("data"))];
        let found = folders(&variables, &at("nowhere")).session().unwrap();
        assert!(!found.is_usable, "{found:?}");
        assert_eq!(folders(&[], &at("nowhere")).session(), None);
    }

    #[test]
    fn g13_without_a_look_at_the_disk_the_folder_is_where_a_look_would_find_it() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = Path::new("/nonexistent");
        let data = ("XDG_DATA_HOME", folder.path().join("data"));
        for (variables, in_sandbox) in [
            (&[(RUNTIME_VARIABLE, folder.path().into()), data.clone()][..], false),
            (&[(RUNTIME_VARIABLE, folder.path().into())], true),
            (std::slice::from_ref(&data), false),
        ] {
            let mut folders = folders(variables, nowhere);
            folders.in_sandbox = in_sandbox;
            fs::create_dir_all(folder.path().join("app").join(names::APP_ID)).unwrap();
            let (seen, unseen) = (folders.session().unwrap(), folders.session_unseen().unwrap());
            assert_eq!((unseen.path, unseen.is_usable), (seen.path, true), "{variables:?}");
        }
        assert_eq!(folders(&[], nowhere).session_unseen(), None);
    }

    #[test]
    fn u03_the_folder_that_the_system_made_for_the_session_is_found_without_the_variable() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join(rustix::process::geteuid().as_raw().to_string());
        fs::create_dir(&made).unwrap();
        for given in [&[][..], &[(RUNTIME_VARIABLE, PathBuf::from("run"))]] {
            let found = folders(given, folder.path()).session().unwrap();
            assert_eq!((found.path, found.fault), (made.join(names::APP_ID), None));
        }
    }

    #[test]
    fn u03_a_folder_of_somebody_else_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let mut folders = folders(&[(RUNTIME_VARIABLE, folder.path().into())], Path::new("/nonexistent"));
        assert!(folders.named_session().is_ok());
        folders.user += 1;
        assert_eq!(folders.named_session(), Err(SessionFault::NotOurs));
    }

    #[test]
    fn a_folder_in_memory_is_known() {
        // The kernel keeps both, the second one for shared memory (POSIX `shm_open`).
        for (folder, expected) in [("/proc", false), ("/dev/shm", true), ("/dev/shm/not/there/yet", true)] {
            assert_eq!(is_in_memory(Path::new(folder)), expected, "{folder}");
        }
    }
}
