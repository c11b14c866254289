// SPDX-License-Identifier: GPL-3.0-or-later
//! What the buttons of a prompt do.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority, glib};
use usher_core::{
    account::{Account, AccountId},
    decisions::Subject,
    prompt::{Kind, Outcome},
    provider::Way,
    store::StoreError,
};

use super::{Form, imp};
use crate::{
    i18n::{gettext, gettext_f},
    model::{App, permission},
    runtime,
    sign_in::{self, AfterSaving, ClientRequest, Ending, Purpose, SignInRequest},
    text,
};

impl imp::PromptWindow {
    /// The suggested button.
    pub(super) fn press_primary(&self) {
        match self.form() {
            Form::SignIn => self.sign_in(None, None),
            Form::SignInAgain(account) => self.sign_in(Some(account.id), None),
            Form::Allow(account) => self.allow(account),
            Form::Choose(accounts) => {
                let chosen = self.chosen.get();
                if let Some(account) = accounts.into_iter().find(|account| Some(account.id) == chosen) {
                    self.allow(account);
                }
            }
            Form::Buy(account) => self.buy(account),
            Form::Unlock => self.unlock(),
        }
    }

    /// The other button.
    pub(super) fn press_secondary(&self) {
        let accounts = self.prompt().accounts.borrow().clone();
        match self.form() {
            Form::Buy(account) => self.ask_whether_bought(account),
            Form::Allow(_) | Form::Choose(_) if self.prompt().details.borrow().kind == Kind::Link => self.refuse(),
            // The person chooses among the known accounts, or adds one from there.
            Form::SignIn if !accounts.is_empty() => self.choose(accounts),
            Form::SignInAgain(_) if accounts.len() > 1 => self.choose(accounts),
            _ => self.sign_in(None, None),
        }
    }

    pub(super) fn choose(&self, accounts: Vec<Account>) {
        self.form.replace(Some(Form::Choose(accounts)));
        self.chosen.set(None);
        self.show_accounts();
        self.refresh();
        self.heading.grab_focus();
    }

    /// Leads to the sign-in page, the usual way unless the person chose another.
    pub(super) fn sign_in(&self, account: Option<AccountId>, way: Option<Way>) {
        if account.is_none() {
            // The server may know somebody else in this session.
            self.session.renew();
        }
        let request = SignInRequest {
            binding: self.prompt().details.borrow().ground.binding.clone(),
            account,
            purpose: Purpose::Asked(self.asked()),
            way,
            is_typed: false,
        };
        sign_in::start_within(
            &self.view,
            self.services(),
            self.session.clone(),
            request,
            glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |outcome| {
                    if outcome.is_some() {
                        imp.obj().close();
                    }
                }
            ),
        );
    }

    /// What the pages that follow need to know.
    pub(super) fn asked(&self) -> Rc<ClientRequest> {
        let prompt = self.prompt();
        let details = prompt.details.borrow();
        Rc::new(ClientRequest {
            ground: details.ground.clone(),
            app_ids: RefCell::new(prompt.asked_for.borrow().clone()),
            client: details.client.clone(),
            is_update: details.is_update,
            is_waiting: Cell::new(prompt.is_waiting()),
            next: self.next_question.clone(),
            saved: Box::new(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                #[upgrade_or_else]
                || Box::pin(std::future::ready(AfterSaving::Done)),
                move |asked, id| Box::pin(async move { imp.look_on(&asked, id).await })
            )),
        })
    }

    /// What was asked for is there: programs that wait go on.
    pub(super) fn done(&self, asked: &ClientRequest, account: Option<AccountId>) {
        let prompt = self.prompt();
        self.is_over.set(true);
        asked.is_waiting.set(prompt.is_waiting());
        prompt.end(Outcome::Done, account);
    }

    /// Lets the repository use an account. An error is a sentence for the person.
    pub(super) async fn give_permission(&self, account: AccountId) -> Result<(), String> {
        let link = self.prompt().details.borrow().ground.link();
        permission::give(self.services().accounts(), account, link).await
    }

    fn allow(&self, account: Account) {
        self.set_busy(true);
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            async move {
                let permitted = imp.give_permission(account.id).await;
                if permitted.is_ok() && imp.lead_on(&account).await {
                    return;
                }
                imp.set_busy(false);
                match permitted {
                    Ok(()) => imp.show_done(&gettext("Allowed"), Some(&account), None, None),
                    Err(said) => imp.show_failure(&said, None),
                }
            }
        ));
    }

    /// Lets the repository use no account, now and later. Programs that wait are told so, and the next question follows.
    fn refuse(&self) {
        self.set_busy(true);
        self.obj().set_busy_text(gettext("Saving…"));
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            async move {
                let ground = imp.prompt().details.borrow().ground.clone();
                let services = imp.services().clone();
                let (subject, remote) = (Subject::of(&ground), &ground.remote);
                let refused = permission::refuse(services.decisions(), services.accounts(), subject, remote).await;
                imp.set_busy(false);
                match refused {
                    Ok(()) => {
                        imp.is_refused.set(true);
                        imp.prompt().end(Outcome::Done, None);
                        imp.obj().close();
                    }
                    Err(said) => imp.show_failure(&said, None),
                }
            }
        ));
    }

    fn unlock(&self) {
        let store = self.services().store.clone();
        self.set_busy(true);
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            async move {
                let ground = imp.prompt().details.borrow().ground.clone();
                let unlocking = async move { store.unlock_for(&ground.binding, &ground.remote_url).await };
                match runtime::spawn(unlocking).await {
                    Ok(true) => {
                        imp.set_busy(false);
                        return imp.show_done(&gettext("Keyring Unlocked"), None, None, None);
                    }
                    Ok(false) | Err(StoreError::Dismissed | StoreError::Locked | StoreError::NotSetUp) => {}
                    Err(error) => tracing::warn!(%error, "cannot unlock the keyring"),
                }
                imp.set_busy(false);
                imp.show_failure(&gettext("The keyring is still locked"), Some(&gettext("Try Again")));
            }
        ));
    }

    pub(super) fn show_done(&self, heading: &str, account: Option<&Account>, app: Option<App>, text: Option<String>) {
        let asked = self.asked();
        asked.app_ids.replace(self.apps_to_install());
        self.done(&asked, account.map(|account| account.id));
        let ending = Ending {
            heading: heading.to_owned(),
            user: account.filter(|account| account.has_telling_name() || account.name.is_some()).map(Account::label),
            app,
            text,
            host: self.prompt().details.borrow().ground.binding.host(),
            asked,
        };
        sign_in::end(
            &self.view,
            self.services(),
            ending,
            glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move || imp.obj().close()
            ),
        );
    }

    pub(super) fn set_busy(&self, is_busy: bool) {
        let host = self.prompt().details.borrow().ground.host();
        self.obj().set_busy_text(if self.form() == Form::Unlock {
            gettext("Waiting for the keyring…")
        } else {
            gettext_f("Asking {host}…", &[("host", &text::within(&host))])
        });
        self.obj().set_is_busy(is_busy);
        self.obj().set_failure("");
        self.update_buttons();
    }

    fn show_failure(&self, text: &str, primary: Option<&str>) {
        self.obj().set_failure(text);
        self.failure_details.tell(&self.obj().question(), text, "");
        if let Some(primary) = primary {
            self.obj().set_primary_text(primary);
            self.primary.update_property(&[gtk::accessible::Property::Label(primary)]);
        }
        self.obj().announce(text, AccessibleAnnouncementPriority::High);
    }
}
