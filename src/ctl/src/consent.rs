// SPDX-License-Identifier: GPL-3.0-or-later
//! The person's consent that a remote may use an account.

use usher_core::{
    account::Account,
    binding::{Binding, Link},
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

/// Asks the person before anything is sent to a server without an account here, or to one that it leaves signing in to.
pub(crate) async fn confirm_new_server(entries: &[Entry], binding: &Binding) -> Result<(), Failure> {
    let (host, sign_in_host) = (binding.host(), binding.sign_in_host());
    if host == sign_in_host {
        return confirm_new_host(entries, &host).await;
    }
    introduce(entries, binding)?;
    agree(&first_time(entries, &host, &sign_in_host)).await
}

/// Asks the person before anything is sent to a host without an account here.
pub(crate) async fn confirm_new_host(entries: &[Entry], host: &str) -> Result<(), Failure> {
    warn_of_likeness(entries, host)?;
    agree(&gettext_f("First time at {host}. Continue?", &[("host", host)])).await
}

/// Where a server leaves signing in to another one: says so, and what the server learns and may do there (rule R24). Warns
/// of names that could be mistaken for known ones.
pub(crate) fn introduce(entries: &[Entry], binding: &Binding) -> Result<(), Failure> {
    let (host, sign_in_host) = (binding.host(), binding.sign_in_host());
    warn_of_likeness(entries, &host)?;
    if host == sign_in_host {
        return Ok(());
    }
    warn_of_likeness(entries, &sign_in_host)?;
    let values = [("host", host.as_str()), ("sign_in_host", sign_in_host.as_str())];
    terminal::say(&gettext_f("{host} leaves signing in to {sign_in_host}.", &values))?;
    let permissions = binding.provider.permissions(binding);
    if !permissions.is_empty() {
        // Translators: a list follows, such as “Learns the user name and e-mail address”
        terminal::say(&gettext_f("What {host} does with a sign-in there:", &values))?;
    }
    for permission in permissions {
        terminal::say(&format!("  {permission}"))?;
    }
    Ok(())
}

/// The question about two servers that work together. Names those that are new here.
fn first_time(entries: &[Entry], host: &str, sign_in_host: &str) -> String {
    let is_known = |host| Familiarity::of(entries, host, None) == Familiarity::KnownServer;
    let values = [("host", host), ("sign_in_host", sign_in_host)];
    match [host, sign_in_host].map(is_known) {
        [false, false] => gettext_f("First time at {host} and at {sign_in_host}. Continue?", &values),
        [false, true] => gettext_f("First time at {host}. Continue?", &values),
        [true, false] => gettext_f("First time at {sign_in_host}. Continue?", &values),
        [true, true] => gettext_f("First time at {host} by way of {sign_in_host}. Continue?", &values),
    }
}

/// Asks a question, if somebody can answer. Without a terminal, what was named is agreed to.
async fn agree(question: &str) -> Result<(), Failure> {
    if !terminal::can_ask() || terminal::ask(question).await? { Ok(()) } else { Err(Failure::Cancelled) }
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

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    #[test]
    fn the_question_names_those_servers_that_are_new() {
        let known = |service: &str, issuer: &str| {
            testing::open(testing::account_of(testing::single_sign_on(service, issuer), "ada", 0))
        };
        let asked = |entries: &[Entry]| first_time(entries, "store.example", "login.example");
        assert_eq!(asked(&[]), "First time at store.example and at login.example. Continue?");
        let entries = [known("https://other.example/", "https://login.example")];
        assert_eq!(asked(&entries), "First time at store.example. Continue?");
        let entries = [testing::entry("store.example", "ada")];
        assert_eq!(asked(&entries), "First time at login.example. Continue?");
        let entries = [testing::entry("store.example", "ada"), testing::entry("login.example", "ada")];
        assert_eq!(asked(&entries), "First time at store.example by way of login.example. Continue?");
    }
}
