// SPDX-License-Identifier: GPL-3.0-or-later
//! Messages of a page's scripts, under the name of the server. WebKit's own would show the whole address (rule R17).

use adw::prelude::*;
use gtk::glib;
use usher_core::text::clean;
use webkit6::{ScriptDialog, ScriptDialogType, WebView};

use super::page::WebPage;
use crate::{
    i18n::{gettext, gettext_f},
    text,
};

/// Longest message that is shown, in characters.
const MESSAGE_LIMIT: usize = 400;

const CANCEL: &str = "cancel";
const ACCEPT: &str = "accept";

/// Shows a message, and passes the answer on to the page, which waits for it.
pub(super) fn show(view: &WebView, dialog: &ScriptDialog) {
    let host = WebPage::host_in(view);
    let message = dialog.message().map(|message| clean(&message, MESSAGE_LIMIT)).unwrap_or_default();
    let heading = gettext_f("Message From {host}", &[("host", &text::within(&host))]);
    let alert = adw::AlertDialog::new(Some(&heading), Some(&message));
    let kind = dialog.dialog_type();
    if kind == ScriptDialogType::Alert {
        alert.add_responses(&[(CANCEL, &gettext("Close"))]);
    } else {
        alert.add_responses(&[(CANCEL, &gettext("Cancel")), (ACCEPT, &gettext("OK"))]);
        alert.set_default_response(Some(ACCEPT));
    }
    alert.set_close_response(CANCEL);
    let entry = (kind == ScriptDialogType::Prompt).then(|| {
        let entry = gtk::Entry::builder()
            .text(dialog.prompt_get_default_text().as_deref().unwrap_or_default())
            .activates_default(true)
            .build();
        entry.update_property(&[gtk::accessible::Property::Label(&message)]);
        alert.set_extra_child(Some(&entry));
        entry
    });
    let dialog = dialog.clone();
    alert.connect_response(None, move |_, response| {
        let is_accepted = response == ACCEPT;
        match kind {
            ScriptDialogType::Confirm => dialog.confirm_set_confirmed(is_accepted),
            ScriptDialogType::Prompt if is_accepted => {
                let text = entry.as_ref().map_or_else(glib::GString::default, EditableExt::text);
                dialog.prompt_set_text(&text);
            }
            _ => {}
        }
        dialog.close();
    });
    alert.present(Some(view));
}
