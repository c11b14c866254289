// SPDX-License-Identifier: GPL-3.0-or-later
//! The quiet button below an error that leads to its details.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::report::ShownError;

use super::{SHOW, variant_of};
use crate::i18n::gettext;

mod imp {
    use super::*;

    #[derive(Default)]
    pub struct DetailsButton;

    #[glib::object_subclass]
    impl ObjectSubclass for DetailsButton {
        const NAME: &'static str = "UsherDetailsButton";
        type Type = super::DetailsButton;
        type ParentType = gtk::Button;
    }

    impl ObjectImpl for DetailsButton {
        fn constructed(&self) {
            self.parent_constructed();
            let button = self.obj();
            button.set_label(&gettext("Copy Details…"));
            button.set_halign(gtk::Align::Center);
            button.add_css_class("pill");
            button.add_css_class("flat");
            button.set_action_name(Some(SHOW));
            super::tell(&button, &ShownError::default());
        }
    }

    impl WidgetImpl for DetailsButton {}
    impl ButtonImpl for DetailsButton {}
}

glib::wrapper! {
    /// Leads to the details of the error that it was told.
    pub struct DetailsButton(ObjectSubclass<imp::DetailsButton>)
        @extends gtk::Button, gtk::Widget,
        @implements gtk::Accessible, gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl Default for DetailsButton {
    fn default() -> Self {
        glib::Object::new()
    }
}

impl DetailsButton {
    /// The error that it is about.
    pub(crate) fn tell(&self, title: &str, text: &str, details: &str) {
        tell(self, &ShownError { title: title.to_owned(), text: text.to_owned(), details: details.to_owned() });
    }
}

fn tell(button: &DetailsButton, error: &ShownError) {
    button.set_action_target_value(Some(&variant_of(error)));
}
