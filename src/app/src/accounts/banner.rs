// SPDX-License-Identifier: GPL-3.0-or-later
//! What the banner above the lists says: one thing at a time, the most helpful first.

use crate::{
    i18n::gettext,
    model::{Deployment, KeyringState},
    widgets::{Advice, BannerText},
};

/// Something about Usher as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BannerMessage {
    /// Something may stand in for Usher.
    Impostor,
    /// Usher was uninstalled.
    Removed,
    /// The keyring is locked.
    KeyringLocked,
    /// Flatpak cannot reach the helper.
    NoHelper,
    /// Another version is installed than the one that runs.
    Updated,
}

impl BannerMessage {
    /// What the banner says now, if anything.
    pub(super) fn of(
        keyring: KeyringState,
        deployment: Deployment,
        lacks_helper: bool,
        has_impostor: bool,
    ) -> Option<Self> {
        match (deployment, keyring, lacks_helper) {
            _ if has_impostor => Some(Self::Impostor),
            (Deployment::Removed, _, _) => Some(Self::Removed),
            (_, KeyringState::Locked, _) => Some(Self::KeyringLocked),
            (_, _, true) => Some(Self::NoHelper),
            (Deployment::Updated, _, false) => Some(Self::Updated),
            (Deployment::Current, _, false) => None,
        }
    }

    pub(super) fn text(self) -> BannerText {
        let (title, button) = match self {
            Self::Impostor => (gettext("Usher may have been replaced"), gettext("Review…")),
            Self::Removed => (gettext("Usher was uninstalled"), gettext("Quit")),
            Self::KeyringLocked => (gettext("The keyring is locked"), gettext("Unlock")),
            Self::NoHelper => {
                (gettext("Installs cannot ask for accounts: the background service did not start"), gettext("Details"))
            }
            Self::Updated => (gettext("Usher was updated"), gettext("Restart")),
        };
        BannerText { title, button: Some(button) }
    }
}

/// Why the helper may be missing, and the command that finds out more.
pub(super) fn no_helper() -> Advice {
    Advice {
        heading: gettext("Background Service Not Found"),
        description: gettext(
            "Installs get their accounts from Usher’s background service, which was not found. Log out and in again, or reinstall Usher. This command shows more details.",
        ),
        facts: Vec::new(),
        command: usher_core::text::usherctl(&["doctor"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_says_one_thing_and_what_helps_most_first() {
        use {Deployment::*, KeyringState::*};
        assert_eq!(BannerMessage::of(Ready, Current, false, false), None);
        assert_eq!(BannerMessage::of(Ready, Updated, false, false), Some(BannerMessage::Updated));
        assert_eq!(BannerMessage::of(Missing, Updated, true, false), Some(BannerMessage::NoHelper));
        assert_eq!(BannerMessage::of(Locked, Updated, true, false), Some(BannerMessage::KeyringLocked));
        assert_eq!(BannerMessage::of(Locked, Removed, true, false), Some(BannerMessage::Removed));
        assert_eq!(BannerMessage::of(Missing, Removed, true, true), Some(BannerMessage::Impostor));
    }
}
