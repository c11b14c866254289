// SPDX-License-Identifier: GPL-3.0-or-later
//! The address of a `.flatpakrepo` file. Usher fetches nothing from it: flatpak does, in the command that a person runs.

use std::path::Path;

use url::Url;

use crate::{
    remote::Remote,
    remote_add::free_name,
    repository_file::{self, SetUp},
    service::{ServiceUrl, UrlError, host_of},
    text,
};

/// The address of a `.flatpakrepo` file, and what flatpak is to call its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryLink {
    address: Url,
    name: String,
}

impl RepositoryLink {
    /// Parses what a person typed. `None` if it is not the secure address of such a file.
    pub fn from_input(text: &str) -> Option<Self> {
        let text = text.trim();
        ServiceUrl::from_input(text).err().filter(|fault| *fault == UrlError::File)?;
        let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let address = Url::parse(&address).ok()?;
        let file = Path::new(address.path_segments()?.next_back()?);
        if !repository_file::is_named_repository(file) {
            return None;
        }
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let name = repository_file::name_for_remote(stem, address.host_str()?);
        Some(Self { address, name })
    }

    /// The same with a name that none of these remotes has.
    pub fn named_freely(self, remotes: &[Remote]) -> Option<Self> {
        Some(Self { name: free_name(&self.name, remotes)?, ..self })
    }

    /// The address.
    pub fn address(&self) -> &str {
        self.address.as_str()
    }

    /// Its host, for showing.
    pub fn host(&self) -> String {
        host_of(&self.address)
    }

    /// Whether the repository is set up: whether a remote has the name that the command gives it.
    pub fn set_up(&self, remotes: &[Remote]) -> SetUp {
        let here: Vec<&Remote> = remotes.iter().filter(|remote| remote.name == self.name).collect();
        if here.is_empty() { SetUp::Missing(self.command()) } else { SetUp::of(&here) }
    }

    /// The command that adds the repository for the current user. A program that would take Usher's place does not come
    /// along (rule R23).
    fn command(&self) -> Option<String> {
        let add = ["flatpak", "remote-add", "--user", "--no-authenticator-install", "--from"];
        text::command(&[&add[..], &[&self.name, self.address()]].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn command(typed: &str, remotes: &[Remote]) -> Option<String> {
        let link = RepositoryLink::from_input(typed)?.named_freely(remotes)?;
        let SetUp::Missing(command) = link.set_up(remotes) else { panic!("the name is free") };
        command
    }

    #[test]
    fn the_address_of_a_file_is_told_from_that_of_a_server() {
        let add = "flatpak remote-add --user --no-authenticator-install --from";
        for (typed, end) in [
            ("https://store.example.org/shop.flatpakrepo", Some("shop https://store.example.org/shop.flatpakrepo")),
            (" store.example.org/shop.flatpakrepo ", Some("shop https://store.example.org/shop.flatpakrepo")),
            (
                "store.example.org/a%20b.FlatpakRepo",
                Some("store.example.org https://store.example.org/a%20b.FlatpakRepo"),
            ),
            ("store.example.org/.flatpakrepo", None),
            ("https://store.example.org/app.flatpakref", None),
            ("http://store.example.org/shop.flatpakrepo", None),
            ("https://ada:x@store.example.org/shop.flatpakrepo", None),
            ("https://store.example.org/shop.flatpakrepo?token=x", None),
            ("flatpak+https://store.example.org/shop.flatpakrepo", None),
            ("https://store.example.org/", None),
            ("shop.flatpakrepo", None),
            ("", None),
        ] {
            assert_eq!(command(typed, &[]), end.map(|end| format!("{add} {end}")), "{typed}");
        }
    }

    #[test]
    fn it_is_set_up_once_a_remote_has_its_name() {
        let taken = testing::remote("shop", "https://other.example.org/", "other.example.org");
        let link = RepositoryLink::from_input("store.example.org/shop.flatpakrepo").unwrap();
        let link = link.named_freely(std::slice::from_ref(&taken)).unwrap();
        assert!(matches!(link.set_up(std::slice::from_ref(&taken)), SetUp::Missing(Some(_))));
        let added = testing::remote("shop-2", "https://store.example.org/repo", "store.example.org");
        assert_eq!(link.set_up(&[taken.clone(), added.clone()]), SetUp::Named(Box::new(added.clone())));
        let silent = Remote { authenticator: None, ..added };
        assert_eq!(link.set_up(&[taken, silent]), SetUp::NotOurs);
    }
}
