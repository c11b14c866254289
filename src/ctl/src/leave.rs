// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl sign-out` and `usherctl remove`.

use serde_json::json;
use usher_core::{
    account::Account,
    i18n::{gettext, gettext_f},
    store::Entry,
    text,
};

use crate::{accounts, context::Context, failure::Failure, list, terminal};

/// Signs out of an account. Name, permissions and purchases stay.
pub(crate) async fn sign_out(context: &Context, wanted: &str) -> Result<(), Failure> {
    let entries = context.unlocked_entries().await?;
    let account = accounts::readable(accounts::the_one(&entries, wanted)?)?;
    let signed_out = context.store.change(account.id, Account::sign_out).await?;
    let account = signed_out.as_ref().unwrap_or(account);
    context.out.line(&gettext_f("Signed out of {host}.", &[("host", &account.binding.host())]))?;
    context.out.json(&json!({ "account": list::account_json(account) }))
}

/// Removes an account with everything that is stored for it.
pub(crate) async fn remove(context: &Context, wanted: &str, is_agreed: bool) -> Result<(), Failure> {
    let entries = context.unlocked_entries().await?;
    let entry = accounts::the_one(&entries, wanted)?;
    if !is_agreed {
        if !terminal::can_ask() {
            return Err(Failure::Usage(gettext("Nobody can be asked here. With “--yes” nobody is.")));
        }
        if !terminal::ask(&question(entry)).await? {
            return Err(Failure::Cancelled);
        }
    }
    match entry {
        Entry::Open(account) => context.store.remove(account.id).await?,
        Entry::Locked(outline) => context.store.remove(outline.id).await?,
        Entry::Broken(path) => context.store.remove_broken(path).await?,
    }
    context.out.line(&gettext("Account removed."))?;
    context.out.json(&json!({ "removed": accounts::id(entry) }))
}

fn question(entry: &Entry) -> String {
    match entry {
        Entry::Open(account) => gettext_f(
            "Remove {user} at {host}?",
            &[("user", &text::clean(&account.user, text::NAME_LIMIT)), ("host", &account.binding.host())],
        ),
        Entry::Locked(_) | Entry::Broken(_) => gettext_f("Remove {account}?", &[("account", &accounts::title(entry))]),
    }
}
