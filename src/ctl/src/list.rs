// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl list`

use serde_json::{Value, json};
use usher_core::{
    account::{Account, AccountState, Standing},
    clock,
    error_text::UserFacing,
    i18n::{gettext, gettext_f},
    store::{Entry, Unsaved},
    text,
};

use crate::{command, context::Context, failure::Failure, time};

pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let mut entries = context.store.entries().await?;
    entries.sort_by_cached_key(|entry| {
        let row = row(entry, None);
        (row[1].clone(), row[0].clone())
    });
    let unsaved = context.store.unsaved().await;
    let json = entries.iter().map(|entry| entry_json(entry, unsaved_of(entry, &unsaved)));
    context.out.json(&json!({ "accounts": json.collect::<Vec<_>>() }))?;
    if entries.is_empty() {
        return context.out.line(&no_accounts());
    }
    let titles = [gettext("ACCOUNT"), gettext("SERVER"), gettext("STATE"), gettext("USED BY")];
    let rows: Vec<_> =
        [titles].into_iter().chain(entries.iter().map(|entry| row(entry, unsaved_of(entry, &unsaved)))).collect();
    for line in aligned(&rows) {
        context.out.line(&line)?;
    }
    Ok(())
}

/// Which renewed sign-in of an account the keyring has not saved.
pub(crate) fn unsaved_of<'a>(entry: &Entry, unsaved: &'a [Unsaved]) -> Option<&'a Unsaved> {
    let account = entry.account()?;
    unsaved.iter().find(|unsaved| unsaved.account == account.id)
}

/// The JSON of a keyring entry.
pub(crate) fn entry_json(entry: &Entry, unsaved: Option<&Unsaved>) -> Value {
    match entry {
        Entry::Open(account) => {
            let mut json = account_json(account);
            json["is_unsaved"] = unsaved.is_some().into();
            json
        }
        Entry::Locked(outline) => json!({
            "id": outline.id.to_string(),
            "provider": outline.provider.name(),
            "service": outline.service.as_str(),
            "server": outline.service.host(),
            "state": "locked",
        }),
        Entry::Broken(path) => json!({ "id": path, "state": "unreadable" }),
    }
}

/// The JSON of an account: everything but its credential.
pub(crate) fn account_json(account: &Account) -> Value {
    let used_by =
        account.links.iter().map(|link| json!({ "remote": link.remote, "address": link.remote_url.as_str() }));
    json!({
        "id": account.id.to_string(),
        "provider": account.binding.provider.name(),
        "service": account.binding.service.as_str(),
        "server": account.binding.host(),
        "signs_in_at": account.binding.sign_in_host(),
        "user": account.user,
        "name": account.name,
        "state": state_word(account),
        "may_have_ended": account.may_have_ended(clock::now()),
        "first_signed_in_at": account.first_signed_in_at,
        "signed_in_at": account.signed_in_at,
        "valid_until": account.valid_until,
        "last_used_at": account.last_use.as_ref().map(|last| last.at),
        "last_used_by": account.last_use.as_ref().map(|last| last.by.as_str()),
        "used_by": used_by.collect::<Vec<_>>(),
    })
}

/// The state as a word for programs: what the server and the person have said, no guess.
fn state_word(account: &Account) -> &'static str {
    match account.state {
        AccountState::SignedIn => "signed-in",
        AccountState::Expired => "expired",
        AccountState::SignedOut => "signed-out",
    }
}

fn row(entry: &Entry, unsaved: Option<&Unsaved>) -> [String; 4] {
    match entry {
        Entry::Open(account) => {
            let state = unsaved.map_or_else(|| state(account), UserFacing::reason);
            [name(account), account.binding.host(), state, used_by(account)]
        }
        Entry::Locked(outline) => ["–".to_owned(), outline.service.host(), gettext("Locked"), "–".to_owned()],
        Entry::Broken(_) => [
            gettext("Unreadable account"),
            "–".to_owned(),
            gettext("The keyring entry could not be read"),
            "–".to_owned(),
        ],
    }
}

pub(crate) fn name(account: &Account) -> String {
    text::clean(&account.name.clone().unwrap_or_else(|| account.label()), text::NAME_LIMIT)
}

pub(crate) fn state(account: &Account) -> String {
    match Standing::of(account, clock::now()) {
        Standing::Fine => gettext("Signed in"),
        Standing::EndsSoon(at) => gettext_f("Sign-in ends on {date}", &[("date", &time::day(at))]),
        Standing::MayHaveEnded => gettext("Sign-in may have ended"),
        Standing::Ended => gettext("Sign in again"),
        Standing::SignedOut => gettext("Signed out"),
    }
}

pub(crate) fn used_by(account: &Account) -> String {
    let remotes: Vec<_> = account.links.iter().map(|link| text::clean(&link.remote, text::NAME_LIMIT)).collect();
    if remotes.is_empty() { "–".to_owned() } else { remotes.join(", ") }
}

/// Aligns the columns of the rows.
pub(crate) fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// The message that says how to add the first account.
pub(crate) fn no_accounts() -> String {
    gettext_f("No accounts. Add one with “{command}”.", &[("command", &command::usherctl(&["sign-in", "ADDRESS"]))])
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    #[test]
    fn h32_a_sign_in_that_may_have_ended_is_told_apart_from_one_that_has() {
        let soon = clock::now() + 60 * 60;
        let ends = format!("Sign-in ends on {}", time::day(soon));
        for (state, valid_until, failures, shown, word, may_have_ended) in [
            (AccountState::SignedIn, None, 0, "Signed in", "signed-in", false),
            (AccountState::SignedIn, Some(soon), 0, &*ends, "signed-in", false),
            (AccountState::SignedIn, Some(1), 0, "Sign-in may have ended", "signed-in", true),
            (AccountState::SignedIn, None, Account::FAILURES - 1, "Signed in", "signed-in", false),
            (AccountState::SignedIn, None, Account::FAILURES, "Sign-in may have ended", "signed-in", true),
            (AccountState::Expired, Some(1), 0, "Sign in again", "expired", false),
            (AccountState::Expired, None, Account::FAILURES, "Sign in again", "expired", false),
            (AccountState::SignedOut, Some(1), Account::FAILURES, "Signed out", "signed-out", false),
        ] {
            let mut account = testing::account("store.example.org", "ada");
            (account.state, account.valid_until, account.failures) = (state, valid_until, failures);
            let json = account_json(&account);
            assert_eq!(
                (super::state(&account).as_str(), &json["state"], &json["may_have_ended"]),
                (shown, &json!(word), &json!(may_have_ended)),
                "{state:?} {valid_until:?} {failures}"
            );
        }
    }

    #[test]
    fn columns_stand_under_one_another() {
        let row = |cells: [&str; 4]| cells.map(ToOwned::to_owned);
        let lines = aligned(&[row(["A", "BB", "C", "D"]), row(["aaa", "b", "c", "d"])]);
        assert_eq!(lines, ["A    BB  C  D", "aaa  b   c  d"]);
    }
}
