// SPDX-License-Identifier: GPL-3.0-or-later
//! What a row of the list of repositories says. Pure.

use usher_core::{checks::InstallationKind, remote::Remote, store::Entry};

use crate::{
    model::{Repository, RepositoryUse},
    text,
};

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RepositoryItem {
    pub(super) remote: Remote,
    pub(super) title: String,
    /// Its account, or what it has in place of one; and where it is set up, if another one has the same title.
    pub(super) subtitle: String,
}

impl RepositoryItem {
    /// The rows of these remotes, in their order.
    pub(super) fn all(remotes: &[Remote], entries: &[Entry], is_refused: impl Fn(&Repository) -> bool) -> Vec<Self> {
        let titles: Vec<String> = remotes.iter().map(|remote| text::plain(remote.display_name())).collect();
        let item = |(remote, title): (&Remote, &String)| {
            let used = RepositoryUse::of(remote, entries, &is_refused).text();
            let is_one_of_several = titles.iter().filter(|other| *other == title).count() > 1;
            let place = text::installed_for(InstallationKind::of(remote.is_user));
            let subtitle = if is_one_of_several { format!("{} · {place}", text::within(&used)) } else { used };
            Self { remote: remote.clone(), title: title.clone(), subtitle }
        };
        remotes.iter().zip(&titles).map(item).collect()
    }

    /// Whether two rows are of the same remote.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let key = |item: &Self| (item.remote.name.clone(), item.remote.is_user, item.remote.url.clone());
        key(self) == key(other)
    }
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    const STORE: &str = "https://store.example";

    #[test]
    fn a_row_says_where_its_repository_is_set_up_only_if_its_title_does_not_tell() {
        let named = |name: &str, title: &str, is_user| Remote {
            title: Some(title.to_owned()),
            is_user,
            ..testing::remote(name, &format!("https://{name}.example/"), STORE)
        };
        let remotes = [named("a", "Store", true), named("b", "Store", false), named("c", "Other", true)];
        let ada = testing::linked(testing::account(STORE, "ada"), &["https://a.example/"]);
        let rows = RepositoryItem::all(&remotes, &[testing::open(ada)], |repository| repository.remote.name == "c");
        let said: Vec<_> = rows.iter().map(|row| (row.title.as_str(), row.subtitle.as_str())).collect();
        assert_eq!(
            said,
            [
                ("Store", "\u{2068}ada\u{2069} · Current user"),
                ("Store", "\u{2068}No account\u{2069} · All users"),
                ("Other", "Not allowed")
            ]
        );
        assert!(!rows[0].is_same(&rows[1]) && rows[0].is_same(&rows[0].clone()));
    }
}
