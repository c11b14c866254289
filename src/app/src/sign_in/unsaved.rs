// SPDX-License-Identifier: GPL-3.0-or-later
//! From a finished sign-in to the saved account (rule R16). What the keyring does not take is kept while its window is open,
//! and saved as soon as the keyring can; closing the window asks.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use adw::prelude::*;
use gtk::glib;
use usher_core::{
    error_text::UserFacing,
    sign_in::{SaveOutcome, Unsaved},
    store::StoreError,
};

use super::{
    flow::Flow,
    save::{self, Settled},
    step_page::StepPage,
};
use crate::{i18n::gettext, web::WebProblem};

/// After so long the page says what it waits for, and can be left.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a person has signed in to and the keyring does not hold yet.
#[derive(Default)]
pub(super) struct UnsavedSignIn {
    kept: RefCell<Option<Unsaved>>,
    /// The window that does not close without a question.
    held: RefCell<Option<(glib::WeakRef<gtk::Window>, glib::SignalHandlerId)>>,
    /// Waits for the keyring.
    waiting: RefCell<Option<glib::JoinHandle<()>>>,
    is_asking: Cell<bool>,
}

impl UnsavedSignIn {
    pub(super) fn keep(&self, unsaved: Unsaved) {
        self.kept.replace(Some(unsaved));
    }

    pub(super) fn is_kept(&self) -> bool {
        self.kept.borrow().is_some()
    }

    fn get(&self) -> Option<Unsaved> {
        self.kept.borrow().clone()
    }

    /// It is saved, or the person has given it up.
    fn let_go(&self) {
        self.kept.take();
        if let Some((window, handler)) = self.held.take()
            && let Some(window) = window.upgrade()
        {
            window.disconnect(handler);
        }
        if let Some(waiting) = self.waiting.take() {
            waiting.abort();
        }
    }
}

impl Flow {
    /// Saves the account and shows *Done*, or says why it was not saved.
    pub(super) fn save(self: &Rc<Self>) {
        let (Some(unsaved), Some(page)) = (self.unsaved.get(), self.page()) else {
            return;
        };
        self.hold_window(&page);
        let flow = self.clone();
        let patience = glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = flow)]
            self,
            async move {
                glib::timeout_future(PATIENCE).await;
                if let Some(page) = flow.page() {
                    page.show_wait(&gettext("Waiting for the keyring…"));
                }
            }
        ));
        glib::spawn_future_local(async move {
            let outcome = save::save(&flow.services.store, &unsaved).await;
            patience.abort();
            // It may have been saved meanwhile, by itself.
            if flow.unsaved.is_kept() {
                flow.settle(outcome, unsaved, page).await;
            }
        });
    }

    async fn settle(self: &Rc<Self>, outcome: Result<SaveOutcome, StoreError>, unsaved: Unsaved, page: StepPage) {
        let mut outcome = outcome;
        loop {
            let settled = match outcome {
                Ok(outcome) => save::settle(outcome, &unsaved, &self.request.binding.host(), page.page()).await,
                Err(error) => {
                    tracing::warn!(%error, "cannot save an account");
                    page.show_problem(WebProblem::NotSaved(error.reason()));
                    self.wait_for_keyring(unsaved);
                    return;
                }
            };
            match settled {
                Settled::Saved(saved) => {
                    self.unsaved.let_go();
                    return self.saved(*saved, &page).await;
                }
                Settled::GivenUp => {
                    self.unsaved.let_go();
                    return self.give_up();
                }
                Settled::Again => outcome = save::save(&self.services.store, &unsaved).await,
            }
        }
    }

    /// Saves as soon as the keyring can, whatever the person does meanwhile.
    fn wait_for_keyring(self: &Rc<Self>, unsaved: Unsaved) {
        if self.unsaved.waiting.borrow().is_some() {
            return;
        }
        let (weak, store) = (Rc::downgrade(self), self.services.store.clone());
        let waiting = glib::spawn_future_local(async move {
            let outcome = save::save_when_possible(&store, &unsaved).await;
            let Some(flow) = weak.upgrade() else {
                return;
            };
            // From here on nothing is to be stopped any more.
            flow.unsaved.waiting.take();
            if let (Some(outcome), Some(page), true) = (outcome, flow.page(), flow.unsaved.is_kept()) {
                flow.settle(Ok(outcome), unsaved, page).await;
            }
        });
        self.unsaved.waiting.replace(Some(waiting));
    }

    /// The window asks before it closes over what is not saved.
    fn hold_window(self: &Rc<Self>, page: &StepPage) {
        let Some(window) =
            page.page().root().and_downcast::<gtk::Window>().filter(|_| self.unsaved.held.borrow().is_none())
        else {
            return;
        };
        let weak = Rc::downgrade(self);
        let handler = window.connect_close_request(move |window| {
            let Some(flow) = weak.upgrade().filter(|flow| flow.unsaved.is_kept()) else {
                return glib::Propagation::Proceed;
            };
            let window = window.clone();
            glib::spawn_future_local(async move {
                if flow.lose_unsaved().await {
                    window.close();
                }
            });
            glib::Propagation::Stop
        });
        self.unsaved.held.replace(Some((window.downgrade(), handler)));
    }

    /// Asks whether what is not saved may be lost, and lets it go if so.
    pub(super) async fn lose_unsaved(&self) -> bool {
        let Some(page) = self.page().filter(|_| !self.unsaved.is_asking.replace(true)) else {
            return false;
        };
        let is_agreed = save::may_be_lost(&self.request.binding.host(), page.page()).await;
        self.unsaved.is_asking.set(false);
        // It may have been saved while the question was open.
        let is_lost = is_agreed && self.unsaved.is_kept();
        if is_lost {
            self.unsaved.let_go();
        }
        is_lost
    }
}
