// SPDX-License-Identifier: GPL-3.0-or-later
//! Saves what was signed in to, and asks the person where it was somebody else's account, or is not saved yet.
//! [`usher_core::sign_in`] decides what becomes of it.

use adw::prelude::*;
use usher_core::{
    account::{AccountId, is_telling},
    binding::{Binding, Link},
    ground::Ground,
    provider::{SignedIn, Way},
    sign_in::{ExpectedAccount, SaveOutcome, Saved, Unsaved},
    store::{AccountStore, StoreError},
};

use super::request::{Purpose, SignInRequest};
use crate::{
    i18n::{gettext, gettext_f},
    runtime, text,
    widgets::guard,
};

/// What an attempt came to.
pub(super) enum Settled {
    /// The account is in the keyring.
    Saved(Box<Saved>),
    /// The person did not want it after all.
    GivenUp,
    /// The person has said whose account it may be: to be tried once more.
    Again,
}

/// Tries once to save what the person has signed in to.
pub(super) async fn save(store: &AccountStore, unsaved: &Unsaved) -> Result<SaveOutcome, StoreError> {
    let (store, unsaved) = (store.clone(), unsaved.clone());
    runtime::spawn(async move { unsaved.save(&store).await }).await
}

/// Waits for the keyring, and saves as soon as it can. `None` without a session bus.
pub(super) async fn save_when_possible(store: &AccountStore, unsaved: &Unsaved) -> Option<SaveOutcome> {
    let (store, unsaved) = (store.clone(), unsaved.clone());
    runtime::spawn(async move {
        let connection = zbus::Connection::session().await.ok()?;
        Some(unsaved.save_when_possible(&store, &connection).await)
    })
    .await
}

/// Asks the person where it was somebody else's account.
pub(super) async fn settle(
    outcome: SaveOutcome,
    unsaved: &Unsaved,
    host: &str,
    parent: &impl IsA<gtk::Widget>,
) -> Settled {
    let (id, old_user, new_user) = match outcome {
        SaveOutcome::Saved(saved) => return Settled::Saved(saved),
        SaveOutcome::SomebodyElse { id, old_user, new_user } => (id, old_user, new_user),
    };
    let expected = match ask(host, &old_user, &new_user, parent).await {
        Answer::Cancel => return Settled::GivenUp,
        Answer::Replace => ExpectedAccount::Replace(id),
        Answer::Add => ExpectedAccount::Anybody,
    };
    unsaved.expect(expected).await;
    Settled::Again
}

/// Asks whether a sign-in that is not saved may be lost.
pub(super) async fn may_be_lost(host: &str, parent: &impl IsA<gtk::Widget>) -> bool {
    let text = gettext_f(
        "The sign-in at {host} is not saved yet. It is saved once the keyring responds, while this window stays open.",
        &[("host", &text::within(host))],
    );
    let alert = adw::AlertDialog::new(Some(&gettext("Discard the Sign-In?")), Some(&text));
    alert.add_responses(&[("keep", &gettext("Keep Waiting")), ("lose", &gettext("Discard"))]);
    alert.set_response_appearance("lose", adw::ResponseAppearance::Destructive);
    alert.set_default_response(Some("keep"));
    alert.set_close_response("keep");
    alert.choose_future(Some(parent)).await == "lose"
}

/// A finished sign-in, with the consent that lies in it.
pub(super) fn unsaved(
    request: &SignInRequest,
    expected: Option<AccountId>,
    signed_in: &SignedIn,
    way: Option<Way>,
) -> Unsaved {
    let expected = expected.map_or(ExpectedAccount::Anybody, ExpectedAccount::Account);
    Unsaved::new(&request.binding, signed_in, expected, link(&request.purpose, &request.binding), way)
}

/// The consent that lies in signing in for a repository. A typed address gives none.
fn link(purpose: &Purpose, binding: &Binding) -> Option<Link> {
    match purpose {
        Purpose::ByHand { remote } => {
            let ground = Ground::of(remote.as_ref()?).ok()?;
            (&ground.binding == binding).then(|| ground.link())
        }
        Purpose::Asked(asked) => Some(asked.ground.link()),
    }
}

enum Answer {
    Cancel,
    Add,
    Replace,
}

async fn ask(host: &str, old_user: &str, new_user: &str, parent: &impl IsA<gtk::Widget>) -> Answer {
    let (heading, question) = question(host, old_user, new_user);
    let alert = adw::AlertDialog::new(Some(&heading), Some(&question));
    alert.add_responses(&[
        ("cancel", &gettext("Cancel")),
        ("add", &gettext("Add as Another Account")),
        ("replace", &gettext("Replace")),
    ]);
    alert.set_response_appearance("replace", adw::ResponseAppearance::Destructive);
    alert.set_close_response("cancel");
    // It comes up when the server has answered, whatever the person is typing then.
    guard::guard_dialog(&alert, &["cancel", "add", "replace"], "add");
    match alert.choose_future(Some(parent)).await.as_str() {
        "add" => Answer::Add,
        "replace" => Answer::Replace,
        _ => Answer::Cancel,
    }
}

/// Heading and text of the question whether somebody else's account is to be replaced.
fn question(host: &str, old_user: &str, new_user: &str) -> (String, String) {
    let (old, new, host) = (text::within(old_user), text::within(new_user), text::within(host));
    let values = [("old_user", old.as_str()), ("new_user", new.as_str()), ("host", host.as_str())];
    if is_telling(old_user) && is_telling(new_user) {
        return (
            gettext_f("Replace {old_user}?", &values),
            gettext_f("{new_user} signed in at {host}. The account of {old_user} would be replaced.", &values),
        );
    }
    (
        gettext("Replace the Account?"),
        gettext_f("Another person signed in at {host}. The saved account would be replaced.", &values),
    )
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    #[test]
    fn nobody_is_called_by_a_number() {
        let heading = |old, new| question("s.example", old, new).0;
        assert_eq!(heading("ada", "bob"), "Replace \u{2068}ada\u{2069}?");
        for (old, new) in [("1", "2"), ("ada", "2"), ("1", "bob")] {
            assert_eq!(heading(old, new), "Replace the Account?");
        }
    }

    #[test]
    fn only_the_repository_one_came_from_is_allowed_to_use_the_account() {
        let remote = |service: &str| Some(testing::remote("demo", "https://r.example/repo", service));
        let linked = |remote| link(&Purpose::ByHand { remote }, &testing::binding("https://a.example"));
        assert_eq!(linked(None), None);
        assert_eq!(linked(remote("https://b.example")), None);
        let link = linked(remote("https://a.example")).unwrap();
        assert_eq!(link.remote_url, testing::remote_url("https://r.example/repo"));
    }
}
