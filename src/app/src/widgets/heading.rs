// SPDX-License-Identifier: GPL-3.0-or-later
//! The heading of a page that asks something. It takes the keyboard while nothing else may, and a screen reader then
//! reads it with what is to be known before answering.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{accessible::Property, glib, pango};

use super::{accessible::bare, labels};

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default, glib::Properties)]
    #[properties(wrapper_type = super::Heading)]
    pub struct Heading {
        #[property(get, set = Self::set_text)]
        text: RefCell<String>,
        /// What a screen reader says after it; empty where there is nothing.
        #[property(get, set = Self::set_description)]
        description: RefCell<String>,
        label: gtk::Label,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Heading {
        const NAME: &'static str = "UsherHeading";
        type Type = super::Heading;
        type ParentType = gtk::Box;

        fn class_init(class: &mut Self::Class) {
            class.set_accessible_role(gtk::AccessibleRole::Heading);
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for Heading {
        fn constructed(&self) {
            self.parent_constructed();
            let label = &self.label;
            label.upcast_ref::<gtk::Widget>().set_accessible_role(gtk::AccessibleRole::Presentation);
            label.set_hexpand(true);
            label.set_wrap(true);
            label.set_wrap_mode(pango::WrapMode::WordChar);
            label.set_justify(gtk::Justification::Center);
            label.add_css_class("title-1");
            labels::settle(label);
            // A label takes no keyboard; what is around it does.
            self.obj().set_focusable(true);
            self.obj().append(label);
        }
    }

    impl WidgetImpl for Heading {}
    impl BoxImpl for Heading {}

    impl Heading {
        fn set_text(&self, text: String) {
            self.label.set_label(&text);
            self.obj().update_property(&[Property::Label(&bare(&text))]);
            self.text.replace(text);
        }

        fn set_description(&self, description: String) {
            self.obj().update_property(&[Property::Description(&bare(&description))]);
            self.description.replace(description);
        }
    }
}

glib::wrapper! {
    pub struct Heading(ObjectSubclass<imp::Heading>)
        @extends gtk::Box, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget, gtk::Orientable;
}
