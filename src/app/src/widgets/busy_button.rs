// SPDX-License-Identifier: GPL-3.0-or-later
//! A button that shows that what it began goes on. Meanwhile it keeps its size and its place under the keyboard, and cannot
//! be pressed again.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{accessible::State, glib};

mod imp {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[derive(Default, glib::Properties)]
    #[properties(wrapper_type = super::BusyButton)]
    pub struct BusyButton {
        /// What it shows, where that is a text.
        #[property(get, set = Self::set_text)]
        text: RefCell<String>,
        /// What it shows, where that is an icon.
        #[property(get, set = Self::set_icon)]
        icon: RefCell<String>,
        /// Whether something that it began goes on.
        #[property(get, set = Self::set_busy)]
        busy: Cell<bool>,
        stack: gtk::Stack,
        content: adw::Bin,
        spinner: adw::Spinner,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for BusyButton {
        const NAME: &'static str = "UsherBusyButton";
        type Type = super::BusyButton;
        type ParentType = gtk::Button;
    }

    #[glib::derived_properties]
    impl ObjectImpl for BusyButton {
        fn constructed(&self) {
            self.parent_constructed();
            self.stack.add_child(&self.content);
            self.stack.add_child(&self.spinner);
            self.obj().set_child(Some(&self.stack));
        }
    }

    impl WidgetImpl for BusyButton {}
    impl ButtonImpl for BusyButton {}

    impl BusyButton {
        fn set_text(&self, text: String) {
            self.content.set_child(Some(&gtk::Label::new(Some(&text))));
            self.obj().add_css_class("text-button");
            self.text.replace(text);
        }

        fn set_icon(&self, icon: String) {
            self.content.set_child(Some(&gtk::Image::from_icon_name(&icon)));
            self.obj().add_css_class("image-button");
            self.icon.replace(icon);
        }

        fn set_busy(&self, busy: bool) {
            self.busy.set(busy);
            if busy {
                self.stack.set_visible_child(&self.spinner);
            } else {
                self.stack.set_visible_child(&self.content);
            }
            self.obj().update_state(&[State::Busy(busy)]);
        }
    }
}

glib::wrapper! {
    pub struct BusyButton(ObjectSubclass<imp::BusyButton>)
        @extends gtk::Button, gtk::Widget,
        @implements gtk::Accessible, gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl BusyButton {
    /// What happens when it is pressed. Nothing does while it is busy.
    pub(crate) fn connect_pressed(&self, pressed: impl Fn(&Self) + 'static) {
        self.connect_clicked(move |button| {
            if let Some(button) = button.downcast_ref::<Self>().filter(|button| !button.busy()) {
                pressed(button);
            }
        });
    }
}
