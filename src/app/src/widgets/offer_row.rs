// SPDX-License-Identifier: GPL-3.0-or-later
//! A row with one thing and one button, which moves below the text where there is little width.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gio, glib};
use usher_core::service::ServiceUrl;

use crate::{
    model::Network,
    navigation::{self, Destination},
    widgets::{BusyButton, MenuEntry, accessible, decorative_icon, row_menu},
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
        #[property(get, construct_only)]
        heading: RefCell<String>,
        #[property(get, construct_only)]
        detail: RefCell<String>,
        #[property(get, construct_only)]
        button_text: RefCell<String>,
        /// Whether there is little width, as in the window that the row is in.
        #[property(get, set = Self::set_narrow)]
        narrow: Cell<bool>,
        #[template_child]
        content: TemplateChild<gtk::Box>,
        #[template_child]
        pub(super) icon_bin: TemplateChild<adw::Bin>,
        #[template_child]
        pub(super) suffixes: TemplateChild<gtk::Box>,
        #[template_child]
        pub(super) button: TemplateChild<BusyButton>,
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
    /// A row whose button does nothing yet.
    pub(crate) fn new(offer: &Offer) -> Self {
        let row: Self = glib::Object::builder()
            .property("heading", &offer.title)
            .property("detail", &offer.subtitle)
            .property("button-text", &offer.button)
            .build();
        row.set_picture(&decorative_icon(offer.icon));
        accessible::name(&*row.imp().button, &offer.button_name);
        accessible::name(&row, &format!("{}, {}", offer.title, offer.subtitle));
        row
    }

    /// A row whose button leads somewhere.
    pub(crate) fn leading_to(offer: &Offer, destination: Destination) -> Self {
        let row = Self::new(offer);
        row.connect_pressed(move |button| navigation::go_to(button, &destination));
        row
    }

    /// Lets the row itself lead somewhere, beside its button.
    pub(crate) fn open_when_pressed(&self, destination: Destination) {
        let press = gio::ActionEntry::builder("press")
            .activate(glib::clone!(
                #[weak(rename_to = row)]
                self,
                move |_: &gio::SimpleActionGroup, _, _| navigation::go_to(&row, &destination)
            ))
            .build();
        let actions = gio::SimpleActionGroup::new();
        actions.add_action_entries([press]);
        self.insert_action_group("row", Some(&actions));
        self.set_activatable(true);
        self.set_action_name(Some("row.press"));
    }

    /// Shows a picture in place of the icon.
    pub(crate) fn set_picture(&self, picture: &impl IsA<gtk::Widget>) {
        self.imp().icon_bin.set_child(Some(picture));
    }

    /// What its button does, which can show that it goes on.
    pub(crate) fn connect_pressed(&self, pressed: impl Fn(&BusyButton) + 'static) {
        self.imp().button.connect_pressed(pressed);
    }

    /// Lets the button be pressed only while a server can be reached.
    pub(crate) fn gate(&self, network: &Network, service: &ServiceUrl) {
        network.gate(&*self.imp().button, service);
    }

    /// Adds a menu after the button.
    pub(crate) fn add_menu(&self, about: &str, entries: Vec<MenuEntry>) {
        self.imp().suffixes.append(&row_menu(about, entries));
    }
}
