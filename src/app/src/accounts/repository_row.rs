// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository of this computer that has no account.

use adw::prelude::*;
use gtk::accessible::Property;

use super::account_row::{decorative_icon, sign_in_name};
use crate::{i18n::gettext, model::Repository, text, window::Window};

/// The row of a repository, with the button that leads to its server.
pub(crate) fn repository_row(repository: &Repository) -> gtk::Widget {
    let host = repository.host();
    let row =
        adw::ActionRow::builder().title(repository.title()).subtitle(text::plain(&host)).use_markup(false).build();
    row.add_prefix(&decorative_icon("network-server-symbolic"));
    let button = gtk::Button::builder().label(gettext("Sign In…")).valign(gtk::Align::Center).build();
    button.update_property(&[Property::Label(&sign_in_name(&host))]);
    let repository = repository.clone();
    button.connect_clicked(move |button| {
        if let Some(window) = Window::of(button) {
            window.sign_in_for(&repository);
        }
    });
    row.add_suffix(&button);
    row.upcast()
}
