// SPDX-License-Identifier: GPL-3.0-or-later
//! How well a server is known on this computer, to show beside the lock that any impostor can have. Pure.
//!
//! **When one name resembles another.** Ports do not matter, and numeric addresses never resemble. Equal names do not
//! resemble each other, nor does a name resemble one under it: `login.store.example.org` belongs to the owner of
//! `store.example.org`. Otherwise compare the looks of two names rather than their spellings (`0` as `o`, `rn` as `m`,
//! letters of other scripts and accents as the Latin letters that they look like). The names resemble each other if
//! - they are the same without dots and hyphens: `st0re.example.org`, `store-example.org`;
//! - one is the other with something before or after it: `store.example.org.login.example`, `my-store.example.org`;
//! - they differ only in the ending: `store.example.com`, `store.example.co.uk`;
//! - they have the same ending and differ by one letter, changed, added, left out, or swapped with the next one, in a
//!   name of at least four: `stroe.example.org`.
//!
//! This can flag two servers of one owner. The warning, that they are not the same, is still true.

use std::net::Ipv4Addr;

use unicode_security::skeleton;

use crate::{
    account::{Account, AccountId},
    store::Entry,
};

/// Shortest name, without ending, in which one letter more or less counts.
const SHORTEST: usize = 4;
/// Second parts of endings such as `co.uk`.
const SECOND_LEVELS: [&str; 8] = ["ac", "co", "com", "edu", "gov", "ne", "net", "org"];

/// How well a server is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Familiarity {
    /// The account in question was signed in to before.
    KnownAccount {
        /// When that first happened: seconds since 1970.
        since: i64,
        /// When it was last signed in to or used: seconds since 1970.
        last: i64,
    },
    /// This computer has accounts at the server, but not the one in question.
    KnownServer,
    /// Nothing is known about it.
    New,
    /// Nothing is known about it, and its name resembles that of this known host.
    Resembles(String),
}

impl Familiarity {
    /// How well the accounts on this computer know `host`, which includes its port if that is not the default.
    /// `account` is the one in question, if known.
    pub fn of(entries: &[Entry], host: &str, account: Option<AccountId>) -> Self {
        let known = entries.iter().filter_map(Entry::account).find(|known| Some(known.id) == account);
        if let Some(known) =
            known.filter(|known| [known.binding.host(), known.binding.sign_in_host()].iter().any(|known| known == host))
        {
            return Self::KnownAccount { since: first_sign_in(known), last: last_use(known) };
        }
        let mut hosts: Vec<String> = entries.iter().flat_map(hosts_of).collect();
        hosts.sort();
        if hosts.iter().any(|known| known == host) {
            return Self::KnownServer;
        }
        hosts.into_iter().find(|known| resembles(known, host)).map_or(Self::New, Self::Resembles)
    }
}

/// The hosts of an account's server, and of the one that the person signs in at.
fn hosts_of(entry: &Entry) -> Vec<String> {
    match entry {
        Entry::Open(account) => vec![account.binding.host(), account.binding.sign_in_host()],
        Entry::Locked(outline) => vec![outline.service.host()],
        Entry::Broken(_) => Vec::new(),
    }
}

/// Older records only have the last sign-in.
fn first_sign_in(account: &Account) -> i64 {
    if account.first_signed_in_at > 0 { account.first_signed_in_at } else { account.signed_in_at }
}

fn last_use(account: &Account) -> i64 {
    account.last_use.as_ref().map_or(0, |last| last.at).max(account.signed_in_at)
}

/// Whether a person could mistake one of these hosts for the other; for the rule see above.
pub fn resembles(one: &str, other: &str) -> bool {
    let (one, other) = (name_of(one), name_of(other));
    if one == other || is_number(&one) || is_number(&other) || is_within(&one, &other) || is_within(&other, &one) {
        return false;
    }
    let (looks, looks_other) = (look_of(&one), look_of(&other));
    looks == looks_other
        || run_together(&looks) == run_together(&looks_other)
        || extends(&looks, &looks_other)
        || extends(&looks_other, &looks)
        || has_other_ending_or_letter(&looks, &looks_other)
        || has_other_ending_or_letter(&one, &other)
}

/// The name in a host as people write it: without port, in lower case, not in its `xn--` form.
fn name_of(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    idna::domain_to_unicode(name).0.to_lowercase()
}

fn is_number(name: &str) -> bool {
    name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok()
}

/// Whether `name` is under `parent`.
fn is_within(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

/// What a name looks like, without accents: equal for names that the eye cannot tell apart (UTS #39).
fn look_of(name: &str) -> String {
    let bare = |name: &str| skeleton(name).filter(|c| !is_accent(*c)).flat_map(char::to_lowercase).collect::<String>();
    // Twice, since a letter that looks like a capital one has another look once it is small.
    bare(&bare(name))
}

/// The marks that a skeleton keeps apart from their letters.
fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

fn run_together(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '.' | '-')).collect()
}

/// Whether `longer` is `name` with something before or after it.
fn extends(longer: &str, name: &str) -> bool {
    longer.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '-']))
        || longer.strip_suffix(name).is_some_and(|rest| rest.ends_with('-'))
}

fn has_other_ending_or_letter(one: &str, other: &str) -> bool {
    let ((one, ending), (other, other_ending)) = (split_ending(one), split_ending(other));
    if one == other {
        return !one.is_empty();
    }
    ending == other_ending && differs_by_one_letter(one, other)
}

/// Splits a name before its ending (`org`, `co.uk`).
fn split_ending(name: &str) -> (&str, &str) {
    let Some((rest, last)) = name.rsplit_once('.') else {
        return (name, "");
    };
    match rest.rsplit_once('.') {
        Some((stem, second)) if last.chars().count() == 2 && SECOND_LEVELS.contains(&second) => {
            (stem, &name[stem.len()..])
        }
        _ => (rest, &name[rest.len()..]),
    }
}

fn differs_by_one_letter(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().min(other.len()) < SHORTEST {
        return false;
    }
    let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[same..], &other[same..]);
    match (one, other) {
        // One letter more or less.
        ([_, rest @ ..], all) | (all, [_, rest @ ..]) if rest == all => true,
        // Another letter.
        ([_, rest @ ..], [_, other @ ..]) if rest == other => true,
        // Two letters swapped.
        ([a, b, rest @ ..], [c, d, other @ ..]) => (a, b) == (d, c) && rest == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        account::LastUse,
        testing::{self, open},
    };

    fn account(host: &str) -> Account {
        let binding = testing::binding(&format!("https://{host}/"));
        Account::signed_in(binding, &testing::signed_in("demo"), 10)
    }

    fn familiarity(known: &[&str], host: &str) -> Familiarity {
        let entries: Vec<Entry> = known.iter().map(|known| open(account(known))).collect();
        Familiarity::of(&entries, host, None)
    }

    #[test]
    fn a_server_that_others_leave_signing_in_to_is_known_too() {
        let binding = testing::single_sign_on("https://store.example/", "https://login.example.net");
        let entries = [open(testing::account_of(binding, "ada", 0))];
        for (host, found) in [
            ("store.example", Familiarity::KnownServer),
            ("login.example.net", Familiarity::KnownServer),
            ("iogin.example.net", Familiarity::Resembles("login.example.net".into())),
            ("other.example.org", Familiarity::New),
        ] {
            assert_eq!(Familiarity::of(&entries, host, None), found, "{host}");
        }
    }

    #[test]
    fn an_account_is_known_since_its_first_sign_in() {
        let mut known = account("store.example.org");
        let of = |known: &Account, id| Familiarity::of(&[open(known.clone())], "store.example.org", id);
        assert_eq!(of(&known, Some(known.id)), Familiarity::KnownAccount { since: 10, last: 10 });
        known.signed_in_at = 20;
        assert_eq!(of(&known, Some(known.id)), Familiarity::KnownAccount { since: 10, last: 20 });
        known.last_use = Some(LastUse { at: 30, by: "flatpak".into() });
        known.first_signed_in_at = 0;
        assert_eq!(of(&known, Some(known.id)), Familiarity::KnownAccount { since: 20, last: 30 });
        assert_eq!(of(&known, None), Familiarity::KnownServer);
        assert_eq!(of(&known, Some(AccountId::random())), Familiarity::KnownServer);
    }

    #[test]
    fn an_account_elsewhere_says_nothing_about_a_server() {
        let known = account("store.example.org");
        let entries = [open(known.clone())];
        assert_eq!(Familiarity::of(&entries, "other.example.net", Some(known.id)), Familiarity::New);
        assert_eq!(familiarity(&["store.example.org"], "store.example.org:8443"), Familiarity::New);
    }

    #[test]
    fn a_new_server_that_resembles_a_known_one_is_flagged() {
        let known = ["shop.example.net", "store.example.org"];
        assert_eq!(familiarity(&known, "store.example.com"), Familiarity::Resembles("store.example.org".into()));
        assert_eq!(familiarity(&known, "st0re.example.org"), Familiarity::Resembles("store.example.org".into()));
        assert_eq!(familiarity(&known, "store.example.org"), Familiarity::KnownServer);
        assert_eq!(familiarity(&known, "market.example.org"), Familiarity::New);
        assert_eq!(familiarity(&[], "store.example.org"), Familiarity::New);
    }

    #[test]
    fn names_that_can_be_taken_for_each_other_resemble() {
        let mixed = idna::domain_to_ascii("st\u{43e}re.example.org").unwrap();
        let accents = idna::domain_to_ascii("störé.example.org").unwrap();
        assert!(mixed.starts_with("xn--"));
        for other in [
            "store.example.com",
            "store.example.co.uk",
            "st0re.examp1e.org",
            "stroe.example.org",
            "stor.example.org",
            "storee.example.org",
            "stone.example.org:8443",
            "store.exarnple.org",
            "store-example.org",
            "storeexample.org",
            "store.example.org.login.example",
            "store.example.org-login.example",
            "my-store.example.org",
            mixed.as_str(),
            accents.as_str(),
        ] {
            assert!(resembles("store.example.org", other), "{other}");
        }
    }

    #[test]
    fn other_names_do_not_resemble() {
        for (one, other) in [
            ("store.example.org", "login.store.example.org"),
            ("store.example.org", "example.org"),
            ("store.example.org", "store.example.org:8443"),
            ("store.example.org", "shop.example.org"),
            ("store.example.org", "store.other.org"),
            ("192.168.1.10", "192.168.1.11"),
            ("[::1]:80", "[::2]:80"),
            ("abc.org", "abd.org"),
            ("", "a"),
        ] {
            assert!(!resembles(one, other), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn resembling_is_mutual(one in "[a-z0-9.-]{0,8}|\\PC{0,12}", other in "[a-z0-9.-]{0,8}|\\PC{0,12}") {
            prop_assert_eq!(resembles(&one, &other), resembles(&other, &one));
        }

        #[test]
        fn no_name_resembles_itself_or_one_under_it(name in "[a-z0-9-]{1,8}(\\.[a-z]{2,6}){1,3}", under in "[a-z0-9-]{1,8}") {
            prop_assert!(!resembles(&name, &name));
            prop_assert!(!resembles(&name, &name.to_uppercase()));
            let child = format!("{under}.{name}");
            prop_assert!(!resembles(&name, &child));
        }

        #[test]
        fn another_ending_resembles(name in "[a-z]{1,10}", ending in "[a-z]{3,5}", other in "[a-z]{3,5}") {
            prop_assume!(ending != other);
            let (one, other) = (format!("{name}.{ending}"), format!("{name}.{other}"));
            prop_assert!(resembles(&one, &other));
        }

        #[test]
        fn one_letter_less_or_other_resembles(name in "[a-z]{5,12}", at in 0usize..5, letter in "[a-z]") {
            let host = |name: &str| format!("{name}.example");
            let mut shorter = name.clone();
            shorter.remove(at);
            prop_assert!(resembles(&host(&name), &host(&shorter)));
            let mut changed = name.clone();
            changed.replace_range(at..=at, &letter);
            prop_assert_eq!(resembles(&host(&name), &host(&changed)), changed != name);
        }
    }
}
