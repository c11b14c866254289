// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person can give to those who mend Usher: the report of usher-core, shown before it is copied.
//!
//! ```text
//! button  leads from an error to the page       page  shows the report, and copies it
//! about   the same of versions alone
//! ```

mod about;
mod button;
mod page;

use std::time::Duration;

use adw::prelude::*;
use gtk::glib;
use usher_core::report::{Report, ShownError, Surroundings};

pub(crate) use self::{about::fill as fill_about, button::DetailsButton, page::DetailsPage};
use crate::{runtime, services::Services};

/// The action of a window that shows the page; its parameter is the error, see [`variant_of`].
pub(crate) const SHOW: &str = "details.show";

/// As the report names this program.
const PROGRAM: &str = "window";
/// Longest wait for a server. A person waits.
const SERVER_LIMIT: Duration = Duration::from_secs(10);

/// The type of the action's parameter.
pub(crate) fn parameter_type() -> &'static glib::VariantTy {
    glib::VariantTy::new("(sss)").expect("it is a type")
}

/// An error as parameter of the action.
fn variant_of(error: &ShownError) -> glib::Variant {
    (error.title.as_str(), error.text.as_str(), error.details.as_str()).to_variant()
}

/// The error in a parameter of the action.
pub(crate) fn error_of(parameter: Option<&glib::Variant>) -> ShownError {
    let (title, text, details) = parameter.and_then(glib::Variant::get::<(String, String, String)>).unwrap_or_default();
    ShownError { title, text, details }
}

/// The report about an error, off the main thread. Asks the servers that the person agreed to.
fn report(services: &Services, error: ShownError) -> impl Future<Output = Report> + use<> {
    let (session, store, libraries) = (services.session.clone(), services.store.quietly(), libraries());
    runtime::spawn(async move {
        let surroundings = Surroundings::gather(PROGRAM, libraries).await;
        Report::gather(&session, &store, surroundings, Some(&error), Some(SERVER_LIMIT)).await
    })
}

/// What this program shows its windows with.
fn libraries() -> Vec<(&'static str, String)> {
    let version = |major, minor, micro| format!("{major}.{minor}.{micro}");
    let display = gtk::gdk::Display::default().map(|display| display.type_().name().to_owned());
    let versions = [
        ("GTK", version(gtk::major_version(), gtk::minor_version(), gtk::micro_version())),
        ("libadwaita", version(adw::major_version(), adw::minor_version(), adw::micro_version())),
        (
            "WebKitGTK",
            version(
                webkit6::functions::major_version(),
                webkit6::functions::minor_version(),
                webkit6::functions::micro_version(),
            ),
        ),
    ];
    versions.into_iter().chain(display.map(|display| ("Display", display))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comes_through_the_action_as_it_was() {
        let error = ShownError { title: "a".into(), text: "b".into(), details: "c".into() };
        let variant = variant_of(&error);
        assert!(variant.is_type(parameter_type()));
        assert_eq!(error_of(Some(&variant)), error);
        assert_eq!(error_of(None), ShownError::default());
    }
}
