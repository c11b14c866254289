// SPDX-License-Identifier: GPL-3.0-or-later
//! Which remotes may use an account, and which may not.

use std::io;

use super::{AccountStore, Entry, Keyring, StoreError, backend, nowhere, with};
use crate::{
    account::AccountId,
    activity_log::{self, Event},
    binding::Link,
    clock,
    decisions::Subject,
    pending::PendingFile,
};

impl AccountStore {
    /// Lets a remote use this account and no other: a remote uses one account, the one last chosen. An earlier refusal is
    /// taken back. Gives `false` and writes nothing if the account is gone.
    pub async fn allow(&self, id: AccountId, link: Link) -> Result<bool, StoreError> {
        let guard = self.lock().await?;
        let allow = async {
            let link = link.clone();
            with!(self, keyring => backend::allow(keyring, &guard, self.asking, id, link).await)
        };
        let Some(before) = self.limited(allow).await? else { return Ok(false) };
        drop(guard);
        if !before.is_linked_to(&link.remote_url) {
            self.log(vec![activity_log::Entry::allowed(&before, &link, clock::now())]).await;
        }
        let (remote_url, binding) = (link.remote_url, before.binding);
        if let Some(decisions) = &self.inner.decisions
            && let Err(error) = decisions.take_back(&Subject { remote_url, binding }).await
        {
            // A permission wins over a refusal.
            tracing::warn!(%error, "cannot forget that a repository was refused");
        }
        Ok(true)
    }

    /// Remembers that a remote may not use an account at a server, and takes from it what permission it has there. What it
    /// asked for until now is forgotten: it stands in `notes`. `name` is flatpak's name of the remote, to show.
    pub async fn refuse(&self, subject: &Subject, name: &str, notes: Option<&PendingFile>, now: i64) -> io::Result<()> {
        let decisions = self.inner.decisions.as_ref().ok_or_else(nowhere)?;
        decisions.refuse(subject, notes, now).await?;
        let (accounts, remote) = (self.entries().await.unwrap_or_default(), &subject.remote_url);
        let linked = accounts.iter().filter_map(Entry::account).filter(|known| known.is_linked_to(remote));
        for account in linked.filter(|account| account.binding == subject.binding) {
            if let Err(error) = self.change_unlogged(account.id, |account| account.unlink(remote)).await {
                tracing::warn!(%error, "cannot take back the permission of a repository that was refused");
            }
        }
        let (host, remote) = (subject.binding.host(), Some(name.to_owned()));
        self.log(vec![activity_log::Entry { at: now, host, remote, account: None, event: Event::Refused }]).await;
        Ok(())
    }
}
