// SPDX-License-Identifier: GPL-3.0-or-later
//! A large spinner, and below it what it waits for, from the beginning: it takes the place of a page.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;

const SPINNER_SIZE: i32 = 32;
const MARGIN: i32 = 12;

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default, glib::Properties)]
    #[properties(wrapper_type = super::BusyPage)]
    pub struct BusyPage {
        /// What it waits for.
        #[property(get, set = Self::set_text)]
        text: RefCell<String>,
        label: gtk::Label,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for BusyPage {
        const NAME: &'static str = "UsherBusyPage";
        type Type = super::BusyPage;
        type ParentType = adw::Bin;
    }

    #[glib::derived_properties]
    impl ObjectImpl for BusyPage {
        fn constructed(&self) {
            self.parent_constructed();
            let spinner = adw::Spinner::builder()
                .width_request(SPINNER_SIZE)
                .height_request(SPINNER_SIZE)
                .accessible_role(gtk::AccessibleRole::Presentation)
                .build();
            self.label.set_wrap(true);
            self.label.set_wrap_mode(gtk::pango::WrapMode::WordChar);
            self.label.set_justify(gtk::Justification::Center);
            self.label.add_css_class("title-4");
            let content = gtk::Box::builder()
                .orientation(gtk::Orientation::Vertical)
                .spacing(18)
                .halign(gtk::Align::Center)
                .valign(gtk::Align::Center)
                .margin_start(MARGIN)
                .margin_end(MARGIN)
                .build();
            content.append(&spinner);
            content.append(&self.label);
            self.obj().set_child(Some(&content));
        }
    }

    impl WidgetImpl for BusyPage {}
    impl BinImpl for BusyPage {}

    impl BusyPage {
        fn set_text(&self, text: String) {
            self.label.set_label(&text);
            self.text.replace(text);
        }
    }
}

glib::wrapper! {
    pub struct BusyPage(ObjectSubclass<imp::BusyPage>)
        @extends adw::Bin, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}
