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

/// The icon of an app. `build-aux/demo-icons` draws the PNG files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Icon {
    pub(crate) svg: &'static str,
    /// By their size in pixels.
    pub(crate) png: [(u32, &'static [u8]); 2],
}

macro_rules! icon {
    ($name:literal) => {
        Icon {
            svg: include_str!(concat!("../icons/", $name, ".svg")),
            png: [
                (64, include_bytes!(concat!("../icons/", $name, "-64.png"))),
                (128, include_bytes!(concat!("../icons/", $name, "-128.png"))),
            ],
        }
    };
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
    /// The runtime that it uses.
    pub(crate) platform: &'static str,
    /// The terms on which a user gets it.
    pub(crate) terms: Terms,
    /// Whether it has a `.Locale` extension.
    pub(crate) translated: bool,
    /// What it prints after its greeting.
    pub(crate) says: &'static str,
    /// Its icon.
    pub(crate) icon: Icon,
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
        summary: "A demo app: tick, tock and a greeting",
        platform: PLATFORM,
        terms: Terms::Free,
        translated: false,
        says: "tick, tock, tick, tock",
        icon: icon!("metronome"),
    },
    App {
        id: "org.example.Postcard",
        name: "Postcard",
        summary: "A demo app: a greeting from far away",
        platform: PLATFORM,
        terms: Terms::Members,
        translated: true,
        says: "Wish you were here.",
        icon: icon!("postcard"),
    },
    App {
        id: "org.example.Sketchbook",
        name: "Sketchbook",
        summary: "A demo app: a small drawing and a greeting",
        platform: PLATFORM,
        terms: Terms::Sold { price: "$5.00" },
        translated: false,
        says: "@}-->---",
        icon: icon!("sketchbook"),
    },
    App {
        id: "org.example.Stargazer",
        name: "Stargazer",
        summary: "A demo app: a few stars and a greeting",
        platform: PLATFORM,
        terms: Terms::Sold { price: "$8.00" },
        translated: false,
        says: ".  *    .  +   .  )    *   .",
        icon: icon!("stargazer"),
    },
];

/// The runtime that the apps in the container registry use.
pub(crate) const REGISTRY_PLATFORM: &str = "org.example.Base";

/// The apps in the container registry: one for everybody, one for everybody with an account.
pub(crate) const REGISTRY_APPS: [App; 2] = [
    App {
        id: "org.example.Almanac",
        name: "Almanac",
        summary: "A demo app: the sun, the moon and a greeting",
        platform: REGISTRY_PLATFORM,
        terms: Terms::Free,
        translated: false,
        says: "Fair today, and fair tomorrow.",
        icon: icon!("almanac"),
    },
    App {
        id: "org.example.Compass",
        name: "Compass",
        summary: "A demo app: the four winds and a greeting",
        platform: REGISTRY_PLATFORM,
        terms: Terms::Members,
        translated: false,
        says: "North is that way.",
        icon: icon!("compass"),
    },
];

/// The app of the shop with this id.
pub(crate) fn find(id: &str) -> Option<&'static App> {
    APPS.iter().find(|app| app.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_app_has_an_icon_of_its_own_in_each_size() {
        let apps: Vec<App> = APPS.into_iter().chain(REGISTRY_APPS).collect();
        for (index, app) in apps.iter().enumerate() {
            assert!(app.icon.svg.starts_with("<svg "), "{}", app.name);
            for (size, png) in app.icon.png {
                // The header of a PNG file: signature, length and name of the first chunk, width, height.
                let side = size.to_be_bytes();
                assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n", "{} at {size}", app.name);
                assert_eq!((&png[16..20], &png[20..24]), (&side[..], &side[..]), "{} at {size}", app.name);
            }
            assert!(apps[..index].iter().all(|other| other.icon.svg != app.icon.svg), "{}", app.name);
        }
    }
}
