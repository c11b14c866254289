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
        familiarity::resembles(&self.agreed.binding.host(), &self.claimed.host())
            .then(|| self.fill(|values| gettext_f("{new_host} is not the same as {old_host}.", values)))
    }

    /// What the decision not to accept it is about.
    pub fn subject(&self) -> Subject {
        Subject { remote_url: self.address.clone(), binding: self.claimed.clone() }
    }

    /// Fills in a sentence with the names `remote`, `old_host` and `new_host`.
    pub fn fill(&self, fill: impl FnOnce(&[(&str, &str)]) -> String) -> String {
        let remote = text::clean(self.remote, text::NAME_LIMIT);
        let (old, new) = (self.agreed.binding.host(), self.claimed.host());
        fill(&[("remote", &remote), ("old_host", &old), ("new_host", &new)])
    }
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
}
