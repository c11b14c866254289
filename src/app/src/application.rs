// SPDX-License-Identifier: GPL-3.0-or-later
//! The application: one process, unique by its bus name.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gio, glib};
use usher_core::names;

use crate::services::Services;

mod imp {
    use std::cell::OnceCell;

    use super::*;

    #[derive(Default)]
    pub struct Application {
        pub(super) services: OnceCell<Services>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Application {
        const NAME: &'static str = "UsherApplication";
        type Type = super::Application;
        type ParentType = adw::Application;
    }

    impl ObjectImpl for Application {}

    impl ApplicationImpl for Application {
        fn startup(&self) {
            self.parent_startup();
            gtk::Window::set_default_icon_name(names::APP_ID);
        }

        fn activate(&self) {
            self.parent_activate();
            let window = adw::ApplicationWindow::builder().application(&*self.obj()).title("Usher").build();
            window.present();
        }
    }

    impl GtkApplicationImpl for Application {}
    impl AdwApplicationImpl for Application {}
}

glib::wrapper! {
    pub struct Application(ObjectSubclass<imp::Application>)
        @extends adw::Application, gtk::Application, gio::Application,
        @implements gio::ActionGroup, gio::ActionMap;
}

impl Application {
    pub(crate) fn new() -> Self {
        glib::Object::builder().property("application-id", names::ACCOUNTS_NAME).build()
    }

    /// What all pages work with.
    pub(crate) fn services(&self) -> &Services {
        self.imp().services.get_or_init(Services::new)
    }
}
