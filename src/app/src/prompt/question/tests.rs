// SPDX-License-Identifier: GPL-3.0-or-later

use usher_core::{ground::Ground, testing};

use super::*;

fn details(kind: Kind, apps: &[&str], is_update: bool) -> Details {
    Details {
        kind,
        ground: Ground { remote: "demo".into(), ..testing::ground("https://r.example/", "https://s.example") },
        account: None,
        app_ids: apps.iter().map(|&id| id.to_owned()).collect(),
        client: "flatpak".into(),
        reason: Reason::NoAccount,
        is_update,
        is_listing: false,
    }
}

fn account(user: &str) -> Account {
    testing::account("https://s.example", user)
}

fn bare(text: &str) -> String {
    crate::widgets::accessible::bare(text)
}

fn id(app_id: &str) -> String {
    app_id.to_owned()
}

#[test]
fn signing_in_names_server_and_app() {
    let asked = details(Kind::SignIn, &["org.a.A"], false);
    let words = words(&asked, &form(&asked, &[]), "Demo", false, &id);
    assert_eq!(bare(&words.heading), "Sign In to s.example");
    assert_eq!(bare(&words.description), "An account is needed to install “org.a.A”.");
    assert_eq!(bare(&words.primary), "Continue to s.example");
    assert_eq!(words.secondary, None);
}

#[test]
fn an_account_alone_is_asked_for_without_apps() {
    let asked = details(Kind::SignIn, &[], false);
    let sign_in = words(&asked, &Form::SignIn, "Demo", false, &id);
    assert_eq!(bare(&sign_in.description), "Demo needs an account at s.example.");
    let allow = words(&asked, &Form::Allow(account("demo")), "Demo", false, &id);
    assert_eq!(bare(&allow.description), "Demo wants to use it.");
    assert_eq!(outlook(&asked, false, None, &id), "");
    assert_eq!(bare(&outlook(&asked, true, None, &id)), "The terminal is waiting.");
}

#[test]
fn a_listing_says_which_program_wants_to_see_what() {
    let asked = |kind| Details { is_listing: true, ..details(kind, &[], true) };
    let sentence = "The terminal wants to list the apps of Demo.";
    let sign_in = words(&asked(Kind::SignIn), &Form::SignIn, "Demo", false, &id);
    let allow = words(&asked(Kind::Link), &Form::Allow(account("demo")), "Demo", false, &id);
    assert_eq!([bare(&sign_in.description), bare(&allow.description)], [sentence, sentence]);
    let unknown = Details { client: String::new(), ..asked(Kind::SignIn) };
    let sign_in = words(&unknown, &Form::SignIn, "Demo", false, &id);
    assert_eq!(bare(&sign_in.description), "A program on this computer wants to list the apps of Demo.");
    assert_eq!(outlook(&asked(Kind::SignIn), false, None, &id), "", "no other app is being updated");
}

#[test]
fn several_apps_are_counted() {
    let asked = details(Kind::SignIn, &["org.a.A", "org.b.B", "org.c.C"], true);
    let words = words(&asked, &Form::SignIn, "Demo", true, &id);
    assert_eq!(words.description, "An account is needed to update 3 apps.");
    assert_eq!(bare(&text::apps(&asked.app_ids, &id)), "org.a.A and 2 more");
}

#[test]
fn permission_is_asked_for_the_only_account_or_one_is_chosen() {
    let asked = details(Kind::Link, &["org.a.A"], false);
    let (one, two) = (account("demo"), account("demo2"));
    let allowed = form(&asked, std::slice::from_ref(&one));
    let words = words(&asked, &allowed, "Demo", false, &id);
    assert_eq!(bare(&words.heading), "Use the Account of demo?");
    assert_eq!(bare(&words.description), "Demo wants to use it to install “org.a.A”.");
    assert!(matches!(form(&asked, &[one, two]), Form::Choose(accounts) if accounts.len() == 2));
}

#[test]
fn only_a_permission_can_be_refused() {
    let forms = [Form::Allow(account("demo")), Form::Choose(vec![account("demo"), account("demo2")])];
    for (kind, secondary, other) in [
        (Kind::Link, [Some("Don’t Allow"); 2], [Some("Use Another Account…"), Some("Add Account…")]),
        (Kind::SignIn, [Some("Use Another Account…"), Some("Add Account…")], [None; 2]),
        (Kind::Purchase, [Some("Use Another Account…"), Some("Add Account…")], [None; 2]),
    ] {
        let asked = details(kind, &["org.a.A"], false);
        for (at, form) in forms.iter().enumerate() {
            let words = words(&asked, form, "Demo", true, &id);
            assert_eq!((words.secondary.as_deref(), words.other.as_deref()), (secondary[at], other[at]), "{kind:?}");
        }
    }
}

#[test]
fn buying_names_app_account_and_server_and_no_price() {
    let asked = details(Kind::Purchase, &["org.a.A"], false);
    let mut owner = account("demo");
    let linked = asked.ground.link();
    owner.link(linked);
    let form = form(&asked, &[account("demo2"), owner]);
    let words = words(&asked, &form, "Demo", true, &|_| "Sketchbook".to_owned());
    assert_eq!(bare(&words.heading), "Buy “Sketchbook”?");
    assert_eq!(
        bare(&words.description),
        "The account demo at s.example has no access yet. Nothing is paid before it is confirmed on the store’s page."
    );
    assert_eq!((words.primary.as_str(), words.secondary.as_deref()), ("Continue to Purchase", Some("Already Bought?")));
    let asked = details(Kind::Purchase, &["org.a.A", "org.b.B", "org.c.C"], false);
    assert_eq!(super::words(&asked, &form, "Demo", true, &id).heading, "Buy 3 Apps?");
}

#[test]
fn a_purchase_without_a_sign_in_begins_with_signing_in() {
    let mut asked = details(Kind::Purchase, &["org.a.A"], false);
    assert_eq!(form(&asked, &[account("demo")]), Form::SignIn, "which account is not known");
    let mut owner = account("demo");
    owner.sign_out();
    asked.account = Some(owner.id);
    assert!(matches!(form(&asked, &[owner]), Form::SignInAgain(_)));
}

#[test]
fn w18_names_from_outside_stay_what_they_are() {
    let asked = details(Kind::Link, &["org.a.A"], false);
    let hostile = format!("<b>x</b>\u{202e}\n{}", "y".repeat(10_000));
    let words = words(&asked, &Form::Allow(account(&hostile)), &hostile, false, &id);
    for text in [words.heading, words.description] {
        assert!(!text.contains(['\u{202e}', '\n']));
        assert!(text.chars().count() < 250, "{text}");
    }
}

#[test]
fn an_update_never_waits() {
    let asked = details(Kind::SignIn, &["org.a.A"], true);
    assert_eq!(outlook(&asked, true, Some(2), &id), outlook(&asked, false, None, &id));
    let asked = details(Kind::SignIn, &["org.a.A"], false);
    assert_eq!(outlook(&asked, true, Some(2), &id), "The terminal stops waiting in 2 minutes.");
}
