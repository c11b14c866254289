// SPDX-License-Identifier: GPL-3.0-or-later
//! The files that share repositories: `.flatpakrepo` and `.flatpakref` (flatpakrepo(5), flatpakref(5)). They come from
//! anybody. Usher shows what they say but trusts none of it: it fetches nothing that they name and adds no repository
//! by itself. The command that adds one is built from arguments (rule R17).

use std::{collections::BTreeMap, path::Path};

use crate::{
    address::WrittenAddress,
    i18n::gettext,
    keyfile::KeyFile,
    names,
    remote::Remote,
    remote_add::{RemoteAdd, free_name, is_key},
    remote_modify::RemoteModify,
    service::{self, ADDRESS_LIMIT, RemoteUrl, UrlError, is_registry},
    text,
};

/// Largest file to read, in bytes.
pub const SIZE_LIMIT: usize = 1 << 20;

/// The only version of the format.
const VERSION: &str = "1";

/// What a file says about a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryFile {
    /// Its address as written in the file: plain text, but not always one that Usher uses.
    pub address: WrittenAddress,
    /// Its title, cleaned.
    pub title: Option<String>,
    /// The app that the file is about, cleaned. `None` for a `.flatpakrepo`.
    pub app: Option<String>,
    kind: Kind,
    name: String,
    key: Option<String>,
    authenticator: Option<String>,
    subset: Option<String>,
    default_branch: Option<String>,
}

/// Whether a repository is set up on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetUp {
    /// It is not; this command does it, if a safe one can be made.
    Missing(Option<String>),
    /// It is, and names an account server.
    Named(Box<Remote>),
    /// It is a registry that uses Usher, and flatpak has not looked at it yet: only then is its account server known.
    AsksLater,
    /// It is, and could use Usher.
    CouldUse(Box<Remote>),
    /// It is, but its accounts are not Usher's.
    NotOurs,
}

impl SetUp {
    /// The standing of a repository that is set up as these remotes.
    pub(crate) fn of(here: &[&Remote]) -> Self {
        let find = |is_it: &dyn Fn(&Remote) -> bool| here.iter().copied().find(|remote| is_it(remote)).cloned();
        let is_named = |remote: &Remote| remote.is_ours() && remote.claimed().is_ok();
        let asks_later = |remote: &Remote| remote.is_ours() && remote.is_registry();
        let could_use = |remote: &Remote| {
            let is_on = remote.is_registry() && !remote.is_disabled;
            is_on && RemoteModify::to_use_usher(remote).is_some()
        };
        if let Some(named) = find(&is_named) {
            return Self::Named(Box::new(named));
        }
        if find(&asks_later).is_some() {
            return Self::AsksLater;
        }
        find(&could_use).map_or(Self::NotOurs, |remote| Self::CouldUse(Box::new(remote)))
    }
}

/// What to say before a repository without a key is set up.
pub fn unverified() -> String {
    gettext("This repository has no key, so nothing from it can be verified.")
}

/// Why a file is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RepositoryFileError {
    /// It is larger than any such file.
    #[error("the file is too large")]
    TooLarge,
    /// It is another kind of file, or damaged, or of another version.
    #[error("the file is not one with a repository, or it is damaged")]
    Malformed,
    /// The repository's key is not a key.
    #[error("the key of the repository is damaged")]
    Key,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Repository,
    Ref,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Repository, Self::Ref];

    fn group(self) -> &'static str {
        match self {
            Self::Repository => "Flatpak Repo",
            Self::Ref => "Flatpak Ref",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Repository => "flatpakrepo",
            Self::Ref => "flatpakref",
        }
    }
}

/// Whether a file with this name should hold a repository.
pub fn is_named_so(name: &Path) -> bool {
    let suffix = name.extension().unwrap_or_default();
    Kind::ALL.iter().any(|kind| suffix.eq_ignore_ascii_case(kind.suffix()))
}

/// Whether a file with this name should hold a repository, not an app.
pub(crate) fn is_named_repository(name: &Path) -> bool {
    name.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case(Kind::Repository.suffix()))
}

/// The name for flatpak: the suggested one, or one after the host.
pub(crate) fn name_for_remote(suggested: &str, host: &str) -> String {
    if is_name_of_remote(suggested) {
        return suggested.to_owned();
    }
    let host = host.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
    host.trim_matches('-').to_owned()
}

impl RepositoryFile {
    /// What a file would say that has nothing but the address of a registry's index. `None` for other addresses.
    pub fn of_registry(address: &str) -> Option<Self> {
        let is_usable = is_clean(address) && RemoteUrl::parse(address).is_ok() && is_registry(address);
        is_usable.then(|| Self {
            address: address.into(),
            title: None,
            app: None,
            kind: Kind::Repository,
            name: String::new(),
            key: None,
            authenticator: None,
            subset: None,
            default_branch: None,
        })
    }

    /// Reads the content of a file with this name.
    pub fn parse(bytes: &[u8], name: &Path) -> Result<Self, RepositoryFileError> {
        use RepositoryFileError::{Key, Malformed, TooLarge};
        if bytes.len() > SIZE_LIMIT {
            return Err(TooLarge);
        }
        let content = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
        let file = KeyFile::parse(content);
        let (kind, keys) = Kind::ALL.into_iter().find_map(|kind| Some((kind, keys(&file, kind)?))).ok_or(Malformed)?;
        let value = |key: &str| keys.get(key).map(|value| value.trim());
        if value("Version").is_some_and(|version| version != VERSION) {
            return Err(Malformed);
        }
        let address = value("Url").filter(|url| !url.is_empty() && is_clean(url)).ok_or(Malformed)?;
        let key = value("GPGKey").map(|key| Some(key).filter(|key| is_key(key)).ok_or(Key)).transpose()?;
        let shown = |key: &str| value(key).map(|value| text::clean(value, text::NAME_LIMIT)).filter(|v| !v.is_empty());
        let only = |wanted: Kind, value: Option<String>| value.filter(|_| kind == wanted);
        let stem = name.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let suggested = if kind == Kind::Ref { value("SuggestRemoteName").unwrap_or_default() } else { stem };
        Ok(Self {
            address: address.into(),
            title: only(Kind::Repository, shown("Title")),
            app: only(Kind::Ref, shown("Title").or_else(|| shown("Name"))),
            kind,
            name: suggested.to_owned(),
            key: key.map(str::to_owned),
            authenticator: only(Kind::Repository, shown("AuthenticatorName")),
            subset: only(Kind::Repository, shown("Subset")),
            default_branch: only(Kind::Repository, shown("DefaultBranch")),
        })
    }

    /// Its address, if it may get tokens.
    pub fn remote_url(&self) -> Option<RemoteUrl> {
        RemoteUrl::parse(self.address.verbatim()).ok()
    }

    /// Why its address gets no tokens.
    pub fn fault(&self) -> Option<UrlError> {
        RemoteUrl::parse(self.address.verbatim()).err()
    }

    /// Its title, or else its host.
    pub fn display_name(&self) -> String {
        let host = || self.remote_url().map_or_else(|| self.address.to_string(), |address| address.host());
        self.title.clone().unwrap_or_else(host)
    }

    /// Whether flatpak can verify what comes from it: against its key, or, from a registry, by its digests.
    pub fn is_verified(&self) -> bool {
        self.key.is_some() || is_registry(self.address.verbatim())
    }

    /// What to say before it is set up, if flatpak will not verify what comes from it.
    pub fn warning(&self) -> Option<String> {
        (!self.is_verified()).then(unverified)
    }

    /// Whether it is set up, given the remotes of this computer. `file` is where it was read from, if a command can name
    /// that.
    pub fn set_up(&self, file: Option<&Path>, remotes: &[Remote]) -> SetUp {
        let address = self.remote_url();
        let here: Vec<&Remote> = remotes.iter().filter(|remote| remote.address().ok() == address).collect();
        if here.is_empty() || address.is_none() {
            return SetUp::Missing(self.command(file, remotes));
        }
        SetUp::of(&here)
    }

    /// The command that adds the repository for the current user. Names the file if its path can be typed, since that
    /// reads better than a key. `None` if no safe command can be made.
    pub fn command(&self, file: Option<&Path>, remotes: &[Remote]) -> Option<String> {
        let address = RemoteUrl::parse(self.address.verbatim()).ok()?;
        let name = free_name(&name_for_remote(&self.name, &address.host()), remotes)?;
        // A file that names Usher must not bring a program that takes Usher's place (rule R23).
        let is_ours = self.authenticator.as_deref().is_none_or(|name| name == names::AUTHENTICATOR_NAME);
        let install = is_ours.then_some("--no-authenticator-install");
        // Without one, flatpak's own would ask for the account of a registry each time.
        let usher = format!("--authenticator-name={}", names::AUTHENTICATOR_NAME);
        let usher = Some(usher).filter(|_| self.authenticator.is_none() && is_registry(self.address.verbatim()));
        let file = file.and_then(Path::to_str).filter(|_| self.kind == Kind::Repository);
        let by_file = file.filter(|file| file.starts_with('/')).and_then(|file| {
            let start = ["flatpak", "remote-add", "--user"];
            let end = ["--from", name.as_str(), file];
            text::command(&start.into_iter().chain(usher.as_deref()).chain(install).chain(end).collect::<Vec<_>>())
        });
        by_file.or_else(|| {
            let plain = |option: &str, value: &Option<String>| match value {
                Some(value) => text::is_plain_name(value).then(|| Some(format!("--{option}={value}"))),
                None => Some(None),
            };
            let options = [
                plain("authenticator-name", &self.authenticator)?.or(usher),
                install.map(str::to_owned),
                plain("subset", &self.subset)?,
                plain("default-branch", &self.default_branch)?,
            ];
            let add = RemoteAdd {
                is_user: true,
                options: options.into_iter().flatten().collect(),
                title: self.title.as_deref(),
                is_verified: self.key.is_some(),
                key: self.key.as_deref(),
                name: &name,
                address: &address,
                tag: service::tag(self.address.verbatim()),
            };
            add.command()
        })
    }
}

/// The keys of a group. Of double keys the last one counts, as in GLib.
fn keys(file: &KeyFile, kind: Kind) -> Option<BTreeMap<&str, &str>> {
    let groups: Vec<_> = file.groups().filter(|(name, _)| *name == kind.group()).collect();
    let keys = groups.iter().flat_map(|(_, keys)| keys.iter());
    (!groups.is_empty()).then(|| keys.map(|(key, value)| (key.as_str(), value.as_str())).collect())
}

fn is_clean(address: &str) -> bool {
    text::clean(address, ADDRESS_LIMIT) == address
}

/// Whether flatpak accepts this as the name of a remote.
fn is_name_of_remote(name: &str) -> bool {
    text::is_plain_name(name) && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && !name.contains('+')
}

#[cfg(test)]
mod tests;
