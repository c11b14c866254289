// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository that a file names, and whether it is set up on this computer. Pure.

use std::path::PathBuf;

use usher_core::{
    remote::Remote,
    repository_file::{RepositoryFile, SetUp},
    service::RemoteUrl,
};

use super::Repository;
use crate::text;

/// What a file says of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfferedRepository {
    pub(crate) file: RepositoryFile,
    /// Where the file is, if a command can name it.
    pub(crate) path: Option<PathBuf>,
}

/// Whether it is set up on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SetUpState {
    /// It is not set up; this command does that, where a safe one can be made.
    Missing(Option<String>),
    /// It is set up, and names an account server.
    Named(Box<Repository>),
    /// It is set up, but not so that its accounts are Usher's.
    NotOurs,
}

impl OfferedRepository {
    /// The address, where it is one that may be given tokens.
    pub(crate) fn address(&self) -> Option<RemoteUrl> {
        self.file.remote_url()
    }

    /// Its title in a window.
    pub(crate) fn title(&self) -> String {
        text::plain(&self.file.display_name())
    }

    /// How the repository stands, given the remotes of this computer.
    pub(crate) fn standing(&self, remotes: &[Remote]) -> SetUpState {
        match self.file.set_up(self.path.as_deref(), remotes) {
            SetUp::Missing(command) => SetUpState::Missing(command),
            SetUp::NotOurs => SetUpState::NotOurs,
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
        OfferedRepository { file, path: None }
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
    fn a_repository_without_a_title_is_called_after_its_host() {
        assert_eq!(offered("[Flatpak Repo]\nUrl=https://repo.example:8443/a/\n").title(), "repo.example:8443");
        assert_eq!(offered("[Flatpak Repo]\nUrl=https://repo.example/\nTitle=Shop\n").title(), "Shop");
    }

    #[test]
    fn one_at_no_secure_address_is_never_here() {
        let offered = offered("[Flatpak Repo]\nUrl=file:///srv\n");
        assert_eq!(offered.standing(&[remote("file:///srv"), remote("http://x.example/")]), SetUpState::Missing(None));
    }
}
