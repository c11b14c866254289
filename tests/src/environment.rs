// SPDX-License-Identifier: GPL-3.0-or-later
//! The environment of a session's programs, and the folders that it names.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::sandbox;

/// The data folder of the session's person.
pub(crate) fn data_folder(folder: &Path) -> PathBuf {
    folder.join("home/.local/share")
}

/// The environment and folders of a session with Usher on the system.
pub(crate) fn environment(folder: &Path, stage: &Path) -> BTreeMap<String, String> {
    let flatpak = folder.join("flatpak");
    let exports = |installation: &str| flatpak.join(installation).join("exports/share");
    let mut environment = common_environment(folder, &[stage.join("share"), exports("user"), exports("system")]);
    let folders = [
        ("FLATPAK_USER_DIR", flatpak.join("user")),
        ("FLATPAK_SYSTEM_DIR", flatpak.join("system")),
        ("FLATPAK_SYSTEM_CACHE_DIR", flatpak.join("cache")),
        ("FLATPAK_CONFIG_DIR", flatpak.join("etc")),
        ("FLATPAK_RUN_DIR", flatpak.join("run")),
    ];
    for (name, path) in folders {
        environment.insert(name.to_owned(), create_folder(&path));
    }
    environment.insert("PATH".to_owned(), search_path(&stage.join("bin")));
    environment
}

/// The environment of every session: folders of its own, and `data` before the system's data folders.
pub(crate) fn common_environment(folder: &Path, data: &[PathBuf]) -> BTreeMap<String, String> {
    let home = folder.join("home");
    let folders = [
        ("HOME", home.clone()),
        ("XDG_DATA_HOME", data_folder(folder)),
        ("XDG_CONFIG_HOME", home.join(".config")),
        ("XDG_CACHE_HOME", home.join(".cache")),
        ("XDG_STATE_HOME", home.join(".local/state")),
        ("XDG_RUNTIME_DIR", folder.join("run")),
        ("TMPDIR", folder.join("tmp")),
    ];
    let mut environment: BTreeMap<_, _> =
        folders.into_iter().map(|(name, path)| (name.to_owned(), create_folder(&path))).collect();
    let system = [PathBuf::from("/usr/local/share"), PathBuf::from("/usr/share")];
    let further = [
        ("XDG_DATA_DIRS", join_paths(data.iter().chain(&system))),
        ("LANG", "C.UTF-8".to_owned()),
        ("GIO_USE_VFS", "local".to_owned()),
        // In a file, so that every process sees what another one sets.
        ("GSETTINGS_BACKEND", "keyfile".to_owned()),
        ("NO_AT_BRIDGE", "0".to_owned()),
        ("RUST_BACKTRACE", "1".to_owned()),
    ];
    environment.extend(further.map(|(name, value)| (name.to_owned(), value)));
    environment
}

/// Creates a folder that only its owner can open.
fn create_folder(path: &Path) -> String {
    fs::create_dir_all(path).expect("a folder of the session can be made");
    fs::set_permissions(path, Permissions::from_mode(0o700)).expect("a folder of the session can be closed to others");
    path.display().to_string()
}

/// A `PATH` with `first` before the system's folders.
pub(crate) fn search_path(first: &Path) -> String {
    join_paths([first, Path::new("/usr/local/bin"), Path::new("/usr/bin"), Path::new("/bin")])
}

fn join_paths(paths: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    env::join_paths(paths).expect("no folder has a colon in its name").to_string_lossy().into_owned()
}

/// Writes GTK's settings. Without a settings service GTK would take a font that no desktop uses; and pictures need
/// windows without animations.
pub(crate) fn write_gtk_settings(folder: &Path) {
    let settings = [
        "[Settings]",
        "gtk-font-name=Inter 11",
        "gtk-enable-animations=false",
        // As GNOME has it.
        "gtk-decoration-layout=:close",
        "",
    ];
    // A sandbox sees only its own folder.
    for config in [folder.join("home/.config"), sandbox::folder_of_usher(folder).join("config")] {
        let config = config.join("gtk-4.0");
        fs::create_dir_all(&config).expect("a folder of the session can be made");
        fs::write(config.join("settings.ini"), settings.join("\n")).expect("GTK's settings can be written");
    }
}
