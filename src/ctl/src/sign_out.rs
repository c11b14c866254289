// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl sign-out`.

use serde_json::json;
use usher_core::{i18n::gettext_f, sign_in};

use crate::{accounts, context::Context, failure::Failure, list};

/// Signs out of an account. Name, permissions and purchases stay.
pub(crate) async fn run(context: &Context, wanted: &str) -> Result<(), Failure> {
    let entries = context.store.unlocked_entries().await?;
    let account = accounts::readable(accounts::find_one(&entries, wanted)?)?;
    let signed_out = sign_in::sign_out(&context.session, account.id).await?;
    let account = signed_out.as_ref().map_or(account, |signed_out| &signed_out.account);
    context.out.line(&gettext_f("Signed out of {host}.", &[("host", &account.binding.host())]))?;
    context.out.json(&json!({ "account": list::account_json(account) }))
}
