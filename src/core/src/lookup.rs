// SPDX-License-Identifier: GPL-3.0-or-later
//! Which account a request may use. Pure: only compares the claimed binding (rule R1).

use std::sync::Arc;

use crate::{account::Account, binding::Binding, service::RemoteUrl, store::Entry};

/// The accounts for a claimed binding and a remote.
#[derive(Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// The one account that the remote may use. Whether it is signed in is another question.
    Linked(&'a Arc<Account>),
    /// Several accounts that the remote may use.
    Ambiguous(Vec<&'a Arc<Account>>),
    /// Accounts with this binding, none of which the remote may use yet.
    Unlinked(Vec<&'a Arc<Account>>),
    /// The remote may use an account with another binding: its server has changed.
    Changed(&'a Account),
    /// Nobody knows until the keyring is unlocked.
    Locked,
    /// There is no account at this service.
    Nothing,
}

impl Lookup<'_> {
    /// Whether a refusal answers it: there is no permission, which would be newer. Nobody unlocks a keyring to look for one.
    pub fn yields_to_refusal(&self) -> bool {
        matches!(self, Self::Ambiguous(_) | Self::Unlinked(_) | Self::Locked | Self::Nothing)
    }
}

/// Finds the account for a request. A locked item could be the very one that shows a changed server, so as long as
/// items are locked, a missing account proves nothing.
pub fn find<'a>(entries: &'a [Entry], claimed: &Binding, remote: &RemoteUrl) -> Lookup<'a> {
    let accounts = || entries.iter().filter_map(Entry::shared);
    let linked: Vec<_> = accounts().filter(|account| account.is_linked_to(remote)).collect();
    let equal: Vec<_> = linked.iter().copied().filter(|account| &account.binding == claimed).collect();
    match equal.as_slice() {
        [one] => return Lookup::Linked(one),
        [] => {}
        _ => return Lookup::Ambiguous(equal),
    }
    if entries.iter().any(|entry| matches!(entry, Entry::Locked(_))) {
        return Lookup::Locked;
    }
    if let Some(other) = linked.first() {
        return Lookup::Changed(other);
    }
    let known: Vec<_> = accounts().filter(|account| &account.binding == claimed).collect();
    if known.is_empty() { Lookup::Nothing } else { Lookup::Unlinked(known) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    fn binding(host: &str) -> Binding {
        testing::binding(&format!("https://{host}/"))
    }

    fn url(host: &str) -> RemoteUrl {
        testing::remote_url(&format!("https://{host}/repo"))
    }

    fn entry(service: &str, remotes: &[&str]) -> Entry {
        let mut account = testing::account(&format!("https://{service}/"), "u");
        for remote in remotes {
            account.link(testing::link("shop", &format!("https://{remote}/repo")));
        }
        Entry::Open(account.into())
    }

    #[test]
    fn g01_a_remote_that_names_another_server_has_changed_its_server() {
        let entries = [entry("store.example", &["repo.example"])];
        assert!(matches!(find(&entries, &binding("store.example"), &url("repo.example")), Lookup::Linked(_)));
        assert!(matches!(find(&entries, &binding("evil.example"), &url("repo.example")), Lookup::Changed(_)));
        assert!(matches!(find(&entries, &binding("store.example"), &url("other.example")), Lookup::Unlinked(_)));
        assert_eq!(find(&entries, &binding("evil.example"), &url("other.example")), Lookup::Nothing);
    }

    #[test]
    fn no_silent_choice_between_two_linked_accounts() {
        let entries = [entry("store.example", &["repo.example"]), entry("store.example", &["repo.example"])];
        assert!(matches!(find(&entries, &binding("store.example"), &url("repo.example")), Lookup::Ambiguous(_)));
    }

    proptest! {
        #[test]
        fn a_wrong_origin_never_yields_a_credential(services in proptest::collection::vec("[ab]{1,2}", 0..5), claimed in "[ab]{1,2}", remote in "[rs]") {
            let entries: Vec<_> = services.iter().map(|service| entry(&format!("{service}.example"), &["r.example"])).collect();
            let wanted = binding(&format!("{claimed}.example"));
            if let Lookup::Linked(account) = find(&entries, &wanted, &url(&format!("{remote}.example"))) {
                prop_assert_eq!(&account.binding, &wanted);
                prop_assert_eq!(remote, "r");
            }
        }
    }
}
