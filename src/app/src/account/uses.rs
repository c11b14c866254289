// SPDX-License-Identifier: GPL-3.0-or-later
//! Which repositories may use an account, or could. Pure.

use usher_core::{account::Account, binding::Link};

use crate::{
    i18n::{gettext, gettext_f},
    model::Repository,
    text,
};

/// A repository that uses an account or could be let to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    /// What it is called.
    pub(super) title: String,
    /// What the permission is for.
    pub(super) link: Link,
    /// Whether it may use the account.
    pub(super) is_allowed: bool,
    /// Whether the person said no when it asked.
    pub(super) is_refused: bool,
}

impl Use {
    /// Its address, and that it was refused.
    pub(super) fn subtitle(&self) -> String {
        let address = text::plain(self.link.remote_url.as_str());
        if self.is_refused { gettext_f("Not allowed · {address}", &[("address", &address)]) } else { address }
    }
}

/// The repositories that may use the account, whether they are still here or not, and those of this computer that name
/// its server.
pub(super) fn uses(
    account: &Account,
    repositories: &[Repository],
    is_refused: impl Fn(&Repository) -> bool,
) -> Vec<Use> {
    let allowed = account.links.iter().map(|link| {
        let known = repositories.iter().find(|repository| repository.address == link.remote_url);
        let title = known.map_or_else(|| text::plain(&link.remote), Repository::title);
        Use { title, link: link.clone(), is_allowed: true, is_refused: false }
    });
    let possible = repositories
        .iter()
        .filter(|repository| repository.binding == account.binding && !account.is_linked_to(&repository.address))
        .map(|repository| Use {
            title: repository.title(),
            link: Link { remote_url: repository.address.clone(), remote: repository.remote.name.clone() },
            is_allowed: false,
            is_refused: is_refused(repository),
        });
    let mut all: Vec<Use> = allowed.chain(possible).collect();
    all.sort_by_cached_key(|used| (used.title.to_lowercase(), used.link.remote_url.to_string()));
    all
}

/// What removing the account means, for the alert.
pub(super) fn consequence(account: &Account, repositories: &[Repository]) -> String {
    let host = text::within(&account.binding.host());
    let titles: Vec<String> = uses(account, repositories, |_| false)
        .into_iter()
        .filter(|used| used.is_allowed)
        .map(|used| text::within(&used.title))
        .collect();
    if titles.is_empty() {
        return gettext_f("What was bought stays bought at {host}.", &[("host", &host)]);
    }
    gettext_f(
        "Apps stay installed but can no longer be updated from {repositories}. What was bought stays bought at {host}.",
        &[("repositories", &enumerate(&titles)), ("host", &host)],
    )
}

/// “A”, “A and B”, “A, B and C”.
fn enumerate(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        // Translators: the end of an enumeration, “A, B and C”
        [first @ .., last] => {
            gettext_f("{names} and {last}", &[("names", &first.join(&gettext(", "))), ("last", last)])
        }
    }
}

#[cfg(test)]
mod tests {
    use usher_core::{remote::Remote, testing};

    use super::*;

    fn repository(name: &str, service: &str) -> Repository {
        let remote = testing::remote(name, &format!("https://{name}.example/"), service);
        Repository::of(Remote { title: Some(name.to_uppercase()), ..remote }).unwrap()
    }

    fn account(at: &Repository) -> Account {
        Account::signed_in(at.binding.clone(), &testing::signed_in("ada"), 0)
    }

    fn link(name: &str) -> Link {
        testing::link(name, &format!("https://{name}.example/"))
    }

    #[test]
    fn repositories_that_use_the_account_and_those_at_its_server_are_listed() {
        let repositories = [repository("b", "https://s.example"), repository("c", "https://other.example")];
        let mut account = account(&repositories[0]);
        account.link(link("gone"));
        let listed: Vec<_> =
            uses(&account, &repositories, |_| false).into_iter().map(|used| (used.title, used.is_allowed)).collect();
        assert_eq!(listed, [("B".to_owned(), false), ("gone".to_owned(), true)]);
    }

    #[test]
    fn a_repository_that_was_refused_says_so_until_it_may_use_the_account() {
        let repositories = [repository("b", "https://s.example"), repository("c", "https://s.example")];
        let mut account = account(&repositories[0]);
        let subtitles = |account: &Account| {
            let all = uses(account, &repositories, |repository| repository.remote.name == "b");
            all.iter().map(Use::subtitle).collect::<Vec<_>>()
        };
        assert_eq!(subtitles(&account), ["Not allowed · https://b.example", "https://c.example"]);
        account.link(link("b"));
        assert_eq!(subtitles(&account), ["https://b.example", "https://c.example"]);
    }

    #[test]
    fn the_alert_names_the_repositories_that_lose_their_updates() {
        let repositories = [repository("b", "https://s.example"), repository("c", "https://s.example")];
        let mut account = account(&repositories[0]);
        assert!(!consequence(&account, &repositories).contains("updated"));
        account.link(link("b"));
        account.link(link("c"));
        account.link(link("d"));
        let text: String =
            consequence(&account, &repositories).chars().filter(|c| !matches!(c, '\u{2068}' | '\u{2069}')).collect();
        assert!(text.starts_with("Apps stay installed but can no longer be updated from B, C and d. "));
    }
}
