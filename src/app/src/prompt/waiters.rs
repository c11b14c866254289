// SPDX-License-Identifier: GPL-3.0-or-later
//! What a prompt is about, and the programs that wait for its end.

use std::{
    cell::{Cell, RefCell},
    time::Instant,
};

use gtk::{gio, glib, prelude::*};
use usher_core::{
    account::{Account, AccountId},
    binding::Binding,
    prompt::{Outcome, result},
    remote::Remote,
    store::Entry,
};

use super::details::Details;

/// Answers a call.
pub(super) fn answer(
    call: gio::DBusMethodInvocation,
    outcome: Outcome,
    account: Option<AccountId>,
    message: Option<&str>,
) {
    let results = glib::VariantDict::new(None);
    if let Some(account) = account {
        results.insert(result::ACCOUNT, account.to_string());
    }
    if let Some(message) = message {
        results.insert(result::MESSAGE, message);
    }
    let reply = glib::Variant::tuple_from_iter([outcome.code().to_variant(), results.end()]);
    call.return_value(Some(&reply));
}

/// A call that is kept until the prompt ends.
struct Waiter {
    token: String,
    call: gio::DBusMethodInvocation,
}

/// What a prompt is about, as more requests join it.
pub(super) struct Prompt {
    pub(super) remote: Remote,
    pub(super) details: RefCell<Details>,
    /// All programs that asked, each once.
    pub(super) clients: RefCell<Vec<String>>,
    /// All apps that were asked for, whatever becomes of them.
    pub(super) asked_for: RefCell<Vec<String>>,
    /// Accounts with the binding of the question.
    pub(super) accounts: RefCell<Vec<Account>>,
    /// When the first call began to wait.
    pub(super) since: Instant,
    waiters: RefCell<Vec<Waiter>>,
    /// Whether it closes when no program waits any more. Otherwise it is the person's.
    is_of_waiters: Cell<bool>,
}

impl Prompt {
    pub(super) fn new(remote: Remote, details: Details, accounts: Vec<Account>) -> Self {
        Self {
            remote,
            clients: RefCell::new(vec![details.client.clone()]),
            asked_for: RefCell::new(details.app_ids.clone()),
            details: RefCell::new(details),
            accounts: RefCell::new(accounts),
            since: Instant::now(),
            waiters: RefCell::default(),
            is_of_waiters: Cell::default(),
        }
    }

    /// Keeps a call until the prompt ends.
    pub(super) fn wait(&self, token: String, call: gio::DBusMethodInvocation) {
        self.is_of_waiters.set(true);
        self.waiters.borrow_mut().push(Waiter { token, call });
    }

    /// The call of that name, which waits no longer.
    pub(super) fn stop_waiting(&self, token: &str) -> Option<gio::DBusMethodInvocation> {
        let mut waiters = self.waiters.borrow_mut();
        let index = waiters.iter().position(|waiter| waiter.token == token)?;
        Some(waiters.swap_remove(index).call)
    }

    /// Whether programs waited for it, and none does any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.is_of_waiters.get() && !self.is_waiting()
    }

    /// From now on it stays open, whoever waits.
    pub(super) fn give_to_person(&self) {
        self.is_of_waiters.set(false);
    }

    /// Whether a request is the same question.
    pub(super) fn asks_the_same(&self, other: &Details) -> bool {
        self.details.borrow().asks_the_same(other)
    }

    /// The program that waits for this account, or for any at its server.
    pub(super) fn client_waiting_for(&self, account: &Account) -> Option<String> {
        let details = self.details.borrow();
        let is_about_it =
            details.ground.binding == account.binding && details.account.is_none_or(|id| id == account.id);
        (is_about_it && self.is_waiting()).then(|| details.client.clone())
    }

    /// Whether a program waits for the end.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiters.borrow().is_empty()
    }

    /// Ends all calls that wait.
    pub(super) fn end(&self, outcome: Outcome, account: Option<AccountId>) {
        for waiter in self.waiters.take() {
            answer(waiter.call, outcome, account, None);
        }
    }

    /// Ends all calls that wait, with the reason: what they wait for will not come. The window stays.
    pub(super) fn fail(&self, message: &str) {
        self.is_of_waiters.set(false);
        for waiter in self.waiters.take() {
            answer(waiter.call, Outcome::Failed, None, Some(message));
        }
    }

    /// Takes in what another request of the same question is for.
    pub(super) fn join(&self, other: &Details) {
        self.details.borrow_mut().join(other);
        let mut asked_for = self.asked_for.borrow_mut();
        for app in &other.app_ids {
            if !asked_for.contains(app) {
                asked_for.push(app.clone());
            }
        }
        let mut clients = self.clients.borrow_mut();
        if !clients.contains(&other.client) {
            clients.push(other.client.clone());
        }
    }
}

/// The accounts at one server.
pub(super) fn accounts_at(entries: &[Entry], binding: &Binding) -> Vec<Account> {
    entries.iter().filter_map(Entry::account).filter(|account| &account.binding == binding).cloned().collect()
}
