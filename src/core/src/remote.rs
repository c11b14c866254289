// SPDX-License-Identifier: GPL-3.0-or-later
//! The remotes and installed refs of all Flatpak installations on this computer, read from disk. Leaves out what is
//! missing or unreadable: that is a state, not an error.

#[cfg(any(test, feature = "testing"))]
pub(crate) mod fuzzing;
mod gvariant;
mod listing;
mod objects;
mod samples;
mod summary;
mod updates;
mod without_usher;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub use self::{
    listing::{ListSource, Listing, own_architecture, signatures},
    objects::{Checksum, content_of_file, file_in_tree, tree_of_commit},
    samples::{samples_at, samples_of},
    summary::{free_apps, needs_token, samples},
    updates::held,
    without_usher::{FLATPAK_AUTHENTICATOR, without_usher},
};
use crate::{
    address::WrittenAddress,
    binding::{Binding, OptionsError},
    keyfile::KeyFile,
    names,
    provider::{self, Claim},
    refs::{AppId, FlatpakRef, RefKind},
    service::{self, RemoteUrl, UrlError},
};

/// A folder that every installation has.
const REPOSITORY: &str = "repo";
/// The folder in flatpak's configuration that lists the administrator's installations.
const CUSTOM: &str = "installations.d";

/// A place where Flatpak keeps remotes and apps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Its folder.
    pub path: PathBuf,
    /// Whether it belongs to the current user alone.
    pub is_user: bool,
    /// What the administrator calls it. `None` for the user's and the system's own.
    pub name: Option<String>,
}

/// A configured Flatpak repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Flatpak's name for it.
    pub name: String,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Its address.
    pub url: WrittenAddress,
    /// Bus name of its authenticator.
    pub authenticator: Option<String>,
    /// Its authenticator options.
    pub options: BTreeMap<String, String>,
    /// The registry behind it, if it is the index of a container registry at which flatpak has looked.
    pub registry: Option<String>,
    /// Whether it belongs to the current user's installation.
    pub is_user: bool,
    /// The name of the administrator's installation that it belongs to, if it is in none of the usual two.
    pub installation: Option<String>,
    /// Whether it is switched off.
    pub is_disabled: bool,
    /// Whether flatpak installs its authenticator from it unasked.
    pub installs_authenticator: bool,
}

impl Remote {
    /// The name of the repository to show.
    pub fn display_name(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// Whether it uses Usher: it names Usher as its authenticator and is switched on. A remote that is switched off
    /// counts for nothing.
    pub fn is_ours(&self) -> bool {
        !self.is_disabled && self.names_usher()
    }

    /// Whether it names Usher as its authenticator, switched on or off.
    pub fn names_usher(&self) -> bool {
        self.authenticator.as_deref() == Some(names::AUTHENTICATOR_NAME)
    }

    /// The binding that its options claim.
    pub fn claimed(&self) -> Result<Binding, OptionsError> {
        let registry = self.registry.as_deref();
        provider::claim(&Claim { remote_uri: self.url.verbatim(), options: &self.options, registry })
    }

    /// Whether its apps are in a container registry.
    pub fn is_registry(&self) -> bool {
        service::is_registry(self.url.verbatim())
    }

    /// Its address, if it may get tokens.
    pub fn address(&self) -> Result<RemoteUrl, UrlError> {
        RemoteUrl::parse(self.url.verbatim())
    }
}

/// All installations: the user's, the system's, and the administrator's (`flatpak-installation(5)`; the variables are
/// flatpak's own).
///
/// A sandbox shows no files of `/etc/flatpak`, so from inside it the administrator's are invisible.
pub fn installations() -> Vec<Installation> {
    let mut all = usual_installations();
    all.extend(custom_installations());
    all
}

/// The user's installation and the system's.
pub fn usual_installations() -> Vec<Installation> {
    FlatpakFolders::of_process().usual_installations()
}

/// The installations that the administrator has listed.
pub fn custom_installations() -> Vec<Installation> {
    listed_in(&FlatpakFolders::of_process().custom_list())
}

/// Whether the user's installation exists and can be seen. A sandbox may show an empty folder in its place.
pub fn is_user_installation_seen() -> bool {
    FlatpakFolders::of_process().user_installation().is_some_and(|folder| folder.join(REPOSITORY).is_dir())
}

/// The facts that decide where installations are.
struct FlatpakFolders<V> {
    variable: V,
    in_sandbox: bool,
}

impl FlatpakFolders<fn(&str) -> Option<PathBuf>> {
    fn of_process() -> Self {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        Self { variable, in_sandbox: names::in_sandbox() }
    }
}

impl<V: Fn(&str) -> Option<PathBuf>> FlatpakFolders<V> {
    fn usual_installations(&self) -> Vec<Installation> {
        let system = self.flatpak_folder("FLATPAK_SYSTEM_DIR", REPOSITORY).unwrap_or_else(|| "/var/lib/flatpak".into());
        let user = self.user_installation().map(|path| Installation { path, is_user: true, name: None });
        let mut all: Vec<Installation> = user.into_iter().collect();
        all.push(Installation { path: system, is_user: false, name: None });
        all
    }

    /// The folder that lists the administrator's installations.
    fn custom_list(&self) -> PathBuf {
        let config = self.flatpak_folder("FLATPAK_CONFIG_DIR", CUSTOM).unwrap_or_else(|| "/etc/flatpak".into());
        config.join(CUSTOM)
    }

    fn user_installation(&self) -> Option<PathBuf> {
        self.flatpak_folder("FLATPAK_USER_DIR", REPOSITORY).or_else(|| {
            // Inside a sandbox, XDG_DATA_HOME is the application's own.
            let data = self.absolute(if self.in_sandbox { "HOST_XDG_DATA_HOME" } else { "XDG_DATA_HOME" });
            data.or_else(|| Some(self.absolute("HOME")?.join(".local/share"))).map(|data| data.join("flatpak"))
        })
    }

    /// Where flatpak keeps what it fetched for installations that only the administrator may change. A sandbox shows
    /// nothing of it.
    fn person_cache(&self) -> Option<PathBuf> {
        let cache = self.folder("XDG_CACHE_HOME").or_else(|| Some(self.folder("HOME")?.join(".cache")));
        cache.filter(|_| !self.in_sandbox).map(|cache| cache.join("flatpak/system-cache"))
    }

    /// A folder from one of flatpak's variables. A sandbox inherits the session's variables but not what is in the
    /// folders, so inside one a folder counts only if it has this content.
    fn flatpak_folder(&self, name: &str, content: &str) -> Option<PathBuf> {
        self.folder(name).filter(|folder| !self.in_sandbox || folder.join(content).is_dir())
    }

    /// A relative path in one of these counts as unset.
    fn absolute(&self, name: &str) -> Option<PathBuf> {
        self.folder(name).filter(|folder| folder.is_absolute())
    }

    fn folder(&self, name: &str) -> Option<PathBuf> {
        (self.variable)(name).filter(|folder| !folder.as_os_str().is_empty())
    }
}

fn listed_in(folder: &Path) -> Vec<Installation> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
        .collect();
    files.sort();
    let mut found = Vec::new();
    for file in files.iter().filter_map(|path| KeyFile::read(path)) {
        for (group, keys) in file.groups() {
            let name = group.strip_prefix("Installation \"").and_then(|rest| rest.strip_suffix('"'));
            if let (Some(name), Some(path)) = (name, keys.get("Path")) {
                found.push(Installation { path: path.into(), is_user: false, name: Some(name.to_owned()) });
            }
        }
    }
    found
}

/// The remotes of these installations, in their order.
pub fn remotes(installations: &[Installation]) -> Vec<Remote> {
    installations.iter().flat_map(remotes_of).collect()
}

fn remotes_of(installation: &Installation) -> Vec<Remote> {
    let Some(file) = KeyFile::read(&installation.path.join("repo/config")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (group, keys) in file.groups() {
        let name = group.strip_prefix("remote \"").and_then(|rest| rest.strip_suffix('"'));
        let (Some(name), Some(url)) = (name, keys.get("url")) else {
            continue;
        };
        let text = |key: &str| keys.get(key).filter(|value| !value.is_empty()).cloned();
        let is_set = |key: &str| keys.get(key).is_some_and(|value| value == "true");
        let options = keys
            .iter()
            .filter_map(|(key, value)| {
                let option = key.strip_prefix("xa.authenticator-options.")?;
                Some((option.to_owned(), value.clone()))
            })
            .collect();
        let registry = if service::is_registry(url) { summary::registry(installation, name) } else { None };
        found.push(Remote {
            name: name.to_owned(),
            registry,
            title: text("xa.title"),
            url: url.clone().into(),
            authenticator: text("xa.authenticator-name"),
            options,
            is_user: installation.is_user,
            installation: installation.name.clone(),
            is_disabled: is_set("xa.disable"),
            installs_authenticator: is_set("xa.authenticator-install"),
        });
    }
    found
}

/// Whether one of these remotes has this name, address, options and registry (rule R25).
pub fn is_configured(
    remotes: &[Remote],
    name: &str,
    url: &str,
    options: &BTreeMap<String, String>,
    registry: Option<&str>,
) -> bool {
    remotes.iter().filter(|remote| remote.is_ours()).any(|remote| {
        let is_it = remote.name == name && remote.url == *url && &remote.options == options;
        is_it && remote.registry.as_deref() == registry.filter(|_| remote.is_registry())
    })
}

/// Whether one of these installations has deployed a ref.
pub fn is_installed(installations: &[Installation], wanted: &FlatpakRef) -> bool {
    installations.iter().any(|installation| is_deployed(installation, wanted))
}

fn is_deployed(installation: &Installation, wanted: &FlatpakRef) -> bool {
    installation.path.join(wanted.as_str()).join("active").exists()
}

/// Whether one of these installations has an app, wherever it came from.
pub fn is_app_installed(installations: &[Installation], app_id: &str) -> bool {
    AppId::is_valid(app_id)
        && installations.iter().any(|installation| installation.path.join("app").join(app_id).join("current").exists())
}

/// Whether a request for these refs is an update. It is an *install* if one of its apps is installed nowhere, or none
/// of its refs is: runtimes, locales and extensions that come along do not turn an update into an install. What takes the
/// place of an installed app ([`held`]) counts as installed.
pub fn is_update(refs: &[&FlatpakRef], is_installed: impl Fn(&FlatpakRef) -> bool) -> bool {
    let mut apps = refs.iter().filter(|wanted| wanted.kind() == RefKind::App);
    apps.all(|wanted| is_installed(wanted)) && refs.iter().any(|wanted| is_installed(wanted))
}

#[cfg(test)]
mod tests;
