// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl remove`.

use serde_json::json;
use usher_core::{
    account::AccountId,
    i18n::{gettext, gettext_f},
    sign_out::{self, Ending},
    store::Entry,
    text,
};

use crate::{accounts, context::Context, failure::Failure, terminal};

/// Removes an account with everything that is stored for it.
pub(crate) async fn run(context: &Context, wanted: &str, is_agreed: bool) -> Result<(), Failure> {
    let entries = context.store.unlocked_entries().await?;
    let entry = accounts::find_one(&entries, wanted)?;
    if !is_agreed {
        if !terminal::can_ask() {
            return Err(Failure::Usage(gettext(
                "A terminal is needed to answer. Use “--yes” to remove without asking.",
            )));
        }
        if !terminal::ask(&question(entry)).await? {
            return Err(Failure::Cancelled);
        }
    }
    let ending = match entry {
        Entry::Open(account) => remove(context, account.id).await?,
        Entry::Locked(outline) => remove(context, outline.id).await?,
        Entry::Broken(path) => {
            context.store.remove_broken(path).await?;
            Ending::Nothing
        }
    };
    context.out.line(&ending.removed_sentence(&accounts::host(entry)))?;
    context.out.json(&json!({ "removed": accounts::id(entry), "at_server": ending.word() }))
}

/// Removes the account, then tells its server. Whether the server answers decides nothing.
async fn remove(context: &Context, id: AccountId) -> Result<Ending, Failure> {
    let forgotten = sign_out::remove(&context.session, id).await?;
    Ok(forgotten.end(context.session.http()).await)
}

fn question(entry: &Entry) -> String {
    match entry {
        Entry::Open(account) => gettext_f(
            "Remove {user} at {host}?",
            &[("user", &text::clean(&account.label(), text::NAME_LIMIT)), ("host", &account.binding.host())],
        ),
        Entry::Locked(_) | Entry::Broken(_) => gettext_f("Remove {account}?", &[("account", &accounts::title(entry))]),
    }
}
