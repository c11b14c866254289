// SPDX-License-Identifier: GPL-3.0-or-later
//! What the first page says in place of its lists while the keyring tells nothing.

use crate::{i18n::gettext, model::KeyringState};

/// What the page says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeyringStatus {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) button: String,
    /// Whether those who look after this computer or Usher could help.
    pub(crate) is_fault: bool,
}

/// `None` where there is something to list.
pub(crate) fn keyring_status(state: KeyringState) -> Option<KeyringStatus> {
    let (title, description, button) = match state {
        KeyringState::Loading | KeyringState::Ready | KeyringState::Locked => return None,
        KeyringState::Sealed => {
            (gettext("Keyring Locked"), gettext("Accounts are listed once the keyring is unlocked."), gettext("Unlock"))
        }
        KeyringState::Missing => (
            gettext("No Keyring"),
            gettext("No keyring is running. Start GNOME Keyring, KWallet or another one, then try again."),
            gettext("Try Again"),
        ),
        KeyringState::Withheld => (
            gettext("No Keyring"),
            gettext(
                "No keyring is running that sandboxed apps can use. Start GNOME Keyring or KWallet, then try again.",
            ),
            gettext("Try Again"),
        ),
        KeyringState::Failed => (
            gettext("Keyring Not Responding"),
            gettext("Accounts are listed once the keyring responds."),
            gettext("Try Again"),
        ),
    };
    Some(KeyringStatus { title, description, button, is_fault: state != KeyringState::Sealed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyring_of_which_nothing_is_known_is_never_said_to_be_empty() {
        let title = |state| keyring_status(state).map(|words| (words.title, words.button));
        let said = |title: &str, button: &str| Some((title.to_owned(), button.to_owned()));
        assert_eq!(title(KeyringState::Sealed), said("Keyring Locked", "Unlock"));
        assert_eq!(title(KeyringState::Missing), said("No Keyring", "Try Again"));
        assert_eq!(title(KeyringState::Withheld), said("No Keyring", "Try Again"));
        assert_eq!(title(KeyringState::Failed), said("Keyring Not Responding", "Try Again"));
        assert_eq!(title(KeyringState::Locked), None);
        assert_eq!(title(KeyringState::Ready), None);
    }
}
