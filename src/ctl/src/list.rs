// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl list`

use usher_core::{
    account::{Account, AccountState},
    i18n::gettext,
    store::{AccountStore, Entry},
    text,
};

use crate::{failure::Failure, terminal};

pub(crate) async fn run(store: &AccountStore) -> Result<(), Failure> {
    let entries = store.entries().await?;
    if entries.is_empty() {
        return terminal::result(&gettext("No accounts. Add one with “usherctl sign-in ADDRESS”."));
    }
    let mut rows: Vec<[String; 4]> = entries.iter().map(row).collect();
    rows.sort_by(|a, b| (&a[1], &a[0]).cmp(&(&b[1], &b[0])));
    rows.insert(0, [gettext("ACCOUNT"), gettext("SERVER"), gettext("STATE"), gettext("USED BY")]);
    for line in aligned(&rows) {
        terminal::result(&line)?;
    }
    Ok(())
}

fn row(entry: &Entry) -> [String; 4] {
    match entry {
        Entry::Open(account) => [name(account), account.binding.host(), state(account.state), used_by(account)],
        Entry::Locked(outline) => ["–".to_owned(), outline.service.host(), gettext("Locked"), "–".to_owned()],
        Entry::Broken(_) => [
            gettext("Unreadable account"),
            "–".to_owned(),
            gettext("The keyring entry could not be read"),
            "–".to_owned(),
        ],
    }
}

fn name(account: &Account) -> String {
    text::clean(account.name.as_deref().unwrap_or(&account.user), text::NAME_LIMIT)
}

fn state(state: AccountState) -> String {
    match state {
        AccountState::SignedIn => gettext("Signed in"),
        AccountState::Expired => gettext("Sign in again"),
        AccountState::SignedOut => gettext("Signed out"),
    }
}

fn used_by(account: &Account) -> String {
    let remotes: Vec<_> = account.links.iter().map(|link| text::clean(&link.remote, text::NAME_LIMIT)).collect();
    if remotes.is_empty() { "–".to_owned() } else { remotes.join(", ") }
}

/// The rows with their columns under one another.
fn aligned(rows: &[[String; 4]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..3).map(width).collect();
    rows.iter().map(|[a, b, c, d]| format!("{a:<0$}  {b:<1$}  {c:<2$}  {d}", widths[0], widths[1], widths[2])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_one_another() {
        let row = |cells: [&str; 4]| cells.map(ToOwned::to_owned);
        let lines = aligned(&[row(["A", "BB", "C", "D"]), row(["aaa", "b", "c", "d"])]);
        assert_eq!(lines, ["A    BB  C  D", "aaa  b   c  d"]);
    }
}
