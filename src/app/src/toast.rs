// SPDX-License-Identifier: GPL-3.0-or-later
//! Short messages at the foot of a window.

use adw::prelude::*;
use gtk::AccessibleAnnouncementPriority::Medium;

use crate::{i18n::gettext, labels};

/// Seconds that a toast with a button stays.
const BUTTON_SECONDS: u32 = 8;

/// Shows a message in the window that `widget` is in, and has it read.
pub(crate) fn show(widget: &impl IsA<gtk::Widget>, text: &str) {
    add(widget, text, &adw::Toast::new(""));
}

/// Copies a text, and says so.
pub(crate) fn copy(widget: &impl IsA<gtk::Widget>, text: &str) {
    widget.clipboard().set_text(text);
    show(widget, &gettext("Copied"));
}

/// Shows a message with a button.
pub(crate) fn with_button(widget: &impl IsA<gtk::Widget>, text: &str, button: &str, act: impl Fn() + 'static) {
    let toast = adw::Toast::builder().button_label(button).timeout(BUTTON_SECONDS).build();
    toast.connect_button_clicked(move |_| act());
    add(widget, text, &toast);
}

fn add(widget: &impl IsA<gtk::Widget>, text: &str, toast: &adw::Toast) {
    let Some(overlay) = widget.ancestor(adw::ToastOverlay::static_type()).and_downcast::<adw::ToastOverlay>() else {
        tracing::warn!("a message has no window to be shown in");
        return;
    };
    // The toolkit's own title is cut where there is little width.
    let title = gtk::Label::builder()
        .label(text)
        .wrap(true)
        .wrap_mode(gtk::pango::WrapMode::WordChar)
        .xalign(0.0)
        .css_classes(["heading"])
        .build();
    labels::settle(&title);
    toast.set_custom_title(Some(&title));
    overlay.upcast_ref::<gtk::Widget>().announce(text, Medium);
    overlay.dismiss_all();
    overlay.add_toast(toast.clone());
}
