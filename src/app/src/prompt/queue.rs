// SPDX-License-Identifier: GPL-3.0-or-later
//! One prompt at a time (rule R25): requests that ask the same join it, others are answered as deferred and wait in the
//! main window.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    rc::{Rc, Weak},
};

use gtk::{gio, glib, prelude::*};
use usher_core::{
    account::Account,
    clock,
    dismissals::{Dismissal, DismissalFile},
    names,
    prompt::Outcome,
    remote::Remote,
};

use super::{
    details::Details,
    parent_window::{self, ParentWindow},
    waiters::{Prompt, answer},
    window::PromptWindow,
};
use crate::services::Services;

/// The prompt on screen, if there is one.
pub(super) struct PromptQueue {
    services: Services,
    current: RefCell<Weak<Prompt>>,
    window: glib::WeakRef<PromptWindow>,
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
    pub(super) fn new(services: &Services) -> Self {
        Self {
            services: services.clone(),
            current: RefCell::default(),
            window: glib::WeakRef::new(),
            coming: RefCell::default(),
        }
    }

    /// A call of that name has come in, and is checked before the person is asked.
    pub(super) fn expect(&self, token: &str) {
        self.coming.borrow_mut().insert(token.to_owned());
    }

    /// Whether the call is still wanted: the caller may have taken it back while it was checked.
    pub(super) fn is_still_wanted(&self, token: &str) -> bool {
        self.coming.borrow_mut().remove(token)
    }

    /// Shows a question, or lets it join; answers its call now or later.
    pub(super) fn ask(&self, request: CheckedRequest, call: gio::DBusMethodInvocation) {
        let waits = !request.details.is_update && self.services.settings().boolean("continue-installs");
        if let Some(window) = self.window.upgrade().filter(PromptWindow::is_over) {
            // Its question has been answered, so the next one takes its place.
            window.close();
        }
        let prompt = match self.on_screen() {
            Some((prompt, window)) if prompt.details.borrow().asks_the_same(&request.details) => {
                prompt.join(&request.details);
                window.refresh();
                window.present();
                prompt
            }
            Some(_) => {
                answer(call, Outcome::Deferred, None, None);
                return;
            }
            None => self.open(&request),
        };
        let window = self.window.upgrade();
        if waits {
            if let Some(window) = &window {
                present_to_caller(window, request.token.clone(), &call);
            }
            prompt.wait(request.token, call);
        } else {
            answer(call, Outcome::Deferred, None, None);
        }
        if let Some(window) = window {
            window.refresh();
        }
    }

    /// What is asked on the screen, and the window that asks.
    fn on_screen(&self) -> Option<(Rc<Prompt>, PromptWindow)> {
        let window = self.window.upgrade().filter(WidgetExt::is_visible)?;
        Some((self.current.borrow().upgrade()?, window))
    }

    fn open(&self, request: &CheckedRequest) -> Rc<Prompt> {
        let prompt = Rc::new(Prompt::new(request.remote.clone(), request.details.clone(), request.accounts.clone()));
        let window = PromptWindow::new(&self.services, &prompt);
        window.connect_put_off(|details| put_off(&details));
        parent_window::place(&window, request.parent.clone());
        self.window.set(Some(&window));
        self.current.replace(Rc::downgrade(&prompt));
        window.present();
        prompt
    }

    /// Ends one call. Closes the prompt if programs waited for it and none does any more.
    pub(super) fn cancel(&self, token: &str) {
        self.coming.borrow_mut().remove(token);
        let Some(prompt) = self.current.borrow().upgrade() else {
            return;
        };
        if let Some(call) = prompt.stop_waiting(token) {
            answer(call, Outcome::Dismissed, None, None);
            self.close_if_abandoned(&prompt);
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
        let (prompt, _) = self.on_screen()?;
        let details = prompt.details.borrow();
        Some(details.ground.binding.service.to_string())
    }

    /// Ends all calls: the daemon is gone, or what they wait for will not come.
    pub(super) fn cancel_all(&self) {
        self.coming.take();
        let prompt = self.current.borrow().upgrade();
        if let Some(prompt) = prompt {
            prompt.end(Outcome::Dismissed, None);
            self.close_if_abandoned(&prompt);
        }
    }

    fn close_if_abandoned(&self, prompt: &Prompt) {
        let Some(window) = self.window.upgrade().filter(|window| !window.is_over()) else {
            return;
        };
        if prompt.is_abandoned() {
            // A purchase that is open stays, as the person's own.
            prompt.give_to_person();
            window.abandon();
        } else {
            window.refresh();
        }
    }
}

/// Tells the caller of a prompt that its window is on the screen, as soon as it is.
fn present_to_caller(window: &PromptWindow, token: String, call: &gio::DBusMethodInvocation) {
    let (connection, caller) = (call.connection(), call.sender());
    let tell = move || {
        let arguments = (token.as_str(),).to_variant();
        let path = names::PROMPTER_PATH;
        let told =
            connection.emit_signal(caller.as_deref(), path, names::PROMPTER_INTERFACE, "Presented", Some(&arguments));
        if let Err(error) = told {
            tracing::warn!(%error, "cannot say that a prompt is on the screen");
        }
    };
    let Some(surface) = window.surface() else { return };
    if surface.is_mapped() {
        tell();
        return;
    }
    let tell = RefCell::new(Some(tell));
    surface.connect_mapped_notify(move |surface| {
        if let Some(tell) = surface.is_mapped().then(|| tell.take()).flatten() {
            tell();
        }
    });
}

/// Notes that the person put the question off: the daemon reads that before it asks again.
fn put_off(details: &Details) {
    let now = clock::now();
    let dismissal = Dismissal::new(details.ground.remote_url.clone(), details.kind, now);
    if let Some(Err(error)) = DismissalFile::of_session().map(|file| file.add(dismissal, now)) {
        tracing::warn!(%error, "cannot remember that a question was put off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l02_a_call_that_is_taken_back_before_it_could_be_asked_is_not_asked() {
        let application = gtk::Application::builder().build();
        let queue = PromptQueue::new(&Services::new(&application));
        for token in ["a", "b", "c"] {
            queue.expect(token);
        }
        queue.cancel("a");
        assert!(!queue.is_still_wanted("a") && queue.is_still_wanted("b"));
        queue.cancel_all();
        assert!(!queue.is_still_wanted("c"));
    }
}
