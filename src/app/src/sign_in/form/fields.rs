// SPDX-License-Identifier: GPL-3.0-or-later
//! The fields: one row each, what was typed, and what is wrong with it.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{AccessibleAnnouncementPriority::High, glib};
use usher_core::{
    account::Account,
    credential::Secret,
    error_text::UserFacing,
    provider::{Field, FormFault},
};

use super::imp;
use crate::{
    i18n::gettext,
    text,
    widgets::{BannerText, field, labels, show_banner},
};

impl imp::FormPage {
    /// Makes a row for each field.
    pub(super) fn make_rows(&self, fields: &[Field]) {
        for (_, row) in self.rows.take() {
            self.fields_group.remove(&row);
        }
        let rows: Vec<_> = fields.iter().map(|field| (*field, self.make_row(*field))).collect();
        for (_, row) in &rows {
            self.fields_group.add(row);
            labels::settle(row);
        }
        self.rows.replace(rows);
        self.note_typing();
    }

    fn make_row(&self, field: Field) -> adw::EntryRow {
        let row: adw::EntryRow = match field {
            Field::User => glib::Object::builder().build(),
            Field::Password | Field::Token => adw::PasswordEntryRow::new().upcast(),
        };
        row.set_use_markup(false);
        row.set_title(&field.label());
        row.set_enable_emoji_completion(false);
        if field == Field::User {
            row.set_text(&self.expected_user());
            row.set_input_hints(gtk::InputHints::NO_SPELLCHECK | gtk::InputHints::NO_EMOJI);
        }
        row.connect_changed(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |_| {
                imp.clear_fault();
                imp.note_typing();
            }
        ));
        row.connect_entry_activated(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            move |_| imp.go_on()
        ));
        row
    }

    /// The user name of the account that is to be signed in to again, as far as it is known.
    fn expected_user(&self) -> String {
        let flow = self.flow.borrow().clone();
        let expected = flow.and_then(|flow| flow.services.accounts().find(flow.expected()?));
        expected.filter(Account::is_named).map_or_else(String::new, |account| account.user)
    }

    fn note_typing(&self) {
        let is_filled_in = self.empty_field().is_none() && !self.rows.borrow().is_empty();
        self.obj().set_is_filled_in(is_filled_in);
        let (token, flow) = (self.row_of(Field::Token), self.flow.borrow().clone());
        if let (Some(token), Some(flow)) = (token, flow) {
            self.obj().set_hints(text::hints_of_pasted(&flow.request.binding, &token.text()));
        }
    }

    /// The first field with nothing in it.
    fn empty_field(&self) -> Option<adw::EntryRow> {
        let rows = self.rows.borrow();
        rows.iter().find(|(field, row)| !field.is_filled(&row.text())).map(|(_, row)| row.clone())
    }

    /// Enter leads to what is missing. Where nothing is, it signs in.
    fn go_on(&self) {
        match self.empty_field() {
            Some(row) => _ = row.grab_focus(),
            None => self.send(),
        }
    }

    fn row_of(&self, field: Field) -> Option<adw::EntryRow> {
        self.rows.borrow().iter().find(|(other, _)| *other == field).map(|(_, row)| row.clone())
    }

    /// The field to go on with: the first empty one, else the last.
    pub(super) fn focus_fields(&self) {
        let row = self.empty_field().or_else(|| self.rows.borrow().last().map(|(_, row)| row.clone()));
        if let Some(row) = row {
            row.grab_focus();
        }
    }

    /// What was filled in, to be sent. `None` where a field holds what cannot be.
    pub(super) fn answers(&self) -> Option<Vec<Secret>> {
        let mut answers = Vec::new();
        for (field, row) in &*self.rows.borrow() {
            let Ok(answer) = field.read(row.text().into()) else {
                self.mark(row, &gettext("This is too long"));
                row.grab_focus();
                return None;
            };
            answers.push(answer);
        }
        Some(answers)
    }

    /// Says what is wrong with what was sent, and puts the keyboard where that can be mended.
    pub(super) fn show_fault(&self, fault: &FormFault, host: &str) {
        if self.is_login_sent.take() && fault.field().is_some() {
            return self.show_login_refused(host);
        }
        let reason = fault.at(&text::within(host)).reason();
        if *fault == FormFault::WrongLogin
            && let Some(password) = self.row_of(Field::Password)
        {
            password.set_text("");
        }
        if let Some(row) = fault.field().and_then(|field| self.row_of(field)) {
            row.grab_focus();
            self.mark(&row, &reason);
        } else {
            let banner = BannerText { title: reason.clone(), button: Some(gettext("Try Again")) };
            show_banner(&self.trouble_banner, Some(&banner));
            self.obj().announce(&reason, High);
        }
    }

    fn mark(&self, row: &adw::EntryRow, reason: &str) {
        self.obj().set_fault(reason);
        field::mark(row, &self.fault_label);
        self.obj().announce(reason, High);
    }

    pub(super) fn clear_fault(&self) {
        show_banner(&self.trouble_banner, None);
        self.obj().set_fault("");
        self.obj().set_login_fault("");
        for (_, row) in &*self.rows.borrow() {
            field::clear(row);
        }
    }

    /// Wipes what was typed.
    pub(super) fn forget(&self) {
        for (_, row) in &*self.rows.borrow() {
            row.set_text("");
        }
    }
}
