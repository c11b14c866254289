// SPDX-License-Identifier: GPL-3.0-or-later
//! One prompt at a time (rule R25): requests that ask the same join it, others are answered as deferred and wait in the
//! main window.

use std::{
    cell::RefCell,
    collections::{BTreeSet, VecDeque},
    rc::{Rc, Weak},
};

use gtk::{gio, glib, prelude::*};
use usher_core::{
    account::Account,
    clock,
    dismissals::{Dismissal, DismissalFile},
    names,
    prompt::{Outcome, result},
    remote::Remote,
};

use super::{
    details::Details,
    parent_window::{self, ParentWindow},
    waiters::{Prompt, answer},
    window::PromptWindow,
};
use crate::{model::Setting, services::Services};

/// Most questions behind the one on screen.
const BEHIND_LIMIT: usize = 16;

/// The prompt on screen, if there is one, and those behind it.
pub(super) struct PromptQueue {
    pub(super) services: Services,
    current: RefCell<Weak<Prompt>>,
    window: glib::WeakRef<PromptWindow>,
    /// What is asked once the window is done with, the oldest first.
    behind: RefCell<VecDeque<Behind>>,
    /// Names of the calls that are still being looked into.
    coming: RefCell<BTreeSet<String>>,
}

/// A question that waits for its turn.
struct Behind {
    prompt: Rc<Prompt>,
    parent: Option<ParentWindow>,
}

/// A request that has been found sound.
pub(super) struct CheckedRequest {
    pub(super) details: Details,
    pub(super) remote: Remote,
    pub(super) accounts: Vec<Account>,
    pub(super) parent: Option<ParentWindow>,
}

/// How a window came to be closed.
pub(super) enum Closed {
    /// The person put the question off.
    PutOff(Box<Details>),
    /// The person wants to see the next question, or has answered this one no.
    Next,
    /// It has been answered, or nobody waits for an answer.
    Over,
}

impl PromptQueue {
    pub(super) fn new(services: &Services) -> Self {
        Self {
            services: services.clone(),
            current: RefCell::default(),
            window: glib::WeakRef::new(),
            behind: RefCell::default(),
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

    /// Shows a question, lets it join, or puts it behind the one on screen; answers its call now or later.
    pub(super) fn ask(self: &Rc<Self>, request: CheckedRequest, token: String, call: gio::DBusMethodInvocation) {
        let waits = request.details.waits(self.services.settings().is_on(Setting::ContinueInstalls));
        let placed = self.place(request);
        // Of a question behind another one the client is not told that the window asks it.
        let is_shown =
            matches!((&placed, self.on_screen()), (Some(placed), Some((shown, _))) if Rc::ptr_eq(placed, &shown));
        match placed {
            Some(prompt) if waits => {
                // Behind another question it is on the screen as well: the window says that it waits.
                if let Some(window) = self.window.upgrade() {
                    present_to_caller(&window, token.clone(), &call);
                }
                prompt.wait(token, call);
            }
            _ => answer(call, Outcome::Deferred, None, (!is_shown).then_some(result::QUEUED)),
        }
        self.refresh();
    }

    /// The same for a question that the person wants to be asked.
    pub(super) fn ask_by_hand(self: &Rc<Self>, request: CheckedRequest) {
        self.place(request);
        self.refresh();
        if let Some(window) = self.window.upgrade() {
            window.present();
        }
    }

    /// `None` if there are too many already.
    fn place(self: &Rc<Self>, request: CheckedRequest) -> Option<Rc<Prompt>> {
        if let Some(window) = self.window.upgrade().filter(PromptWindow::is_over) {
            // Its question has been answered, so the next one takes its place.
            window.close();
        }
        match self.on_screen() {
            Some((prompt, window)) if prompt.asks_the_same(&request.details) => {
                prompt.join(&request.details);
                window.present();
                Some(prompt)
            }
            Some(_) => self.put_behind(request),
            None => {
                let prompt = Rc::new(Prompt::new(request.remote, request.details, request.accounts));
                self.open(&prompt, request.parent);
                Some(prompt)
            }
        }
    }

    fn put_behind(&self, request: CheckedRequest) -> Option<Rc<Prompt>> {
        let mut behind = self.behind.borrow_mut();
        if let Some(known) = behind.iter().find(|known| known.prompt.asks_the_same(&request.details)) {
            known.prompt.join(&request.details);
            return Some(known.prompt.clone());
        }
        if behind.len() >= BEHIND_LIMIT {
            return None;
        }
        let prompt = Rc::new(Prompt::new(request.remote, request.details, request.accounts));
        behind.push_back(Behind { prompt: prompt.clone(), parent: request.parent });
        Some(prompt)
    }

    /// What is asked on the screen, and the window that asks.
    fn on_screen(&self) -> Option<(Rc<Prompt>, PromptWindow)> {
        let window = self.window.upgrade().filter(WidgetExt::is_visible)?;
        Some((self.current.borrow().upgrade()?, window))
    }

    fn open(self: &Rc<Self>, prompt: &Rc<Prompt>, parent: Option<ParentWindow>) {
        let window = PromptWindow::new(&self.services, prompt);
        let weak = Rc::downgrade(self);
        window.connect_closed(move |window, how| {
            if let Some(queue) = weak.upgrade() {
                queue.closed(window, how);
            }
        });
        parent_window::place(&window, parent);
        self.window.set(Some(&window));
        self.current.replace(Rc::downgrade(prompt));
        window.present();
    }

    /// Goes on with the next question. By itself it opens only where a program waits for it: all others are rows of the main
    /// window.
    fn closed(self: &Rc<Self>, window: &PromptWindow, how: Closed) {
        let leads_on = !matches!(how, Closed::Over);
        if let Closed::PutOff(details) = how {
            put_off(&details);
        }
        if self.on_screen().is_some_and(|(_, shown)| &shown != window) {
            // It was hidden before it was closed, and another one has taken its place.
            return;
        }
        let next = {
            let mut behind = self.behind.borrow_mut();
            if !leads_on {
                behind.retain(|known| known.prompt.is_waiting());
            }
            behind.pop_front()
        };
        if let Some(next) = next {
            self.open(&next.prompt, next.parent);
            self.refresh();
        }
    }

    /// Lets the window show what has changed.
    fn refresh(&self) {
        let behind: Vec<String> = {
            let behind = self.behind.borrow();
            behind.iter().map(|known| known.prompt.remote.display_name().to_owned()).collect()
        };
        if let Some(window) = self.window.upgrade() {
            window.questions_behind().show(&behind);
            window.refresh();
        }
    }

    /// Ends one call. Closes the prompt if programs waited for it and none does any more.
    pub(super) fn cancel(&self, token: &str) {
        self.coming.borrow_mut().remove(token);
        let current = self.current.borrow().upgrade();
        if let Some(prompt) = current
            && let Some(call) = prompt.stop_waiting(token)
        {
            answer(call, Outcome::Dismissed, None, None);
            self.close_if_abandoned(&prompt);
            return;
        }
        let call = self.behind.borrow().iter().find_map(|known| known.prompt.stop_waiting(token));
        if let Some(call) = call {
            answer(call, Outcome::Dismissed, None, None);
            self.behind.borrow_mut().retain(|known| !known.prompt.is_abandoned());
            self.refresh();
        }
    }

    /// The first of the programs that wait for this account, or for any at its server.
    pub(super) fn waiting_for(&self, account: &Account) -> Option<String> {
        let behind = self.behind.borrow();
        let current = self.current.borrow().upgrade();
        let mut all = current.into_iter().chain(behind.iter().map(|known| known.prompt.clone()));
        all.find_map(|prompt| prompt.client_waiting_for(account))
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
        for known in self.behind.borrow().iter() {
            known.prompt.end(Outcome::Dismissed, None);
        }
        self.behind.borrow_mut().retain(|known| !known.prompt.is_abandoned());
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
            self.refresh();
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
