// SPDX-License-Identifier: GPL-3.0-or-later
//! The button of an app that can be installed or updated now: by Software, or by a command to copy.

use adw::prelude::*;
use gtk::glib;

use crate::{
    desktop::software,
    i18n::{gettext, gettext_f},
    model::App,
    widgets::{CopyButton, accessible},
};

/// A button for an app; `remote` is what flatpak calls its repository. `None` where Software is not there
/// (`with_software`), and no command can name remote and app.
pub(crate) fn install_button(app: &App, remote: &str, is_update: bool, with_software: bool) -> Option<gtk::Button> {
    if with_software {
        return Some(software_button(app, is_update));
    }
    let command = software::command(is_update, remote, &[&app.id])?;
    Some(copy_button(app, &command))
}

fn software_button(app: &App, is_update: bool) -> gtk::Button {
    let (label, name) = if is_update {
        (gettext("Update"), gettext_f("Update {app}", &[("app", &app.title())]))
    } else {
        (gettext("Install"), gettext_f("Install {app}", &[("app", &app.title())]))
    };
    let button = gtk::Button::builder().label(label).valign(gtk::Align::Center).build();
    accessible::name(&button, &name);
    let id = app.id.clone();
    button.connect_clicked(move |button| {
        let (button, id) = (button.clone(), id.clone());
        glib::spawn_future_local(async move {
            software::open(&button, &id).await;
        });
    });
    button
}

fn copy_button(app: &App, command: &str) -> gtk::Button {
    let button = CopyButton::new(&gettext("Copy Command"), command);
    button.set_spoken(gettext_f("Copy Command for {app}", &[("app", &app.title())]));
    button.set_valign(gtk::Align::Center);
    button.upcast()
}
