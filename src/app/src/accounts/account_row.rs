// SPDX-License-Identifier: GPL-3.0-or-later
//! One account in the list.

use adw::prelude::*;
use gtk::{accessible::Property, gio, glib};
use usher_core::account::AccountId;

use super::listed::Listed;
use crate::{
    account::ask_to_remove,
    application::Application,
    i18n::{gettext, gettext_f},
    runtime, text, toast,
    window::Window,
};

/// The row of an account.
pub(super) fn account_row(listed: &Listed) -> gtk::Widget {
    match listed {
        Listed::Account { .. } | Listed::Locked { .. } => usable_row(listed),
        Listed::Broken { path } => broken_row(path),
    }
}

fn usable_row(listed: &Listed) -> gtk::Widget {
    let (title, subtitle) = (listed.title(), listed.subtitle());
    let row = adw::ActionRow::builder()
        .title(&title)
        .subtitle(&subtitle)
        .use_markup(false)
        .activatable(listed.is_readable())
        .build();
    row.add_prefix(&avatar(&title, 32));
    if let Some(state) = listed.state_label() {
        let label = gtk::Label::builder().label(state).css_classes(["dimmed"]).wrap(true).build();
        row.add_suffix(&label);
    }
    if listed.is_readable() {
        row.add_suffix(&decorative_icon("go-next-symbolic"));
        row.set_action_target_value(listed.id().map(|id| id.to_string().to_variant()).as_ref());
        row.set_action_name(Some("app.show-account"));
        if let Some(id) = listed.id() {
            row.add_controller(delete_key(id));
        }
    }
    name_row(&row, &listed.spoken());
    row.upcast()
}

/// Del asks whether the account is to be removed.
fn delete_key(id: AccountId) -> gtk::ShortcutController {
    let action = gtk::CallbackAction::new(move |row, _| {
        if let Some(window) = Window::of(row) {
            ask_to_remove(&window, id);
        }
        glib::Propagation::Stop
    });
    let controller = gtk::ShortcutController::new();
    controller.add_shortcut(gtk::Shortcut::new(gtk::ShortcutTrigger::parse_string("Delete|KP_Delete"), Some(action)));
    controller
}

fn broken_row(path: &str) -> gtk::Widget {
    let row = adw::ActionRow::builder()
        .title(gettext("Unreadable account"))
        .subtitle(gettext("The keyring entry could not be read"))
        .use_markup(false)
        .build();
    let button = gtk::Button::builder().label(gettext("Remove…")).valign(gtk::Align::Center).build();
    button.update_property(&[Property::Label(&gettext("Remove the unreadable account…"))]);
    let path = path.to_owned();
    button.connect_clicked(move |button| ask_to_remove(button, path.clone()));
    row.add_suffix(&button);
    row.upcast()
}

fn ask_to_remove(button: &gtk::Button, path: String) {
    let alert = adw::AlertDialog::builder()
        .heading(gettext("Remove the Unreadable Account?"))
        .body(gettext("Its keyring entry is deleted. Another version of Usher may be able to read it."))
        .default_response("cancel")
        .close_response("cancel")
        .build();
    alert.add_responses(&[("cancel", &gettext("Cancel")), ("remove", &gettext("Remove"))]);
    alert.set_response_appearance("remove", adw::ResponseAppearance::Destructive);
    let widget = button.clone();
    alert.choose(Some(button), gio::Cancellable::NONE, move |response| {
        if response != "remove" {
            return;
        }
        glib::spawn_future_local(async move {
            let application = Application::current();
            let store = application.services().store.clone();
            let removed = runtime::spawn(async move { store.remove_broken(&path).await }).await;
            application.accounts().reload();
            match removed {
                Ok(()) => toast::show(&widget, &gettext("Account removed")),
                Err(error) => {
                    tracing::warn!(%error, "an unreadable account cannot be removed");
                    toast::show(&widget, &gettext("The keyring entry could not be removed"));
                }
            }
        });
    });
}

/// A person's initials.
pub(crate) fn avatar(name: &str, size: i32) -> adw::Avatar {
    adw::Avatar::builder()
        .size(size)
        .text(name)
        .show_initials(true)
        .accessible_role(gtk::AccessibleRole::Presentation)
        .valign(gtk::Align::Center)
        .build()
}

/// An icon that says nothing that the text does not.
pub(super) fn decorative_icon(name: &str) -> gtk::Image {
    gtk::Image::builder().icon_name(name).accessible_role(gtk::AccessibleRole::Presentation).build()
}

/// Names a row for a screen reader, in place of its title.
pub(super) fn name_row(row: &impl IsA<gtk::Widget>, name: &str) {
    let row = row.upcast_ref::<gtk::Widget>();
    row.reset_relation(gtk::AccessibleRelation::LabelledBy);
    row.reset_relation(gtk::AccessibleRelation::DescribedBy);
    row.update_property(&[Property::Label(name)]);
}

/// The accessible name of a button that leads to a sign-in.
pub(super) fn sign_in_name(host: &str) -> String {
    gettext_f("Sign In to {host}", &[("host", &text::plain(host))])
}
