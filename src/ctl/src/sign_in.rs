// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl sign-in`: the server's page in a browser, the redirect to a listener of ours, the account in the keyring.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use usher_core::{
    account::Account,
    binding::{Binding, Link, Provider},
    clock,
    i18n::{gettext, gettext_f},
    provider::{SignIn, SignedIn, Step},
    remote::{self, Remote},
    service::ServiceUrl,
    store::{AccountStore, Entry, StoreError},
    text,
};

use crate::{failure::Failure, listener::Listener, terminal};

/// Longest wait for the redirect.
const WAIT: Duration = Duration::from_secs(10 * 60);

/// What a person named.
struct Target {
    binding: Binding,
    /// The remotes that are named by it and may come to use the account.
    remotes: Vec<Remote>,
    /// Whether the person named a remote: that is the permission for it.
    is_remote: bool,
}

pub(crate) async fn run(store: &AccountStore, server: &str) -> Result<(), Failure> {
    let remotes: Vec<_> = remote::remotes(&remote::installations()).into_iter().filter(Remote::is_ours).collect();
    let target = resolve(server, &remotes)?;
    if store.is_locked().await? {
        store.unlock().await?;
    }
    let entries = store.entries().await?;
    // A remote that only lacks the permission is no reason to sign in again.
    if let Some(account) = usable(&entries, &target) {
        return permit(store, account, &target).await;
    }
    confirm_new_server(&entries, &target.binding)?;
    let signed_in = sign_in(target.binding.clone()).await?;
    let user = signed_in.user.clone();
    let account = save(store, &entries, &target.binding, signed_in).await?;
    let values = [("host", target.binding.host()), ("user", user)];
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    terminal::result(&gettext_f("Signed in to {host} as {user}.", &values))?;
    permit(store, &account, &target).await
}

/// A remote's name, else the host of a server that a remote names, else an address.
fn resolve(server: &str, remotes: &[Remote]) -> Result<Target, Failure> {
    let named = |remote: &&Remote| remote.name == server;
    if let Some(found) = remotes.iter().find(named) {
        let binding = found.claimed().map_err(|error| {
            Failure::Usage(gettext_f(
                "Remote “{remote}” does not say where its accounts are (authenticator option “{option}”).",
                &[("remote", &found.name), ("option", error.option())],
            ))
        })?;
        return Ok(Target { binding, remotes: vec![found.clone()], is_remote: true });
    }
    let by_host = remotes.iter().filter_map(|remote| remote.claimed().ok()).find(|binding| binding.host() == server);
    let binding = match by_host {
        Some(binding) => binding,
        None => Binding {
            provider: Provider::Webflow,
            service: ServiceUrl::from_input(server).map_err(|_| {
                Failure::Usage(gettext_f(
                    "“{server}” is neither a remote that uses Usher nor a secure address (https).",
                    &[("server", &text::clean(server, text::NAME_LIMIT))],
                ))
            })?,
        },
    };
    let users = remotes.iter().filter(|remote| remote.claimed().as_ref() == Ok(&binding)).cloned().collect();
    Ok(Target { binding, remotes: users, is_remote: false })
}

/// The account that could serve at once: signed in, and some remote that was named may not use it yet.
fn usable<'a>(entries: &'a [Entry], target: &Target) -> Option<&'a Account> {
    let mut accounts = entries.iter().filter_map(Entry::account).filter(|account| account.binding == target.binding);
    let account = accounts.next()?;
    let lacks = |remote: &Remote| remote.address().is_ok_and(|address| !account.is_linked_to(&address));
    let can_serve = account.credential.is_some()
        && account.state == usher_core::account::AccountState::SignedIn
        && target.remotes.iter().any(lacks)
        && accounts.next().is_none();
    can_serve.then_some(account)
}

/// Nothing of a server that is new here is opened before the person has agreed to it.
fn confirm_new_server(entries: &[Entry], binding: &Binding) -> Result<(), Failure> {
    let is_known = entries.iter().filter_map(Entry::account).any(|account| &account.binding == binding);
    if is_known || !terminal::can_ask() {
        return Ok(());
    }
    if terminal::ask(&gettext_f("First time at {host}. Continue?", &[("host", &binding.host())]))? {
        Ok(())
    } else {
        Err(Failure::Cancelled)
    }
}

async fn sign_in(binding: Binding) -> Result<SignedIn, Failure> {
    let listener = Listener::open().await?;
    let flow = SignIn::begin_at(binding, listener.port())?;
    let Step::Web { start } = flow.step()?;
    // Listened for before anybody is told of it.
    let mut interrupt = signal(SignalKind::interrupt())?;
    terminal::say(&gettext("Open this address in a browser:"))?;
    terminal::say(start.as_str())?;
    terminal::say(&gettext("Waiting… (Ctrl+C to stop)"))?;
    let parameters = tokio::select! {
        parameters = listener.wait(flow.redirect()) => parameters,
        () = tokio::time::sleep(WAIT) => return Err(Failure::NotSignedIn(gettext("nobody signed in within 10 minutes"))),
        _ = interrupt.recv() => return Err(Failure::Cancelled),
    };
    Ok(flow.finish(&parameters)?)
}

/// Renews the account of that person at that server, or adds one.
async fn save(
    store: &AccountStore,
    entries: &[Entry],
    binding: &Binding,
    signed_in: SignedIn,
) -> Result<Account, Failure> {
    let SignedIn { credential, user, valid_until } = signed_in;
    let now = clock::now();
    let known =
        entries.iter().filter_map(Entry::account).find(|account| &account.binding == binding && account.user == user);
    if let Some(known) = known {
        let (user, credential) = (user.clone(), credential.clone());
        let renewed = store.change(known.id, move |account| account.renew(user, credential, valid_until, now)).await?;
        if let Some(account) = renewed {
            return Ok(account);
        }
    }
    let account = Account::signed_in(binding.clone(), user, credential, valid_until, now);
    store.add(&account).await?;
    Ok(account)
}

/// Lets the remotes use the account: the one that was named, or those that the person agrees to now.
async fn permit(store: &AccountStore, account: &Account, target: &Target) -> Result<(), Failure> {
    for remote in &target.remotes {
        let Ok(remote_url) = remote.address() else {
            continue;
        };
        if account.is_linked_to(&remote_url) {
            continue;
        }
        let host = account.binding.host();
        let values = [
            ("remote", text::clean(&remote.name, text::NAME_LIMIT)),
            ("address", remote_url.to_string()),
            ("user", account.user.clone()),
            ("host", host),
        ];
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let question =
            gettext_f("“{remote}” ({address}) wants to use the account of {user} at {host}. Allow?", &values);
        let is_allowed = target.is_remote && !terminal::can_ask() || terminal::can_ask() && terminal::ask(&question)?;
        if is_allowed {
            let link = Link { remote_url, remote: remote.name.clone() };
            if !store.allow(account.id, link).await? {
                return Err(Failure::Keyring(StoreError::NotKept));
            }
            terminal::result(&gettext_f("“{remote}” may use the account of {user} at {host}.", &values))?;
        } else {
            let advice =
                gettext_f("“{remote}” may not use it yet. Run “usherctl sign-in {remote}” to allow it.", &values);
            terminal::say(&advice)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn shop() -> Remote {
        Remote {
            name: "shop".into(),
            title: None,
            url: "https://repo.example.org/".into(),
            authenticator: None,
            options: BTreeMap::from([("url".to_owned(), "https://store.example.org:8443/api".to_owned())]),
            is_user: true,
            is_disabled: false,
        }
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
        let credential = usher_core::secret::Token::parse("t").unwrap();
        let mut account = Account::signed_in(target.binding.clone(), "demo".into(), credential, None, 0);
        let entry = |account: &Account| [Entry::Open(Box::new(account.clone()))];
        assert!(usable(&entry(&account), &target).is_some());
        account.link(Link { remote_url: shop().address().unwrap(), remote: "shop".into() });
        assert!(usable(&entry(&account), &target).is_none());
    }
}
