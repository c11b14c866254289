// SPDX-License-Identifier: GPL-3.0-or-later
//! One purchase in the list.

use adw::prelude::*;
use gtk::glib;

use super::bought::Bought;
use crate::{
    accessible,
    busy_button::BusyButton,
    i18n::{gettext, gettext_f},
    install_button::install_button,
    unfinished::Unfinished,
    window::Window,
};

/// The row of a purchase.
pub(super) fn purchase_row(bought: &Bought) -> gtk::Widget {
    let app = &bought.app;
    let row = adw::ActionRow::builder()
        .title(app.title())
        .subtitle(bought.subtitle())
        .use_markup(false)
        .activatable(false)
        .build();
    row.set_tooltip_text(app.id_beside_title().as_deref());
    row.add_prefix(&app.image(32));
    if let Some(state) = bought.state_label() {
        let label = gtk::Label::builder().label(&state).css_classes(["dimmed"]).build();
        row.add_suffix(&label);
        accessible::name(&row, &format!("{}, {}, {state}", app.title(), bought.subtitle()));
    } else if bought.is_unfinished() {
        let unfinished = Unfinished { account: bought.account, host: bought.host.clone(), app: app.clone() };
        row.add_suffix(&check_button(&unfinished));
        row.add_suffix(&unfinished.menu_button());
    } else if let Some(remote) = &bought.remote
        && let Some(button) = install_button(app, remote, false, bought.with_software)
    {
        row.add_suffix(&button);
    }
    row.upcast()
}

fn check_button(unfinished: &Unfinished) -> BusyButton {
    let button = BusyButton::with_text(&gettext("Check Again"));
    button.set_valign(gtk::Align::Center);
    accessible::name(&button, &gettext_f("Check {app} Again", &[("app", &unfinished.app.title())]));
    let unfinished = unfinished.clone();
    button.connect_pressed(move |button| {
        let Some(window) = Window::of(button) else {
            return;
        };
        let (unfinished, button) = (unfinished.clone(), button.clone());
        button.set_busy(true);
        glib::spawn_future_local(async move {
            unfinished.check(&window).await;
            button.set_busy(false);
        });
    });
    button
}
