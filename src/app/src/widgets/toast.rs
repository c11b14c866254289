// SPDX-License-Identifier: GPL-3.0-or-later
//! Short messages at the foot of a window.

use adw::prelude::*;
use gtk::AccessibleAnnouncementPriority::Medium;

use crate::i18n::gettext;

/// Seconds that a toast with a button stays.
const BUTTON_SECONDS: u32 = 8;

/// Shows a message in the window that `widget` is in, and has it read.
pub(crate) fn show(widget: &impl IsA<gtk::Widget>, text: &str) {
    add(widget, adw::Toast::builder().title(text).use_markup(false).build());
}

/// Copies a text, and says so.
pub(crate) fn copy(widget: &impl IsA<gtk::Widget>, text: &str) {
    widget.clipboard().set_text(text);
    show(widget, &gettext("Copied"));
}

/// Shows a message with a button.
pub(crate) fn with_button(widget: &impl IsA<gtk::Widget>, text: &str, button: &str, act: impl Fn() + 'static) {
    let toast =
        adw::Toast::builder().title(text).use_markup(false).button_label(button).timeout(BUTTON_SECONDS).build();
    toast.connect_button_clicked(move |_| act());
    add(widget, toast);
}

fn add(widget: &impl IsA<gtk::Widget>, toast: adw::Toast) {
    let Some(overlay) = widget.ancestor(adw::ToastOverlay::static_type()).and_downcast::<adw::ToastOverlay>() else {
        tracing::warn!("cannot show a message outside a window");
        return;
    };
    overlay.upcast_ref::<gtk::Widget>().announce(&toast.title().unwrap_or_default(), Medium);
    overlay.dismiss_all();
    overlay.add_toast(toast);
}
