// SPDX-License-Identifier: GPL-3.0-or-later
//! Names that come from outside, as widgets show them, and times as people read them.

use gtk::glib;
pub(crate) use usher_core::program::name as program;
use usher_core::{
    account::{Account, told_apart},
    binding::Binding,
    checks::InstallationKind,
    clock,
    credential::{Credential, Token},
    prompt::client,
    provider::{Field, Hints, wire::jwt},
    text,
};

use crate::i18n::{gettext, gettext_f, ngettext_f};

/// A name that stands alone in a widget: cleaned and cut.
pub(crate) fn plain(name: &str) -> String {
    text::clean(name, text::NAME_LIMIT)
}

/// A name within a sentence: cleaned, cut and isolated.
pub(crate) fn within(name: &str) -> String {
    text::name(name)
}

/// What the account is called.
pub(crate) fn user(account: &Account) -> String {
    plain(&account.label())
}

/// What each of several accounts is called, so that no two are called the same.
pub(crate) fn users_apart(accounts: &[&Account]) -> Vec<String> {
    let name = |(account, mark): (&&Account, Option<String>)| match mark {
        Some(mark) => format!("{} · {}", user(account), plain(&mark)),
        None => user(account),
    };
    accounts.iter().zip(told_apart(accounts)).map(name).collect()
}

/// For whom something is installed.
pub(crate) fn installed_for(place: InstallationKind) -> String {
    match place {
        InstallationKind::User => gettext("Current user"),
        InstallationKind::System => gettext("All users"),
    }
}

/// Several apps in one line, by what they are called.
pub(crate) fn apps(app_ids: &[String], name: &dyn Fn(&str) -> String) -> String {
    match app_ids {
        [] => String::new(),
        [one] => plain(&name(one)),
        [first, others @ ..] => {
            ngettext_f("{app} and {n} more", "{app} and {n} more", others.len(), &[("app", &within(&name(first)))])
        }
    }
}

/// A day: “12 May 2026”.
pub(crate) fn day(at: i64) -> String {
    // Translators: a date, in the form of strftime(3): “12 May 2026”
    local(at).and_then(|time| time.format(&gettext("%-d %B %Y")).ok()).map_or_else(String::new, Into::into)
}

/// What the sign-in of an account says about itself where somebody handed it out, a line for each; empty where it says
/// nothing.
pub(crate) fn hints(account: &Account) -> String {
    hint_lines(&account.hints(), account.valid_until)
}

/// The same of something that a person has pasted into a form, and that is not sent yet.
pub(crate) fn hints_of_pasted(binding: &Binding, pasted: &str) -> String {
    let secret = Field::Token.read(pasted.to_owned());
    let Some(token) = secret.ok().and_then(|secret| Token::parse(secret.expose()).ok()) else {
        return String::new();
    };
    let until = jwt::expiry(token.expose(), clock::now());
    hint_lines(&binding.provider.hints(&Credential::Pasted(token)), until)
}

fn hint_lines(hints: &Hints, until: Option<i64>) -> String {
    let end = until.filter(|_| hints.is_handed_out);
    let until = end.map(|end| gettext_f("Valid until {date}", &[("date", &day(end))]));
    until.into_iter().chain(hints.coverage()).collect::<Vec<_>>().join("\n")
}

/// A month: “May 2026”.
pub(crate) fn month(at: i64) -> String {
    // Translators: a month, in the form of strftime(3): “May 2026”
    local(at).and_then(|time| time.format(&gettext("%B %Y")).ok()).map_or_else(String::new, Into::into)
}

/// A day of the week: “Tuesday”.
pub(crate) fn weekday(at: i64) -> String {
    local(at).and_then(|time| time.format("%A").ok()).map_or_else(String::new, Into::into)
}

/// A time of the day: “14:05”.
pub(crate) fn time(at: i64) -> String {
    local(at).and_then(|time| time.format("%H:%M").ok()).map_or_else(String::new, Into::into)
}

/// A moment: “Today at 14:05”, “Yesterday at 9:30”, “12 May 2026”.
pub(crate) fn moment(at: i64, now: i64) -> String {
    let time = time(at);
    match days_ago(at, now) {
        Some(0) => gettext_f("Today at {time}", &[("time", &time)]),
        Some(1) => gettext_f("Yesterday at {time}", &[("time", &time)]),
        _ => day(at),
    }
}

/// Midnights from one moment to a later one; `None` for more than a week.
pub(crate) fn days_ago(at: i64, now: i64) -> Option<i32> {
    let (then, today) = (local(at)?, local(now)?);
    (0..=7).find(|days| {
        then.add_days(*days).is_ok_and(|day| day.year() == today.year() && day.day_of_year() == today.day_of_year())
    })
}

fn local(at: i64) -> Option<glib::DateTime> {
    glib::DateTime::from_unix_local(at).ok()
}

/// Where a program that asked is, within a sentence: “Go back to the terminal.”
pub(crate) fn place(found: &str) -> String {
    if let Some(claimed) = found.strip_prefix(client::CLAIMED) {
        return gettext_f("a program that calls itself {name}", &[("name", &within(claimed))]);
    }
    match found {
        "" => gettext("a program on this computer"),
        // Translators: within a sentence: “Go back to the terminal.”
        "flatpak" => gettext("the terminal"),
        other => program(other),
    }
}

/// The same at the beginning of a sentence: “The terminal is waiting.”
pub(crate) fn place_first(found: &str) -> String {
    match found {
        // Translators: at the beginning of a sentence: “The terminal is waiting.”
        "flatpak" => gettext("The terminal"),
        other => program(other),
    }
}

#[cfg(test)]
mod tests {
    use usher_core::{provider::Provider, testing};

    use super::*;

    fn at(year: i32, month: i32, day: i32, hour: i32) -> i64 {
        glib::DateTime::from_local(year, month, day, hour, 5, 0.0).unwrap().to_unix()
    }

    #[test]
    fn a_moment_is_told_by_its_distance() {
        let now = at(2026, 1, 1, 14);
        assert_eq!(moment(at(2026, 1, 1, 9), now), "Today at 09:05");
        assert_eq!(moment(at(2025, 12, 31, 23), now), "Yesterday at 23:05");
        assert_eq!(moment(at(2025, 12, 30, 23), now), "30 December 2025");
        assert_eq!(moment(i64::MAX, now), "");
    }

    #[test]
    fn what_was_handed_out_says_when_it_ends_and_what_it_is_for() {
        let mut account = testing::account("https://store.example.org/", "demo");
        account.valid_until = Some(at(2026, 5, 12, 9));
        assert_eq!(hints(&account), "", "a server's own sign-in is nothing to think about");
        account.binding.provider = Provider::from_name("token").unwrap();
        for (claims, lines) in [
            (r#"{"prefixes":["org.example"]}"#, "Valid until 12 May 2026\nFor apps starting with org.example"),
            (r#"{"prefixes":[]}"#, "Valid until 12 May 2026\nFor all apps of the repository"),
            ("{}", "Valid until 12 May 2026"),
        ] {
            account.credential = Some(Credential::Pasted(testing::token(&testing::jwt(claims))));
            assert_eq!(hints(&account), lines, "{claims}");
        }
        account.valid_until = None;
        assert_eq!(hints(&account), "");
        let pasted = testing::jwt(r#"{"exp":1,"prefixes":["org.example"]}"#);
        let said = hints_of_pasted(&account.binding, &format!("Bearer {}\n{}", &pasted[..9], &pasted[9..]));
        assert!(said.ends_with("1970\nFor apps starting with org.example"), "{said}");
        for nothing in ["", " ", "not a token!", "abc"] {
            assert_eq!(hints_of_pasted(&account.binding, nothing), "", "{nothing}");
        }
    }

    #[test]
    fn a_program_within_a_sentence_is_the_place_to_go_to() {
        for (found, first, within) in [
            ("flatpak", "The terminal", "the terminal"),
            ("gnome-software", "Software", "Software"),
            ("", "A program on this computer", "a program on this computer"),
            (
                "claimed:x",
                "A program that calls itself \u{2068}x\u{2069}",
                "a program that calls itself \u{2068}x\u{2069}",
            ),
        ] {
            assert_eq!((place_first(found).as_str(), place(found).as_str()), (first, within));
        }
    }
}
