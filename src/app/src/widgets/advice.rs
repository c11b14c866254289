// SPDX-License-Identifier: GPL-3.0-or-later
//! A page about something that is wrong with this computer's set-up, and the command that mends it.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;

use crate::widgets::{accessible, toast};

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
    use super::*;

    #[derive(Default, gtk::CompositeTemplate)]
    #[template(file = "src/widgets/advice.blp")]
    pub struct AdvicePage {
        #[template_child]
        pub(super) heading_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) description_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) facts: TemplateChild<gtk::ListBox>,
        #[template_child]
        pub(super) command_group: TemplateChild<adw::PreferencesGroup>,
        #[template_child]
        pub(super) command_label: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) copy_button: TemplateChild<gtk::Button>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for AdvicePage {
        const NAME: &'static str = "UsherAdvicePage";
        type Type = super::AdvicePage;
        type ParentType = adw::NavigationPage;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl ObjectImpl for AdvicePage {}
    impl WidgetImpl for AdvicePage {}
    impl NavigationPageImpl for AdvicePage {}

    #[gtk::template_callbacks]
    impl AdvicePage {
        #[template_callback]
        fn on_shown(&self) {
            self.copy_button.grab_focus();
        }

        #[template_callback]
        fn on_copy(&self) {
            toast::copy(&*self.obj(), &self.command_label.label());
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
        let page: Self = glib::Object::new();
        let imp = page.imp();
        page.set_title(&accessible::bare(&advice.heading));
        imp.heading_label.set_label(&advice.heading);
        imp.description_label.set_label(&advice.description);
        for (name, value) in &advice.facts {
            let row = adw::ActionRow::builder().title(name).subtitle(value).use_markup(false).build();
            row.add_css_class("property");
            imp.facts.append(&row);
        }
        imp.facts.set_visible(!advice.facts.is_empty());
        imp.command_label.set_label(advice.command.as_deref().unwrap_or_default());
        imp.command_group.set_visible(advice.command.is_some());
        imp.copy_button.set_visible(advice.command.is_some());
        page
    }

    /// Leads back from the page, if it is the one that is shown. Returns whether it was.
    pub(crate) fn go_back(&self) -> bool {
        let view = self.ancestor(adw::NavigationView::static_type()).and_downcast::<adw::NavigationView>();
        view.is_some_and(|view| view.visible_page().as_ref() == Some(self.upcast_ref()) && view.pop())
    }
}
