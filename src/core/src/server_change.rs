// SPDX-License-Identifier: GPL-3.0-or-later
//! A remote that now names another server than the one a person agreed to. Only a person accepts that.

use crate::{
    account::Account,
    binding::Binding,
    decisions::Subject,
    familiarity,
    i18n::gettext_f,
    lookup::{self, Lookup},
    remote::Remote,
    service::RemoteUrl,
    store::Entry,
    text,
};

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerChange<'a> {
    /// The account that the remote uses at the old server.
    pub agreed: &'a Account,
    /// The new server, as the remote claims it.
    pub claimed: Binding,
    /// The address of the remote.
    pub address: RemoteUrl,
    remote: &'a str,
}

impl<'a> ServerChange<'a> {
    /// The change of this remote's server, if there is one that nobody has accepted.
    pub fn of(entries: &'a [Entry], remote: &'a Remote) -> Option<Self> {
        let (claimed, address) = (remote.claimed().ok()?, remote.address().ok()?);
        let Lookup::Changed(agreed) = lookup::find(entries, &claimed, &address) else {
            return None;
        };
        Some(Self { agreed, claimed, address, remote: &remote.name })
    }

    /// What has changed, in words.
    pub fn sentence(&self) -> String {
        self.fill(|values| {
            gettext_f(
                "“{remote}” used {old_host} and now asks for an account at {new_host}. If this is not expected, do not continue.",
                values,
            )
        })
    }

    /// That the two servers could be mistaken for each other, if they could.
    pub fn warning(&self) -> Option<String> {
        let [old, new] = self.hosts();
        familiarity::resembles(&old, &new)
            .then(|| self.fill(|values| gettext_f("{new_host} is not the same as {old_host}.", values)))
    }

    /// What the decision not to accept it is about.
    pub fn subject(&self) -> Subject {
        Subject { remote_url: self.address.clone(), binding: self.claimed.clone() }
    }

    /// The hosts of the old and the new server.
    pub fn hosts(&self) -> [String; 2] {
        hosts(&self.agreed.binding, &self.claimed)
    }

    /// Fills in a sentence with the names `remote`, `old_host` and `new_host`.
    pub fn fill(&self, fill: impl FnOnce(&[(&str, &str)]) -> String) -> String {
        let remote = text::clean(self.remote, text::NAME_LIMIT);
        let [old, new] = self.hosts();
        fill(&[("remote", &remote), ("old_host", &old), ("new_host", &new)])
    }
}

/// The hosts that tell an old server from a new one. Where only the server changes to which both leave signing in, it is
/// the hosts of that one.
pub fn hosts(old: &Binding, new: &Binding) -> [String; 2] {
    let [old_host, new_host] = [old.host(), new.host()];
    if old_host == new_host { [old.sign_in_host(), new.sign_in_host()] } else { [old_host, new_host] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn u07_only_another_server_than_the_agreed_one_is_a_change() {
        let account = testing::linked(testing::account("old.example", "ada"), &["https://r.example/repo"]);
        let entries = [testing::open(account)];
        let changed = |url: &str, server: &str| {
            let remote = testing::remote("demo", url, server);
            ServerChange::of(&entries, &remote).map(|change| (change.sentence(), change.warning().is_some()))
        };
        let (sentence, is_similar) = changed("https://r.example/repo", "new.example").unwrap();
        assert!(
            sentence.starts_with("“demo” used old.example and now asks for an account at new.example."),
            "{sentence}"
        );
        assert!(!is_similar);
        assert!(changed("https://r.example/repo", "old.example.evil.example").unwrap().1);
        assert_eq!(changed("https://r.example/repo", "old.example"), None);
        assert_eq!(changed("https://other.example/repo", "new.example"), None);
        assert_eq!(changed("http://r.example/repo", "new.example"), None);
    }

    #[test]
    fn another_server_to_sign_in_at_is_a_change_that_names_it() {
        let at = |issuer: &str| testing::single_sign_on("https://store.example/", issuer);
        let account = testing::account_of(at("https://login.example"), "ada", 0);
        let entries = [testing::open(testing::linked(account, &["https://r.example/repo"]))];
        let mut remote = testing::remote("demo", "https://r.example/repo", "store.example");
        remote.options = at("https://login.evil.example").options();
        let change = ServerChange::of(&entries, &remote).unwrap();
        assert_eq!(change.hosts(), ["login.example", "login.evil.example"]);
        assert!(change.sentence().contains("used login.example and now asks for an account at login.evil.example."));
        remote.options = testing::options("other.example");
        let change = ServerChange::of(&entries, &remote).unwrap();
        assert_eq!(change.hosts(), ["store.example", "other.example"]);
    }
}
