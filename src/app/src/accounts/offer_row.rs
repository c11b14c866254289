// SPDX-License-Identifier: GPL-3.0-or-later
//! A row with one thing and one button, which moves below the text where there is little width.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;

use crate::{accessible, window::Window};

/// The texts of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) icon: &'static str,
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) button: String,
    /// What the button is called by a screen reader.
    pub(super) button_name: String,
}

/// What the button does.
type Act = Box<dyn Fn(&Window)>;

mod imp {
    use std::cell::{Cell, OnceCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::OfferRow)]
    #[template(file = "src/accounts/offer_row.blp")]
    pub struct OfferRow {
        /// Whether there is little width.
        #[property(get, set = Self::set_narrow)]
        narrow: Cell<bool>,
        pub(super) act: OnceCell<Act>,
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
    impl ObjectSubclass for OfferRow {
        const NAME: &'static str = "UsherOfferRow";
        type Type = super::OfferRow;
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
    impl OfferRow {
        fn set_narrow(&self, narrow: bool) {
            self.narrow.set(narrow);
            let orientation = if narrow { gtk::Orientation::Vertical } else { gtk::Orientation::Horizontal };
            self.content.set_orientation(orientation);
        }

        #[template_callback]
        fn on_clicked(&self) {
            if let (Some(act), Some(window)) = (self.act.get(), Window::of(&*self.obj())) {
                act(&window);
            }
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for OfferRow {}
    impl WidgetImpl for OfferRow {}
    impl ListBoxRowImpl for OfferRow {}
    impl PreferencesRowImpl for OfferRow {}
}

glib::wrapper! {
    pub struct OfferRow(ObjectSubclass<imp::OfferRow>)
        @extends adw::PreferencesRow, gtk::ListBoxRow, gtk::Widget,
        @implements gtk::Accessible, gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl OfferRow {
    pub(super) fn new(offer: &Offer, act: impl Fn(&Window) + 'static) -> Self {
        let row: Self = glib::Object::new();
        let imp = row.imp();
        imp.icon.set_icon_name(Some(offer.icon));
        imp.title.set_label(&offer.title);
        imp.subtitle.set_label(&offer.subtitle);
        imp.button.set_label(&offer.button);
        accessible::name(&*imp.button, &offer.button_name);
        accessible::name(&row, &format!("{}, {}", offer.title, offer.subtitle));
        let _ = imp.act.set(Box::new(act));
        row
    }
}
