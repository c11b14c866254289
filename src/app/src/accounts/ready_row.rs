// SPDX-License-Identifier: GPL-3.0-or-later
//! An app whose install stopped and can go on now.

use adw::prelude::*;

use crate::{
    desktop::install_button,
    i18n::{gettext, gettext_f},
    model::{App, Apps, Ready},
    services::Services,
    text,
    widgets::{MenuEntry, Offer, OfferRow, row_menu},
};

/// An app that can be installed now, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReadyApp {
    pub(super) ready: Ready,
    pub(super) app: App,
    /// Whether Software can install it.
    pub(super) with_software: bool,
}

impl ReadyApp {
    /// With what is known of the app now.
    pub(super) fn of(ready: Ready, with_software: bool, apps: &Apps) -> Self {
        let app = apps.get(&ready.repository.remote.name, &ready.app_id);
        Self { ready, app, with_software }
    }

    /// Whether two rows are about the same app of the same repository.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.app.id == other.app.id && self.ready.repository == other.ready.repository
    }
}

/// The row of an app.
pub(super) fn ready_row(services: &Services, item: &ReadyApp) -> OfferRow {
    let ReadyApp { ready, app, with_software } = item;
    let repository = text::within(&ready.repository.title());
    let subtitle = if ready.is_update {
        gettext_f("Update from {repository}", &[("repository", &repository)])
    } else {
        gettext_f("From {repository}", &[("repository", &repository)])
    };
    let row = OfferRow::new(&Offer { title: app.title(), subtitle, ..Offer::default() });
    row.set_tooltip_text(app.id_beside_title().as_deref());
    row.set_picture(&app.image(32));
    if let Some(button) = install_button(app, &ready.repository.remote.name, ready.is_update, *with_software) {
        row.add_suffix(&button);
    }
    row.add_suffix(&menu_button(services, item));
    row
}

fn menu_button(services: &Services, item: &ReadyApp) -> gtk::MenuButton {
    let (remote_url, refs) = (item.ready.repository.remote.url.verbatim().to_owned(), item.ready.refs.clone());
    let notes = services.notes().clone();
    let dismiss = MenuEntry::new(gettext("Dismiss"), move |_| notes.forget(&remote_url, &refs));
    row_menu(&item.app.title(), vec![dismiss])
}
