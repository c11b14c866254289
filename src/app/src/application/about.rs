// SPDX-License-Identifier: GPL-3.0-or-later
//! The about dialog.

use adw::prelude::*;
use usher_core::names;

use crate::{details, i18n::gettext};

pub(super) fn present(window: &impl IsA<gtk::Widget>) {
    let dialog = adw::AboutDialog::builder()
        .application_name("Usher")
        .application_icon(names::APP_ID)
        .version(names::VERSION)
        // Translators: the kind of application, as menus of desktops show it
        .comments(gettext("Sign in to app repositories"))
        .developer_name(gettext("The Usher developers"))
        .license_type(gtk::License::Gpl30)
        .translator_credits(match gettext("translator-credits").as_str() {
            "translator-credits" => "",
            credits => credits,
        })
        .debug_info_filename("usher-debug.txt")
        .build();
    details::fill_about(&dialog);
    dialog.present(Some(window));
}
