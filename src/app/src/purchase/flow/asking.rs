// SPDX-License-Identifier: GPL-3.0-or-later
//! What the purchase asks of the server, and where the answer leads.

use std::{collections::BTreeSet, rc::Rc};

use gtk::glib;
use usher_core::{
    buying::{self, Begun, BuyError, plan},
    provider::{Access, Way},
    redirect::Redirect,
    session::SessionError,
};

use super::{ButtonAction, CheckReason, ItemState, PageKind, Purchase, Trouble};
use crate::{runtime, web::containment};

impl Purchase {
    /// Asks the server to begin, or learns that there is nothing to begin.
    pub(super) fn begin(self: &Rc<Self>, pressed: Option<ButtonAction>) {
        if self.is_asking.replace(true) {
            return;
        }
        self.set_busy(pressed);
        let purchase = self.clone();
        glib::spawn_future_local(async move {
            // What has been begun is seen through, whatever becomes of the window.
            let _hold = purchase.services.hold();
            if purchase.way.get() != Way::Browser && !containment::is_possible(None).await {
                purchase.end_asking();
                purchase.show(&PageKind::Trouble(Trouble::NotContained));
                return;
            }
            let begun = purchase.ask_to_begin(pressed == Some(ButtonAction::Retry)).await;
            purchase.end_asking();
            let next = plan::after_begin(begun.as_ref());
            let trouble = match &begun {
                Err(BuyError::Session(error)) => Some(Trouble::of(error)),
                _ => None,
            };
            if let Err(error) = &begun {
                tracing::warn!(%error, "cannot begin a purchase");
            }
            if let Ok(Begun::Started(buying)) = begun {
                if purchase.is_ended.get() {
                    // Nobody has seen the page on which it could be paid.
                    purchase.forget().await;
                    return;
                }
                purchase.buying.replace(Some(*buying));
            }
            purchase.go(next, trouble, true);
        });
    }

    /// `unlocks` if the person has just read that the keyring is locked.
    async fn ask_to_begin(&self, unlocks: bool) -> Result<Begun, BuyError> {
        let Ok(redirect) = Redirect::issue() else {
            return Err(SessionError::Unexpected.into());
        };
        let session = self.services.session.clone();
        let (id, ground, app) = (self.request.account.id, self.request.ground.clone(), self.current());
        runtime::spawn(async move {
            if unlocks && session.store().is_locked().await? {
                session.store().unlock().await?;
            }
            buying::begin(&session, id, &ground, &app, redirect).await
        })
        .await
    }

    /// Asks the server whether the app is there now. A press while that is under way joins it.
    pub(super) fn ask(self: &Rc<Self>, reason: CheckReason, is_told: bool) {
        if is_told {
            self.is_told.set(true);
            self.set_busy(Some(ButtonAction::Check));
        }
        if self.is_asking.replace(true) {
            return;
        }
        let purchase = self.clone();
        glib::spawn_future_local(async move {
            let _hold = purchase.services.hold();
            let access = purchase.look().await;
            let is_told = purchase.end_asking();
            if let Err(error) = &access {
                tracing::warn!(%error, "cannot find out whether something was bought");
            }
            let app = purchase.current();
            let has_access = access.as_ref().map(|access| access.granted.contains(&app));
            let trouble = access.as_ref().err().map(Trouble::of);
            purchase.go(plan::after_check(reason, has_access), trouble, is_told);
        });
    }

    /// There is an answer. Returns whether the person has waited for it.
    fn end_asking(&self) -> bool {
        self.is_asking.set(false);
        self.set_idle();
        self.is_told.take()
    }

    /// What the server says of the app whose turn it is.
    async fn look(&self) -> Result<Access, SessionError> {
        let session = self.services.session.clone();
        let (id, ids) = (self.request.account.id, BTreeSet::from([self.current()]));
        let ground = self.request.ground.clone();
        runtime::spawn(async move { buying::check(&session, id, &ids, Some(&ground)).await }).await
    }

    /// Asks the server a last time, when the window is gone. Returns what belongs to the account now.
    pub(crate) async fn settle(&self) -> Vec<String> {
        self.end();
        let app = self.current();
        match self.look().await {
            Ok(access) if access.granted.contains(&app) => self.basket.borrow_mut().settle(ItemState::Bought),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "cannot find out whether something was bought"),
        }
        self.basket.borrow().bought()
    }

    /// Forgets that the current purchase was begun.
    pub(super) async fn forget(&self) -> bool {
        let (session, id, app) = (self.services.session.clone(), self.request.account.id, self.current());
        let forgotten = runtime::spawn(async move { buying::not_paid(&session, id, &app).await }).await;
        if let Err(error) = &forgotten {
            tracing::warn!(%error, "cannot forget a purchase that was not paid");
        }
        forgotten.is_ok()
    }
}
