// SPDX-License-Identifier: GPL-3.0-or-later
//! The runtime and the apps that the shop offers.

/// The terms on which a user gets an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terms {
    /// Anybody gets it, without an account.
    Free,
    /// Everybody with an account gets it.
    Members,
    /// The account that bought it gets it.
    Sold {
        /// The price, as the pages show it.
        price: &'static str,
    },
}

impl Terms {
    /// The `xa.token-type` of the app's commits.
    pub(crate) fn token_type(self) -> i32 {
        match self {
            Self::Free => 0,
            Self::Members | Self::Sold { .. } => 2,
        }
    }
}

/// One app of the shop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct App {
    /// The app's id.
    pub(crate) id: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// Its summary, in one line.
    pub(crate) summary: &'static str,
    /// The terms on which a user gets it.
    pub(crate) terms: Terms,
    /// Whether it has a `.Locale` extension.
    pub(crate) translated: bool,
    /// The colour of its icon.
    pub(crate) colour: [u8; 3],
}

/// The runtime that all apps of the shop use.
pub(crate) const PLATFORM: &str = "org.example.Platform";
/// The branch of the runtime that the first versions of the apps use.
pub(crate) const FIRST_PLATFORM: &str = "1";
/// The branch of all apps.
pub(crate) const BRANCH: &str = "stable";

/// All apps of the shop.
pub(crate) const APPS: [App; 4] = [
    App {
        id: "org.example.Metronome",
        name: "Metronome",
        summary: "A greeting for everybody",
        terms: Terms::Free,
        translated: false,
        colour: [0x2e, 0xc2, 0x7e],
    },
    App {
        id: "org.example.Postcard",
        name: "Postcard",
        summary: "A greeting for those with an account",
        terms: Terms::Members,
        translated: true,
        colour: [0x35, 0x84, 0xe4],
    },
    App {
        id: "org.example.Sketchbook",
        name: "Sketchbook",
        summary: "A greeting for those who bought it",
        terms: Terms::Sold { price: "$5.00" },
        translated: false,
        colour: [0xe5, 0xa5, 0x0a],
    },
    App {
        id: "org.example.Nightsky",
        name: "Nightsky",
        summary: "A second greeting for those who bought it",
        terms: Terms::Sold { price: "$8.00" },
        translated: false,
        colour: [0x91, 0x41, 0xac],
    },
];

/// The app with this id.
pub(crate) fn find(id: &str) -> Option<&'static App> {
    APPS.iter().find(|app| app.id == id)
}
