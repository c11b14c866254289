// SPDX-License-Identifier: GPL-3.0-or-later
//! How the page of a code is written, and the time that is left spoken of. Pure.

use url::Url;

use crate::i18n::{gettext, ngettext_f};

/// The address of a page, as short as one can type it.
pub(super) fn address(page: &Url) -> String {
    let whole = page.as_str();
    let typed = whole.strip_prefix("https://").unwrap_or(whole);
    typed.strip_suffix('/').unwrap_or(typed).to_owned()
}

/// What is said below a code meanwhile.
pub(super) fn validity(minutes: usize) -> String {
    match minutes {
        0 => gettext("Waiting…"),
        _ => ngettext_f(
            "Waiting… The code is valid for {n} minute",
            "Waiting… The code is valid for {n} minutes",
            minutes,
            &[],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_to_type_has_nothing_that_one_can_leave_out() {
        for (page, typed) in [
            ("https://id.example.org/device", "id.example.org/device"),
            ("https://id.example.org/", "id.example.org"),
            ("https://id.example.org:8443/device/", "id.example.org:8443/device"),
            ("http://127.0.0.1:8080/device", "http://127.0.0.1:8080/device"),
        ] {
            assert_eq!(address(&Url::parse(page).unwrap()), typed);
        }
    }

    #[test]
    fn the_time_left_is_told_in_minutes() {
        assert_eq!(validity(9), "Waiting… The code is valid for 9 minutes");
        assert_eq!(validity(1), "Waiting… The code is valid for 1 minute");
        assert_eq!(validity(0), "Waiting…");
    }
}
