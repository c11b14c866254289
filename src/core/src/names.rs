// SPDX-License-Identifier: GPL-3.0-or-later
//! The names by which Usher's parts know each other. A development build uses other names than a release, so that both
//! can be installed side by side; the build sets them, and the defaults are those of a development build.

use std::path::PathBuf;

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
/// Bus name of the daemon, which is what remotes name as their authenticator.
pub const AUTHENTICATOR_NAME: &str = APP_ID;
/// Bus name and GApplication id of the window process.
pub const ACCOUNTS_NAME: &str = built!("USHER_ACCOUNTS_NAME", "io.github.usher.Usher.Devel.Accounts");
/// Object path of the window process's prompter.
pub const PROMPTER_PATH: &str = built!("USHER_PROMPTER_PATH", "/io/github/usher/Usher/Devel/Prompter");
/// Interface of the prompter; the same in every build.
pub const PROMPTER_INTERFACE: &str = "io.github.usher.Prompter1";
/// Bus name of the daemon's second connection, on which stores ask their questions.
pub const ACCESS_NAME: &str = built!("USHER_ACCESS_NAME", "io.github.usher.Usher.Devel.Access");
/// Object path of the questions of stores.
pub const ACCESS_PATH: &str = built!("USHER_ACCESS_PATH", "/io/github/usher/Usher/Devel/Access");
/// Interface of the questions of stores; the same in every build.
pub const ACCESS_INTERFACE: &str = "io.github.usher.Access1";
/// `xdg:schema` of the keyring items.
pub const KEYRING_SCHEMA: &str = built!("USHER_KEYRING_SCHEMA", "io.github.usher.Account.Devel");
/// Version of the whole, from the workspace.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Domain of the translations.
pub const GETTEXT_DOMAIN: &str = "usher";
/// Folder of the translations.
pub const LOCALE_DIR: &str = built!("USHER_LOCALE_DIR", "/usr/share/locale");

/// Interface that flatpak calls.
pub const FLATPAK_AUTHENTICATOR_INTERFACE: &str = "org.freedesktop.Flatpak.Authenticator";
/// Object path that flatpak calls.
pub const FLATPAK_AUTHENTICATOR_PATH: &str = "/org/freedesktop/Flatpak/Authenticator";

/// Whether this is a development build, which has names of its own.
pub fn is_devel() -> bool {
    APP_ID.ends_with(".Devel")
}

/// Whether this process runs inside a Flatpak sandbox.
pub fn in_sandbox() -> bool {
    std::path::Path::new("/.flatpak-info").exists()
}

/// The words that start `usherctl` in a person's shell: what is in a Flatpak is not in a shell's search path.
pub fn usherctl() -> &'static [&'static str] {
    if in_sandbox() { &["flatpak", "run", "--command=usherctl", APP_ID] } else { &["usherctl"] }
}

/// Object path at which an application of that id is (`org.freedesktop.Application`).
pub fn application_path(id: &str) -> String {
    format!("/{}", id.replace('.', "/").replace('-', "_"))
}

/// Where a Flatpak has its own files while it runs.
pub const DEPLOYMENT: &str = "/app";
/// What flatpak puts there when another version was installed (`flatpak_dir_undeploy`).
pub const DEPLOYMENT_UPDATED: &str = ".updated";
/// What flatpak puts there when none is installed any more.
pub const DEPLOYMENT_REMOVED: &str = ".removed";

/// The folder for data of applications, inside Flatpak the application's own. `None` where there is no home.
pub fn data_dir() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")))
}

/// The folder for what must not outlive the login session: `$XDG_RUNTIME_DIR/<application id>`, inside Flatpak the
/// folder that all instances of the application share. `None` where the session has no runtime folder.
pub fn runtime_dir() -> Option<PathBuf> {
    let base = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty())?);
    Some(if in_sandbox() { base.join("app").join(APP_ID) } else { base.join(APP_ID) })
}
