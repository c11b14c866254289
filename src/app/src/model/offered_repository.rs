// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository that a file or an address names, and whether it is set up on this computer. Pure.

use std::path::PathBuf;

use usher_core::{
    remote::Remote,
    repository_file::{RepositoryFile, SetUp},
    repository_link::RepositoryLink,
    service::RemoteUrl,
};

use super::Repository;
use crate::text;

/// What names a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OfferedRepository {
    /// What a file says of it.
    File {
        file: RepositoryFile,
        /// Where the file is, if a command can name it.
        path: Option<PathBuf>,
    },
    /// The address of such a file, which nobody has read.
    Link(RepositoryLink),
}

/// Whether it is set up on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SetUpState {
    /// It is not set up; this command does that, where a safe one can be made.
    Missing(Option<String>),
    /// It is set up, and names an account server.
    Named(Box<Repository>),
    /// It is set up, and asks for its account with the first install.
    AsksLater,
    /// It is set up, and could use Usher.
    CouldUse(Box<Remote>),
    /// It is set up, but not so that its accounts are Usher's.
    NotOurs,
}

impl OfferedRepository {
    /// The address as the form shows it.
    pub(crate) fn typed(&self) -> String {
        match self {
            Self::File { file, .. } => file.address.to_string(),
            Self::Link(link) => link.address().to_owned(),
        }
    }

    /// The address, where it is one that may be given tokens.
    pub(crate) fn address(&self) -> Option<RemoteUrl> {
        match self {
            Self::File { file, .. } => file.remote_url(),
            Self::Link(_) => None,
        }
    }

    /// Its title in a window.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::File { file, .. } => text::plain(&file.display_name()),
            Self::Link(link) => text::plain(&link.host()),
        }
    }

    /// The app that it is about, where it is about one.
    pub(crate) fn app(&self) -> Option<&str> {
        match self {
            Self::File { file, .. } => file.app.as_deref(),
            Self::Link(_) => None,
        }
    }

    /// What to know before it is set up.
    pub(crate) fn warning(&self) -> Option<String> {
        match self {
            Self::File { file, .. } => file.warning(),
            Self::Link(_) => None,
        }
    }

    /// How the repository stands, given the remotes of this computer.
    pub(crate) fn standing(&self, remotes: &[Remote]) -> SetUpState {
        let set_up = match self {
            Self::File { file, path } => file.set_up(path.as_deref(), remotes),
            Self::Link(link) => link.set_up(remotes),
        };
        match set_up {
            SetUp::Missing(command) => SetUpState::Missing(command),
            SetUp::NotOurs => SetUpState::NotOurs,
            SetUp::AsksLater => SetUpState::AsksLater,
            SetUp::CouldUse(remote) => SetUpState::CouldUse(remote),
            SetUp::Named(remote) => {
                Repository::of(*remote).map_or(SetUpState::NotOurs, |found| SetUpState::Named(Box::new(found)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use usher_core::testing;

    use super::*;

    fn offered(content: &str) -> OfferedRepository {
        let file = RepositoryFile::parse(content.as_bytes(), Path::new("shop.flatpakrepo")).unwrap();
        OfferedRepository::File { file, path: None }
    }

    fn remote(url: &str) -> Remote {
        testing::remote("demo", url, "accounts.example")
    }

    #[test]
    fn a_repository_stands_as_the_remotes_at_its_address() {
        let offered = offered("[Flatpak Repo]\nUrl=https://Repo.example/a/\n");
        let here = remote("https://repo.example/a");
        let other = Remote { authenticator: None, ..here.clone() };
        let elsewhere = remote("https://repo.example/b");
        assert!(matches!(offered.standing(std::slice::from_ref(&elsewhere)), SetUpState::Missing(Some(_))));
        assert_eq!(offered.standing(&[elsewhere.clone(), other.clone()]), SetUpState::NotOurs);
        let SetUpState::Named(found) = offered.standing(&[elsewhere, other, here]) else { panic!("it is here") };
        assert_eq!(found.host(), "accounts.example");
    }

    #[test]
    fn a_registry_that_does_not_use_usher_could() {
        let offered = offered("[Flatpak Repo]\nUrl=oci+https://index.example/a\n");
        let here = Remote {
            authenticator: None,
            options: std::collections::BTreeMap::new(),
            ..remote("oci+https://index.example/a")
        };
        assert_eq!(offered.standing(std::slice::from_ref(&here)), SetUpState::CouldUse(Box::new(here)));
    }

    #[test]
    fn a_repository_without_a_title_is_called_after_its_host() {
        assert_eq!(offered("[Flatpak Repo]\nUrl=https://repo.example:8443/a/\n").title(), "repo.example:8443");
        assert_eq!(offered("[Flatpak Repo]\nUrl=https://repo.example/\nTitle=Shop\n").title(), "Shop");
        let link = RepositoryLink::from_input("repo.example:8443/a.flatpakrepo").unwrap();
        assert_eq!(OfferedRepository::Link(link).title(), "repo.example:8443");
    }

    #[test]
    fn one_at_no_secure_address_is_never_here() {
        let offered = offered("[Flatpak Repo]\nUrl=file:///srv\n");
        assert_eq!(offered.standing(&[remote("file:///srv"), remote("http://x.example/")]), SetUpState::Missing(None));
    }
}
