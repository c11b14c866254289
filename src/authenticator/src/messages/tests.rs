// SPDX-License-Identifier: GPL-3.0-or-later

use proptest::prelude::*;
use usher_core::{
    account::AccountId, binding::OptionsError, http::CertificateFault, service::UrlError, testing::binding,
};

use super::*;

const OUTSIDE: &[&str] = &["usherctl"];
const SANDBOX: &[&str] = &["flatpak", "run", "--command=usherctl", "io.github.usher.Usher.Devel"];
const PLACES: [Place; 3] = [Place::Window, Place::Usher, Place::Terminal];

fn all(user: &str, ids: &[&str]) -> Vec<Obstacle> {
    let id = AccountId::random();
    let ids: BTreeSet<String> = ids.iter().map(|&id| id.to_owned()).collect();
    let offered = ids.clone();
    let mut all = vec![
        Obstacle::NoAccount,
        Obstacle::SignedOut(id),
        Obstacle::Expired(id),
        Obstacle::NoLink(None),
        Obstacle::Locked,
        Obstacle::NoKeyring,
        Obstacle::KeyringFailed,
        Obstacle::Changed {
            account: id,
            agreed: Box::new(binding("old.example")),
            hosts: ["old.example".into(), "store.example.org".into()],
        },
        Obstacle::NotBought { account: id, user: user.to_owned(), ids },
        Obstacle::Unreachable,
        Obstacle::BadAnswer,
        Obstacle::Options(OptionsError::Missing("url")),
        Obstacle::Options(OptionsError::Malformed("type")),
        Obstacle::Options(OptionsError::Address("url", UrlError::NotSecure)),
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
    all.push(Obstacle::NotOffered { account: id, user: user.to_owned(), ids: offered });
    all.push(Obstacle::NoPortal);
    all.push(Obstacle::Refused);
    all.push(Obstacle::NotRenewed { host: user.to_owned(), error: HttpError::TimedOut });
    all.push(Obstacle::NotSavedYet);
    all.push(Obstacle::MayHaveEnded(id));
    all.push(Obstacle::Options(OptionsError::UnknownType("ticket".into())));
    all
}

#[test]
fn messages_say_what_happened_and_what_to_do() {
    let names = Names { remote: "demo", host: "store.example.org", usherctl: OUTSIDE };
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
    for place in [Place::Window, Place::Usher] {
        assert_eq!(
            say(&Obstacle::Refused, place),
            "Not allowed: “demo” may not use an account at store.example.org. This can be changed in Usher."
        );
    }
    assert_eq!(
        say(&Obstacle::Refused, Place::Terminal),
        "Not allowed: “demo” may not use an account at store.example.org. “usherctl allow demo” changes that."
    );
    assert_eq!(
        say(&all("", &[])[7], Place::Window),
        "Blocked: “demo” now asks for an account at store.example.org instead of old.example. Review it in the Usher window."
    );
}

#[test]
fn the_message_says_how_to_buy_from_where_the_person_is() {
    let names = Names { remote: "demo", host: "store.example.org", usherctl: OUTSIDE };
    let say = |ids: &[&str], place| message(&all("demo", ids)[8], place, &names);
    let one = "Purchase needed. “org.example.Sketchbook” is not in the account of demo at store.example.org.";
    let three = "Purchase needed. 3 apps are not in the account of demo at store.example.org.";
    for (place, paid, several) in [
        (Place::Window, "See the Usher window, then try again.", "See the Usher window, then try again."),
        (Place::Usher, "See Usher, then try again.", "See Usher, then try again."),
        (
            Place::Terminal,
            "Run “usherctl buy demo org.example.Sketchbook”, then try again.",
            "Run “usherctl buy demo a.b.C”, then try again.",
        ),
    ] {
        assert_eq!(say(&["org.example.Sketchbook"], place), format!("{one} {paid}"));
        assert_eq!(say(&["a.b.C", "a.b.D", "a.b.E"], place), format!("{three} {several}"));
    }
}

#[test]
fn in_a_sandbox_a_command_is_one_that_a_shell_outside_can_run() {
    let names = Names { remote: "demo", host: "127.0.0.1:8080", usherctl: SANDBOX };
    let run = "flatpak run --command=usherctl io.github.usher.Usher.Devel";
    for (obstacle, expected) in [
        (Obstacle::NoAccount, format!("Account needed. Run “{run} sign-in 127.0.0.1:8080”, then try again.")),
        (Obstacle::NoLink(None), format!("Permission needed. Run “{run} sign-in demo”, then try again.")),
        (Obstacle::NoKeyring, format!("No keyring is running, so no account can be used. Run “{run} doctor”.")),
    ] {
        assert_eq!(message(&obstacle, Place::Terminal, &names), expected);
    }
    let said = message(&all("demo", &["a.b.C"])[8], Place::Terminal, &names);
    assert!(said.ends_with(&format!("Run “{run} buy demo a.b.C”, then try again.")), "{said}");
}

#[test]
fn the_message_about_an_app_not_for_sale_suggests_nothing() {
    let say = |ids: &[&str]| not_offered(&all("demo", ids)[8], "store.example.org");
    assert_eq!(say(&["a.b.C"]), "No access. store.example.org does not offer “a.b.C” to demo.");
    assert_eq!(say(&["a.b.C", "a.b.D"]), "No access. store.example.org does not offer these 2 apps to demo.");
    let nameless = not_offered(&all("store.example.org", &["a.b.C"])[8], "store.example.org");
    assert_eq!(nameless, "No access. store.example.org does not offer “a.b.C” to this account.");
    // Nor where the server sells nothing at all.
    let obstacle =
        Obstacle::NotOffered { account: AccountId::random(), user: "demo".into(), ids: ["a.b.C".into()].into() };
    let names = Names { remote: "demo", host: "store.example.org", usherctl: OUTSIDE };
    for place in PLACES {
        assert_eq!(message(&obstacle, place, &names), say(&["a.b.C"]));
    }
}

#[test]
fn a_long_host_is_cut_where_it_says_least() {
    let host = format!("store.example.org.{}.evil.example:8443", "a".repeat(60));
    let names = Names { remote: "demo", host: &host, usherctl: OUTSIDE };
    let said = message(&Obstacle::NoAccount, Place::Window, &names);
    assert!(!said.contains("store.example.org"), "{said}");
    assert!(said.contains("aaa.evil.example:8443 in the Usher window"), "{said}");
}

#[test]
fn no_message_is_longer_than_160_characters_before_names() {
    for obstacle in all("", &[""]).iter().chain(&all("", &["", "a"])) {
        for (place, usherctl) in PLACES.into_iter().flat_map(|place| [(place, OUTSIDE), (place, SANDBOX)]) {
            // As short as a name in a command can be.
            let said = message(obstacle, place, &Names { remote: "r", host: "h", usherctl });
            assert!(said.chars().count() <= 163, "{said}");
        }
    }
}

#[test]
fn g11_a_name_that_is_not_plain_goes_into_no_command() {
    for remote in ["a b", "--user", "x\"]\n[y", "$(id)"] {
        let names = Names { remote, host: "h.example", usherctl: OUTSIDE };
        let said = message(&Obstacle::NoLink(None), Place::Terminal, &names);
        assert_eq!(said, "Permission needed. Run “usherctl sign-in h.example”, then try again.");
        let said = message(&Obstacle::Refused, Place::Terminal, &names);
        assert!(said.ends_with("This can be changed in Usher."), "{said}");
        let said = message(&all("demo", &["a.b.C"])[8], Place::Terminal, &names);
        assert_eq!(said, "Purchase needed. “a.b.C” is not in the account of demo at h.example.");
    }
    let names = Names { remote: "r", host: "h", usherctl: OUTSIDE };
    let said = message(&all("demo", &["--help", "a.b.C"])[8], Place::Terminal, &names);
    assert!(said.ends_with("Run “usherctl buy r a.b.C”, then try again."), "{said}");
}

proptest! {
    #[test]
    fn h29_text_from_outside_is_cut_and_cleaned(remote in ".{0,150}", host in ".{0,150}", user in ".{0,150}", app in ".{0,150}") {
        let bidi = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        for obstacle in all(&user, &[&app]) {
            for place in PLACES {
                let names = Names { remote: &remote, host: &host, usherctl: SANDBOX };
                for said in [message(&obstacle, place, &names), not_offered(&obstacle, &host)] {
                    prop_assert!(said.chars().count() <= 512);
                    prop_assert!(!said.chars().any(|c| c.is_control() || bidi(c)));
                }
            }
        }
    }
}
