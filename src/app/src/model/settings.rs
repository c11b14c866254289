// SPDX-License-Identifier: GPL-3.0-or-later
//! The person's settings. GLib ends a program that asks for one whose schema is not installed; here it has its default.

use gtk::{gio, glib, prelude::*};
use usher_core::names;

/// A setting. `data` has the schema with their defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Whether a program waits for the end of a sign-in. Off by default.
    ContinueInstalls,
    /// Whether the window has offered that setting.
    ContinueInstallsOffered,
    /// Whether sign-in pages and shops open in the browser.
    PagesInBrowser,
    WindowWidth,
    WindowHeight,
    WindowMaximized,
}

impl Setting {
    fn key(self) -> &'static str {
        match self {
            Self::ContinueInstalls => "continue-installs",
            Self::ContinueInstallsOffered => "continue-installs-offered",
            Self::PagesInBrowser => "sign-in-pages-in-browser",
            Self::WindowWidth => "window-width",
            Self::WindowHeight => "window-height",
            Self::WindowMaximized => "window-maximized",
        }
    }
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Settings(Option<gio::Settings>);

impl Settings {
    /// The settings of this application.
    pub(crate) fn open() -> Self {
        let schema = gio::SettingsSchemaSource::default().and_then(|source| source.lookup(names::APP_ID, true));
        if schema.is_none() {
            tracing::warn!("the schema of the settings is not installed: defaults are used, and changes are not kept");
        }
        Self(schema.map(|schema| gio::Settings::new_full(&schema, None::<&gio::SettingsBackend>, None)))
    }

    /// Keeps a property and a setting the same. `false` where the setting cannot be kept: the property stays as it is.
    pub(crate) fn bind(&self, setting: Setting, object: &impl IsA<glib::Object>, property: &str) -> bool {
        let settings = self.having(setting);
        if let Some(settings) = settings {
            settings.bind(setting.key(), object, property).build();
        }
        settings.is_some()
    }

    /// Keeps the selected entry of a list of two and a switch the same: the second entry is on.
    pub(crate) fn bind_second(&self, setting: Setting, row: &adw::ComboRow) {
        if let Some(settings) = self.having(setting) {
            settings
                .bind(setting.key(), row, "selected")
                .mapping(|is_on, _| is_on.get::<bool>().map(|is_on| u32::from(is_on).to_value()))
                .set_mapping(|selected, _| selected.get::<u32>().ok().map(|selected| (selected == 1).to_variant()))
                .build();
        }
    }

    /// Whether the person wants sign-in pages and shops in the browser.
    pub(crate) fn prefers_browser(&self) -> bool {
        self.is_on(Setting::PagesInBrowser)
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, setting: Setting) -> bool {
        self.having(setting).is_some_and(|settings| settings.boolean(setting.key()))
    }

    /// Whether the person can change a setting, and the change is kept.
    pub(crate) fn can_set(&self, setting: Setting) -> bool {
        self.having(setting).is_some_and(|settings| settings.is_writable(setting.key()))
    }

    /// Turns a switch on. Returns whether that is kept.
    pub(crate) fn turn_on(&self, setting: Setting) -> bool {
        self.having(setting).is_some_and(|settings| settings.set_boolean(setting.key(), true).is_ok())
    }

    /// An older schema can lack a setting.
    fn having(&self, setting: Setting) -> Option<&gio::Settings> {
        let has_key =
            |settings: &&gio::Settings| settings.settings_schema().is_some_and(|schema| schema.has_key(setting.key()));
        self.0.as_ref().filter(has_key)
    }
}
