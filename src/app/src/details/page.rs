// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that shows a report, and copies exactly what it shows.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::report::ShownError;

use crate::{
    services::Services,
    widgets::{Body, Closures, CopyButton, Wait},
};

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::DetailsPage)]
    #[template(file = "src/details/page.blp")]
    pub struct DetailsPage {
        /// The report; empty until it is there.
        #[property(get, set)]
        text: RefCell<String>,
        gathering: RefCell<Option<glib::JoinHandle<()>>>,
        #[template_child]
        stack: TemplateChild<gtk::Stack>,
        #[template_child]
        copy_button: TemplateChild<CopyButton>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for DetailsPage {
        const NAME: &'static str = "UsherDetailsPage";
        type Type = super::DetailsPage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Body::ensure_type();
            CopyButton::ensure_type();
            Wait::ensure_type();
            class.bind_template();
            Closures::bind_template_callbacks(class);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for DetailsPage {
        fn dispose(&self) {
            // Whoever leaves does not wait for a server.
            if let Some(gathering) = self.gathering.take() {
                gathering.abort();
            }
        }
    }

    impl WidgetImpl for DetailsPage {}
    impl NavigationPageImpl for DetailsPage {}

    impl DetailsPage {
        pub(super) fn gather(&self, services: &Services, error: ShownError) {
            let gathering = crate::details::report(services, error);
            let gathering = glib::spawn_future_local(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                async move { imp.show(&gathering.await.text) }
            ));
            self.gathering.replace(Some(gathering));
        }

        fn show(&self, text: &str) {
            self.obj().set_text(text);
            self.stack.set_visible_child_name("report");
            self.copy_button.grab_focus();
        }
    }
}

glib::wrapper! {
    pub struct DetailsPage(ObjectSubclass<imp::DetailsPage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl DetailsPage {
    /// Begins to gather the details of an error.
    pub(crate) fn new(services: &Services, error: ShownError) -> Self {
        let page: Self = glib::Object::new();
        page.imp().gather(services, error);
        page
    }
}
