// SPDX-License-Identifier: GPL-3.0-or-later
//! The names of programs that ask for tokens, as people know them.

use crate::{
    i18n::{gettext, gettext_f},
    prompt::client,
    text,
};

/// The name of a program that asked, as the daemon found it ([`client`]): at the beginning of a sentence, or alone.
pub fn name(found: &str) -> String {
    if let Some(claimed) = found.strip_prefix(client::CLAIMED) {
        return gettext_f("A program that calls itself {name}", &[("name", &text::name(claimed))]);
    }
    match found {
        "" => gettext("A program on this computer"),
        "flatpak" => gettext("flatpak in the terminal"),
        "gnome-software" => gettext("Software"),
        "plasma-discover" => gettext("Discover"),
        "bazaar" => gettext("Bazaar"),
        other => text::clean(other, text::NAME_LIMIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_called_by_the_name_people_know() {
        assert_eq!(name("gnome-software"), "Software");
        assert_eq!(name(""), "A program on this computer");
        assert_eq!(name("claimed:Shop\n"), "A program that calls itself \u{2068}Shop\u{2069}");
        assert_eq!(name("flatpak"), "flatpak in the terminal");
    }
}
