// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds the account that a person names: by `user@host`, a host, a user, or an id.

use usher_core::{
    account::Account,
    i18n::{gettext, gettext_f},
    store::{Entry, Outline, StoreError},
    text,
};

use crate::{command, failure::Failure};

/// The entries that match `wanted`.
pub(crate) fn named<'a>(entries: &'a [Entry], wanted: &str) -> Vec<&'a Entry> {
    let ways: [fn(&Entry, &str) -> bool; 3] = [|entry, wanted| id(entry) == wanted, is_called, is_of];
    let found = |way: fn(&Entry, &str) -> bool| entries.iter().filter(|entry| way(entry, wanted)).collect::<Vec<_>>();
    ways.into_iter().map(found).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The message that no account has this name, and where to look.
pub(crate) fn unknown(wanted: &str) -> String {
    gettext_f(
        "There is no account “{account}”. “{command}” lists all accounts.",
        &[("account", &text::clean(wanted, text::NAME_LIMIT)), ("command", &command::usherctl(&["list"]))],
    )
}

/// The one entry that matches `wanted`.
pub(crate) fn find_one<'a>(entries: &'a [Entry], wanted: &str) -> Result<&'a Entry, Failure> {
    only(&named(entries, wanted), wanted)
}

/// The only entry of `found`, or an error that lists them.
pub(crate) fn only<'a>(found: &[&'a Entry], wanted: &str) -> Result<&'a Entry, Failure> {
    let shown = text::clean(wanted, text::NAME_LIMIT);
    match found {
        [one] => Ok(one),
        [] => Err(Failure::Usage(unknown(wanted))),
        several => {
            let sentence = gettext_f("Several accounts match “{account}”. Name one of:", &[("account", &shown)]);
            let lines = several.iter().map(|entry| format!("  {}  {}", id(entry), title(entry)));
            Err(Failure::Usage([sentence].into_iter().chain(lines).collect::<Vec<_>>().join("\n")))
        }
    }
}

/// The account of an entry, or why it cannot be read.
pub(crate) fn readable(entry: &Entry) -> Result<&Account, Failure> {
    match entry {
        Entry::Open(account) => Ok(account),
        Entry::Locked(_) => Err(Failure::Keyring(StoreError::Locked)),
        Entry::Broken(_) => Err(Failure::Usage(gettext("An account that cannot be read can only be removed."))),
    }
}

/// The unique id of an entry.
pub(crate) fn id(entry: &Entry) -> String {
    match entry {
        Entry::Open(account) => account.id.to_string(),
        Entry::Locked(Outline { id, .. }) => id.to_string(),
        Entry::Broken(path) => path.clone(),
    }
}

/// The host of an entry's server; the entry itself if nobody can read it.
pub(crate) fn host(entry: &Entry) -> String {
    match entry {
        Entry::Open(account) => account.binding.host(),
        Entry::Locked(Outline { service, .. }) => service.host(),
        Entry::Broken(path) => path.clone(),
    }
}

/// The name of an entry for a person.
pub(crate) fn title(entry: &Entry) -> String {
    match entry {
        Entry::Open(account) => title_of(account),
        Entry::Locked(Outline { service, .. }) => service.host(),
        Entry::Broken(path) => path.clone(),
    }
}

pub(crate) fn title_of(account: &Account) -> String {
    format!("{}@{}", text::clean(&account.user, text::NAME_LIMIT), account.binding.host())
}

fn is_called(entry: &Entry, wanted: &str) -> bool {
    match entry {
        Entry::Open(account) => {
            let host = account.binding.host();
            // A user name may contain an “@”.
            host == wanted || wanted.rsplit_once('@').is_some_and(|(user, at)| at == host && is_of(entry, user))
        }
        Entry::Locked(Outline { service, .. }) => service.host() == wanted,
        Entry::Broken(_) => false,
    }
}

/// Whether the account has that user name, or that custom name.
fn is_of(entry: &Entry, user: &str) -> bool {
    entry.account().is_some_and(|account| account.user == user || account.name.as_deref() == Some(user))
}

#[cfg(test)]
mod tests {
    use usher_core::testing::entry;

    use super::*;

    #[test]
    fn an_account_is_named_by_person_and_host_by_host_or_by_id() {
        let entries =
            [entry("one.example", "me@example.org"), entry("one.example", "other"), entry("two.example:8443", "me")];
        let found = |wanted: &str| find_one(&entries, wanted).map(title);
        assert_eq!(found("me@example.org@one.example").unwrap(), "me@example.org@one.example");
        assert_eq!(found("two.example:8443").unwrap(), "me@two.example:8443");
        assert_eq!(found(&id(&entries[1])).unwrap(), "other@one.example");
        assert_eq!(found("other").unwrap(), "other@one.example");
        assert_eq!(found("me").unwrap(), "me@two.example:8443");
        let Err(Failure::Usage(several)) = found("one.example") else { panic!("one of two was taken") };
        assert!(several.contains(&id(&entries[0])) && several.contains("other@one.example"), "{several}");
        for none in ["", "two.example", "me@one.example", "@one.example"] {
            assert!(found(none).is_err(), "{none}");
        }
    }
}
