// SPDX-License-Identifier: GPL-3.0-or-later
//! Short messages, over the page that is shown.

use std::{cell::RefCell, rc::Rc};

use adw::prelude::*;
use gtk::{AccessibleAnnouncementPriority::Medium, gio, glib};

use crate::{
    i18n::gettext,
    navigation,
    widgets::messages::{Message, Messages},
};

/// Lets each page of a window show messages. One that is there when another page is shown moves over to it.
pub(crate) fn prepare(view: &adw::NavigationView) {
    Messages::load_style(&view.display());
    let pages = view.observe_children();
    let wrap = |pages: &gio::ListModel| {
        for page in pages.iter::<glib::Object>().filter_map(Result::ok) {
            if let Some(page) = page.downcast_ref::<adw::NavigationPage>() {
                Messages::give(page);
            }
        }
    };
    wrap(&pages);
    pages.connect_items_changed(move |pages, _, _, _| wrap(pages));
    let before = RefCell::new(Messages::visible_in(view));
    view.connect_visible_page_notify(move |view| {
        // What tells of new pages lives as long as this.
        let _ = &pages;
        let now = Messages::visible_in(view);
        let before = before.replace(now.clone());
        if let (Some(before), Some(now)) = (before, now)
            && before != now
            && let Some(message) = before.take()
        {
            now.show(message);
        }
    });
}

/// Shows a message on the page that is shown in the window of `widget`, and has it read.
pub(crate) fn show(widget: &impl IsA<gtk::Widget>, text: &str) {
    add(widget, Message { text: text.to_owned(), button: None });
}

/// Copies a text where no button is left that could say so, and says so.
pub(crate) fn copy(widget: &impl IsA<gtk::Widget>, text: &str) {
    widget.clipboard().set_text(text);
    show(widget, &gettext("Copied"));
}

/// Shows a message with a button.
pub(crate) fn with_button(widget: &impl IsA<gtk::Widget>, text: &str, button: &str, act: impl Fn() + 'static) {
    add(widget, Message { text: text.to_owned(), button: Some((button.to_owned(), Rc::new(act))) });
}

fn add(widget: &impl IsA<gtk::Widget>, message: Message) {
    if let Some(messages) = navigation::stack_of(widget).and_then(|view| Messages::visible_in(&view)) {
        messages.show(message);
    } else if let Some(dialog) =
        widget.ancestor(adw::PreferencesDialog::static_type()).and_downcast::<adw::PreferencesDialog>()
    {
        in_dialog(&dialog, &message.text);
    } else {
        tracing::warn!("cannot show a message outside a window");
    }
}

/// The preferences bring a place for messages of their own.
fn in_dialog(dialog: &adw::PreferencesDialog, text: &str) {
    dialog.upcast_ref::<gtk::Widget>().announce(text, Medium);
    dialog.add_toast(adw::Toast::builder().title(text).use_markup(false).build());
}
