// SPDX-License-Identifier: GPL-3.0-or-later
//! The remotes that do not use Usher, but could: those where flatpak's own authenticator asks anew each time, and those
//! that ask for tokens nobody has.

use std::{fs, path::PathBuf};

use super::{Installation, Remote, remotes_of, summary};
use crate::{keyfile::KeyFile, names, remote_modify::RemoteModify};

/// flatpak's own authenticator, which it uses for a registry that names none.
pub const FLATPAK_AUTHENTICATOR: &str = "org.flatpak.Authenticator.Oci";

/// Where the session bus looks for services, in a data folder.
const SERVICES: &str = "dbus-1/services";
/// The group of a service file.
const SERVICE: &str = "D-BUS Service";
/// Data folders where no variable names any (XDG Base Directory Specification).
const DATA_FOLDERS: &str = "/usr/local/share:/usr/share";

/// The remotes of these installations that do not use Usher, but could, in their order.
pub fn without_usher(installations: &[Installation]) -> Vec<Remote> {
    let is_installed = |name: &str| names::in_sandbox() || is_service(&data_folders(), name);
    without_usher_of(installations, is_installed)
}

fn without_usher_of(installations: &[Installation], is_installed: impl Fn(&str) -> bool) -> Vec<Remote> {
    let mut found = Vec::new();
    for installation in installations {
        let mut remotes = remotes_of(installation);
        remotes.retain(|remote| {
            !remote.is_disabled
                && is_unserved(remote, &is_installed)
                && RemoteModify::to_use_usher(remote).is_some()
                && (remote.is_registry() || summary::asks_for_tokens(installation, remote))
        });
        found.extend(remotes);
    }
    found
}

/// Whether no other program keeps accounts for a remote. A sandbox does not show which programs there are.
fn is_unserved(remote: &Remote, is_installed: impl Fn(&str) -> bool) -> bool {
    match remote.authenticator.as_deref() {
        None | Some(FLATPAK_AUTHENTICATOR) => true,
        Some(name) => name != names::AUTHENTICATOR_NAME && !is_installed(name),
    }
}

/// Whether the session bus can start a service with this name.
fn is_service(folders: &[PathBuf], name: &str) -> bool {
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder.join(SERVICES)).into_iter().flatten().flatten());
    let mut services = files.filter_map(|file| KeyFile::read(&file.path()));
    services.any(|service| {
        let mut groups = service.groups();
        groups.any(|(group, keys)| group == SERVICE && keys.get("Name").is_some_and(|known| known == name))
    })
}

/// The folders in which the session bus looks, of this process and of the installations.
fn data_folders() -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let own = variable("XDG_DATA_HOME").map(PathBuf::from);
    let own = own.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/share")));
    let shared = variable("XDG_DATA_DIRS").unwrap_or_else(|| DATA_FOLDERS.into());
    let runtime = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    let exports = super::installations().into_iter().map(|installation| installation.path.join("exports/share"));
    own.into_iter().chain(runtime).chain(std::env::split_paths(&shared)).chain(exports).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::summary as written;

    const PROTECTED: [written::SummaryRef<'_>; 1] = [("app/org.e.App/x86_64/stable", Some(2), None)];
    const FREE: [written::SummaryRef<'_>; 1] = [("app/org.e.App/x86_64/stable", Some(0), None)];

    #[test]
    fn remotes_that_nobody_keeps_accounts_for_could_use_usher() {
        let registry = "url=oci+https://index.example.org/x\n";
        let repository = "url=https://repo.example.org\nxa.authenticator-options.url=https://store.example.org\n";
        let named = |name: &str| format!("xa.authenticator-name={name}\n");
        let (own, usher) = (named(FLATPAK_AUTHENTICATOR), named(names::AUTHENTICATOR_NAME));
        let (here, missing) = (named("org.e.Here"), named("org.e.Missing"));
        for (config, refs, could) in [
            (registry.to_owned(), &FREE, true),
            (format!("{registry}{own}"), &FREE, true),
            (format!("{registry}{missing}"), &FREE, true),
            (format!("{registry}{here}"), &FREE, false),
            (format!("{registry}{usher}"), &FREE, false),
            (format!("{registry}xa.disable=true\n"), &FREE, false),
            ("url=oci+http://index.example.org\n".to_owned(), &FREE, false),
            (repository.to_owned(), &PROTECTED, true),
            ("url=https://repo.example.org\n".to_owned(), &PROTECTED, true),
            ("url=https://repo.example.org\n".to_owned(), &FREE, false),
            (repository.to_owned(), &FREE, false),
            (format!("{repository}xa.default-token-type=1\n"), &FREE, false),
            (format!("{repository}{own}"), &PROTECTED, true),
            (format!("{repository}{missing}"), &PROTECTED, true),
            (format!("{repository}{here}"), &PROTECTED, false),
            (format!("{repository}{usher}"), &PROTECTED, false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join("repo")).unwrap();
            fs::write(folder.path().join("repo/config"), format!("[remote \"demo\"]\n{config}")).unwrap();
            written::write(folder.path(), "demo", "x86_64", refs);
            let installation = Installation { path: folder.path().into(), is_user: true, name: None };
            let found = without_usher_of(&[installation], |name| name == "org.e.Here");
            assert_eq!(found.len(), usize::from(could), "{config} {refs:?}");
        }
    }

    #[test]
    fn a_service_is_known_by_the_name_in_its_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(SERVICES)).unwrap();
        let file = folder.path().join(SERVICES).join("other.service");
        fs::write(file, "[D-BUS Service]\nName=org.e.Here\nExec=/bin/true\n").unwrap();
        let folders = [PathBuf::from("/nonexistent"), folder.path().to_owned()];
        assert!(is_service(&folders, "org.e.Here"));
        assert!(!is_service(&folders, "org.e.Missing"));
    }
}
