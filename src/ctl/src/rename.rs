// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl rename` gives an account a custom name.

use serde_json::json;
use usher_core::{i18n::gettext_f, text};

use crate::{accounts, context::Context, failure::Failure, list};

pub(crate) async fn run(context: &Context, wanted: &str, name: &str) -> Result<(), Failure> {
    let entries = context.store.unlocked_entries().await?;
    let account = accounts::readable(accounts::find_one(&entries, wanted)?)?;
    let name = name.to_owned();
    context.is_too_late.set(true);
    let renamed = context.store.change(account.id, move |account| account.rename(&name)).await?;
    let account = renamed.as_ref().unwrap_or(account);
    let (user, host) = (text::clean(&account.label(), text::NAME_LIMIT), account.binding.host());
    let values = [("user", user.as_str()), ("host", host.as_str())];
    context.out.line(&match &account.name {
        Some(_) => gettext_f(
            "The account of {user} at {host} is called “{name}” now.",
            &[values[0], values[1], ("name", &list::name(account))],
        ),
        None => gettext_f("The account of {user} at {host} no longer has a name of its own.", &values),
    })?;
    context.out.json(&json!({ "account": list::account_json(account) }))
}
