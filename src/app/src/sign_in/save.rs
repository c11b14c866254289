// SPDX-License-Identifier: GPL-3.0-or-later
//! Saves what was signed in to, and asks the person where it was somebody else's account. [`usher_core::sign_in`] decides
//! what becomes of it.

use adw::prelude::*;
use usher_core::{
    account::AccountId,
    binding::{Binding, Link},
    ground::Ground,
    provider::SignedIn,
    sign_in::{self, ExpectedAccount, SaveOutcome, Saved},
    store::{AccountStore, StoreError},
};

use super::request::{Purpose, SignInRequest};
use crate::{
    i18n::{gettext, gettext_f},
    runtime, text,
};

/// Saves what the person has signed in to; `expected` is the account that was to be renewed. `None` if the person did not
/// want it after all.
pub(super) async fn save(
    store: &AccountStore,
    request: &SignInRequest,
    expected: Option<AccountId>,
    signed_in: &SignedIn,
    parent: &impl IsA<gtk::Widget>,
) -> Result<Option<Saved>, StoreError> {
    let mut expected_account = expected.map_or(ExpectedAccount::Anybody, ExpectedAccount::Account);
    loop {
        let (id, old_user, new_user) = match write(store, request, signed_in, expected_account).await? {
            SaveOutcome::Saved(saved) => return Ok(Some(*saved)),
            SaveOutcome::SomebodyElse { id, old_user, new_user } => (id, old_user, new_user),
        };
        expected_account = match ask(&request.binding.host(), &old_user, &new_user, parent).await {
            Answer::Cancel => return Ok(None),
            Answer::Replace => ExpectedAccount::Replace(id),
            Answer::Add => ExpectedAccount::Anybody,
        };
    }
}

async fn write(
    store: &AccountStore,
    request: &SignInRequest,
    signed_in: &SignedIn,
    expected_account: ExpectedAccount,
) -> Result<SaveOutcome, StoreError> {
    let (store, binding) = (store.clone(), request.binding.clone());
    let (signed_in, link) = (signed_in.clone(), link(&request.purpose, &binding));
    runtime::spawn(async move {
        let entries = store.unlocked_entries().await?;
        sign_in::save(&store, &entries, &binding, &signed_in, expected_account, link).await
    })
    .await
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
    let (old, new, host) = (text::within(old_user), text::within(new_user), text::within(host));
    let values = [("old_user", old.as_str()), ("new_user", new.as_str()), ("host", host.as_str())];
    let alert = adw::AlertDialog::new(
        Some(&gettext_f("Replace {old_user}?", &values)),
        Some(&gettext_f("{new_user} signed in at {host}. The account of {old_user} would be replaced.", &values)),
    );
    alert.add_responses(&[
        ("cancel", &gettext("Cancel")),
        ("add", &gettext("Add as Another Account")),
        ("replace", &gettext("Replace")),
    ]);
    alert.set_response_appearance("replace", adw::ResponseAppearance::Destructive);
    alert.set_default_response(Some("add"));
    alert.set_close_response("cancel");
    match alert.choose_future(Some(parent)).await.as_str() {
        "add" => Answer::Add,
        "replace" => Answer::Replace,
        _ => Answer::Cancel,
    }
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

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
