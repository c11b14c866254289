// SPDX-License-Identifier: GPL-3.0-or-later
//! What flatpak and stores print: one line that says what happened and what to do next.

use usher_core::{
    binding::{OptionsError, option},
    http::CertificateFault,
    i18n::{gettext, gettext_f, ngettext_f},
    text,
};

use crate::flow::Obstacle;

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
        Obstacle::NoKeyring => gettext("No keyring is running, so no account can be used."),
        Obstacle::KeyringFailed => gettext("The keyring cannot be read, so no account can be used."),
        Obstacle::Changed { agreed, .. } => changed(place, &host, &clean(&agreed.host()), &remote),
        Obstacle::NotBought { user, ids, .. } => {
            let app = ids.iter().next().map(|id| clean(id)).unwrap_or_default();
            ngettext_f(
                "Purchase needed. “{app}” is not in the account of {user} at {host}.",
                "Purchase needed. {n} apps are not in the account of {user} at {host}.",
                ids.len(),
                &[("app", &app), ("user", &clean(user)), ("host", &host)],
            )
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
        // A name that is not plain is never put into a command.
        Place::Terminal if text::is_plain_name(remote) => {
            gettext_f("Permission needed. Run “usherctl sign-in {remote}”, then try again.", values)
        }
        Place::Terminal => gettext_f("Permission needed. Run “usherctl sign-in {host}”, then try again.", values),
    }
}

fn changed(place: Place, new_host: &str, old_host: &str, remote: &str) -> String {
    let values = &[("new_host", new_host), ("old_host", old_host), ("remote", remote)];
    match place {
        Place::Window | Place::Usher => gettext_f(
            "Blocked: “{remote}” now asks for an account at {new_host} instead of {old_host}. Review it in the Usher window.",
            values,
        ),
        Place::Terminal => {
            gettext_f("Blocked: “{remote}” now asks for an account at {new_host} instead of {old_host}.", values)
        }
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

fn clean(name: &str) -> String {
    text::clean(name, text::NAME_LIMIT)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

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
        let bought = |ids: &[&str]| say(&all("demo", ids)[8], Place::Window);
        assert_eq!(
            bought(&["org.example.Paid"]),
            "Purchase needed. “org.example.Paid” is not in the account of demo at store.example.org."
        );
        assert_eq!(
            bought(&["a.b.C", "a.b.D", "a.b.E"]),
            "Purchase needed. 3 apps are not in the account of demo at store.example.org."
        );
        assert_eq!(
            say(&all("", &[])[7], Place::Window),
            "Blocked: “demo” now asks for an account at store.example.org instead of old.example. Review it in the Usher window."
        );
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
        }
    }

    proptest! {
        #[test]
        fn h29_what_comes_from_outside_is_cut_and_cleaned(remote in any::<String>(), host in any::<String>(), user in any::<String>(), app in any::<String>()) {
            let bidi = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            for obstacle in all(&user, &[&app]) {
                for place in PLACES {
                    let said = message(&obstacle, place, &Names { remote: &remote, host: &host });
                    prop_assert!(said.chars().count() <= 512);
                    prop_assert!(!said.chars().any(|c| c.is_control() || bidi(c)));
                }
            }
        }
    }
}
