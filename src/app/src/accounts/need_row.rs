// SPDX-License-Identifier: GPL-3.0-or-later
//! A row of *Needs Attention*: one thing and one button, which moves below the text where there is little width.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;

use super::need_text::NeedText;
use crate::{accessible, model::Need, window::Window};

mod imp {
    use std::cell::{Cell, OnceCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::NeedRow)]
    #[template(file = "src/accounts/need_row.blp")]
    pub struct NeedRow {
        /// Whether there is little width.
        #[property(get, set = Self::set_narrow)]
        narrow: Cell<bool>,
        pub(super) need: OnceCell<Need>,
        #[template_child]
        content: TemplateChild<gtk::Box>,
        #[template_child]
        pub(super) icon: TemplateChild<gtk::Image>,
        #[template_child]
        pub(super) title: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) subtitle: TemplateChild<gtk::Label>,
        #[template_child]
        pub(super) button: TemplateChild<gtk::Button>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for NeedRow {
        const NAME: &'static str = "UsherNeedRow";
        type Type = super::NeedRow;
        type ParentType = adw::PreferencesRow;

        fn class_init(class: &mut Self::Class) {
            class.bind_template();
            class.bind_template_callbacks();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    #[gtk::template_callbacks]
    impl NeedRow {
        fn set_narrow(&self, narrow: bool) {
            self.narrow.set(narrow);
            let orientation = if narrow { gtk::Orientation::Vertical } else { gtk::Orientation::Horizontal };
            self.content.set_orientation(orientation);
        }

        #[template_callback]
        fn on_clicked(&self) {
            let (Some(need), Some(window)) = (self.need.get(), Window::of(&*self.obj())) else {
                return;
            };
            match need {
                Need::SignIn { account, .. } => window.sign_in_again(account.id),
                Need::FirstSignIn { repository, .. } => window.sign_in_for(repository),
                Need::Permission { repository } => window.review_permission(repository),
                Need::ServerChanged { repository, account } => window.review_server(repository, account.id),
            }
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for NeedRow {}
    impl WidgetImpl for NeedRow {}
    impl ListBoxRowImpl for NeedRow {}
    impl PreferencesRowImpl for NeedRow {}
}

glib::wrapper! {
    pub struct NeedRow(ObjectSubclass<imp::NeedRow>)
        @extends adw::PreferencesRow, gtk::ListBoxRow, gtk::Widget,
        @implements gtk::Accessible, gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl NeedRow {
    pub(super) fn new(need: &Need) -> Self {
        let row: Self = glib::Object::new();
        let text = NeedText::of(need);
        let imp = row.imp();
        imp.icon.set_icon_name(Some(text.icon));
        imp.title.set_label(&text.title);
        imp.subtitle.set_label(&text.subtitle);
        imp.button.set_label(&text.button);
        accessible::name(&*imp.button, &text.button_name);
        accessible::name(&row, &format!("{}, {}", text.title, text.subtitle));
        let _ = imp.need.set(need.clone());
        row
    }
}
