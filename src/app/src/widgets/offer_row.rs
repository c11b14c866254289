// SPDX-License-Identifier: GPL-3.0-or-later
//! A row with one thing and what can be done about it: one button, or none. The button moves below the text where there is
//! little width. The titles of all such rows begin at the same place, whatever picture stands before them.

use adw::{prelude::*, subclass::prelude::*};
use gtk::{gio, glib};
use usher_core::service::ServiceUrl;

use crate::{
    model::Network,
    navigation::{self, Destination},
    widgets::{BusyButton, Closures, MenuEntry, accessible, decorative_icon, row_menu},
};

/// The texts of a row.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Name of its icon.
    pub(crate) icon: &'static str,
    pub(crate) title: String,
    pub(crate) subtitle: String,
    /// Empty where there is nothing to press.
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
        #[property(get, set)]
        heading: RefCell<String>,
        #[property(get, set)]
        detail: RefCell<String>,
        #[property(get, set)]
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
            Closures::bind_template_callbacks(class);
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
    impl ObjectImpl for OfferRow {
        fn constructed(&self) {
            self.parent_constructed();
            // The row is in windows of several kinds.
            self.obj().connect_root_notify(|row| {
                if let Some(window) = row.root().filter(|root| root.find_property("narrow").is_some()) {
                    window.bind_property("narrow", row, "narrow").sync_create().build();
                }
            });
        }
    }

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
        let row: Self = glib::Object::new();
        row.set_picture(&decorative_icon(offer.icon));
        row.show(offer);
        row
    }

    /// Shows other texts.
    pub(crate) fn show(&self, offer: &Offer) {
        self.set_heading(offer.title.as_str());
        self.set_detail(offer.subtitle.as_str());
        self.set_button_text(offer.button.as_str());
        accessible::name(&*self.imp().button, &offer.button_name);
        let texts = [offer.title.as_str(), offer.subtitle.as_str()].into_iter().filter(|text| !text.is_empty());
        accessible::name(self, &texts.collect::<Vec<_>>().join(", "));
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
        self.add_suffix(&row_menu(about, entries));
    }

    /// Adds something after the button.
    pub(crate) fn add_suffix(&self, suffix: &impl IsA<gtk::Widget>) {
        self.imp().suffixes.append(suffix);
    }
}
