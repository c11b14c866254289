// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl sign-out`.

use serde_json::json;
use usher_core::sign_out::{self, Ending};

use crate::{accounts, context::Context, failure::Failure, list};

/// Signs out of an account, here and at its server. Name, permissions and purchases stay.
pub(crate) async fn run(context: &Context, wanted: &str) -> Result<(), Failure> {
    let entries = context.store.unlocked_entries().await?;
    let account = accounts::readable(accounts::find_one(&entries, wanted)?)?;
    let signed_out = sign_out::sign_out(&context.session, account.id).await?;
    // `None` is an account that was removed meanwhile.
    let (account, ending) = match &signed_out {
        Some(signed_out) => (&signed_out.account, signed_out.ending.clone()),
        None => (account, Ending::Nothing),
    };
    context.out.line(&ending.signed_out_sentence(&account.binding.host()))?;
    context.out.json(&json!({ "account": list::account_json(account), "at_server": ending.word() }))
}
