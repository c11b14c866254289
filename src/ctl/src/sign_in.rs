// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl sign-in` finds the server that the person names, asks before anything is sent to a new one, signs in there, and
//! lets remotes use the account.

use clap::{Args, builder::PossibleValuesParser};
use serde_json::json;
use usher_core::{
    account::{Account, Standing},
    clock,
    http::HttpError,
    i18n::gettext_f,
    provider::{self, Provider},
    remote::Remote,
    repository_probe,
    service::ServiceUrl,
    store::Entry,
};

use crate::{
    consent::{self, PermissionRequest},
    context::Context,
    failure::Failure,
    form, list, obstacle, pair, remotes, repository,
    signing_in::sign_in_agreed,
    target::{self, Named, Target},
    terminal, way,
};

/// How a person wants to sign in.
#[derive(Args, Debug, Clone, Default)]
#[group(skip)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) way: way::Options,
    #[command(flatten)]
    pub(crate) form: form::Options,
    /// What kind of server it is, where only its address is known; without this it is asked
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(provider::names()))]
    pub(crate) kind: Option<String>,
    #[command(flatten)]
    pub(crate) pair: pair::Options,
}

impl Options {
    /// The kind of server that the person named.
    fn kind(&self) -> Option<Provider> {
        self.kind.as_deref().and_then(Provider::from_name)
    }
}

pub(crate) async fn run(context: &Context, server: &str, options: &Options) -> Result<(), Failure> {
    let remotes = remotes::ours();
    let file = repository::file_named(server, &remotes);
    let named = match &file {
        _ if options.pair.is_named() => Named::Target(target::typed(server, &options.pair, options.kind(), &remotes)?),
        Some(file) => target::of_remote(&repository::remote_of(context, file)?).map(Named::Target)?,
        None => target::named(context, server, &remotes).await?,
    };
    let entries = context.store.unlocked_entries().await?;
    let target = match named {
        Named::Target(target) => target,
        Named::Address(service) => {
            if let Some(kind) = options.kind() {
                options.pair.allow_alone(&service, kind)?;
            }
            consent::confirm_new_host(&entries, &service.host()).await?;
            of_address(context, service, options.kind(), &remotes).await?
        }
    };
    if let (true, [remote]) = (target.is_remote, target.remotes.as_slice()) {
        consent::warn_of_change(&entries, remote)?;
    }
    // If a remote lacks only the permission, the person need not sign in again.
    let account = if let Some(account) = usable(&entries, &target) {
        account.clone()
    } else {
        if !target.is_agreed && !usher_core::sign_in::is_known(&entries, &target.binding) {
            consent::confirm_new_server(&entries, &target.binding).await?;
        }
        sign_in_agreed(context, &entries, &target, options).await?
    };
    permit_remotes(context, &entries, &account, &target).await?;
    print_account(context, &account).await
}

/// Signs in to the server of a remote that the person has just accepted, and lets the remote use the account.
pub(crate) async fn sign_in_accepted(
    context: &Context,
    entries: &[Entry],
    target: &Target,
    options: &Options,
) -> Result<(), Failure> {
    let account = match usable(entries, target) {
        Some(account) => account.clone(),
        None => sign_in_agreed(context, entries, target, options).await?,
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

/// The server at an address that the person has agreed to. Asks it what it is, unless the person knows.
async fn of_address(
    context: &Context,
    service: ServiceUrl,
    kind: Option<Provider>,
    remotes: &[Remote],
) -> Result<Target, Failure> {
    let (http, host) = (context.session.http(), service.host());
    let values = [("host", host.as_str())];
    let provider = match kind {
        Some(provider) => provider,
        None => match provider::probe(http, &service).await {
            Ok(Some(provider)) => provider,
            Ok(None) | Err(HttpError::Unexpected) => {
                return Err(Failure::Other(if repository_probe::is_repository(http, &service).await {
                    repository_probe::not_set_up(&host)
                } else {
                    gettext_f("{host} does not offer accounts for apps. Nothing was sent but this question.", &values)
                }));
            }
            Err(error) => return Err(Failure::of_server(&host, &error)),
        },
    };
    Ok(Target { is_agreed: true, ..target::at(provider.at(service), remotes) })
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
    use crate::target::of_remote;

    #[test]
    fn an_account_that_lacks_only_the_permission_is_not_signed_in_to_again() {
        let shop = testing::remote("shop", "https://repo.example.org/", "https://store.example.org:8443/api");
        let target = of_remote(&shop).unwrap();
        let mut account = testing::account_of(target.binding.clone(), "demo", 0);
        let entry = |account: &Account| [testing::open(account.clone())];
        assert!(usable(&entry(&account), &target).is_some());
        account.link(testing::link("shop", shop.url.verbatim()));
        assert!(usable(&entry(&account), &target).is_none());
    }
}
