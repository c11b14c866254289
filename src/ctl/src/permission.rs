// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl allow` and `usherctl revoke`: which account a remote may use.

use std::collections::BTreeSet;

use serde_json::json;
use usher_core::{
    account::Account,
    binding::{Binding, Link},
    clock,
    decisions::Subject,
    i18n::gettext_f,
    names,
    pending::PendingFile,
    remote::{self, Remote},
    service::RemoteUrl,
    store::{Entry, StoreError},
    text,
};

use crate::{
    accounts, command,
    consent::{self, PermissionRequest},
    context::Context,
    failure::Failure,
    list, obstacle, remotes, terminal,
};

/// Lets a remote use an account, in place of any other that it used.
pub(crate) async fn allow(context: &Context, remote: &str, account: Option<&str>) -> Result<(), Failure> {
    let remotes = remotes::ours();
    if let Some(address) = unseen(&remotes, remote, names::in_sandbox()) {
        return allow_unseen(context, address, account).await;
    }
    let remote = remotes::named(&remotes, remote)?;
    let ground = remotes::ground(remote)?;
    let entries = context.store.unlocked_entries().await?;
    let account = chosen(&entries, remote, &ground.binding, account)?;
    let has_changed = consent::warn_of_change(&entries, remote)?;
    let request = PermissionRequest { account, remote, address: ground.remote_url };
    if has_changed && !request.ask().await? {
        return Err(Failure::Cancelled);
    }
    context.is_too_late.set(true);
    request.grant(&context.store, context.out).await?;
    let entries = context.store.entries().await?;
    let account = entries.iter().filter_map(Entry::account).find(|known| known.id == account.id).unwrap_or(account);
    context.out.json(&json!({ "account": list::account_json(account) }))
}

/// The address of a remote that cannot be seen: a sandbox does not show the installations of the administrator.
fn unseen(remotes: &[Remote], wanted: &str, in_sandbox: bool) -> Option<RemoteUrl> {
    let address = RemoteUrl::parse(wanted).ok().filter(|_| in_sandbox)?;
    (!remotes.iter().any(|remote| is_at(remote, &address))).then_some(address)
}

/// Lets whatever is at that address use an account. It says itself which server it asks, so the person names the account.
async fn allow_unseen(context: &Context, address: RemoteUrl, account: Option<&str>) -> Result<(), Failure> {
    let Some(account) = account else {
        return Err(Failure::Usage(gettext_f(
            "No remote at {address} can be seen from inside the Flatpak. Name the account that it may use.",
            &[("address", address.as_str())],
        )));
    };
    let entries = context.store.unlocked_entries().await?;
    let account = accounts::readable(accounts::find_one(&entries, account)?)?;
    context.is_too_late.set(true);
    let link = Link { remote_url: address.clone(), remote: address.host() };
    if !context.store.allow(account.id, link).await? {
        return Err(Failure::Keyring(StoreError::NotKept));
    }
    let (user, host) = (text::clean(&account.label(), text::NAME_LIMIT), account.binding.host());
    let values = [("remote", address.as_str()), ("user", &user), ("host", &host)];
    context.out.line(&gettext_f("“{remote}” may use the account of {user} at {host}.", &values))?;
    let entries = context.store.entries().await?;
    let account = entries.iter().filter_map(Entry::account).find(|known| known.id == account.id).unwrap_or(account);
    context.out.json(&json!({ "account": list::account_json(account) }))
}

/// The account that the person names, at the server that the remote names.
fn chosen<'a>(
    entries: &'a [Entry],
    remote: &Remote,
    binding: &Binding,
    wanted: Option<&str>,
) -> Result<&'a Account, Failure> {
    let is_there = |entry: &&Entry| entry.account().is_some_and(|account| &account.binding == binding);
    let host = binding.host();
    let found: Vec<&Entry> = match wanted {
        Some(wanted) => accounts::named(entries, wanted).into_iter().filter(is_there).collect(),
        None => entries.iter().filter(is_there).collect(),
    };
    match (found.as_slice(), wanted) {
        ([], _) if entries.iter().any(|entry| entry.is_locked_at(binding)) => Err(Failure::Keyring(StoreError::Locked)),
        ([], None) => Err(obstacle::account_needed(binding)),
        ([], Some(wanted)) if accounts::named(entries, wanted).is_empty() => {
            Err(Failure::Usage(accounts::unknown(wanted)))
        }
        ([], Some(wanted)) => Err(Failure::Usage(gettext_f(
            "“{remote}” needs an account at {host}, which “{account}” is not.",
            &[
                ("remote", &text::clean(&remote.name, text::NAME_LIMIT)),
                ("host", &host),
                ("account", &text::clean(wanted, text::NAME_LIMIT)),
            ],
        ))),
        (found, wanted) => accounts::only(found, wanted.unwrap_or(&host)).and_then(accounts::readable),
    }
}

/// Revokes the permission of a remote: for any account, or for the one that the person names. The remote may be gone
/// from this computer.
pub(crate) async fn revoke(context: &Context, wanted: &str, account: Option<&str>) -> Result<(), Failure> {
    let remotes = remote::remotes(&remote::installations());
    let entries = context.store.unlocked_entries().await?;
    let among: Vec<&Account> = match account {
        Some(account) => vec![accounts::readable(accounts::find_one(&entries, account)?)?],
        None => entries.iter().filter_map(Entry::account).collect(),
    };
    let Some(link) = link_to(&among, &remotes, wanted)? else {
        return nothing_to_take(context, &entries, &remotes, wanted);
    };
    context.is_too_late.set(true);
    let (names, mut taken) = (names_of(link, &remotes), Vec::new());
    for account in among.into_iter().filter(|account| account.is_linked_to(&link.remote_url)) {
        let address = link.remote_url.clone();
        let changed = context.store.change(account.id, move |account| account.unlink(&address)).await?;
        let (user, host) = (text::clean(&account.label(), text::NAME_LIMIT), account.binding.host());
        for remote in &names {
            let values = [("remote", remote.as_str()), ("user", &user), ("host", &host)];
            context.out.line(&gettext_f("“{remote}” no longer uses the account of {user} at {host}.", &values))?;
        }
        taken.push(list::account_json(changed.as_ref().unwrap_or(account)));
    }
    context.out.json(&json!({ "remotes": names, "address": link.remote_url.as_str(), "accounts": taken }))
}

/// Lets a remote use no account at the server that it names, now and later.
pub(crate) async fn refuse(context: &Context, wanted: &str) -> Result<(), Failure> {
    let remotes = remotes::ours();
    let remote = remotes::named(&remotes, wanted)?;
    let ground = remotes::ground(remote)?;
    context.is_too_late.set(true);
    let notes = PendingFile::of_session();
    context.store.refuse(&Subject::of(&ground), &remote.name, notes.as_ref(), clock::now()).await?;
    let name = text::clean(&remote.name, text::NAME_LIMIT);
    let values = [("remote", name.as_str()), ("host", &ground.host())];
    context.out.line(&gettext_f("“{remote}” may not use an account at {host}, and does not ask again.", &values))?;
    context.out.json(&json!({ "remotes": [remote.name], "address": ground.remote_url.as_str(), "refused": true }))
}

/// The names of the remotes at that address, or the former name of a remote that is gone.
fn names_of(link: &Link, remotes: &[Remote]) -> BTreeSet<String> {
    let names = |name: &String| text::clean(name, text::NAME_LIMIT);
    let here: BTreeSet<_> =
        remotes.iter().filter(|remote| is_at(remote, &link.remote_url)).map(|remote| names(&remote.name)).collect();
    if here.is_empty() { [names(&link.remote)].into() } else { here }
}

fn is_at(remote: &Remote, address: &RemoteUrl) -> bool {
    remote.address().as_ref() == Ok(address)
}

/// The permission that the person names: by the remote's address, its name, or its former name.
fn link_to<'a>(among: &[&'a Account], remotes: &[Remote], wanted: &str) -> Result<Option<&'a Link>, Failure> {
    let address = RemoteUrl::parse(wanted);
    let is_meant = |link: &&Link| {
        link.remote == wanted
            || address.as_ref() == Ok(&link.remote_url)
            || remotes.iter().any(|remote| remote.name == wanted && is_at(remote, &link.remote_url))
    };
    let mut found: Vec<&Link> = among.iter().flat_map(|account| &account.links).filter(is_meant).collect();
    found.sort_by(|one, other| one.remote_url.as_str().cmp(other.remote_url.as_str()));
    found.dedup_by(|one, other| one.remote_url == other.remote_url);
    if let [_, _, ..] = found.as_slice() {
        let wanted = remotes::shown(wanted);
        let sentence =
            gettext_f("Several remotes are called “{remote}”. Name the address of one:", &[("remote", &wanted)]);
        let lines = found.iter().map(|link| format!("  {}", link.remote_url));
        return Err(Failure::Usage([sentence].into_iter().chain(lines).collect::<Vec<_>>().join("\n")));
    }
    Ok(found.first().copied())
}

/// Says that an existing remote has no permission. It is an error if there is no such remote.
fn nothing_to_take(context: &Context, entries: &[Entry], remotes: &[Remote], wanted: &str) -> Result<(), Failure> {
    if entries.iter().any(|entry| matches!(entry, Entry::Locked(_))) {
        return Err(Failure::Keyring(StoreError::Locked));
    }
    let address = RemoteUrl::parse(wanted);
    let is_known =
        |remote: &&Remote| remote.name == wanted || address.as_ref().is_ok_and(|address| is_at(remote, address));
    let name = remotes::shown(wanted);
    let Some(known) = remotes.iter().find(is_known) else {
        let command = command::usherctl(&["list"]);
        return Err(Failure::Usage(gettext_f(
            "There is no remote “{remote}”. “{command}” lists those that may use an account.",
            &[("remote", &name), ("command", &command)],
        )));
    };
    terminal::say(&gettext_f("Nothing has changed: “{remote}” did not use it.", &[("remote", &name)]))?;
    context.out.json(&json!({ "remotes": [known.name], "address": known.url.to_string(), "accounts": [] }))
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    #[test]
    fn an_address_stands_for_a_remote_only_where_that_cannot_be_seen() {
        let here = [testing::remote("demo", "https://repo.example/a", "store.example")];
        let is_unseen = |wanted, in_sandbox| unseen(&here, wanted, in_sandbox).is_some();
        assert!(is_unseen("https://repo.example/b", true));
        assert!(!is_unseen("https://repo.example/b", false), "outside of a sandbox all installations are seen");
        assert!(!is_unseen("https://repo.example/a/", true));
        for word in ["demo", "ADDRESS", "http://repo.example/b", "https://me@repo.example/b"] {
            assert!(!is_unseen(word, true), "{word}");
        }
    }
}
