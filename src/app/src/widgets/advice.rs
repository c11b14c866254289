// SPDX-License-Identifier: GPL-3.0-or-later
//! A page about something that is wrong with this computer's set-up, and the command that mends it.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;

use crate::{
    navigation,
    widgets::{Body, Closures, CopyButton, accessible},
};

/// What such a page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Advice {
    pub(crate) heading: String,
    pub(crate) description: String,
    /// What was found: names and values.
    pub(crate) facts: Vec<(String, String)>,
    /// The command that mends it, where one can be given.
    pub(crate) command: Option<String>,
}

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::AdvicePage)]
    #[template(file = "src/widgets/advice.blp")]
    pub struct AdvicePage {
        #[property(get, construct_only)]
        heading: RefCell<String>,
        #[property(get, construct_only)]
        description: RefCell<String>,
        #[property(get, construct_only, nullable)]
        command: RefCell<Option<String>>,
        #[template_child]
        facts: TemplateChild<gtk::ListBox>,
        #[template_child]
        copy_button: TemplateChild<CopyButton>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AdvicePage {
        const NAME: &'static str = "UsherAdvicePage";
        type Type = super::AdvicePage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            Body::ensure_type();
            CopyButton::ensure_type();
            class.bind_template();
            class.bind_template_callbacks();
            Closures::bind_template_callbacks(class);
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for AdvicePage {}
    impl WidgetImpl for AdvicePage {}
    impl NavigationPageImpl for AdvicePage {}

    #[gtk::template_callbacks]
    impl AdvicePage {
        #[template_callback]
        fn on_shown(&self) {
            self.copy_button.grab_focus();
        }

        pub(super) fn show_facts(&self, facts: &[(String, String)]) {
            for (name, value) in facts {
                let row = adw::ActionRow::builder().title(name).subtitle(value).use_markup(false).build();
                row.add_css_class("property");
                self.facts.append(&row);
            }
            self.facts.set_visible(!facts.is_empty());
        }

        /// Leads back from the page, if it is the one that is shown. Returns whether it was.
        pub(super) fn go_back(&self) -> bool {
            let page = self.obj();
            let stack = navigation::stack_of(&*page);
            stack.is_some_and(|stack| stack.visible_page().as_ref() == Some(page.upcast_ref()) && stack.pop())
        }
    }
}

glib::wrapper! {
    pub struct AdvicePage(ObjectSubclass<imp::AdvicePage>)
        @extends adw::NavigationPage, gtk::Widget,
        @implements gtk::Accessible, gtk::Buildable, gtk::ConstraintTarget;
}

impl AdvicePage {
    pub(crate) fn new(advice: &Advice) -> Self {
        let page: Self = glib::Object::builder()
            .property("title", accessible::bare(&advice.heading))
            .property("heading", &advice.heading)
            .property("description", &advice.description)
            .property("command", &advice.command)
            .build();
        page.imp().show_facts(&advice.facts);
        page
    }

    /// Leads back from the page, if it is the one that is shown. Returns whether it was.
    pub(crate) fn go_back(&self) -> bool {
        self.imp().go_back()
    }
}
