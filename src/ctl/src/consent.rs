// SPDX-License-Identifier: GPL-3.0-or-later
//! The person's consent that a remote may use an account.

use usher_core::{
    account::Account,
    binding::Link,
    familiarity::Familiarity,
    i18n::gettext_f,
    lookup::Lookup,
    remote::Remote,
    server_change::ServerChange,
    service::RemoteUrl,
    store::{AccountStore, Entry, StoreError},
    text,
};

use crate::{accounts, command, failure::Failure, obstacle, remotes, terminal, terminal::Output};

/// Warns if a remote names another server than that of the account it uses. Only a person can accept that, so it is an
/// error if nobody can answer.
pub(crate) fn warn_of_change(entries: &[Entry], remote: &Remote) -> Result<bool, Failure> {
    let Some(change) = ServerChange::of(entries, remote) else {
        return Ok(false);
    };
    if !terminal::can_ask() {
        return Err(obstacle::of(&Lookup::Changed(change.agreed), remote, &change.claimed));
    }
    terminal::say(&change.sentence())?;
    if let Some(warning) = change.warning() {
        terminal::say(&warning)?;
    }
    Ok(true)
}

/// Warns if a server that is new here could be mistaken for one that is in use.
pub(crate) fn warn_of_likeness(entries: &[Entry], host: &str) -> Result<(), Failure> {
    let Familiarity::Resembles(known) = Familiarity::of(entries, host, None) else {
        return Ok(());
    };
    let values = [("host", host), ("known", known.as_str())];
    terminal::say(&gettext_f("{host} is not the same as {known}, which is already in use.", &values))
}

/// The account and the remote that a permission would connect.
pub(crate) struct PermissionRequest<'a> {
    pub(crate) account: &'a Account,
    pub(crate) remote: &'a Remote,
    pub(crate) address: RemoteUrl,
}

impl PermissionRequest<'_> {
    /// Asks whether the remote may use the account.
    pub(crate) async fn ask(&self) -> Result<bool, Failure> {
        terminal::ask(&self.sentence(|values| {
            gettext_f("“{remote}” ({address}) wants to use the account of {user} at {host}. Allow?", values)
        }))
        .await
    }

    /// Lets the remote use the account, and prints that.
    pub(crate) async fn grant(&self, store: &AccountStore, out: Output) -> Result<(), Failure> {
        let link = Link { remote_url: self.address.clone(), remote: self.remote.name.clone() };
        if !store.allow(self.account.id, link).await? {
            return Err(Failure::Keyring(StoreError::NotKept));
        }
        out.line(&self.sentence(|values| gettext_f("“{remote}” may use the account of {user} at {host}.", values)))
    }

    /// Prints the command that allows it later.
    pub(crate) fn advise(&self) -> Result<(), Failure> {
        let word = &remotes::word(&self.remote.name, &self.remote.url);
        let (title, id) = (accounts::title_of(self.account), self.account.id.to_string());
        let by_title = text::usherctl(&["allow", word, &title]);
        let command = by_title.unwrap_or_else(|| command::usherctl(&["allow", word, &id]));
        let remote = text::clean(&self.remote.name, text::NAME_LIMIT);
        terminal::say(&gettext_f(
            "“{remote}” may not use it yet. Run “{command}” to allow it.",
            &[("remote", &remote), ("command", &command)],
        ))
    }

    fn sentence(&self, fill: impl FnOnce(&[(&str, &str)]) -> String) -> String {
        let remote = text::clean(&self.remote.name, text::NAME_LIMIT);
        let user = text::clean(&self.account.label(), text::NAME_LIMIT);
        let host = self.account.binding.host();
        fill(&[("remote", &remote), ("address", self.address.as_str()), ("user", &user), ("host", &host)])
    }
}
