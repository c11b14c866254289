// SPDX-License-Identifier: GPL-3.0-or-later
//! An app whose install stopped and can go on now.

use adw::prelude::*;
use gtk::{gio, glib};

use super::account_row::decorative_icon;
use crate::{
    accessible,
    application::Application,
    i18n::{gettext, gettext_f},
    model::Ready,
    software, text, toast,
};

/// The row of an app. `with_software` tells whether Software is there.
pub(super) fn ready_row(ready: &Ready, with_software: bool) -> gtk::Widget {
    let repository = text::within(&ready.repository.title());
    let subtitle = if ready.is_update {
        gettext_f("Update from {repository}", &[("repository", &repository)])
    } else {
        gettext_f("From {repository}", &[("repository", &repository)])
    };
    let row = adw::ActionRow::builder()
        .title(text::plain(&ready.app_id))
        .subtitle(subtitle)
        .use_markup(false)
        .activatable(false)
        .build();
    let icon = decorative_icon("application-x-executable-symbolic");
    icon.set_pixel_size(32);
    row.add_prefix(&icon);
    if with_software {
        row.add_suffix(&install_button(ready));
    } else if let Some(command) = command(ready) {
        row.add_suffix(&copy_button(ready, command));
    }
    row.add_suffix(&menu_button(ready));
    row.upcast()
}

fn command(ready: &Ready) -> Option<String> {
    software::command(ready.is_update, &ready.repository.remote.name, &[&ready.app_id])
}

fn install_button(ready: &Ready) -> gtk::Button {
    let (label, name) = if ready.is_update {
        (gettext("Update"), gettext_f("Update {app}", &[("app", &text::plain(&ready.app_id))]))
    } else {
        (gettext("Install"), gettext_f("Install {app}", &[("app", &text::plain(&ready.app_id))]))
    };
    let button = gtk::Button::builder().label(label).valign(gtk::Align::Center).build();
    accessible::name(&button, &name);
    let app_id = ready.app_id.clone();
    button.connect_clicked(move |button| {
        let (button, app_id) = (button.clone(), app_id.clone());
        glib::spawn_future_local(async move {
            software::open(&button, &app_id).await;
        });
    });
    button
}

fn copy_button(ready: &Ready, command: String) -> gtk::Button {
    let button = gtk::Button::builder()
        .icon_name("edit-copy-symbolic")
        .tooltip_text(gettext("Copy Command"))
        .valign(gtk::Align::Center)
        .css_classes(["flat"])
        .build();
    let app = text::plain(&ready.app_id);
    accessible::name(&button, &gettext_f("Copy Command for {app}", &[("app", &app)]));
    button.connect_clicked(move |button| toast::copy(button, &command));
    button
}

fn menu_button(ready: &Ready) -> gtk::MenuButton {
    let menu = gio::Menu::new();
    menu.append(Some(&gettext("Dismiss")), Some("row.dismiss"));
    let app = text::plain(&ready.app_id);
    let button = gtk::MenuButton::builder()
        .icon_name("view-more-symbolic")
        .tooltip_text(gettext("More"))
        .menu_model(&menu)
        .valign(gtk::Align::Center)
        .css_classes(["flat"])
        .build();
    accessible::name(&button, &gettext_f("More About {app}", &[("app", &app)]));
    let (remote_url, refs) = (ready.repository.remote.url.clone(), ready.refs.clone());
    let dismiss = gio::ActionEntry::builder("dismiss")
        .activate(move |_: &gio::SimpleActionGroup, _, _| Application::current().notes().forget(&remote_url, &refs))
        .build();
    let actions = gio::SimpleActionGroup::new();
    actions.add_action_entries([dismiss]);
    button.insert_action_group("row", Some(&actions));
    button
}
