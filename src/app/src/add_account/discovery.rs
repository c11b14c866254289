// SPDX-License-Identifier: GPL-3.0-or-later
//! From what was typed to a server that offers accounts for apps.

use usher_core::{
    binding::Binding,
    error_text::UserFacing,
    http::{HttpClient, HttpError},
    provider,
    repository_file::RepositoryFile,
    repository_link::RepositoryLink,
    repository_probe,
    service::{ServiceUrl, UrlError},
};

use crate::{i18n::gettext_f, model::Repository, text};

/// Why a typed address leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AddressProblem {
    /// Not an address, or not one that Usher uses.
    Address(UrlError),
    /// No connection to the host, or none that is secure.
    Unreachable(String, HttpError),
    /// The host does not speak any protocol of account servers.
    NoAccounts(String),
    /// There is a repository, which is not set up on this computer: it does not say where its accounts are.
    NotSetUp(String),
}

impl AddressProblem {
    /// What the person is told.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Address(error) => error.of_typed(),
            Self::Unreachable(host, error) => error.at(&text::within(host)).reason(),
            Self::NotSetUp(host) => repository_probe::not_set_up(&text::within(host)),
            Self::NoAccounts(host) => {
                gettext_f("{host} does not offer accounts for apps", &[("host", &text::within(host))])
            }
        }
    }
}

/// What a text is the address of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// An account server, or a repository.
    Server(ServiceUrl),
    /// A repository in a container registry.
    Registry(RepositoryFile),
    /// A file that names a repository.
    Link(RepositoryLink),
}

impl Typed {
    /// Parses a text. Nothing is contacted.
    pub(super) fn parse(text: &str) -> Result<Self, UrlError> {
        let registry = || RepositoryFile::of_registry(text.trim()).map(Self::Registry);
        let link = || RepositoryLink::from_input(text).map(Self::Link);
        ServiceUrl::from_input(text).map(Self::Server).or_else(|fault| registry().or_else(link).ok_or(fault))
    }
}

/// What is wrong with the text itself; `None` while it is still empty.
pub(super) fn problem_of(typed: &str) -> Option<AddressProblem> {
    if typed.trim().is_empty() {
        return None;
    }
    Typed::parse(typed).err().map(AddressProblem::Address)
}

/// The server that a repository of this computer names, where the address is that of such a server or repository.
/// Nothing is contacted.
pub(super) fn known(typed: &ServiceUrl, repositories: &[Repository]) -> Option<Binding> {
    let host = typed.host();
    let exact = repositories.iter().find(|repository| &repository.binding.service == typed);
    let found = exact
        .or_else(|| repositories.iter().find(|repository| repository.binding.host() == host))
        .or_else(|| repositories.iter().find(|repository| repository.address.host() == host));
    found.map(|repository| repository.binding.clone())
}

/// Asks the server that was typed whether it offers accounts for apps.
pub(super) async fn ask(http: &HttpClient, service: ServiceUrl) -> Result<Binding, AddressProblem> {
    match provider::probe(http, &service).await {
        Ok(Some(provider)) => Ok(provider.at(service)),
        Ok(None) | Err(HttpError::Unexpected) => Err(if repository_probe::is_repository(http, &service).await {
            AddressProblem::NotSetUp(service.host())
        } else {
            AddressProblem::NoAccounts(service.host())
        }),
        Err(error) => Err(AddressProblem::Unreachable(service.host(), error)),
    }
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    fn repository(url: &str, service: &str) -> Repository {
        Repository::of(testing::remote("demo", url, service)).unwrap()
    }

    #[test]
    fn what_is_wrong_with_a_text_is_said() {
        assert_eq!(problem_of("  "), None);
        assert_eq!(problem_of("store.example.org"), None);
        assert_eq!(problem_of("not an address").unwrap().text(), "This is not an address");
        assert_eq!(problem_of("http://store.example.org").unwrap().text(), "Only secure addresses (https) can be used");
        let said = problem_of("me@store.example.org").unwrap().text();
        assert_eq!(said, "Addresses with a user name are not accepted. Leave out everything before “@”.");
        assert!(problem_of("oci+https://me@registry.example.org").is_some());
        assert!(problem_of("flatpak+https://store.example.org/app.flatpakref").unwrap().text().contains("app stores"));
    }

    #[test]
    fn an_address_is_told_apart_by_what_it_leads_to() {
        for (typed, kind) in [
            ("store.example.org", "server"),
            ("https://store.example.org/repo", "server"),
            ("oci+https://registry.example.org/apps", "registry"),
            (" oci+https://registry.example.org ", "registry"),
            ("store.example.org/shop.flatpakrepo", "link"),
            ("https://store.example.org/shop.flatpakrepo", "link"),
            ("https://store.example.org/app.flatpakref", ""),
            ("oci+http://registry.example.org", ""),
            ("not an address", ""),
        ] {
            let found = match Typed::parse(typed) {
                Ok(Typed::Server(_)) => "server",
                Ok(Typed::Registry(_)) => "registry",
                Ok(Typed::Link(_)) => "link",
                Err(_) => "",
            };
            assert_eq!(found, kind, "{typed}");
        }
    }

    #[test]
    fn an_address_of_a_known_repository_leads_to_the_server_that_it_names() {
        let repositories = [
            repository("https://repo.example/a", "https://accounts.example/base"),
            repository("https://other.example/", "https://repo.example/accounts"),
        ];
        let found = |typed: &str| {
            let typed = ServiceUrl::from_input(typed).unwrap();
            known(&typed, &repositories).map(|binding| binding.service.to_string())
        };
        assert_eq!(found("accounts.example").as_deref(), Some("https://accounts.example/base/"));
        assert_eq!(found("repo.example").as_deref(), Some("https://repo.example/accounts/"));
        assert_eq!(found("other.example").as_deref(), Some("https://repo.example/accounts/"));
        assert_eq!(found("accounts.example:8443"), None);
        assert_eq!(found("new.example"), None);
    }
}
