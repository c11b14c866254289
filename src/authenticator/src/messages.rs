// SPDX-License-Identifier: GPL-3.0-or-later
//! What flatpak and stores print: one line that says what happened and what to do next.

use std::collections::BTreeSet;

use usher_core::{
    binding::{OptionsError, option},
    http::CertificateFault,
    i18n::{gettext, gettext_f, ngettext_f},
    text,
};

use crate::flow::Obstacle;

/// Longest name that is put into a command, in characters.
const COMMAND_NAME_LIMIT: usize = 100;

/// Where the person can act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A window of Usher's is on screen.
    Window,
    /// There is a screen, but no window of Usher's on it.
    Usher,
    /// There is no screen.
    Terminal,
}

/// What a message names. All of it comes from outside.
pub(crate) struct Names<'a> {
    /// Name of the remote.
    pub(crate) remote: &'a str,
    /// Host of the service that the remote names.
    pub(crate) host: &'a str,
}

/// Why the client gets no tokens, and how it can be mended.
pub(crate) fn message(obstacle: &Obstacle, place: Place, names: &Names<'_>) -> String {
    let (host, remote) = (clean(names.host), clean(names.remote));
    let values = &[("host", host.as_str()), ("remote", remote.as_str())];
    match obstacle {
        Obstacle::NoAccount | Obstacle::SignedOut(_) => match place {
            Place::Window => {
                gettext_f("Account needed. Sign in to {host} in the Usher window, then try again.", values)
            }
            Place::Usher => gettext_f("Account needed. Sign in to {host} in Usher, then try again.", values),
            Place::Terminal => gettext_f("Account needed. Run “usherctl sign-in {host}”, then try again.", values),
        },
        Obstacle::Expired(_) => match place {
            Place::Window => {
                gettext_f("Sign-in expired. Sign in to {host} again in the Usher window, then try again.", values)
            }
            Place::Usher => gettext_f("Sign-in expired. Sign in to {host} again in Usher, then try again.", values),
            Place::Terminal => gettext_f("Sign-in expired. Run “usherctl sign-in {host}”, then try again.", values),
        },
        Obstacle::NoLink(_) => no_link(place, names.remote, values),
        Obstacle::Locked => match place {
            Place::Window => gettext("Keyring locked. Unlock it in the Usher window, then try again."),
            Place::Usher | Place::Terminal => gettext("Keyring locked. Unlock it, then try again."),
        },
        Obstacle::NoKeyring => gettext("No keyring is running, so no account can be used. Run “usherctl doctor”."),
        Obstacle::KeyringFailed => {
            gettext("The keyring cannot be read, so no account can be used. Run “usherctl doctor”.")
        }
        Obstacle::Changed { agreed, .. } => changed(place, &host, &clean(&agreed.host()), &remote),
        Obstacle::NotBought { user, ids, .. } => {
            let what = not_bought(user, ids, &host);
            let next = to_buy(place, ids, names.remote);
            [what, next].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        }
        Obstacle::Unreachable => gettext_f("{host} cannot be reached. Check the connection, then try again.", values),
        Obstacle::BadAnswer => {
            gettext_f("{host} answered in an unexpected way. Try again later; nothing was changed.", values)
        }
        Obstacle::NotSecure(fault) => not_secure(*fault, values),
        Obstacle::Options(error) => options(error, &remote),
    }
}

fn no_link(place: Place, remote: &str, values: &[(&str, &str)]) -> String {
    match place {
        Place::Window => gettext_f(
            "Permission needed. Allow “{remote}” to use an account at {host} in the Usher window, then try again.",
            values,
        ),
        Place::Usher => gettext_f(
            "Permission needed. Allow “{remote}” to use an account at {host} in Usher, then try again.",
            values,
        ),
        Place::Terminal => match in_command(remote) {
            Some(remote) => {
                gettext_f("Permission needed. Run “usherctl sign-in {remote}”, then try again.", &[("remote", remote)])
            }
            None => gettext_f("Permission needed. Run “usherctl sign-in {host}”, then try again.", values),
        },
    }
}

/// Which apps an account has no access to.
fn not_bought(user: &str, ids: &BTreeSet<String>, host: &str) -> String {
    ngettext_f(
        "Purchase needed. “{app}” is not in the account of {user} at {host}.",
        "Purchase needed. {n} apps are not in the account of {user} at {host}.",
        ids.len(),
        &[("app", &first(ids)), ("user", &clean(user)), ("host", host)],
    )
}

/// How they can be bought; empty where there is nothing to be said.
fn to_buy(place: Place, ids: &BTreeSet<String>, remote: &str) -> String {
    match place {
        // Translators: this follows “Purchase needed. … is not in the account of …”.
        Place::Window => gettext("See the Usher window, then try again."),
        // Translators: this follows “Purchase needed. … is not in the account of …”.
        Place::Usher => gettext("See Usher, then try again."),
        // One after the other: each try names the next.
        Place::Terminal => match (in_command(remote), ids.iter().find_map(|id| in_command(id))) {
            (Some(remote), Some(app)) => {
                gettext_f("Run “usherctl buy {remote} {app}”, then try again.", &[("remote", remote), ("app", app)])
            }
            _ => String::new(),
        },
    }
}

/// The service does not sell to this account what it was asked for.
pub(crate) fn not_offered(obstacle: &Obstacle, host: &str) -> String {
    let Obstacle::NotBought { user, ids, .. } = obstacle else {
        return failed();
    };
    ngettext_f(
        "No access. {host} does not offer “{app}” to {user}.",
        "No access. {host} does not offer these {n} apps to {user}.",
        ids.len(),
        &[("app", &first(ids)), ("user", &clean(user)), ("host", &clean(host))],
    )
}

fn changed(place: Place, new_host: &str, old_host: &str, remote: &str) -> String {
    let values = &[("new_host", new_host), ("old_host", old_host), ("remote", remote)];
    match place {
        Place::Window | Place::Usher => gettext_f(
            "Blocked: “{remote}” now asks for an account at {new_host} instead of {old_host}. Review it in the Usher window.",
            values,
        ),
        Place::Terminal => gettext_f(
            "Blocked: “{remote}” now asks for an account at {new_host} instead of {old_host}. Run “usherctl doctor”.",
            values,
        ),
    }
}

/// Nobody signed in while the request waited.
pub(crate) fn waited_too_long(host: &str) -> String {
    gettext_f("Nobody signed in to {host} within 15 minutes. Sign in, then try again.", &[("host", &clean(host))])
}

/// The daemon was stopped while the request was open.
pub(crate) fn stopped() -> String {
    gettext("Usher was stopped before it could answer. Try again.")
}

/// The daemon failed.
pub(crate) fn failed() -> String {
    gettext("Something went wrong in Usher. Try again.")
}

fn not_secure(fault: CertificateFault, values: &[(&str, &str)]) -> String {
    match fault {
        CertificateFault::Expired => gettext_f(
            "The connection to {host} is not secure: its certificate has expired, or this computer's clock is wrong. Nothing was sent.",
            values,
        ),
        CertificateFault::NotYetValid => gettext_f(
            "The connection to {host} is not secure: its certificate is not valid yet, or this computer's clock is wrong. Nothing was sent.",
            values,
        ),
        CertificateFault::OtherHost => gettext_f(
            "The connection to {host} is not secure: its certificate belongs to another host. Nothing was sent.",
            values,
        ),
        CertificateFault::Untrusted => gettext_f(
            "The connection to {host} is not secure: its certificate is not trusted by this computer. Nothing was sent.",
            values,
        ),
    }
}

fn options(error: &OptionsError, remote: &str) -> String {
    let values = &[("remote", remote), ("option", error.option())];
    match error {
        OptionsError::Missing(option::URL) => {
            gettext_f("Remote “{remote}” does not say where its accounts are (authenticator option “url”).", values)
        }
        OptionsError::Missing(_) => gettext_f("Remote “{remote}” lacks the authenticator option “{option}”.", values),
        OptionsError::Malformed(_) => {
            gettext_f("The authenticator option “{option}” of remote “{remote}” cannot be used.", values)
        }
        OptionsError::NotSecure(_) => gettext_f(
            "The address in the authenticator option “{option}” of remote “{remote}” is not secure (https).",
            values,
        ),
    }
}

/// A name as an argument of a command. One that is not plain is never put into one; one that is too long for a line does
/// not stand in it whole, and then not at all.
fn in_command(name: &str) -> Option<&str> {
    Some(name).filter(|name| text::is_plain_name(name) && name.len() <= COMMAND_NAME_LIMIT)
}

fn first(ids: &BTreeSet<String>) -> String {
    ids.first().map(|id| clean(id)).unwrap_or_default()
}

fn clean(name: &str) -> String {
    text::clean(name, text::NAME_LIMIT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use usher_core::{account::AccountId, binding::Binding};

    use super::*;

    const PLACES: [Place; 3] = [Place::Window, Place::Usher, Place::Terminal];

    fn binding(host: &str) -> Binding {
        Binding::claimed(&BTreeMap::from([("url".to_owned(), format!("https://{host}/"))])).unwrap()
    }

    fn all(user: &str, ids: &[&str]) -> Vec<Obstacle> {
        let id = AccountId::random();
        let ids: BTreeSet<String> = ids.iter().map(|&id| id.to_owned()).collect();
        let mut all = vec![
            Obstacle::NoAccount,
            Obstacle::SignedOut(id),
            Obstacle::Expired(id),
            Obstacle::NoLink(None),
            Obstacle::Locked,
            Obstacle::NoKeyring,
            Obstacle::KeyringFailed,
            Obstacle::Changed { account: id, agreed: binding("old.example") },
            Obstacle::NotBought { account: id, user: user.to_owned(), ids },
            Obstacle::Unreachable,
            Obstacle::BadAnswer,
            Obstacle::Options(OptionsError::Missing("url")),
            Obstacle::Options(OptionsError::Malformed("type")),
            Obstacle::Options(OptionsError::NotSecure("url")),
        ];
        all.extend(
            [
                CertificateFault::Expired,
                CertificateFault::NotYetValid,
                CertificateFault::OtherHost,
                CertificateFault::Untrusted,
            ]
            .map(Obstacle::NotSecure),
        );
        all
    }

    #[test]
    fn messages_say_what_happened_and_what_to_do() {
        let names = Names { remote: "demo", host: "store.example.org" };
        let say = |obstacle: &Obstacle, place| message(obstacle, place, &names);
        assert_eq!(
            say(&Obstacle::NoAccount, Place::Window),
            "Account needed. Sign in to store.example.org in the Usher window, then try again."
        );
        assert_eq!(
            say(&Obstacle::NoAccount, Place::Terminal),
            "Account needed. Run “usherctl sign-in store.example.org”, then try again."
        );
        assert_eq!(
            say(&Obstacle::NoLink(None), Place::Terminal),
            "Permission needed. Run “usherctl sign-in demo”, then try again."
        );
        assert_eq!(
            say(&all("", &[])[7], Place::Window),
            "Blocked: “demo” now asks for an account at store.example.org instead of old.example. Review it in the Usher window."
        );
    }

    #[test]
    fn how_to_buy_is_said_for_the_place_where_the_person_is() {
        let names = Names { remote: "demo", host: "store.example.org" };
        let say = |ids: &[&str], place| message(&all("demo", ids)[8], place, &names);
        let one = "Purchase needed. “org.example.Paid” is not in the account of demo at store.example.org.";
        let three = "Purchase needed. 3 apps are not in the account of demo at store.example.org.";
        for (place, paid, several) in [
            (Place::Window, "See the Usher window, then try again.", "See the Usher window, then try again."),
            (Place::Usher, "See Usher, then try again.", "See Usher, then try again."),
            (
                Place::Terminal,
                "Run “usherctl buy demo org.example.Paid”, then try again.",
                "Run “usherctl buy demo a.b.C”, then try again.",
            ),
        ] {
            assert_eq!(say(&["org.example.Paid"], place), format!("{one} {paid}"));
            assert_eq!(say(&["a.b.C", "a.b.D", "a.b.E"], place), format!("{three} {several}"));
        }
    }

    #[test]
    fn what_is_not_for_sale_is_said_without_anything_to_do() {
        let say = |ids: &[&str]| not_offered(&all("demo", ids)[8], "store.example.org");
        assert_eq!(say(&["a.b.C"]), "No access. store.example.org does not offer “a.b.C” to demo.");
        assert_eq!(say(&["a.b.C", "a.b.D"]), "No access. store.example.org does not offer these 2 apps to demo.");
    }

    #[test]
    fn no_message_is_longer_than_160_characters_before_names() {
        for obstacle in all("", &[""]).iter().chain(&all("", &["", "a"])) {
            for place in PLACES {
                let said = message(obstacle, place, &Names { remote: "", host: "" });
                assert!(said.chars().count() <= 160, "{said}");
            }
        }
    }

    #[test]
    fn g11_a_name_that_is_not_plain_is_not_put_into_a_command() {
        for remote in ["a b", "--user", "x\"]\n[y", "$(id)"] {
            let said = message(&Obstacle::NoLink(None), Place::Terminal, &Names { remote, host: "h.example" });
            assert_eq!(said, "Permission needed. Run “usherctl sign-in h.example”, then try again.");
            let said = message(&all("demo", &["a.b.C"])[8], Place::Terminal, &Names { remote, host: "h.example" });
            assert_eq!(said, "Purchase needed. “a.b.C” is not in the account of demo at h.example.");
        }
        let said = message(&all("demo", &["--help", "a.b.C"])[8], Place::Terminal, &Names { remote: "r", host: "h" });
        assert!(said.ends_with("Run “usherctl buy r a.b.C”, then try again."), "{said}");
    }

    proptest! {
        #[test]
        fn h29_what_comes_from_outside_is_cut_and_cleaned(remote in any::<String>(), host in any::<String>(), user in any::<String>(), app in any::<String>()) {
            let bidi = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            for obstacle in all(&user, &[&app]) {
                for place in PLACES {
                    let said = message(&obstacle, place, &Names { remote: &remote, host: &host });
                    let said = format!("{said}{}", if place == Place::Window { not_offered(&obstacle, &host) } else { String::new() });
                    prop_assert!(said.chars().count() <= 512);
                    prop_assert!(!said.chars().any(|c| c.is_control() || bidi(c)));
                }
            }
        }
    }
}
