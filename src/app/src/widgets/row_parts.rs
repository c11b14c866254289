// SPDX-License-Identifier: GPL-3.0-or-later
//! Labels, icons and names that rows have in common.

use adw::prelude::*;

use crate::{i18n::gettext_f, text};

/// A label at the end of a row, with the state of what the row shows.
pub(crate) fn state_label(text: &str) -> gtk::Label {
    let label = gtk::Label::new(Some(text));
    settle_state(&label);
    label
}

/// Makes a label look like that.
pub(crate) fn settle_state(label: &gtk::Label) {
    label.set_wrap(true);
    label.set_natural_wrap_mode(gtk::NaturalWrapMode::None);
    label.set_justify(gtk::Justification::Right);
    label.add_css_class("dimmed");
}

/// An icon that says nothing that the text does not.
pub(crate) fn decorative_icon(name: &str) -> gtk::Image {
    gtk::Image::builder().icon_name(name).accessible_role(gtk::AccessibleRole::Presentation).build()
}

/// The accessible name of a button that leads to a sign-in.
pub(crate) fn sign_in_name(host: &str) -> String {
    gettext_f("Sign In to {host}", &[("host", &text::plain(host))])
}
