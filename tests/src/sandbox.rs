// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: a session in which nothing of it is on the system, and what runs in its sandboxes.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::processes::wait_for;
use crate::session::{AUTHENTICATOR, Session, common_environment, data_folder, search_path, workspace};

/// How Usher is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Package {
    /// On the system: what `meson install` put into the stage.
    #[default]
    System,
    /// As a Flatpak in the installation of the user, and nothing of it anywhere else.
    Flatpak,
    /// Not at all: a repository may bring the Flatpak.
    NotYet,
}

impl Package {
    pub(crate) fn is_sandboxed(self) -> bool {
        self != Self::System
    }
}

/// What the desktop serves to sandboxes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Portals {
    /// The portals, what draws for them, and what opens further sandboxes.
    #[default]
    Served,
    /// Nothing.
    None,
}

impl Portals {
    pub(crate) fn services(self) -> &'static [&'static str] {
        match self {
            Self::Served => &[
                "org.freedesktop.portal.Desktop.service",
                "org.freedesktop.portal.Documents.service",
                "org.freedesktop.portal.Flatpak.service",
                "org.freedesktop.impl.portal.PermissionStore.service",
                "org.freedesktop.impl.portal.desktop.gtk.service",
            ],
            Self::None => &[],
        }
    }
}

/// A sandbox of Usher's that is open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// Flatpak's number of it.
    pub number: String,
    /// The process of the outside that opened it.
    pub outer: u32,
    /// The process in it that started first.
    pub inner: u32,
}

/// What `build-aux/flatpak-local` has made: the repository, and the configuration that names the runtime.
fn built() -> PathBuf {
    workspace().join("build/flatpak")
}

/// The repository with Usher in it.
pub(crate) fn repository() -> PathBuf {
    let repository = built().join("repo");
    assert!(repository.is_dir(), "Usher was built as a Flatpak; build-aux/flatpak-local does it");
    repository
}

/// The environment of a session in which Usher is a Flatpak, and its folders.
pub(crate) fn environment(folder: &Path) -> BTreeMap<String, String> {
    let exports = [user_installation(folder), PathBuf::from("/var/lib/flatpak")].map(|each| each.join("exports/share"));
    let mut environment = common_environment(folder, &exports);
    write_within(folder);
    // Variables that name the installations would be seen, and believed, inside of a sandbox: they are where they always are.
    let further = [
        ("FLATPAK_CONFIG_DIR", built().join("etc").display().to_string()),
        ("XDG_CURRENT_DESKTOP", "GNOME".to_owned()),
        ("PATH", search_path(&folder.join("bin"))),
    ];
    environment.extend(further.map(|(name, value)| (name.to_owned(), value)));
    environment
}

fn user_installation(folder: &Path) -> PathBuf {
    data_folder(folder).join("flatpak")
}

/// Which folder is the system's installation.
fn system_installation(folder: &Path) -> PathBuf {
    folder.join("system")
}

/// Where the bus finds the services of installed applications.
pub(crate) fn services(folder: &Path) -> Vec<PathBuf> {
    // Within the session the system's installation is where it always is.
    [user_installation(folder), PathBuf::from("/var/lib/flatpak")]
        .map(|installation| installation.join("exports/share/dbus-1/services"))
        .to_vec()
}

/// The folder that the sandbox of Usher has for its own data.
pub(crate) fn folder_of_usher(folder: &Path) -> PathBuf {
    folder.join("home/.var/app").join(AUTHENTICATOR)
}

/// Where there are programs of ours, which hold no secrets and are large.
pub(crate) fn programs(folder: &Path) -> [PathBuf; 2] {
    let installation = user_installation(folder);
    [installation.join("app").join(AUTHENTICATOR), installation.join("repo/objects")]
}

/// A program that starts another one with the session's folder as the system's installation.
pub(crate) fn within(folder: &Path) -> PathBuf {
    folder.join("bin/within")
}

/// Writes [`within`], and a `flatpak` that is always started so.
fn write_within(folder: &Path) {
    let system = system_installation(folder);
    fs::create_dir_all(&system).expect("a folder of the session can be made");
    let bwrap = format!("exec bwrap --dev-bind / / --bind '{}' /var/lib/flatpak --die-with-parent", system.display());
    fs::create_dir_all(folder.join("bin")).expect("a folder of the session can be made");
    for (name, program) in [("within", ""), ("flatpak", "/usr/bin/flatpak ")] {
        let file = folder.join("bin").join(name);
        fs::write(&file, format!("#!/bin/sh\n{bwrap} -- {program}\"$@\"\n")).expect("a program can be written");
        fs::set_permissions(&file, Permissions::from_mode(0o700)).expect("a file can be made a program");
    }
}

impl Session {
    /// Installs Usher for the user, from the repository that `build-aux/flatpak-local` has made.
    pub async fn install_usher(&self) {
        let address = format!("file://{}", repository().display());
        let flatpak = self.flatpak();
        flatpak.run(&["remote-add", "--user", "--no-gpg-verify", "usher", &address]).await.expect_success();
        flatpak.run(&["install", "--user", "--noninteractive", "usher", AUTHENTICATOR]).await.expect_success();
    }

    /// The folder that the sandbox of Usher has for its own data.
    pub fn folder_of_usher(&self) -> PathBuf {
        folder_of_usher(self.folder())
    }

    /// The sandboxes of Usher's that are open now, those that it has opened for web pages included.
    pub async fn instances(&self) -> Vec<Instance> {
        let outcome = self.flatpak().look(&["ps", "--columns=instance,pid,child-pid,application"]).await;
        outcome.expect_success();
        let mut instances: Vec<_> = outcome.text.lines().filter_map(instance).collect();
        instances.sort();
        instances
    }

    /// Flatpak's number of the sandbox that a process is in.
    pub fn sandbox_of(&self, process: u32) -> Option<String> {
        let information = fs::read_to_string(format!("/proc/{process}/root/.flatpak-info")).ok()?;
        information.lines().find_map(|line| line.strip_prefix("instance-id=")).map(str::to_owned)
    }

    /// The process of the daemon itself, in its sandbox: what looks after it there is another one.
    pub fn daemon(&self) -> Option<u32> {
        let processes = self.processes.of_program("usher-authenticator");
        processes.into_iter().find(|(_, arguments)| arguments.iter().any(|word| word == "--parent")).map(|(id, _)| id)
    }

    /// Waits until no sandbox of Usher's is open.
    pub async fn wait_for_no_instance(&self) {
        wait_for(
            "the end of all sandboxes of Usher's",
            async || self.instances().await.is_empty().then_some(()),
            async || format!("{:?}", self.instances().await),
        )
        .await;
    }
}

/// A line of `flatpak ps`, if it is about Usher.
fn instance(line: &str) -> Option<Instance> {
    let mut columns = line.split('\t').map(str::trim);
    let number = columns.next()?.to_owned();
    let mut process = || columns.next()?.parse().ok();
    let (outer, inner) = (process()?, process()?);
    columns.next()?.starts_with(AUTHENTICATOR).then_some(Instance { number, outer, inner })
}
