// SPDX-License-Identifier: GPL-3.0-or-later
//! A row with one thing and one button, which moves below the text where there is little width.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;

use crate::{
    main_window::Window,
    widgets::{BusyButton, accessible, decorative_icon},
};

/// The texts of a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Name of its icon.
    pub(crate) icon: &'static str,
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) button: String,
    /// What the button is called by a screen reader.
    pub(crate) button_name: String,
}

mod imp {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[derive(Default, gtk::CompositeTemplate, glib::Properties)]
    #[properties(wrapper_type = super::OfferRow)]
    #[template(file = "src/widgets/offer_row.blp")]
    pub struct OfferRow {
        /// Whether there is little width.
        #[property(get, set = Self::set_narrow)]
        narrow: Cell<bool>,
        /// Follows the window that the row is in.
        binding: RefCell<Option<glib::Binding>>,
        #[template_child]
        content: TemplateChild<gtk::Box>,
        #[template_child]
        pub(crate) icon_bin: TemplateChild<adw::Bin>,
        #[template_child]
        pub(crate) title: TemplateChild<gtk::Label>,
        #[template_child]
        pub(crate) subtitle: TemplateChild<gtk::Label>,
        #[template_child]
        pub(crate) suffixes: TemplateChild<gtk::Box>,
        #[template_child]
        pub(crate) button: TemplateChild<BusyButton>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for OfferRow {
        const NAME: &'static str = "UsherOfferRow";
        type Type = super::OfferRow;
        type ParentType = adw::PreferencesRow;

        fn class_init(class: &mut Self::Class) {
            BusyButton::ensure_type();
            class.bind_template();
        }

        fn instance_init(object: &glib::subclass::InitializingObject<Self>) {
            object.init_template();
        }
    }

    impl OfferRow {
        fn set_narrow(&self, narrow: bool) {
            self.narrow.set(narrow);
            let orientation = if narrow { gtk::Orientation::Vertical } else { gtk::Orientation::Horizontal };
            self.content.set_orientation(orientation);
        }
    }

    #[glib::derived_properties]
    impl ObjectImpl for OfferRow {}

    impl WidgetImpl for OfferRow {
        fn root(&self) {
            self.parent_root();
            let window = Window::of(&*self.obj());
            let bind = |window: Window| window.bind_property("narrow", &*self.obj(), "narrow").sync_create().build();
            self.binding.replace(window.map(bind));
        }

        fn unroot(&self) {
            if let Some(binding) = self.binding.take() {
                binding.unbind();
            }
            self.parent_unroot();
        }
    }

    impl ListBoxRowImpl for OfferRow {}
    impl PreferencesRowImpl for OfferRow {}
}

glib::wrapper! {
    pub struct OfferRow(ObjectSubclass<imp::OfferRow>)
        @extends adw::PreferencesRow, gtk::ListBoxRow, gtk::Widget,
        @implements gtk::Accessible, gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl OfferRow {
    /// A row; `act` is what its button does.
    pub(crate) fn new(offer: &Offer, act: impl Fn(&Window) + 'static) -> Self {
        Self::with_prefix(offer, &decorative_icon(offer.icon), move |window, _| act(window))
    }

    /// A row with a picture of its own in place of the icon; `act` is what its button does, which can show that it goes on.
    pub(crate) fn with_prefix(
        offer: &Offer,
        prefix: &impl IsA<gtk::Widget>,
        act: impl Fn(&Window, &BusyButton) + 'static,
    ) -> Self {
        let row: Self = glib::Object::new();
        let imp = row.imp();
        imp.icon_bin.set_child(Some(prefix));
        imp.title.set_label(&offer.title);
        imp.subtitle.set_label(&offer.subtitle);
        imp.button.set_text(&offer.button);
        accessible::name(&*imp.button, &offer.button_name);
        accessible::name(&row, &format!("{}, {}", offer.title, offer.subtitle));
        imp.button.connect_pressed(move |button| {
            if let Some(window) = Window::of(button) {
                act(&window, button);
            }
        });
        row
    }

    /// Adds a widget after the button.
    pub(crate) fn add_suffix(&self, widget: &impl IsA<gtk::Widget>) {
        self.imp().suffixes.append(widget);
    }
}
