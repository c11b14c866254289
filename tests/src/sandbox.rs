// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: a session without Usher on the system, and the processes in Usher's sandboxes.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::environment::{common_environment, data_folder, search_path};
use crate::processes::{children_of, wait_for};
use crate::session::{AUTHENTICATOR, Session, workspace};

/// How Usher is installed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Package {
    /// On the system: from the stage that `meson install` filled.
    #[default]
    System,
    /// As a Flatpak in the user's installation, and nowhere else.
    Flatpak,
    /// Not at all. A repository may bring the Flatpak.
    NotInstalled,
}

impl Package {
    pub(crate) fn is_sandboxed(self) -> bool {
        self != Self::System
    }
}

/// The portals that the desktop serves to sandboxes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Portals {
    /// The portals, their GTK backend, and the service that opens more sandboxes.
    #[default]
    Served,
    /// None.
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

/// An open sandbox of Usher.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// Its number at flatpak.
    pub number: String,
    /// The process outside that opened it.
    pub outer: u32,
    /// The first process inside.
    pub inner: u32,
}

/// The result of `build-aux/flatpak-local`: the repository, and the configuration that names the runtime.
fn build_folder() -> PathBuf {
    workspace().join("build/flatpak")
}

/// The repository with Usher in it.
pub(crate) fn repository() -> PathBuf {
    let repository = build_folder().join("repo");
    assert!(repository.is_dir(), "Usher was built as a Flatpak; build-aux/flatpak-local does it");
    repository
}

/// The environment and folders of a session in which Usher is a Flatpak.
pub(crate) fn environment(folder: &Path) -> BTreeMap<String, String> {
    let exports = [user_installation(folder), PathBuf::from("/var/lib/flatpak")].map(|each| each.join("exports/share"));
    let mut environment = common_environment(folder, &exports);
    write_wrappers(folder);
    // No variables that name the installations: they would reach the sandboxes, and Usher would believe them there. So
    // the installations are in their usual places.
    let further = [
        ("FLATPAK_CONFIG_DIR", build_folder().join("etc").display().to_string()),
        ("XDG_CURRENT_DESKTOP", "GNOME".to_owned()),
        ("PATH", search_path(&folder.join("bin"))),
    ];
    environment.extend(further.map(|(name, value)| (name.to_owned(), value)));
    environment
}

fn user_installation(folder: &Path) -> PathBuf {
    data_folder(folder).join("flatpak")
}

/// The folder of the system installation.
fn system_installation(folder: &Path) -> PathBuf {
    folder.join("system")
}

/// Where the bus finds the service files of installed applications.
pub(crate) fn services(folder: &Path) -> Vec<PathBuf> {
    // Within the session the system installation is in its usual place.
    [user_installation(folder), PathBuf::from("/var/lib/flatpak")]
        .map(|installation| installation.join("exports/share/dbus-1/services"))
        .to_vec()
}

/// The folder with the data of Usher's sandbox.
pub(crate) fn folder_of_usher(folder: &Path) -> PathBuf {
    folder.join("home/.var/app").join(AUTHENTICATOR)
}

/// Folders with Usher's programs, which hold no secrets and are large.
pub(crate) fn program_folders(folder: &Path) -> [PathBuf; 2] {
    let installation = user_installation(folder);
    [installation.join("app").join(AUTHENTICATOR), installation.join("repo/objects")]
}

/// A program that starts another one, with a folder of the session as the system installation.
pub(crate) fn wrapper(folder: &Path) -> PathBuf {
    folder.join("bin/wrapper")
}

/// Writes [`wrapper`], and a `flatpak` that always starts in it.
fn write_wrappers(folder: &Path) {
    let system = system_installation(folder);
    fs::create_dir_all(&system).expect("a folder of the session can be made");
    let bwrap = format!("exec bwrap --dev-bind / / --bind '{}' /var/lib/flatpak --die-with-parent", system.display());
    fs::create_dir_all(folder.join("bin")).expect("a folder of the session can be made");
    for (name, program) in [("wrapper", ""), ("flatpak", "/usr/bin/flatpak ")] {
        let file = folder.join("bin").join(name);
        fs::write(&file, format!("#!/bin/sh\n{bwrap} -- {program}\"$@\"\n")).expect("a program can be written");
        fs::set_permissions(&file, Permissions::from_mode(0o700)).expect("a file can be made a program");
    }
}

impl Session {
    /// Installs Usher for the user, from the repository that `build-aux/flatpak-local` made.
    pub async fn install_usher(&self) {
        let address = format!("file://{}", repository().display());
        let flatpak = self.flatpak();
        flatpak.run(&["remote-add", "--user", "--no-gpg-verify", "usher", &address]).await.expect_success();
        flatpak.run(&["install", "--user", "--noninteractive", "usher", AUTHENTICATOR]).await.expect_success();
    }

    /// The folder with the data of Usher's sandbox.
    pub fn folder_of_usher(&self) -> PathBuf {
        folder_of_usher(self.folder())
    }

    /// Usher's open sandboxes, including those that it opened for web pages.
    pub async fn instances(&self) -> Vec<Instance> {
        let outcome = self.flatpak().run_unrecorded(&["ps", "--columns=instance,pid,child-pid,application"]).await;
        outcome.expect_success();
        let mut instances: Vec<_> = outcome.text.lines().filter_map(instance).collect();
        instances.sort();
        instances
    }

    /// Flatpak's number of the sandbox of a process.
    pub fn sandbox_of(&self, process: u32) -> Option<String> {
        let information = fs::read_to_string(format!("/proc/{process}/root/.flatpak-info")).ok()?;
        information.lines().find_map(|line| line.strip_prefix("instance-id=")).map(str::to_owned)
    }

    /// The process of the daemon in its sandbox, as opposed to the parent that supervises it there.
    pub fn daemon(&self) -> Option<u32> {
        let all = self.processes.of_program("usher-authenticator").into_iter().map(|(id, _)| id);
        all.flat_map(children_of).next()
    }

    /// Waits until no sandbox of Usher is open.
    pub async fn wait_until_no_instance(&self) {
        wait_for(
            "the end of all of Usher's sandboxes",
            async || self.instances().await.is_empty().then_some(()),
            async || format!("{:?}", self.instances().await),
        )
        .await;
    }
}

/// Reads a line of `flatpak ps`, if it is about Usher.
fn instance(line: &str) -> Option<Instance> {
    let mut columns = line.split('\t').map(str::trim);
    let number = columns.next()?.to_owned();
    let mut process = || columns.next()?.parse().ok();
    let (outer, inner) = (process()?, process()?);
    columns.next()?.starts_with(AUTHENTICATOR).then_some(Instance { number, outer, inner })
}
