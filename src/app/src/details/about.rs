// SPDX-License-Identifier: GPL-3.0-or-later
//! The debug information of the about dialog: the same words, without hosts and users. Contacts nobody, since any program
//! can have the dialog opened (rule R18).

use gtk::glib;
use usher_core::{
    names,
    report::{self, Redaction, Surroundings},
};

use super::{PROGRAM, libraries};
use crate::runtime;

/// Gives the dialog what is known at once, and the rest as soon as it is found.
pub(crate) fn fill(dialog: &adw::AboutDialog) {
    let in_sandbox = names::in_sandbox();
    let known = Surroundings { program: PROGRAM, libraries: libraries(), in_sandbox, ..Surroundings::default() };
    dialog.set_debug_info(&report::write_surroundings(&known, &Redaction::default()));
    let gathering = runtime::spawn(async move {
        let surroundings = Surroundings::gather(PROGRAM, known.libraries).await;
        report::write_surroundings(&surroundings, &Redaction::of_person().await)
    });
    glib::spawn_future_local(glib::clone!(
        #[weak]
        dialog,
        async move { dialog.set_debug_info(&gathering.await) }
    ));
}
