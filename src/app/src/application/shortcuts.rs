// SPDX-License-Identifier: GPL-3.0-or-later
//! The window that lists the keys.

// The dialog that replaces it comes with libadwaita 1.8.
#![allow(deprecated)]

use adw::prelude::*;

use crate::i18n::gettext;

pub(super) fn present(window: &impl IsA<gtk::Window>) {
    let section = gtk::ShortcutsSection::builder().section_name("shortcuts").build();
    section.add_group(&group(
        &gettext("Accounts"),
        &[
            ("<Control>n", gettext("Add Account")),
            ("<Control>f", gettext("Search")),
            ("Delete", gettext("Remove Account")),
        ],
    ));
    section.add_group(&group(
        &gettext("Sign-In Page"),
        &[
            ("<Alt>Left", gettext("Back")),
            ("<Alt>Right", gettext("Forward")),
            ("F5 <Control>r", gettext("Reload")),
            ("Escape", gettext("Stop Loading, Then Cancel")),
            ("<Control>plus", gettext("Zoom In")),
            ("<Control>minus", gettext("Zoom Out")),
            ("<Control>0", gettext("Normal Size")),
            ("<Control>l", gettext("Show Address")),
            ("F6", gettext("Move Between Header and Page")),
        ],
    ));
    section.add_group(&group(
        &gettext("General"),
        &[
            ("Escape <Alt>Left", gettext("Back")),
            ("<Control>comma", gettext("Preferences")),
            ("<Control>question", gettext("Keyboard Shortcuts")),
            ("F10", gettext("Main Menu")),
            ("<Control>w", gettext("Close Window")),
            ("<Control>q", gettext("Quit")),
        ],
    ));
    let shortcuts =
        gtk::ShortcutsWindow::builder().title(gettext("Keyboard Shortcuts")).transient_for(window).modal(true).build();
    shortcuts.add_section(&section);
    shortcuts.present();
}

fn group(title: &str, keys: &[(&str, String)]) -> gtk::ShortcutsGroup {
    let group = gtk::ShortcutsGroup::builder().title(title).build();
    for (accelerator, title) in keys {
        group.add_shortcut(&gtk::ShortcutsShortcut::builder().accelerator(*accelerator).title(title.as_str()).build());
    }
    group
}
