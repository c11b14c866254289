// SPDX-License-Identifier: GPL-3.0-or-later
//! A spinner that says what it waits for when that takes long.

use std::time::Duration;

use adw::subclass::prelude::*;
use gtk::{glib, prelude::*};

/// After so long a spinner needs words.
const PATIENCE: Duration = Duration::from_secs(1);

mod imp {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[derive(Default, glib::Properties)]
    #[properties(wrapper_type = super::Wait)]
    pub struct Wait {
        /// What it waits for.
        #[property(get, set = Self::set_text)]
        text: RefCell<String>,
        /// Whether the words are shown.
        #[property(get)]
        speaks: Cell<bool>,
        spinner: adw::Spinner,
        label: gtk::Label,
        timer: RefCell<Option<glib::SourceId>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Wait {
        const NAME: &'static str = "UsherWait";
        type Type = super::Wait;
        type ParentType = gtk::Box;
    }

    #[glib::derived_properties]
    impl ObjectImpl for Wait {
        fn constructed(&self) {
            self.parent_constructed();
            let this = self.obj();
            this.set_spacing(6);
            this.set_halign(gtk::Align::Center);
            this.set_valign(gtk::Align::Center);
            self.label.set_wrap(true);
            self.label.set_wrap_mode(gtk::pango::WrapMode::WordChar);
            self.label.set_justify(gtk::Justification::Center);
            self.label.set_visible(false);
            this.append(&self.spinner);
            this.append(&self.label);
        }

        fn dispose(&self) {
            self.stop();
        }
    }

    impl WidgetImpl for Wait {
        fn map(&self) {
            self.parent_map();
            let timer = glib::timeout_add_local_once(
                PATIENCE,
                glib::clone!(
                    #[weak(rename_to = imp)]
                    self,
                    move || {
                        imp.timer.take();
                        imp.speak(true);
                    }
                ),
            );
            self.timer.replace(Some(timer));
        }

        fn unmap(&self) {
            self.stop();
            self.speak(false);
            self.parent_unmap();
        }
    }

    impl BoxImpl for Wait {}

    impl Wait {
        fn set_text(&self, text: String) {
            self.label.set_label(&text);
            self.spinner.upcast_ref::<gtk::Widget>().update_property(&[gtk::accessible::Property::Label(&text)]);
            self.text.replace(text);
        }

        fn speak(&self, speaks: bool) {
            if self.speaks.replace(speaks) != speaks {
                self.label.set_visible(speaks);
                self.obj().notify_speaks();
            }
        }

        fn stop(&self) {
            if let Some(timer) = self.timer.take() {
                timer.remove();
            }
        }
    }
}

glib::wrapper! {
    pub struct Wait(ObjectSubclass<imp::Wait>)
        @extends gtk::Box, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget, gtk::Orientable;
}

impl Default for Wait {
    fn default() -> Self {
        glib::Object::new()
    }
}

impl Wait {
    pub(crate) fn new(text: &str) -> Self {
        glib::Object::builder().property("text", text).build()
    }
}
