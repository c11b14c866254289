// SPDX-License-Identifier: GPL-3.0-or-later
//! The names by which Usher's parts know each other. A development build has other names than a release, so that both
//! can be installed side by side. The build sets them; the defaults are those of a development build.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

use crate::folders;

macro_rules! built {
    ($variable:literal, $default:expr) => {
        match option_env!($variable) {
            Some(value) => value,
            None => $default,
        }
    };
}

/// Application id: Flatpak id, desktop file, icon, metainfo, GSettings schema.
pub const APP_ID: &str = built!("USHER_APP_ID", "io.github.usher.Usher.Devel");
/// Bus name of the daemon. Remotes name it as their authenticator.
pub const AUTHENTICATOR_NAME: &str = APP_ID;
/// Bus name and GApplication id of the window process.
pub const ACCOUNTS_NAME: &str = built!("USHER_ACCOUNTS_NAME", "io.github.usher.Usher.Devel.Accounts");
/// Object path of the window process's prompter.
pub const PROMPTER_PATH: &str = built!("USHER_PROMPTER_PATH", "/io/github/usher/Usher/Devel/Prompter");
/// Interface of the prompter; the same in every build.
pub const PROMPTER_INTERFACE: &str = "io.github.usher.Prompter1";
/// Bus name of the daemon's second connection, for the questions of app stores.
pub const ACCESS_NAME: &str = built!("USHER_ACCESS_NAME", "io.github.usher.Usher.Devel.Access");
/// Object path for the questions of app stores.
pub const ACCESS_PATH: &str = built!("USHER_ACCESS_PATH", "/io/github/usher/Usher/Devel/Access");
/// Interface for the questions of app stores; the same in every build.
pub const ACCESS_INTERFACE: &str = "io.github.usher.Access1";
/// `xdg:schema` of the keyring items.
pub const KEYRING_SCHEMA: &str = built!("USHER_KEYRING_SCHEMA", "io.github.usher.Account.Devel");
/// Version of all of Usher, from the workspace.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Domain of the translations.
pub const GETTEXT_DOMAIN: &str = "usher";
/// Folder of the translations.
pub const LOCALE_DIR: &str = built!("USHER_LOCALE_DIR", "/usr/share/locale");

/// Interface that flatpak calls.
pub const FLATPAK_AUTHENTICATOR_INTERFACE: &str = "org.freedesktop.Flatpak.Authenticator";
/// The interface for listings, at the same object; the same in every build.
pub const LISTING_INTERFACE: &str = "io.github.usher.Listing1";
/// Object path of the interface that flatpak calls.
pub const FLATPAK_AUTHENTICATOR_PATH: &str = "/org/freedesktop/Flatpak/Authenticator";

/// Whether this is a development build, which has its own names.
pub fn is_devel() -> bool {
    APP_ID.ends_with(".Devel")
}

/// Whether this process runs inside a Flatpak sandbox.
pub fn in_sandbox() -> bool {
    static IS_IT: LazyLock<bool> = LazyLock::new(|| Path::new("/.flatpak-info").exists());
    *IS_IT
}

/// The words that start `usherctl` in a person's shell: a shell does not find commands inside a Flatpak.
pub fn usherctl() -> &'static [&'static str] {
    if in_sandbox() { &["flatpak", "run", "--command=usherctl", APP_ID] } else { &["usherctl"] }
}

/// Object path of the application with this id (`org.freedesktop.Application`).
pub fn application_path(id: &str) -> String {
    format!("/{}", id.replace('.', "/").replace('-', "_"))
}

/// Where a running Flatpak sees its own files.
pub const DEPLOYMENT: &str = "/app";
/// The file there that flatpak creates when another version was installed (`flatpak_dir_undeploy`).
pub const DEPLOYMENT_UPDATED: &str = ".updated";
/// The file there that flatpak creates when the app was uninstalled.
pub const DEPLOYMENT_REMOVED: &str = ".removed";

/// The folder for the data of applications; inside Flatpak, the application's own. `None` without a home folder.
pub fn data_dir() -> Option<PathBuf> {
    folders::data()
}

/// The folder for what must not outlive the login session: see [`folders::session`].
pub fn runtime_dir() -> Option<PathBuf> {
    folders::session().map(|folder| folder.path)
}
