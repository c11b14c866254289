// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds the server that a person names: by a remote, a host, an account or an address.

use std::collections::BTreeSet;

use usher_core::{
    account::Account,
    binding::{Binding, Provider},
    i18n::gettext_f,
    remote::Remote,
    repository_file::RepositoryFile,
    service::{ServiceUrl, UrlError},
    store::Entry,
};

use crate::{accounts, context::Context, failure::Failure, pair, remotes, repository};

/// The server that a person named.
pub(crate) struct Target {
    pub(crate) binding: Binding,
    /// The remotes that may use the account afterwards.
    pub(crate) remotes: Vec<Remote>,
    /// Whether the person named a remote, which implies the permission for it.
    pub(crate) is_remote: bool,
    /// Whose account the person named, if it is here.
    pub(crate) user: Option<String>,
    /// Whether the person has just agreed to the server.
    pub(crate) is_agreed: bool,
    /// Whether the person typed all that the binding says (rule R24).
    pub(crate) is_typed: bool,
}

/// What a word on the command line names.
pub(crate) enum Named {
    /// A server of which all is known.
    Target(Target),
    /// A server of which only the address is known.
    Address(ServiceUrl),
}

/// The server at an address, of which the person says where one signs in.
pub(crate) fn typed(
    server: &str,
    pair: &pair::Options,
    kind: Option<Provider>,
    remotes: &[Remote],
) -> Result<Target, Failure> {
    if remotes.iter().any(|remote| remote.name == server) {
        return Err(says_itself(server));
    }
    let service = ServiceUrl::from_input(server).map_err(|fault| address_failure(server, fault))?;
    Ok(Target { is_typed: true, ..at(pair.binding(&service, kind)?, remotes) })
}

/// A remote was named where only the address of a server makes sense.
fn says_itself(remote: &str) -> Failure {
    Failure::Usage(gettext_f(
        "The remote “{remote}” says itself where one signs in. Leave out “--issuer” and “--client-id”, or name the address of a server.",
        &[("remote", &remotes::shown(remote))],
    ))
}

/// Finds the server that a person names: by a remote's name, by the host of a server that a remote names or an account
/// is at, by an account (`user@host`), else by its address.
pub(crate) async fn named(context: &Context, server: &str, remotes: &[Remote]) -> Result<Named, Failure> {
    if let Some(target) = of_remotes(server, remotes)? {
        return Ok(Named::Target(target));
    }
    if let Some(file) = RepositoryFile::of_registry(server) {
        return of_remote(&repository::remote_of_registry(context, &file)?).map(Named::Target);
    }
    let address = ServiceUrl::from_input(server);
    let entries = context.store.entries().await.unwrap_or_default();
    if let Some(target) = of_account(&entries, server, address.is_ok(), remotes) {
        return Ok(Named::Target(target));
    }
    address.map(Named::Address).map_err(|fault| address_failure(server, fault))
}

/// The server that a remote's name, or the host of such a server stands for.
fn of_remotes(server: &str, remotes: &[Remote]) -> Result<Option<Target>, Failure> {
    let is_remote = |remote: &Remote| remote.name == server || server.contains("://") && remote.url == *server;
    if remotes.iter().any(is_remote) {
        return remotes::named(remotes, server).and_then(of_remote).map(Some);
    }
    let at_host = |remote: &&Remote| remote.claimed().is_ok_and(|binding| binding.host() == server);
    let there: Vec<&Remote> = remotes.iter().filter(at_host).collect();
    let bindings: BTreeSet<Binding> = there.iter().filter_map(|remote| remote.claimed().ok()).collect();
    match bindings.len() {
        0 | 1 => Ok(bindings.into_iter().next().map(|binding| at(binding, remotes))),
        _ => {
            let host = remotes::shown(server);
            let sentence =
                gettext_f("There are several servers at {host}. Name one of these remotes:", &[("host", &host)]);
            let names = there.iter().map(|remote| format!("  {}", remotes::word(&remote.name, &remote.url)));
            Err(Failure::Usage([sentence].into_iter().chain(names).collect::<Vec<_>>().join("\n")))
        }
    }
}

/// The server of a remote.
pub(crate) fn of_remote(remote: &Remote) -> Result<Target, Failure> {
    let binding = remote.claimed().map_err(|error| remotes::options_failure(remote, &error))?;
    Ok(Target {
        binding,
        remotes: vec![remote.clone()],
        is_remote: true,
        user: None,
        is_agreed: false,
        is_typed: false,
    })
}

/// The server of an account that is here, named as in other commands: `user@host`, or by its host.
fn of_account(entries: &[Entry], wanted: &str, is_address: bool, remotes: &[Remote]) -> Option<Target> {
    let is_user = wanted.contains('@') && !wanted.contains("://");
    if !is_user && !is_address {
        return None;
    }
    let accounts: Vec<&Account> = accounts::named(entries, wanted).into_iter().filter_map(Entry::account).collect();
    let (first, others) = accounts.split_first()?;
    let is_one = others.iter().all(|other| other.binding == first.binding);
    let user = others.is_empty().then(|| first.user.clone()).filter(|_| first.is_named());
    is_one.then(|| Target { user, ..at(first.binding.clone(), remotes) })
}

/// Why what the person typed names no server, and what to do instead.
fn address_failure(typed: &str, fault: UrlError) -> Failure {
    Failure::Usage(match fault {
        UrlError::NotAnAddress => gettext_f(
            "“{server}” is neither a remote that uses Usher nor the address of a server.",
            &[("server", &remotes::shown(typed))],
        ),
        fault => match repository::advice(fault) {
            Some(command) => format!("{} {command}", fault.of_typed()),
            None => fault.of_typed(),
        },
    })
}

/// A server, with all remotes that name it.
pub(crate) fn at(binding: Binding, remotes: &[Remote]) -> Target {
    let remotes = remotes.iter().filter(|remote| remote.claimed().as_ref() == Ok(&binding)).cloned().collect();
    Target { binding, remotes, is_remote: false, user: None, is_agreed: false, is_typed: false }
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    const API: &str = "https://store.example.org:8443/api/";

    fn shop() -> Remote {
        testing::remote("shop", "https://repo.example.org/", "https://store.example.org:8443/api")
    }

    #[test]
    fn a_remote_and_a_host_name_a_server() {
        let remotes = [shop()];
        let named = |server: &str| {
            let found = of_remotes(server, &remotes).unwrap();
            found.map(|target| (target.binding.service.to_string(), target.is_remote))
        };
        assert_eq!(named("shop"), Some((API.to_owned(), true)));
        assert_eq!(named("https://repo.example.org/"), Some((API.to_owned(), true)));
        assert_eq!(named("store.example.org:8443"), Some((API.to_owned(), false)));
        for other in ["other.example.org", "store.example.org", API] {
            assert_eq!(named(other), None, "{other}");
        }
    }

    #[test]
    fn two_servers_at_one_host_are_told_apart_by_their_remotes() {
        let remotes =
            [shop(), testing::remote("other", "https://repo.example.org/b", "https://store.example.org:8443/b")];
        let Err(Failure::Usage(said)) = of_remotes("store.example.org:8443", &remotes) else { panic!("one was taken") };
        assert!(said.contains("\n  shop\n  other"), "{said}");
        assert!(of_remotes("other", &remotes).unwrap().is_some_and(|target| target.is_remote));
        let twice =
            [shop(), testing::remote("again", "https://repo.example.org/b", "https://store.example.org:8443/api")];
        assert_eq!(of_remotes("store.example.org:8443", &twice).unwrap().map(|target| target.remotes.len()), Some(2));
    }

    #[test]
    fn an_account_that_is_here_names_its_server_and_its_user() {
        let entries = [
            testing::entry("one.example", "ada"),
            testing::entry("two.example", "ada"),
            testing::entry("two.example", "bea"),
        ];
        let found = |wanted: &str| {
            let target = of_account(&entries, wanted, ServiceUrl::from_input(wanted).is_ok(), &[])?;
            Some((target.binding.host(), target.user))
        };
        let user = |name: &str| Some(name.to_owned());
        assert_eq!(found("ada@two.example"), Some(("two.example".into(), user("ada"))));
        assert_eq!(found("one.example"), Some(("one.example".into(), user("ada"))));
        assert_eq!(found("two.example"), Some(("two.example".into(), None)), "one of two people");
        for nobody in ["cid@two.example", "three.example", "ada@three.example", "https://ada@two.example", "a b"] {
            assert_eq!(found(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn what_names_no_server_is_said() {
        for (typed, said) in [
            ("a b", "“a b” is neither a remote that uses Usher nor the address of a server."),
            ("http://store.example.org", "Only secure addresses (https) can be used"),
        ] {
            let Err(fault) = ServiceUrl::from_input(typed) else { panic!("{typed}") };
            let Failure::Usage(sentence) = address_failure(typed, fault) else { panic!("{typed}") };
            assert_eq!(sentence, said);
        }
    }
}
