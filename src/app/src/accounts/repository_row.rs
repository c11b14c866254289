// SPDX-License-Identifier: GPL-3.0-or-later
//! A repository of this computer that has no account.

use adw::prelude::*;

use crate::{
    i18n::gettext,
    model::Repository,
    navigation::{self, Destination},
    services::Services,
    text,
    widgets::{Offer, OfferRow, accessible, decorative_icon, sign_in_name},
};

const ICON: &str = "network-server-symbolic";

/// A row that leads to the server of a repository.
pub(crate) fn repository_choice(repository: &Repository) -> gtk::Widget {
    let row = adw::ActionRow::builder()
        .title(repository.title())
        .subtitle(text::plain(&repository.host()))
        .use_markup(false)
        .activatable(true)
        .build();
    row.add_prefix(&decorative_icon(ICON));
    accessible::can_be_pressed(&row);
    row.add_suffix(&decorative_icon("go-next-symbolic"));
    let repository = repository.clone();
    row.connect_activated(move |row| navigation::go_to(row, &Destination::ServerOf(repository.clone())));
    row.upcast()
}

/// The row of a repository, which leads to its page, with the button that leads to its server.
pub(super) fn repository_row(services: &Services, repository: &Repository) -> OfferRow {
    let offer = Offer {
        icon: ICON,
        title: repository.title(),
        subtitle: text::plain(&repository.host()),
        button: gettext("Sign In…"),
        button_name: sign_in_name(&repository.host()),
    };
    let row = OfferRow::leading_to(&offer, Destination::ServerOf(repository.clone()));
    row.open_when_pressed(Destination::Repository(repository.remote.clone()));
    row.gate(services.network(), &repository.binding.service);
    row
}
