// SPDX-License-Identifier: GPL-3.0-or-later
//! A button that shows that what it began goes on. Meanwhile it keeps its size and its place under the keyboard, and cannot
//! be pressed again.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{accessible::State, glib};

use crate::{
    i18n::gettext,
    widgets::{Wait, escape},
};

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
        /// What it says where that takes long.
        #[property(get = Self::busy_text, set = Self::set_busy_text)]
        busy_text: std::marker::PhantomData<String>,
        /// Whether something that it began goes on.
        #[property(get, set = Self::set_busy)]
        busy: Cell<bool>,
        /// Grows with each thing that it begins, and where the person does not wait for the end.
        pub(super) turn: Cell<u32>,
        stack: gtk::Stack,
        content: adw::Bin,
        wait: Wait,
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
            self.wait.set_text(gettext("Checking…"));
            self.stack.add_child(&self.wait);
            self.stack.set_hhomogeneous(false);
            self.obj().set_child(Some(&self.stack));
            self.stop_with_escape();
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

        fn busy_text(&self) -> String {
            self.wait.text()
        }

        fn set_busy_text(&self, text: String) {
            self.wait.set_text(text);
        }

        /// What it began goes on, but the person does not wait for it any more.
        fn stop_with_escape(&self) {
            escape::stops(&*self.obj(), gtk::PropagationPhase::Bubble, super::BusyButton::stop);
        }

        fn set_busy(&self, busy: bool) {
            self.busy.set(busy);
            if busy {
                self.stack.set_visible_child(&self.wait);
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

    /// Waits no longer for what it began. Says whether anything went on.
    pub(crate) fn stop(&self) -> bool {
        let was_busy = self.busy();
        if was_busy {
            self.imp().turn.set(self.imp().turn.get().wrapping_add(1));
            self.set_busy(false);
        }
        was_busy
    }

    /// Shows that something goes on until it has ended; then `done` is called, unless the person has pressed Escape.
    pub(crate) fn run<T: 'static>(&self, work: impl Future<Output = T> + 'static, done: impl FnOnce(T) + 'static) {
        let turn = self.imp().turn.get().wrapping_add(1);
        self.imp().turn.set(turn);
        self.set_busy(true);
        let weak = self.downgrade();
        glib::spawn_future_local(async move {
            let value = work.await;
            let button = weak.upgrade();
            if let Some(button) = &button {
                if button.imp().turn.get() != turn {
                    return;
                }
                button.set_busy(false);
            }
            done(value);
        });
    }
}
