// SPDX-License-Identifier: GPL-3.0-or-later
//! The row on the page of an account or a repository that leads to its activity, and says when there was some last.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::clock;

use super::Scope;
use crate::{
    i18n::gettext,
    navigation::{self, Destination},
    services::Services,
    text,
    widgets::{accessible, decorative_icon},
};

mod imp {
    use std::cell::{OnceCell, RefCell};

    use super::*;

    #[derive(Default)]
    pub struct ActivityRow {
        pub(super) services: OnceCell<Services>,
        pub(super) scope: RefCell<Option<Scope>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for ActivityRow {
        const NAME: &'static str = "UsherActivityRow";
        type Type = super::ActivityRow;
        type ParentType = adw::ActionRow;
    }

    impl ObjectImpl for ActivityRow {
        fn constructed(&self) {
            self.parent_constructed();
            let row = self.obj();
            row.set_use_markup(false);
            row.set_title(&gettext("Activity"));
            row.set_activatable(true);
            row.add_suffix(&decorative_icon("go-next-symbolic"));
            accessible::can_be_pressed(&*row);
        }
    }

    impl WidgetImpl for ActivityRow {
        fn map(&self) {
            // “Today” may be yesterday by now.
            self.refresh();
            self.parent_map();
        }
    }
    impl ListBoxRowImpl for ActivityRow {}
    impl PreferencesRowImpl for ActivityRow {}

    impl ActionRowImpl for ActivityRow {
        fn activate(&self) {
            if let Some(scope) = self.scope.borrow().clone() {
                navigation::go_to(&*self.obj(), &Destination::Activity(scope));
            }
        }
    }

    impl ActivityRow {
        pub(super) fn refresh(&self) {
            let (Some(services), Some(scope)) = (self.services.get(), self.scope.borrow().clone()) else { return };
            let Some(filter) = scope.filter(services) else { return };
            let entries = services.activity().entries();
            let last = entries.iter().filter(|entry| filter.includes(entry)).map(|entry| entry.at).max();
            let row = self.obj();
            row.set_subtitle(&last.map_or_else(String::new, |at| text::moment(at, clock::now())));
            let (title, subtitle) = (row.title(), row.subtitle().unwrap_or_default());
            let spoken = [title.as_str(), &subtitle].into_iter().filter(|part| !part.is_empty());
            accessible::name(&*row, &spoken.collect::<Vec<_>>().join(", "));
        }
    }
}

glib::wrapper! {
    pub struct ActivityRow(ObjectSubclass<imp::ActivityRow>)
        @extends adw::ActionRow, adw::PreferencesRow, gtk::ListBoxRow, gtk::Widget,
        @implements gtk::Accessible, gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl ActivityRow {
    /// Begins to follow the activity of this account or repository.
    pub(crate) fn follow(&self, services: &Services, scope: Scope) {
        let imp = self.imp();
        let _ = imp.services.set(services.clone());
        imp.scope.replace(Some(scope));
        services.activity().changes().follow(self, |row| row.imp().refresh());
        services.accounts().changes().follow(self, |row| row.imp().refresh());
        imp.refresh();
    }
}
