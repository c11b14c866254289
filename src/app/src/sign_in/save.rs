// SPDX-License-Identifier: GPL-3.0-or-later
//! What becomes of a fresh credential: a new account, or a known one renewed. Saved and read back before anything is
//! told (rule R16).

use adw::prelude::*;
use usher_core::{
    account::{Account, AccountId, AccountState},
    binding::{Binding, Link},
    clock,
    provider::SignedIn,
    store::{AccountStore, Entry, StoreError},
};

use super::{Purpose, flow::Flow};
use crate::{
    i18n::{gettext, gettext_f},
    runtime, text,
};

/// An account that was saved.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    pub(super) id: AccountId,
    pub(super) user: String,
    /// Whether it was not known before.
    pub(super) is_new: bool,
}

/// What to do with a fresh credential.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Add,
    Renew(AccountId),
    /// Another person than the one whose sign-in was to be renewed.
    Ask {
        id: AccountId,
        old_user: String,
    },
}

/// Compares who signed in with whom this computer knows.
fn plan(entries: &[Entry], binding: &Binding, user: &str, expected: Option<AccountId>) -> Plan {
    let known = || entries.iter().filter_map(Entry::account).filter(|account| &account.binding == binding);
    // Where the server does not tell who signed in, the host stands for the name: it tells nobody from anybody.
    let is_told = user != binding.host();
    if let Some(account) = expected.and_then(|id| known().find(|account| account.id == id)) {
        return if account.user == user || !is_told || account.user == binding.host() {
            Plan::Renew(account.id)
        } else {
            Plan::Ask { id: account.id, old_user: account.user.clone() }
        };
    }
    let same = known().find(|account| account.user == user && (is_told || account.state != AccountState::SignedIn));
    same.map_or(Plan::Add, |account| Plan::Renew(account.id))
}

/// Saves what a flow has signed in to. `None` if the person did not want it after all.
pub(super) async fn save(
    flow: &Flow,
    signed_in: &SignedIn,
    parent: &impl IsA<gtk::Widget>,
) -> Result<Option<Saved>, StoreError> {
    let request = flow.request();
    let store = flow.services().store.clone();
    let entries = runtime::spawn(async move {
        match store.entries().await {
            Ok(entries) if !store.is_locked().await? => return Ok(entries),
            Err(StoreError::Locked) | Ok(_) => {}
            Err(error) => return Err(error),
        }
        store.unlock().await?;
        store.entries().await
    })
    .await?;
    let planned = match plan(&entries, &request.binding, &signed_in.user, flow.expected()) {
        Plan::Ask { id, old_user } => match ask(&request.binding.host(), &old_user, &signed_in.user, parent).await {
            Answer::Cancel => return Ok(None),
            Answer::Replace => Plan::Renew(id),
            Answer::Add => plan(&entries, &request.binding, &signed_in.user, None),
        },
        other => other,
    };
    let fresh = Account::signed_in(
        request.binding.clone(),
        signed_in.user.clone(),
        signed_in.credential.clone(),
        signed_in.valid_until,
        clock::now(),
    );
    let link = link(&request.purpose, &request.binding);
    let store = flow.services().store.clone();
    runtime::spawn(async move { write(&store, planned, fresh, link).await }).await.map(Some)
}

async fn write(store: &AccountStore, plan: Plan, fresh: Account, link: Option<Link>) -> Result<Saved, StoreError> {
    let saved = write_account(store, plan, fresh).await?;
    if let Some(link) = link
        && let Err(error) = store.allow(saved.id, link).await
    {
        // The account is there; the repository will ask.
        tracing::warn!(%error, "a permission was not saved");
    }
    Ok(saved)
}

async fn write_account(store: &AccountStore, plan: Plan, fresh: Account) -> Result<Saved, StoreError> {
    if let Plan::Renew(id) = plan {
        let renewed = fresh.clone();
        let kept = store
            .change(id, move |account| {
                if let Some(credential) = renewed.credential {
                    account.renew(renewed.user, credential, renewed.valid_until, renewed.signed_in_at);
                }
            })
            .await?;
        if let Some(account) = kept {
            return Ok(Saved { id, user: account.user, is_new: false });
        }
    }
    // New, or removed meanwhile.
    store.add(&fresh).await?;
    Ok(Saved { id: fresh.id, user: fresh.user, is_new: true })
}

/// The consent that lies in signing in for a repository. A typed address gives none.
fn link(purpose: &Purpose, binding: &Binding) -> Option<Link> {
    match purpose {
        Purpose::ByHand { remote } => {
            let remote = remote.as_ref().filter(|remote| remote.claimed().as_ref() == Ok(binding))?;
            Some(Link { remote_url: remote.address().ok()?, remote: remote.name.clone() })
        }
        Purpose::Asked(asked) => Some(Link { remote_url: asked.remote_url.clone(), remote: asked.remote.clone() }),
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
    use usher_core::{
        service::RemoteUrl,
        testing::{self, binding},
    };

    use super::*;

    fn entry(user: &str) -> (AccountId, Entry) {
        let account = testing::account("a.example", user);
        (account.id, testing::open(account))
    }

    #[test]
    fn the_same_person_renews_the_known_account() {
        let (id, known) = entry("demo");
        let entries = [known];
        assert_eq!(plan(&entries, &binding("a.example"), "demo", Some(id)), Plan::Renew(id));
        assert_eq!(plan(&entries, &binding("a.example"), "demo", None), Plan::Renew(id));
        assert_eq!(plan(&entries, &binding("a.example"), "demo2", None), Plan::Add);
        assert_eq!(plan(&entries, &binding("b.example"), "demo", None), Plan::Add);
        assert_eq!(plan(&entries, &binding("b.example"), "demo", Some(id)), Plan::Add);
    }

    #[test]
    fn another_person_never_replaces_an_account_unasked() {
        let (id, known) = entry("demo");
        let planned = plan(&[known], &binding("a.example"), "demo2", Some(id));
        assert_eq!(planned, Plan::Ask { id, old_user: "demo".into() });
    }

    #[test]
    fn where_the_server_tells_no_name_nobody_is_replaced_unless_meant() {
        let (id, known) = entry("a.example");
        let entries = [known];
        assert_eq!(plan(&entries, &binding("a.example"), "a.example", None), Plan::Add);
        assert_eq!(plan(&entries, &binding("a.example"), "a.example", Some(id)), Plan::Renew(id));
    }

    #[test]
    fn only_the_repository_one_came_from_is_allowed_to_use_the_account() {
        let remote = |service: &str| testing::remote("demo", "https://r.example/repo", service);
        let linked = |remote| link(&Purpose::ByHand { remote }, &binding("a.example")).map(|link| link.remote_url);
        assert_eq!(linked(None), None);
        assert_eq!(linked(Some(remote("https://b.example"))), None);
        assert_eq!(linked(Some(remote("https://a.example"))), RemoteUrl::parse("https://r.example/repo").ok());
    }
}
