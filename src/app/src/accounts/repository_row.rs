// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository of this computer that has no account.

use adw::prelude::*;

use super::account_row::{decorative_icon, sign_in_name};
use crate::{accessible, i18n::gettext, model::Repository, text, window::Window};

/// A row that leads to the server of a repository.
pub(crate) fn repository_choice(repository: &Repository) -> gtk::Widget {
    let row = plain_row(repository);
    row.set_activatable(true);
    accessible::can_be_pressed(&row);
    row.add_suffix(&decorative_icon("go-next-symbolic"));
    let repository = repository.clone();
    row.connect_activated(move |row| {
        if let Some(window) = Window::of(row) {
            window.sign_in_for(&repository);
        }
    });
    row.upcast()
}

/// The row of a repository, with the button that leads to its server.
pub(super) fn repository_row(repository: &Repository) -> gtk::Widget {
    let row = plain_row(repository);
    let button = gtk::Button::builder().label(gettext("Sign In…")).valign(gtk::Align::Center).build();
    accessible::name(&button, &sign_in_name(&repository.host()));
    let repository = repository.clone();
    button.connect_clicked(move |button| {
        if let Some(window) = Window::of(button) {
            window.sign_in_for(&repository);
        }
    });
    row.add_suffix(&button);
    row.upcast()
}

fn plain_row(repository: &Repository) -> adw::ActionRow {
    let row = adw::ActionRow::builder()
        .title(repository.title())
        .subtitle(text::plain(&repository.host()))
        .use_markup(false)
        .build();
    row.add_prefix(&decorative_icon("network-server-symbolic"));
    row
}
