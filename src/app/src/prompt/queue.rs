// SPDX-License-Identifier: GPL-3.0-or-later
//! One prompt at a time (rule R25): requests that ask the same join it, others are answered as deferred and wait in the
//! main window.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::{Rc, Weak},
    time::Instant,
};

use gtk::{gio, glib, prelude::*};
use usher_core::{
    account::{Account, AccountId},
    clock,
    dismissals::{Dismissal, DismissalFile},
    prompt::{Outcome, result},
    remote::Remote,
};

use super::{details::Details, parent_window::ParentWindow, window::PromptWindow};
use crate::application::Application;

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
    /// Whether it ends when nobody waits any more. Else it belongs to the person.
    is_of_waiters: Cell<bool>,
    window: glib::WeakRef<PromptWindow>,
}

impl Prompt {
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

    /// Ends all calls that wait, since what they wait for will not come; says why. What is shown stays.
    pub(super) fn fail(&self, message: &str) {
        self.is_of_waiters.set(false);
        for waiter in self.waiters.take() {
            answer(waiter.call, Outcome::Failed, None, Some(message));
        }
    }

    fn join(&self, other: &Details) {
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

/// The prompt on screen, if there is one.
#[derive(Default)]
pub(super) struct PromptQueue {
    current: RefCell<Weak<Prompt>>,
    /// Names of the calls that are still being looked into.
    coming: RefCell<BTreeSet<String>>,
}

/// A request that has been found sound.
pub(super) struct CheckedRequest {
    pub(super) token: String,
    pub(super) details: Details,
    pub(super) remote: Remote,
    pub(super) accounts: Vec<Account>,
    pub(super) parent: Option<ParentWindow>,
}

impl PromptQueue {
    /// A call of that name has come in, and is looked into before it is asked.
    pub(super) fn expect(&self, token: &str) {
        self.coming.borrow_mut().insert(token.to_owned());
    }

    /// Whether the call is still wanted, now that it could be asked: whoever made it may have taken it back meanwhile.
    pub(super) fn is_still_wanted(&self, token: &str) -> bool {
        self.coming.borrow_mut().remove(token)
    }

    /// Shows a question, or lets it join; answers its call now or later.
    pub(super) fn ask(&self, application: &Application, request: CheckedRequest, call: gio::DBusMethodInvocation) {
        let waits = !request.details.is_update && application.settings().boolean("continue-installs");
        let current = self.current.borrow().upgrade();
        if let Some(window) =
            current.as_ref().filter(|prompt| prompt.is_over()).and_then(|prompt| prompt.window.upgrade())
        {
            // Its question has been answered: the next one takes its place.
            window.close();
        }
        let current = current.filter(|prompt| prompt.is_on_screen());
        let prompt = match current {
            Some(prompt) if prompt.details.borrow().asks_the_same(&request.details) => {
                prompt.join(&request.details);
                if let Some(window) = prompt.window.upgrade() {
                    window.refresh();
                    window.present();
                }
                prompt
            }
            Some(_) => {
                answer(call, Outcome::Deferred, None, None);
                return;
            }
            None => self.open(application, &request),
        };
        if waits {
            prompt.is_of_waiters.set(true);
            prompt.waiters.borrow_mut().push(Waiter { token: request.token, call });
        } else {
            answer(call, Outcome::Deferred, None, None);
        }
        if let Some(window) = prompt.window.upgrade() {
            window.refresh();
        }
    }

    fn open(&self, application: &Application, request: &CheckedRequest) -> Rc<Prompt> {
        let prompt = Rc::new(Prompt {
            remote: request.remote.clone(),
            details: RefCell::new(request.details.clone()),
            clients: RefCell::new(vec![request.details.client.clone()]),
            asked_for: RefCell::new(request.details.app_ids.clone()),
            accounts: RefCell::new(request.accounts.clone()),
            since: Instant::now(),
            waiters: RefCell::default(),
            is_of_waiters: Cell::default(),
            window: glib::WeakRef::new(),
        });
        let window = PromptWindow::new(application, &prompt);
        window.connect_put_off(|details| put_off(&details));
        super::parent_window::place(&window, request.parent.clone());
        prompt.window.set(Some(&window));
        self.current.replace(Rc::downgrade(&prompt));
        window.present();
        prompt
    }

    /// Ends one call. A prompt that nobody waits for any more closes, if it was one that programs waited for.
    pub(super) fn cancel(&self, token: &str) {
        self.coming.borrow_mut().remove(token);
        let Some(prompt) = self.current.borrow().upgrade() else {
            return;
        };
        let waiter = {
            let mut waiters = prompt.waiters.borrow_mut();
            waiters.iter().position(|waiter| waiter.token == token).map(|index| waiters.swap_remove(index))
        };
        if let Some(waiter) = waiter {
            answer(waiter.call, Outcome::Dismissed, None, None);
            prompt.close_if_abandoned();
        }
    }

    /// The first of the programs that wait for this account, or for any at its server.
    pub(super) fn waiting_for(&self, account: &Account) -> Option<String> {
        let prompt = self.current.borrow().upgrade().filter(|prompt| prompt.is_waiting())?;
        let details = prompt.details.borrow();
        let is_about_it =
            details.ground.binding == account.binding && details.account.is_none_or(|id| id == account.id);
        is_about_it.then(|| details.client.clone())
    }

    /// Address of the server that the question on screen is about.
    pub(super) fn shown_service(&self) -> Option<String> {
        let prompt = self.current.borrow().upgrade().filter(|prompt| prompt.is_on_screen())?;
        let details = prompt.details.borrow();
        Some(details.ground.binding.service.to_string())
    }

    /// Ends all calls: the daemon is gone, and with it everybody who waited, or what they wait for will not come.
    pub(super) fn cancel_all(&self) {
        self.coming.take();
        let prompt = self.current.borrow().upgrade();
        if let Some(prompt) = prompt {
            prompt.end(Outcome::Dismissed, None);
            prompt.close_if_abandoned();
        }
    }
}

/// Writes down that the question was put off: the daemon reads it before it asks again.
fn put_off(details: &Details) {
    let now = clock::now();
    let dismissal = Dismissal::new(details.ground.remote_url.clone(), details.kind, now);
    if let Some(Err(error)) = DismissalFile::of_session().map(|file| file.add(dismissal, now)) {
        tracing::warn!(%error, "that a question was put off cannot be remembered");
    }
}

impl Prompt {
    fn is_on_screen(&self) -> bool {
        self.window.upgrade().is_some_and(|window| window.is_visible())
    }

    /// Whether the question has been answered, and only *Done* is still shown.
    fn is_over(&self) -> bool {
        self.window.upgrade().is_none_or(|window| window.is_over())
    }

    fn close_if_abandoned(&self) {
        if let Some(window) = self.window.upgrade().filter(|window| !window.is_over()) {
            if self.is_of_waiters.get() && !self.is_waiting() {
                // A purchase that is open stays, as the person's own.
                self.is_of_waiters.set(false);
                window.abandon();
            } else {
                window.refresh();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l02_a_call_that_is_taken_back_before_it_could_be_asked_is_not_asked() {
        let queue = PromptQueue::default();
        for token in ["a", "b", "c"] {
            queue.expect(token);
        }
        queue.cancel("a");
        assert!(!queue.is_still_wanted("a") && queue.is_still_wanted("b"));
        queue.cancel_all();
        assert!(!queue.is_still_wanted("c"));
    }
}
