// SPDX-License-Identifier: GPL-3.0-or-later
//! How well a server is known here, in one line: icon and text.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{account::AccountId, clock, familiarity::Familiarity};

use crate::{
    i18n::{gettext, gettext_f},
    model::AccountList,
    text,
    widgets::labels,
};

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default, glib::Properties)]
    #[properties(wrapper_type = super::FamiliarityLine)]
    pub struct FamiliarityLine {
        /// What it says; empty before it shows a server, and while it is hidden.
        #[property(get)]
        text: RefCell<String>,
        icon: gtk::Image,
        label: gtk::Label,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for FamiliarityLine {
        const NAME: &'static str = "UsherFamiliarityLine";
        type Type = super::FamiliarityLine;
        type ParentType = gtk::Box;
    }

    #[glib::derived_properties]
    impl ObjectImpl for FamiliarityLine {
        fn constructed(&self) {
            self.parent_constructed();
            let line = self.obj();
            line.set_spacing(6);
            line.set_halign(gtk::Align::Center);
            self.icon.upcast_ref::<gtk::Widget>().set_accessible_role(gtk::AccessibleRole::Presentation);
            self.label.set_wrap(true);
            self.label.set_wrap_mode(gtk::pango::WrapMode::WordChar);
            self.label.set_xalign(0.0);
            labels::settle(&self.label);
            line.append(&self.icon);
            line.append(&self.label);
        }
    }

    impl WidgetImpl for FamiliarityLine {}
    impl BoxImpl for FamiliarityLine {}

    impl FamiliarityLine {
        pub(super) fn show(&self, familiarity: &Familiarity, text: String) {
            self.icon.set_icon_name(Some(icon_of(familiarity)));
            self.set_text(text);
            let is_warning = matches!(familiarity, Familiarity::Resembles(_));
            self.obj().set_css_classes(if is_warning { &["warning"] } else { &["dimmed"] });
            self.obj().set_visible(true);
        }

        pub(super) fn set_text(&self, text: String) {
            self.label.set_label(&text);
            self.text.replace(text);
            self.obj().notify_text();
        }
    }
}

glib::wrapper! {
    /// A line that is empty until it shows a server.
    pub struct FamiliarityLine(ObjectSubclass<imp::FamiliarityLine>)
        @extends gtk::Box, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget, gtk::Orientable;
}

impl FamiliarityLine {
    /// Shows how well `host` is known from the accounts of now. `account` is the one that is to be used, where it is
    /// known.
    pub(crate) fn show(&self, accounts: &AccountList, host: &str, account: Option<AccountId>) {
        let familiarity = Familiarity::of(&accounts.entries(), host, account);
        self.imp().show(&familiarity, text_of(&familiarity, clock::now()));
    }

    /// The same of a host that is not named beside the line.
    pub(crate) fn show_named(&self, accounts: &AccountList, host: &str, account: Option<AccountId>) {
        let familiarity = Familiarity::of(&accounts.entries(), host, account);
        let told = text_of(&familiarity, clock::now());
        // Translators: how well a server is known: “id.example.net: First time at this server”
        let text = gettext_f("{host}: {familiarity}", &[("host", &text::within(host)), ("familiarity", &told)]);
        self.imp().show(&familiarity, text);
    }

    /// Shows nothing.
    pub(crate) fn clear(&self) {
        self.imp().set_text(String::new());
        self.set_visible(false);
    }
}

fn icon_of(familiarity: &Familiarity) -> &'static str {
    match familiarity {
        Familiarity::KnownAccount { .. } | Familiarity::KnownServer => "object-select-symbolic",
        Familiarity::New => "dialog-information-symbolic",
        Familiarity::Resembles(_) => "dialog-warning-symbolic",
    }
}

fn text_of(familiarity: &Familiarity, now: i64) -> String {
    match familiarity {
        Familiarity::KnownAccount { since, last } => known_account(*since, *last, now),
        Familiarity::KnownServer => gettext("Known server, new account"),
        Familiarity::New => gettext("First time at this server"),
        Familiarity::Resembles(host) => {
            gettext_f("Not the same as {host}, which is already in use", &[("host", &text::within(host))])
        }
    }
}

fn known_account(since: i64, last: i64, now: i64) -> String {
    let month = text::month(since);
    match text::days_ago(last, now) {
        Some(0) => gettext_f("Signed in here since {month}, last today", &[("month", &month)]),
        Some(1) => gettext_f("Signed in here since {month}, last yesterday", &[("month", &month)]),
        // Translators: {day} is a day of the week or a date: “Signed in here since May 2026, last on Tuesday”
        Some(2..=6) => gettext_f(
            "Signed in here since {month}, last on {day}",
            &[("month", &month), ("day", &text::weekday(last))],
        ),
        _ => gettext_f("Signed in here since {month}, last on {day}", &[("month", &month), ("day", &text::day(last))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(month: i32, day: i32) -> i64 {
        glib::DateTime::from_local(2026, month, day, 12, 0, 0.0).unwrap().to_unix()
    }

    #[test]
    fn the_line_says_since_when_and_how_lately_an_account_is_used() {
        let text = |last: i64| text_of(&Familiarity::KnownAccount { since: at(5, 4), last }, at(11, 22));
        assert_eq!(text(at(11, 22)), "Signed in here since May 2026, last today");
        assert_eq!(text(at(11, 21)), "Signed in here since May 2026, last yesterday");
        assert_eq!(text(at(11, 17)), "Signed in here since May 2026, last on Tuesday");
        assert_eq!(text(at(11, 15)), "Signed in here since May 2026, last on 15 November 2026");
        assert_eq!(text(at(5, 4)), "Signed in here since May 2026, last on 4 May 2026");
    }

    #[test]
    fn a_look_alike_is_told_with_the_host_that_it_is_not() {
        let told = text_of(&Familiarity::Resembles("store.example.org".into()), 0);
        assert_eq!(told, "Not the same as \u{2068}store.example.org\u{2069}, which is already in use");
        assert_eq!(text_of(&Familiarity::New, 0), "First time at this server");
    }
}
