// SPDX-License-Identifier: GPL-3.0-or-later
//! The accounts in the keyring, followed as they change.

use std::{rc::Rc, sync::Arc};

use futures_util::StreamExt;
use gtk::{gio, glib, prelude::*, subclass::prelude::*};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use usher_core::{
    account::{Account, AccountId},
    store::{AccountStore, Entry, StoreError, Unsaved},
};

use super::Changes;
use crate::runtime;

/// What is known of the keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum KeyringState {
    /// It has not answered yet.
    #[default]
    Loading,
    /// The accounts are there.
    Ready,
    /// It is locked: only the servers of the accounts are known.
    Locked,
    /// It is locked, and nothing is known of what is in it.
    Sealed,
    /// None is running.
    Missing,
    /// None is running that a sandboxed application can use.
    Withheld,
    /// It does not work.
    Failed,
}

mod imp {
    use std::{
        cell::{Cell, OnceCell, RefCell},
        rc::Rc,
    };

    use super::*;

    #[derive(Default)]
    pub struct AccountList {
        pub(super) changes: Changes,
        pub(super) entries: RefCell<Rc<[Entry]>>,
        pub(super) state: Cell<KeyringState>,
        pub(super) store: OnceCell<AccountStore>,
        pub(super) wishes: OnceCell<UnboundedSender<()>>,
        pub(super) unsaved: RefCell<Rc<[Unsaved]>>,
        pub(super) monitor: OnceCell<gio::FileMonitor>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AccountList {
        const NAME: &'static str = "UsherAccountList";
        type Type = super::AccountList;
    }

    impl ObjectImpl for AccountList {}
}

glib::wrapper! {
    pub struct AccountList(ObjectSubclass<imp::AccountList>);
}

impl AccountList {
    /// Begins to read and to follow the keyring.
    pub(crate) fn new(store: AccountStore) -> Self {
        let list: Self = glib::Object::new();
        let (sender, receiver) = unbounded_channel();
        let _ = list.imp().store.set(store.clone());
        let _ = list.imp().wishes.set(sender.clone());
        follow_signals(store, sender);
        list.follow_marks();
        list.serve_wishes(receiver);
        list
    }

    /// All keyring items of ours, sorted by host, then user. They are without their credentials: no page needs them.
    pub(crate) fn entries(&self) -> Rc<[Entry]> {
        self.imp().entries.borrow().clone()
    }

    /// The accounts that can be read.
    pub(crate) fn accounts(&self) -> Vec<Account> {
        self.entries().iter().filter_map(Entry::account).cloned().collect()
    }

    /// The account of that id, if it can be read.
    pub(crate) fn find(&self, id: AccountId) -> Option<Account> {
        self.entries().iter().filter_map(Entry::account).find(|account| account.id == id).cloned()
    }

    /// The renewed sign-in of an account that the keyring has not saved.
    pub(crate) fn unsaved(&self, id: AccountId) -> Option<Unsaved> {
        self.all_unsaved().iter().find(|unsaved| unsaved.account == id).cloned()
    }

    /// Those of all accounts.
    pub(crate) fn all_unsaved(&self) -> Rc<[Unsaved]> {
        self.imp().unsaved.borrow().clone()
    }

    /// What is known of the keyring.
    pub(crate) fn state(&self) -> KeyringState {
        self.imp().state.get()
    }

    /// Waits until the keyring has been read once.
    pub(crate) async fn wait_until_read(&self) {
        while self.state() == KeyringState::Loading {
            self.changes().next().await;
        }
    }

    /// Changes something in the keyring, then reads it again.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        change: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = T> {
        let changing = runtime::spawn(change);
        async move {
            let changed = changing.await;
            self.reload();
            changed
        }
    }

    pub(super) fn store(&self) -> &AccountStore {
        self.imp().store.get().expect("set when the list is made")
    }

    /// Reads the keyring again, soon.
    pub(crate) fn reload(&self) {
        if let Some(wishes) = self.imp().wishes.get() {
            let _ = wishes.send(());
        }
    }

    /// Reads the keyring now, credentials included, and shows what it found as after any reading. A keyring that does not
    /// answer has nothing.
    pub(crate) async fn read(&self) -> Vec<Entry> {
        let (read, unsaved) = runtime::spawn(read(self.store().clone())).await;
        let entries = read.clone().inspect_err(|error| tracing::warn!(%error, "cannot read the keyring"));
        self.take(read, unsaved);
        entries.unwrap_or_default()
    }

    /// Tells when its accounts or its state have changed.
    pub(crate) fn changes(&self) -> &Changes {
        &self.imp().changes
    }

    /// Reads once for all requests that came in meanwhile, one reading at a time.
    fn serve_wishes(&self, mut wishes: UnboundedReceiver<()>) {
        let weak = self.downgrade();
        glib::spawn_future_local(async move {
            while wishes.recv().await.is_some() {
                while wishes.try_recv().is_ok() {}
                let Some(store) = weak.upgrade().and_then(|list| list.imp().store.get().cloned()) else {
                    return;
                };
                let (read, unsaved) = runtime::spawn(read(store)).await;
                let Some(list) = weak.upgrade() else {
                    return;
                };
                list.take(read, unsaved);
            }
        });
    }

    /// The processes of Usher mark what the keyring has not saved beside the lock files.
    fn follow_marks(&self) {
        let Some(folder) = self.store().mark_folder().map(gio::File::for_path) else { return };
        let Ok(monitor) = folder.monitor_directory(gio::FileMonitorFlags::NONE, gio::Cancellable::NONE) else { return };
        let weak = self.downgrade();
        monitor.connect_changed(move |_, file, _, _| {
            let is_mark = file.path().is_some_and(|path| AccountStore::is_mark(&path));
            if let Some(list) = weak.upgrade().filter(|_| is_mark) {
                list.reload();
            }
        });
        let _ = self.imp().monitor.set(monitor);
    }

    fn take(&self, read: Result<Vec<Entry>, StoreError>, unsaved: Vec<Unsaved>) {
        let (mut entries, state) = match read {
            Ok(entries) => {
                let is_locked = entries.iter().any(|entry| matches!(entry, Entry::Locked(_)));
                (entries, if is_locked { KeyringState::Locked } else { KeyringState::Ready })
            }
            // Of a locked file not even the servers are known.
            Err(StoreError::Locked | StoreError::Dismissed) => (Vec::new(), KeyringState::Sealed),
            Err(StoreError::NoKeyring) => (Vec::new(), KeyringState::Missing),
            Err(StoreError::NoPortal) => (Vec::new(), KeyringState::Withheld),
            Err(error) => {
                tracing::warn!(%error, "cannot read the accounts");
                (Vec::new(), KeyringState::Failed)
            }
        };
        entries.sort_by_cached_key(sort_key);
        entries.iter_mut().for_each(drop_credential);
        let is_same = *entries == *self.entries() && *unsaved == *self.all_unsaved();
        if !is_same {
            self.imp().entries.replace(entries.into());
            self.imp().unsaved.replace(unsaved.into());
        }
        if self.imp().state.replace(state) != state || !is_same {
            self.changes().announce();
        }
    }
}

/// Reads the keyring, and what other processes have not saved in it.
async fn read(store: AccountStore) -> (Result<Vec<Entry>, StoreError>, Vec<Unsaved>) {
    (store.entries().await, store.unsaved().await)
}

/// Asks for a first reading once it follows the keyring, so that it misses no change, and for another at each signal.
fn follow_signals(store: AccountStore, wishes: UnboundedSender<()>) {
    glib::spawn_future_local(runtime::spawn(async move {
        let followed = async { store.changes(&zbus::Connection::session().await.ok()?).await.ok() }.await;
        if followed.is_none() {
            tracing::warn!("cannot follow changes of the keyring");
        }
        let _ = wishes.send(());
        if let Some(mut changes) = followed {
            while changes.next().await.is_some() && wishes.send(()).is_ok() {}
        }
    }));
}

fn drop_credential(entry: &mut Entry) {
    if let Entry::Open(account) = entry {
        Arc::make_mut(account).credential = None;
    }
}

fn sort_key(entry: &Entry) -> (u8, String, String, String) {
    match entry {
        Entry::Open(account) => (0, account.binding.host(), account.user.to_lowercase(), account.id.to_string()),
        Entry::Locked(outline) => (0, outline.service.host(), String::new(), outline.id.to_string()),
        Entry::Broken(path) => (1, String::new(), String::new(), path.clone()),
    }
}

#[cfg(test)]
mod tests {
    use usher_core::testing::entry;

    use super::*;

    #[test]
    fn accounts_are_sorted_by_host_then_user_and_unreadable_ones_come_last() {
        let mut entries =
            [Entry::Broken("/x".into()), entry("b.example", "A"), entry("a.example", "b"), entry("a.example", "A")];
        entries.sort_by_cached_key(sort_key);
        let order: Vec<_> = entries
            .iter()
            .map(|entry| entry.account().map(|account| (account.binding.host(), account.user.clone())))
            .collect();
        let named = |host: &str, user: &str| Some((host.to_owned(), user.to_owned()));
        assert_eq!(order, [named("a.example", "A"), named("a.example", "b"), named("b.example", "A"), None]);
    }
}
