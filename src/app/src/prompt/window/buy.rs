// SPDX-License-Identifier: GPL-3.0-or-later
//! Buying within a prompt: from an account to what is not in it yet, and through the purchase.

use std::{collections::BTreeSet, rc::Rc};

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{
    account::{Account, AccountId, AccountState},
    buying,
    prompt::{Outcome, result},
    session::SessionError,
};

use super::{Form, imp};
use crate::{
    i18n::{gettext, gettext_f, ngettext_f},
    prompt::waiters::accounts_at,
    purchase::{AlreadyAnswer, AlreadyPage, Closing, Purchase, PurchaseEvent, PurchaseRequest},
    runtime,
    sign_in::{AfterSaving, ClientRequest},
    text,
    widgets::toast,
};

/// An account has to be signed in to before its server can be asked.
struct NotSignedIn;

impl imp::PromptWindow {
    /// The account is there: asks the server whether it has what was asked for. What it has not leads to the purchase
    /// question, all else to *Done*.
    pub(super) async fn look_on(&self, asked: &ClientRequest, id: AccountId) -> AfterSaving {
        if let Ok(Some((account, denied))) = self.denied(id).await {
            return AfterSaving::Elsewhere(Box::new(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move || imp.turn_to_purchase(account, denied)
            )));
        }
        asked.app_ids.replace(self.prompt().asked_for.borrow().clone());
        self.done(asked, Some(id));
        AfterSaving::Done
    }

    /// The same for an account that was there before, which may have to be signed in to again. Tells whether there is
    /// another question.
    pub(super) async fn lead_on(&self, account: &Account) -> bool {
        let denied = match account.state {
            AccountState::SignedIn => self.denied(account.id).await,
            AccountState::Expired | AccountState::SignedOut => Err(NotSignedIn),
        };
        match denied {
            Ok(None) => return false,
            Ok(Some((account, denied))) => self.turn_to_purchase(account, denied),
            Err(NotSignedIn) => self.hear(PurchaseEvent::SignIn, account),
        }
        true
    }

    /// What the server denies to an account; `None` if nothing, or if it does not answer.
    async fn denied(&self, id: AccountId) -> Result<Option<(Account, Vec<String>)>, NotSignedIn> {
        let asked_for = self.prompt().asked_for.borrow().clone();
        if asked_for.is_empty() {
            return Ok(None);
        }
        let ids: BTreeSet<String> = asked_for.iter().cloned().collect();
        let services = self.services().clone();
        let session = services.session.clone();
        let ground = self.prompt().details.borrow().ground.clone();
        let access = runtime::spawn(async move { buying::check(&session, id, &ids, Some(&ground)).await }).await;
        let access = match access {
            Ok(access) => access,
            Err(SessionError::SignedOut | SessionError::Expired | SessionError::Moved) => return Err(NotSignedIn),
            Err(error) => {
                tracing::warn!(%error, "cannot find out what an account has");
                return Ok(None);
            }
        };
        let denied: Vec<String> = asked_for.into_iter().filter(|id| access.denied.contains(id)).collect();
        if denied.is_empty() {
            return Ok(None);
        }
        services.notes().deny(&self.prompt().details.borrow().ground.remote_uri, &denied, id);
        let binding = self.prompt().details.borrow().ground.binding.clone();
        let store = services.store;
        let entries = runtime::spawn(async move { store.entries().await }).await.unwrap_or_default();
        let accounts = accounts_at(&entries, &binding);
        let Some(account) = accounts.iter().find(|account| account.id == id).cloned() else {
            return Ok(None);
        };
        self.prompt().accounts.replace(accounts);
        Ok(Some((account, denied)))
    }

    /// Asks whether what is not in the account is to be bought.
    fn turn_to_purchase(&self, account: Account, app_ids: Vec<String>) {
        self.prompt().details.borrow_mut().turn_to_purchase(account.id, app_ids);
        self.ask_anew(Form::Buy(account));
    }

    /// Shows a question in place of whatever is shown. A key that was meant for something else does not answer it.
    fn ask_anew(&self, form: Form) {
        self.form.replace(Some(form));
        self.view.replace(&[self.intro.get()]);
        self.show_accounts();
        self.set_busy(false);
        self.refresh();
        self.guard.close();
        self.heading.grab_focus();
    }

    fn request(&self, account: Account) -> PurchaseRequest {
        let details = self.prompt().details.borrow();
        PurchaseRequest {
            account,
            ground: details.ground.clone(),
            app_ids: details.app_ids.clone(),
            session: self.session.clone(),
        }
    }

    /// After the click.
    pub(super) fn buy(&self, account: Account) {
        let request = self.request(account.clone());
        let purchase = Purchase::start(
            &self.view,
            self.services(),
            request,
            glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |news| imp.hear(news, &account)
            ),
        );
        self.purchase.replace(Some(purchase));
    }

    fn hear(&self, news: PurchaseEvent, account: &Account) {
        match news {
            PurchaseEvent::Busy(is_busy) => self.set_busy(is_busy),
            PurchaseEvent::NotOffered => self.prompt().fail(result::NOT_OFFERED),
            PurchaseEvent::SignIn => {
                self.prompt().details.borrow_mut().turn_to_sign_in();
                self.ask_anew(Form::SignInAgain(account.clone()));
            }
            PurchaseEvent::AnotherAccount => self.use_another(account),
            PurchaseEvent::Back => self.ask_anew(Form::Buy(account.clone())),
            PurchaseEvent::Over { bought, .. } if bought.is_empty() => self.obj().close(),
            PurchaseEvent::Over { bought, was_paid } => self.show_bought(account, &bought, was_paid),
        }
    }

    fn use_another(&self, account: &Account) {
        let others = self.others(account);
        match others.as_slice() {
            [] => {
                self.ask_anew(Form::Buy(account.clone()));
                self.sign_in(None, None);
            }
            [one] => self.ask_anew(Form::Allow(one.clone())),
            _ => self.ask_anew(Form::Choose(others)),
        }
    }

    /// The person's other accounts at the server.
    fn others(&self, account: &Account) -> Vec<Account> {
        let accounts = self.prompt().accounts.borrow();
        accounts.iter().filter(|other| other.id != account.id).cloned().collect()
    }

    fn show_bought(&self, account: &Account, bought: &[String], was_paid: bool) {
        let apps: Vec<String> = bought.iter().map(|app| self.app_name(app)).collect();
        let said = belongs(&account.label(), &apps, was_paid);
        let heading = if was_paid { gettext("Bought") } else { gettext("Already Bought") };
        let app = bought.first().map(|app| self.app(app));
        self.show_done(&heading, Some(account), app, Some(said));
    }

    /// What can be installed now: all that was asked for, but what was not bought.
    pub(super) fn apps_to_install(&self) -> Vec<String> {
        let prompt = self.prompt();
        let skipped = self.purchase.borrow().as_ref().map(|purchase| purchase.skipped()).unwrap_or_default();
        let asked_for = prompt.asked_for.borrow();
        asked_for.iter().filter(|id| !skipped.contains(id)).cloned().collect()
    }

    /// *Already Bought?*
    pub(super) fn ask_whether_bought(&self, account: Account) {
        let others = self.others(&account);
        let request = self.request(account.clone());
        let page = AlreadyPage::new(
            self.services(),
            request,
            &others,
            glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |found| imp.found(found, &account)
            ),
        );
        self.view.push(&page);
    }

    fn found(&self, found: AlreadyAnswer, account: &Account) {
        match found {
            AlreadyAnswer::Owned(owned) => self.found_owned(account, &owned),
            AlreadyAnswer::Use(other) => self.use_instead(*other),
            AlreadyAnswer::SignIn => self.sign_in(None, None),
            AlreadyAnswer::Expired => self.hear(PurchaseEvent::SignIn, account),
        }
    }

    /// The account has some of the apps after all, or all of them.
    fn found_owned(&self, account: &Account, owned: &BTreeSet<String>) {
        let ids = self.prompt().details.borrow().app_ids.clone();
        let (owned, left): (Vec<String>, Vec<String>) = ids.into_iter().partition(|id| owned.contains(id));
        if left.is_empty() {
            self.show_bought(account, &owned, false);
        } else {
            self.turn_to_purchase(account.clone(), left);
        }
    }

    /// Another account has all of it: the repository uses that one from now on.
    fn use_instead(&self, account: Account) {
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            async move {
                match imp.give_permission(account.id).await {
                    Ok(()) => {
                        let owned = imp.prompt().details.borrow().app_ids.clone();
                        imp.show_bought(&account, &owned, false);
                    }
                    Err(said) => toast::show(&*imp.view, &said),
                }
            }
        ));
    }

    /// Whether something may have been paid, so that the window must not close by itself.
    pub(super) fn is_purchase_under_way(&self) -> bool {
        self.purchase.borrow().as_ref().is_some_and(|purchase| purchase.is_under_way())
    }

    /// Nobody waits any more: says so over a purchase that is open. Tells whether there is one.
    pub(super) fn stays_for_purchase(&self, program: &str) -> bool {
        let purchase = self.purchase.borrow().clone().filter(|purchase| purchase.is_under_way());
        if let Some(purchase) = &purchase {
            purchase.stay_alone(&gettext_f(
                "{program} is no longer waiting. The purchase can still be finished.",
                &[("program", program)],
            ));
        }
        purchase.is_some()
    }

    /// Whether the window stays open for now, since something is open at the shop: it closes itself once that is clear.
    pub(super) fn is_held_by_purchase(&self) -> bool {
        let Some(purchase) = self.purchase.borrow().clone() else {
            return false;
        };
        match purchase.closing() {
            Closing::Free => {
                purchase.end();
                false
            }
            closing => {
                self.settle_and_close(purchase, closing == Closing::Ask);
                true
            }
        }
    }

    /// Hides the window at once if the person wants that, then asks the server and answers the programs that wait.
    fn settle_and_close(&self, purchase: Rc<Purchase>, asks: bool) {
        let window = self.obj().clone();
        glib::spawn_future_local(async move {
            let imp = window.imp();
            if asks && !purchase.may_close(&window).await {
                return;
            }
            let _hold = imp.services().hold();
            imp.obj().set_visible(false);
            let bought = purchase.settle().await;
            if !bought.is_empty() && purchase.skipped().is_empty() {
                let id = imp.prompt().details.borrow().account;
                imp.is_over.set(true);
                imp.prompt().end(Outcome::Done, id);
            } else if !asks {
                // The shop says that it was paid: the question may be asked again soon.
                imp.is_abandoned.set(true);
            }
            imp.obj().close();
        });
    }
}

/// Whose these apps are.
fn belongs(user: &str, apps: &[String], is_new: bool) -> String {
    let user = text::within(user);
    let values = [("user", user.as_str())];
    match (apps, is_new) {
        ([app], true) => gettext_f("“{app}” now belongs to {user}.", &[("app", &text::within(app)), values[0]]),
        ([app], false) => gettext_f("“{app}” belongs to {user}.", &[("app", &text::within(app)), values[0]]),
        (apps, true) => {
            ngettext_f("{n} app now belongs to {user}.", "{n} apps now belong to {user}.", apps.len(), &values)
        }
        (apps, false) => ngettext_f("{n} app belongs to {user}.", "{n} apps belong to {user}.", apps.len(), &values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widgets::accessible::bare;

    #[test]
    fn what_was_bought_is_told_with_whose_it_is() {
        let told = |apps: &[&str], is_new| {
            let apps: Vec<String> = apps.iter().map(|&app| app.to_owned()).collect();
            bare(&belongs("demo", &apps, is_new))
        };
        assert_eq!(told(&["Sketchbook"], true), "“Sketchbook” now belongs to demo.");
        assert_eq!(told(&["Sketchbook"], false), "“Sketchbook” belongs to demo.");
        assert_eq!(told(&["Sketchbook", "Other"], true), "2 apps now belong to demo.");
    }
}
