// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl sign-in` sends the person to the server's page in a browser, receives the redirect, and saves the account
//! in the keyring.

use std::collections::BTreeSet;

use serde_json::json;
use usher_core::{
    account::{Account, Standing},
    binding::Binding,
    clock,
    i18n::{gettext, gettext_f},
    provider::{Progress, Provider, Step, StepAnswer},
    remote::Remote,
    service::{ServiceUrl, UrlError},
    sign_in,
    store::Entry,
};

use crate::{
    accounts,
    browser::{self, BrowserVisit, ReturnMethod, VisitError},
    consent::{self, PermissionRequest},
    context::Context,
    failure::Failure,
    list, obstacle, remotes, repository, terminal, unsaved,
};

/// The server that a person named.
pub(crate) struct Target {
    pub(crate) binding: Binding,
    /// The remotes that may use the account afterwards.
    pub(crate) remotes: Vec<Remote>,
    /// Whether the person named a remote, which implies the permission for it.
    pub(crate) is_remote: bool,
}

pub(crate) async fn run(context: &Context, server: &str, options: browser::Options) -> Result<(), Failure> {
    let remotes = remotes::ours();
    let target = match repository::file_named(server, &remotes) {
        Some(file) => of_remote(&repository::remote_of(context, &file)?)?,
        None => match resolve(server, &remotes) {
            Ok(target) => target,
            Err(failure) => of_account(context, server, &remotes).await?.ok_or(failure)?,
        },
    };
    let entries = context.store.unlocked_entries().await?;
    if let (true, [remote]) = (target.is_remote, target.remotes.as_slice()) {
        consent::warn_of_change(&entries, remote)?;
    }
    // If a remote lacks only the permission, the person need not sign in again.
    let account = match usable(&entries, &target) {
        Some(account) => account.clone(),
        None => sign_in_anew(context, &entries, &target.binding, options).await?,
    };
    permit_remotes(context, &entries, &account, &target).await?;
    print_account(context, &account).await
}

/// Signs in to the server of a remote that the person has just accepted, and lets the remote use the account.
pub(crate) async fn sign_in_accepted(
    context: &Context,
    entries: &[Entry],
    target: &Target,
    options: browser::Options,
) -> Result<(), Failure> {
    let account = match usable(entries, target) {
        Some(account) => account.clone(),
        None => sign_in_agreed(context, &target.binding, options).await?,
    };
    for remote in &target.remotes {
        if let Ok(address) = remote.address() {
            PermissionRequest { account: &account, remote, address }.grant(&context.store, context.out).await?;
        }
    }
    print_account(context, &account).await
}

/// Prints the account as it stands now, for programs.
async fn print_account(context: &Context, account: &Account) -> Result<(), Failure> {
    let entries = context.store.entries().await?;
    let account = entries.iter().filter_map(Entry::account).find(|known| known.id == account.id).unwrap_or(account);
    context.out.json(&json!({ "account": list::account_json(account) }))
}

/// Signs in to a server, and saves the account.
async fn sign_in_anew(
    context: &Context,
    entries: &[Entry],
    binding: &Binding,
    options: browser::Options,
) -> Result<Account, Failure> {
    confirm_new_server(entries, binding).await?;
    sign_in_agreed(context, binding, options).await
}

/// The same, for a server that the person has just agreed to.
pub(crate) async fn sign_in_agreed(
    context: &Context,
    binding: &Binding,
    options: browser::Options,
) -> Result<Account, Failure> {
    // What saving will need is tried before the person takes the trouble (rule R16).
    sign_in::prepare(&context.store, binding).await?;
    let return_method = ReturnMethod::choose(options).await?;
    let sign_in = sign_in::begin(context.session.http(), binding, return_method.back(), &[]).await?;
    let Step::Web { start, redirect } = sign_in.step() else {
        return Err(cannot_show());
    };
    let (start, redirect) = (start.clone(), redirect.clone());
    let titles = [gettext("Signed In"), gettext("Not Signed In")];
    let visit = BrowserVisit { start, redirect: &redirect, landing: &|_| None, titles };
    let finish =
        async |parameters| match sign_in.answer(context.session.http(), StepAnswer::Redirect(parameters)).await? {
            Progress::Next(_) => Err(cannot_show()),
            Progress::Done(signed_in) => unsaved::save(context, binding, &signed_in).await,
        };
    return_method.visit(visit, finish).await.map_err(|stopped| match stopped {
        VisitError::TooLate => Failure::Other(gettext("Not signed in: nobody signed in within 15 minutes.")),
        VisitError::Failed(failure) => failure,
    })
}

fn cannot_show() -> Failure {
    Failure::Other(gettext("Not signed in: usherctl cannot show what the server asks for."))
}

/// Finds the server: by a remote's name, else by the host of a server that a remote names, else by its address.
fn resolve(server: &str, remotes: &[Remote]) -> Result<Target, Failure> {
    let is_remote = |remote: &Remote| remote.name == server || server.contains("://") && remote.url == *server;
    if remotes.iter().any(is_remote) {
        let found = remotes::named(remotes, server)?;
        return of_remote(found);
    }
    let by_host = remotes.iter().filter_map(|remote| remote.claimed().ok()).find(|binding| binding.host() == server);
    let binding = match by_host {
        Some(binding) => binding,
        None => Provider::default_provider()
            .at(ServiceUrl::from_input(server).map_err(|fault| address_failure(server, fault))?),
    };
    Ok(target_of(binding, remotes))
}

/// The server of a remote.
pub(crate) fn of_remote(remote: &Remote) -> Result<Target, Failure> {
    let binding = remote.claimed().map_err(|error| remotes::options_failure(remote, &error))?;
    Ok(Target { binding, remotes: vec![remote.clone()], is_remote: true })
}

/// The server of an account that is here, named as in other commands: `user@host`.
async fn of_account(context: &Context, wanted: &str, remotes: &[Remote]) -> Result<Option<Target>, Failure> {
    if !wanted.contains('@') || wanted.contains("://") {
        return Ok(None);
    }
    let entries = context.store.entries().await?;
    let bindings: BTreeSet<_> = accounts::named(&entries, wanted)
        .into_iter()
        .filter_map(Entry::account)
        .map(|account| &account.binding)
        .collect();
    let only = bindings.first().filter(|_| bindings.len() == 1);
    Ok(only.map(|&binding| target_of(binding.clone(), remotes)))
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
pub(crate) fn target_of(binding: Binding, remotes: &[Remote]) -> Target {
    let remotes = remotes.iter().filter(|remote| remote.claimed().as_ref() == Ok(&binding)).cloned().collect();
    Target { binding, remotes, is_remote: false }
}

/// A signed-in account that at least one of the remotes may not use yet.
fn usable<'a>(entries: &'a [Entry], target: &Target) -> Option<&'a Account> {
    let mut accounts = entries.iter().filter_map(Entry::account).filter(|account| account.binding == target.binding);
    let account = accounts.next()?;
    let lacks = |remote: &Remote| remote.address().is_ok_and(|address| !account.is_linked_to(&address));
    let can_serve = account.credential.is_some()
        && Standing::of(account, clock::now()).is_usable()
        && target.remotes.iter().any(lacks)
        && accounts.next().is_none();
    can_serve.then_some(account)
}

/// Asks the person before opening any page of a server without an account here.
async fn confirm_new_server(entries: &[Entry], binding: &Binding) -> Result<(), Failure> {
    let is_known = entries.iter().filter_map(Entry::account).any(|account| &account.binding == binding);
    if is_known {
        return Ok(());
    }
    consent::warn_of_likeness(entries, &binding.host())?;
    if !terminal::can_ask() {
        return Ok(());
    }
    if terminal::ask(&gettext_f("First time at {host}. Continue?", &[("host", &binding.host())])).await? {
        Ok(())
    } else {
        Err(Failure::Cancelled)
    }
}

/// Lets remotes use the account: the one that the person named, or those that the person agrees to now.
pub(crate) async fn permit_remotes(
    context: &Context,
    entries: &[Entry],
    account: &Account,
    target: &Target,
) -> Result<(), Failure> {
    for remote in &target.remotes {
        let Ok(address) = remote.address() else {
            continue;
        };
        if account.is_linked_to(&address) {
            continue;
        }
        let request = PermissionRequest { account, remote, address };
        let is_allowed = if !target.is_remote && obstacle::is_refused(remote) {
            // It was not named now, and has been answered.
            false
        } else if terminal::can_ask() {
            context.is_too_late.set(false);
            if !target.is_remote {
                consent::warn_of_change(entries, remote)?;
            }
            request.ask().await?
        } else {
            target.is_remote
        };
        if is_allowed {
            request.grant(&context.store, context.out).await?;
        } else {
            request.advise()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    fn shop() -> Remote {
        testing::remote("shop", "https://repo.example.org/", "https://store.example.org:8443/api")
    }

    #[test]
    fn a_remote_a_host_and_an_address_name_a_server() {
        let remotes = [shop()];
        let named = |server: &str| {
            resolve(server, &remotes).map(|target| (target.binding.service.to_string(), target.is_remote))
        };
        let api = "https://store.example.org:8443/api/".to_owned();
        assert_eq!(named("shop").unwrap(), (api.clone(), true));
        assert_eq!(named("store.example.org:8443").unwrap(), (api, false));
        assert_eq!(named("other.example.org").unwrap(), ("https://other.example.org/".to_owned(), false));
        assert!(matches!(named("http://other.example.org"), Err(Failure::Usage(_))));
    }

    #[test]
    fn an_account_that_lacks_only_the_permission_is_not_signed_in_to_again() {
        let target = resolve("shop", &[shop()]).unwrap();
        let mut account = testing::account_of(target.binding.clone(), "demo", 0);
        let entry = |account: &Account| [testing::open(account.clone())];
        assert!(usable(&entry(&account), &target).is_some());
        account.link(testing::link("shop", shop().url.verbatim()));
        assert!(usable(&entry(&account), &target).is_none());
    }
}
