// SPDX-License-Identifier: GPL-3.0-or-later
//! What clients asked for through the daemon: the object that it calls, and the window with the question.
//!
//! ```text
//! object         io.github.usher.Prompter1: who may ask, and when a call is answered
//! details        what was asked, checked
//! queue          one window at a time; requests that join it; who still waits; what is asked next
//! next_question  what a window says of the questions behind it
//! question       the words and the choices of a question
//! waiters        what a prompt is about, and the programs that wait for its end
//! window         the window, its intro page, and what its buttons do
//! parent_window  the window of the program that asked
//! ```

mod details;
mod next_question;
mod object;
mod parent_window;
mod question;
mod queue;
mod waiters;
mod window;

use std::rc::Rc;

use gtk::{gio, glib};
use usher_core::{
    account::Account,
    ground::Ground,
    prompt::{Kind, Reason},
};

use self::{
    details::Details,
    queue::{CheckedRequest, PromptQueue},
};
pub(crate) use self::{next_question::NextQuestion, question::wants_to_use};
use crate::{navigation::Wanted, services::Services};

/// The questions of this process.
#[derive(Clone)]
pub(crate) struct Prompter {
    queue: Rc<PromptQueue>,
    _daemon: Rc<gio::SignalSubscription>,
}

impl Prompter {
    /// Serves the prompter on the application's bus connection. To be called before the application owns its name.
    pub(crate) fn register(
        services: &Services,
        connection: &gio::DBusConnection,
        is_main_window_shown: impl Fn() -> bool + 'static,
    ) -> Result<Self, glib::Error> {
        let queue = Rc::new(PromptQueue::new(services));
        object::register(services, connection, &queue, is_main_window_shown)?;
        let daemon = Rc::new(object::follow_daemon(connection, &queue));
        Ok(Self { queue, _daemon: daemon })
    }

    /// Asks the person in a window of its own whether to buy something.
    pub(crate) fn ask_to_buy(&self, wanted: Wanted) {
        let Ok(ground) = Ground::of(&wanted.repository.remote) else {
            return;
        };
        let details = Details {
            kind: Kind::Purchase,
            ground,
            account: Some(wanted.account),
            app_ids: wanted.app_ids,
            client: wanted.client,
            reason: Reason::NotBought,
            is_update: wanted.is_update,
            is_listing: false,
        };
        let (queue, remote) = (self.queue.clone(), wanted.repository.remote);
        glib::spawn_future_local(async move {
            let _hold = queue.services.hold();
            let accounts = object::accounts_of(&queue.services, &details).await;
            queue.ask_by_hand(CheckedRequest { details, remote, accounts, parent: None });
        });
    }

    /// The program that waits for an account, as the daemon found it.
    pub(crate) fn waiting_for(&self, account: &Account) -> Option<String> {
        self.queue.waiting_for(account)
    }

    /// Ends the waiting for an account, as if the person had put the question off.
    pub(crate) fn stop_waiting_for(&self, account: &Account) {
        if self.waiting_for(account).is_some() {
            self.queue.cancel_all();
        }
    }
}
