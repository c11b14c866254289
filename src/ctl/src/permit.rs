// SPDX-License-Identifier: GPL-3.0-or-later
//! The person's consent that a remote may use an account.

use usher_core::{
    account::Account,
    binding::Link,
    i18n::gettext_f,
    remote::Remote,
    service::RemoteUrl,
    store::{AccountStore, StoreError},
    text,
};

use crate::{failure::Failure, remotes, terminal, terminal::Output};

/// What is asked about: an account, and a remote with its address.
pub(crate) struct Wish<'a> {
    pub(crate) account: &'a Account,
    pub(crate) remote: &'a Remote,
    pub(crate) address: RemoteUrl,
}

impl Wish<'_> {
    /// Asks whether the remote may use the account.
    pub(crate) async fn ask(&self) -> Result<bool, Failure> {
        terminal::ask(&self.tell(|values| {
            gettext_f("“{remote}” ({address}) wants to use the account of {user} at {host}. Allow?", values)
        }))
        .await
    }

    /// Lets the remote use the account, and says so.
    pub(crate) async fn grant(&self, store: &AccountStore, out: Output) -> Result<(), Failure> {
        let link = Link { remote_url: self.address.clone(), remote: self.remote.name.clone() };
        if !store.allow(self.account.id, link).await? {
            return Err(Failure::Keyring(StoreError::NotKept));
        }
        out.line(&self.tell(|values| gettext_f("“{remote}” may use the account of {user} at {host}.", values)))
    }

    /// Says how it can be allowed later.
    pub(crate) fn advise(&self) -> Result<(), Failure> {
        let word = remotes::word(&self.remote.name, self.address.as_str());
        let command = remotes::command(&["sign-in", word]);
        let remote = text::clean(&self.remote.name, text::NAME_LIMIT);
        terminal::say(&gettext_f(
            "“{remote}” may not use it yet. Run “{command}” to allow it.",
            &[("remote", &remote), ("command", &command)],
        ))
    }

    fn tell(&self, fill: impl FnOnce(&[(&str, &str)]) -> String) -> String {
        let remote = text::clean(&self.remote.name, text::NAME_LIMIT);
        let user = text::clean(&self.account.user, text::NAME_LIMIT);
        let host = self.account.binding.host();
        fill(&[("remote", &remote), ("address", self.address.as_str()), ("user", &user), ("host", &host)])
    }
}
