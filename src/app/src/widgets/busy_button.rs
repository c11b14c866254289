// SPDX-License-Identifier: GPL-3.0-or-later
//! A button that shows that what it began goes on. Meanwhile it keeps its size and its place under the keyboard, and cannot
//! be pressed again.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{accessible::State, glib};

mod imp {
    use std::cell::Cell;

    use super::*;

    #[derive(Default)]
    pub struct BusyButton {
        pub(super) is_busy: Cell<bool>,
        pub(super) stack: gtk::Stack,
        pub(super) content: adw::Bin,
        pub(super) spinner: adw::Spinner,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for BusyButton {
        const NAME: &'static str = "UsherBusyButton";
        type Type = super::BusyButton;
        type ParentType = gtk::Button;
    }

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
}

glib::wrapper! {
    pub struct BusyButton(ObjectSubclass<imp::BusyButton>)
        @extends gtk::Button, gtk::Widget,
        @implements gtk::Accessible, gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl BusyButton {
    /// Shows a text on it.
    pub(crate) fn set_text(&self, text: &str) {
        self.imp().content.set_child(Some(&gtk::Label::new(Some(text))));
        self.add_css_class("text-button");
    }

    /// Shows an icon on it.
    pub(crate) fn set_icon(&self, name: &str) {
        self.imp().content.set_child(Some(&gtk::Image::from_icon_name(name)));
        self.add_css_class("image-button");
    }

    /// Whether something that it began goes on.
    pub(crate) fn is_busy(&self) -> bool {
        self.imp().is_busy.get()
    }

    /// Shows that something that it began goes on, or not any more.
    pub(crate) fn set_busy(&self, is_busy: bool) {
        let imp = self.imp();
        imp.is_busy.set(is_busy);
        if is_busy {
            imp.stack.set_visible_child(&imp.spinner);
        } else {
            imp.stack.set_visible_child(&imp.content);
        }
        self.update_state(&[State::Busy(is_busy)]);
    }

    /// What happens when it is pressed. Nothing does while it is busy.
    pub(crate) fn connect_pressed(&self, pressed: impl Fn(&Self) + 'static) {
        self.connect_clicked(move |button| {
            if let Some(button) = button.downcast_ref::<Self>().filter(|button| !button.is_busy()) {
                pressed(button);
            }
        });
    }
}
