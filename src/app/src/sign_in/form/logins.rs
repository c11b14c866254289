// SPDX-License-Identifier: GPL-3.0-or-later
//! What another program on this computer has signed in with at this server: one press uses it.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::High, glib};
use usher_core::{
    error_text::UserFacing,
    registry_logins::{self, Fault, Finding, Login, LoginSecret},
};

use super::imp;
use crate::{
    i18n::{gettext, gettext_f},
    runtime, text,
    widgets::{BusyButton, Offer, OfferRow, labels},
};

impl imp::FormPage {
    /// Offers what was found, above the fields, if the form asks for such a thing.
    pub(super) fn offer(&self, finding: &Finding) {
        let is_fitting = self.form.borrow().as_ref().is_some_and(|form| registry_logins::fits(&form.fields));
        if !is_fitting {
            return;
        }
        for row in self.login_rows.take() {
            self.already_group.remove(&row);
        }
        let login_row = finding.login.as_ref().map(|login| self.login_row(login).upcast());
        let fault_rows = finding.faults.iter().map(|fault| fault_row(fault).upcast());
        let rows: Vec<gtk::Widget> = login_row.into_iter().chain(fault_rows).collect();
        for row in &rows {
            self.already_group.add(row);
            labels::settle(row);
        }
        self.already_group.set_visible(!rows.is_empty());
        self.login_rows.replace(rows);
    }

    fn login_row(&self, login: &Login) -> OfferRow {
        let host = self.host.get().cloned().unwrap_or_default();
        let name = login.user().map_or(host, ToOwned::to_owned);
        let row = OfferRow::new(&Offer {
            icon: "avatar-default-symbolic",
            title: text::plain(&name),
            subtitle: login.origin(),
            button: gettext("Use"),
            // Translators: the name of a button for screen readers
            button_name: gettext_f("Use the Sign-In of {user}", &[("user", &text::within(&name))]),
        });
        let login = login.clone();
        row.connect_pressed(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |button| imp.use_login(&login, button)
        ));
        row
    }

    /// Reads the login now that it was chosen, and takes it to the server.
    fn use_login(&self, login: &Login, button: &BusyButton) {
        if self.sign_in_button.busy() {
            return;
        }
        self.clear_fault();
        let login = login.clone();
        let read = glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |read: Result<LoginSecret, Fault>| match read {
                Ok(secret) => imp.send_login(&secret),
                Err(fault) => imp.show_login_fault(&fault.reason()),
            }
        );
        button.run(runtime::spawn(async move { login.read().await }), read);
    }

    fn send_login(&self, secret: &LoginSecret) {
        let answers = self.form.borrow().as_ref().and_then(|form| secret.answer(&form.fields));
        if let Some(answers) = answers {
            self.is_login_sent.set(true);
            self.send_answers(answers);
        }
    }

    /// The server does not accept it: a person can still fill in the form.
    pub(super) fn show_login_refused(&self, host: &str) {
        let reason = gettext_f("This sign-in is not accepted by {host}", &[("host", &text::within(host))]);
        self.show_login_fault(&reason);
        self.focus_fields();
    }

    fn show_login_fault(&self, reason: &str) {
        self.obj().set_login_fault(reason);
        self.obj().announce(reason, High);
    }
}

fn fault_row(fault: &Fault) -> OfferRow {
    OfferRow::new(&Offer {
        icon: "dialog-information-symbolic",
        title: fault.reason(),
        subtitle: gettext("Not used"),
        ..Offer::default()
    })
}
