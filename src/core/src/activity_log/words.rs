// SPDX-License-Identifier: GPL-3.0-or-later
//! An entry as people read it, in the window and in the terminal alike. It says what a program asked for: whether it then
//! installed anything, nobody here knows.

use std::fmt;

use super::{Entry, Event, Purchase, Purpose, Question, Request, RequestResult};
use crate::{
    i18n::{gettext, gettext_f, ngettext_f},
    program, text,
};

/// What repositories and apps are called.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The title of a repository, by flatpak's name of its remote.
    pub repository: &'a dyn Fn(&str) -> String,
    /// The name of an app, by its id.
    pub app: &'a dyn Fn(&str) -> String,
}

/// An entry in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// What happened, in one line without a full stop.
    pub title: String,
    /// What came of it, in a few words; empty where the title says all.
    pub outcome: String,
    /// What windows asked the person because of it, in a few words each.
    pub questions: Vec<String>,
    /// What a search finds, in small letters.
    searched: String,
}

impl Default for Names<'_> {
    /// The names that flatpak has for them.
    fn default() -> Self {
        Self { repository: &ToOwned::to_owned, app: &ToOwned::to_owned }
    }
}

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

impl Entry {
    /// The entry in words.
    pub fn words(&self, names: &Names<'_>) -> Words {
        let described = Described { entry: self, names };
        let (outcome, questions) = match &self.event {
            Event::Request(request) => {
                (described.outcome(request), request.asked.iter().map(|question| question.words()).collect())
            }
            _ => (String::new(), Vec::new()),
        };
        let title = described.title();
        let remote = self.remote.as_deref().unwrap_or_default();
        let apps: Vec<String> = described.app_ids().into_iter().map(|id| format!("{} {id}", (names.app)(id))).collect();
        let shown = [&title, &outcome, &self.host, remote, &apps.join(" "), &questions.join(" ")];
        Words { searched: searchable(&shown.join(" ")), title, outcome, questions }
    }
}

impl Words {
    /// Everything that there is to say, for a terminal: what happened first, then the rest.
    pub fn parts(&self) -> Vec<String> {
        let all = [&self.title, &self.outcome].into_iter().chain(&self.questions);
        all.filter(|part| !part.is_empty()).map(|part| part.replace(['\u{2068}', '\u{2069}'], "")).collect()
    }

    /// The same in one line.
    pub fn line(&self) -> String {
        self.parts().join(" · ")
    }

    /// Whether every word of a search is in the entry.
    pub fn matches(&self, query: &str) -> bool {
        searchable(query).split(' ').all(|word| self.searched.contains(word))
    }
}

impl Question {
    fn words(self) -> String {
        match self {
            Self::SignIn => gettext("Usher asked for a sign-in"),
            Self::Permission => gettext("Usher asked for permission"),
            Self::Purchase => gettext("Usher asked about a purchase"),
            Self::Unlock => gettext("Usher asked to unlock the keyring"),
        }
    }
}

/// An entry, and what it names.
struct Described<'a> {
    entry: &'a Entry,
    names: &'a Names<'a>,
}

impl Described<'_> {
    fn title(&self) -> String {
        let (host, repository) = (self.host(), self.repository());
        let at_host = [("host", host.as_str())];
        let of_repository = [at_host[0], ("repository", &repository)];
        match &self.entry.event {
            Event::Request(request) => self.asked_for(request),
            Event::SignedIn { is_new: true } => gettext_f("Signed in to {host} with a new account", &at_host),
            Event::SignedIn { is_new: false } => gettext_f("Signed in to {host} again", &at_host),
            Event::SignInEnded => gettext_f("{host} ended a sign-in", &at_host),
            Event::SignedOut => gettext_f("Signed out of an account at {host}", &at_host),
            Event::Removed => gettext_f("Removed an account at {host}", &at_host),
            Event::Allowed => gettext_f("{repository} may use an account at {host}", &of_repository),
            Event::Disallowed => gettext_f("{repository} may no longer use an account at {host}", &of_repository),
            Event::Refused => gettext_f("{repository} may not use an account at {host}", &of_repository),
            Event::PurchaseBegun(purchase) => match self.bought(purchase) {
                Some(app) => gettext_f("Began to buy “{app}” at {host}", &[at_host[0], ("app", &app)]),
                None => gettext_f("Began to buy an app at {host}", &at_host),
            },
            Event::PurchaseEnded { purchase, is_owned: true } => match self.bought(purchase) {
                Some(app) => gettext_f("Bought “{app}” at {host}", &[at_host[0], ("app", &app)]),
                None => gettext_f("Bought an app at {host}", &at_host),
            },
            Event::PurchaseEnded { purchase, is_owned: false } => match self.bought(purchase) {
                Some(app) => gettext_f("Did not buy “{app}” at {host}", &[at_host[0], ("app", &app)]),
                None => gettext_f("Did not buy an app at {host}", &at_host),
            },
        }
    }

    /// “Software asked to install 3 apps from Demo Store”
    fn asked_for(&self, request: &Request) -> String {
        let (program, repository) = (program::name(&request.program), self.repository());
        let values = [("program", program.as_str()), ("repository", &repository)];
        let one = request.app_ids.first().filter(|_| request.apps == 1).map(|id| self.app(id));
        match (request.purpose, one) {
            (Purpose::Listing, _) => gettext_f("{program} asked what {repository} has", &values),
            (Purpose::Account, _) => gettext_f("{program} asked for an account for {repository}", &values),
            (Purpose::Purchase, Some(app)) => {
                gettext_f("{program} asked to buy “{app}” from {repository}", &[values[0], values[1], ("app", &app)])
            }
            (Purpose::Purchase, None) => gettext_f("{program} asked to buy an app from {repository}", &values),
            (Purpose::Install, Some(app)) => gettext_f(
                "{program} asked to install “{app}” from {repository}",
                &[values[0], values[1], ("app", &app)],
            ),
            (Purpose::Install, None) => ngettext_f(
                "{program} asked to install {n} app from {repository}",
                "{program} asked to install {n} apps from {repository}",
                request.apps,
                &values,
            ),
            (Purpose::Update, Some(app)) => {
                gettext_f("{program} asked to update “{app}” from {repository}", &[values[0], values[1], ("app", &app)])
            }
            (Purpose::Update, None) => ngettext_f(
                "{program} asked to update {n} app from {repository}",
                "{program} asked to update {n} apps from {repository}",
                request.apps,
                &values,
            ),
        }
    }

    fn outcome(&self, request: &Request) -> String {
        let has_account = self.entry.account.is_some();
        match request.result {
            RequestResult::Granted if request.purpose == Purpose::Account => gettext("It may use an account"),
            RequestResult::Granted if has_account => gettext("The account has access"),
            RequestResult::Granted => gettext("No account was needed"),
            RequestResult::AccountNeeded if has_account => gettext("A new sign-in was needed"),
            RequestResult::AccountNeeded => gettext("An account was needed"),
            RequestResult::PermissionNeeded => gettext("Permission to use an account was needed"),
            RequestResult::Refused => gettext("The repository may not use an account"),
            RequestResult::NoAccess => gettext("The account has no access"),
            RequestResult::Locked => gettext("The keyring could not be opened"),
            RequestResult::ServerChanged => gettext("Blocked, because the repository has changed its server"),
            RequestResult::Unusable => gettext("The repository is not set up correctly"),
            RequestResult::Unavailable => gettext_f("{host} was not available", &[("host", &self.host())]),
            RequestResult::Cancelled => gettext("Cancelled"),
            RequestResult::Failed => gettext("Something went wrong in Usher"),
        }
    }

    fn host(&self) -> String {
        match self.entry.host.as_str() {
            // Translators: where an address names no server, within a sentence
            "" => gettext("an unknown server"),
            host => text::name(host),
        }
    }

    fn repository(&self) -> String {
        let title = self.entry.remote.as_deref().map(self.names.repository).unwrap_or_default();
        if text::clean(&title, text::NAME_LIMIT).is_empty() { self.host() } else { text::name(&title) }
    }

    fn app(&self, id: &str) -> String {
        text::name(&(self.names.app)(id))
    }

    fn bought(&self, purchase: &Purchase) -> Option<String> {
        purchase.app_id.as_deref().map(|id| self.app(id))
    }

    fn app_ids(&self) -> Vec<&str> {
        match &self.entry.event {
            Event::Request(request) => request.app_ids.iter().map(String::as_str).collect(),
            Event::PurchaseBegun(purchase) | Event::PurchaseEnded { purchase, .. } => {
                purchase.app_id.as_deref().into_iter().collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Small letters, single spaces, nothing hidden.
fn searchable(text: &str) -> String {
    text::clean(text, usize::MAX).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::AccountId;

    const ALL: [RequestResult; 11] = [
        RequestResult::Granted,
        RequestResult::AccountNeeded,
        RequestResult::PermissionNeeded,
        RequestResult::Refused,
        RequestResult::NoAccess,
        RequestResult::Locked,
        RequestResult::ServerChanged,
        RequestResult::Unusable,
        RequestResult::Unavailable,
        RequestResult::Cancelled,
        RequestResult::Failed,
    ];

    fn entry(event: Event) -> Entry {
        let (host, remote) = ("store.example".to_owned(), Some("demo".to_owned()));
        Entry { at: 1, host, remote, account: None, event }
    }

    fn request(purpose: Purpose, apps: usize, result: RequestResult) -> Request {
        let (program, app_ids) = ("gnome-software".to_owned(), [].into());
        Request { program, purpose, apps, app_ids, result, asked: vec![] }
    }

    fn line(entry: &Entry) -> String {
        let repository = |_: &str| "Demo Store".to_owned();
        let app = |id: &str| id.replace("org.example.", "");
        entry.words(&Names { repository: &repository, app: &app }).line()
    }

    #[test]
    fn a_request_says_who_asked_for_what() {
        for (purpose, apps, title) in [
            (Purpose::Install, 1, "Software asked to install 1 app from Demo Store"),
            (Purpose::Install, 3, "Software asked to install 3 apps from Demo Store"),
            (Purpose::Update, 1, "Software asked to update 1 app from Demo Store"),
            (Purpose::Update, 3, "Software asked to update 3 apps from Demo Store"),
            (Purpose::Listing, 0, "Software asked what Demo Store has"),
            (Purpose::Purchase, 1, "Software asked to buy an app from Demo Store"),
        ] {
            let asked = entry(Event::Request(request(purpose, apps, RequestResult::Granted)));
            assert_eq!(line(&asked), format!("{title} · No account was needed"));
        }
        let named = |purpose| {
            let app_ids = ["org.example.App".to_owned()].into();
            line(&entry(Event::Request(Request { app_ids, ..request(purpose, 1, RequestResult::Cancelled) })))
        };
        assert_eq!(named(Purpose::Install), "Software asked to install “App” from Demo Store · Cancelled");
        assert_eq!(named(Purpose::Update), "Software asked to update “App” from Demo Store · Cancelled");
        assert_eq!(named(Purpose::Purchase), "Software asked to buy “App” from Demo Store · Cancelled");
        let account = entry(Event::Request(request(Purpose::Account, 0, RequestResult::Granted)));
        assert_eq!(line(&account), "Software asked for an account for Demo Store · It may use an account");
    }

    #[test]
    fn a_request_says_what_came_of_it() {
        let with_account = [
            "The account has access",
            "A new sign-in was needed",
            "Permission to use an account was needed",
            "The repository may not use an account",
            "The account has no access",
            "The keyring could not be opened",
            "Blocked, because the repository has changed its server",
            "The repository is not set up correctly",
            "store.example was not available",
            "Cancelled",
            "Something went wrong in Usher",
        ];
        let mut without_account = with_account;
        (without_account[0], without_account[1]) = ("No account was needed", "An account was needed");
        for (account, expected) in [(None, without_account), (Some(AccountId::random()), with_account)] {
            for (result, outcome) in ALL.into_iter().zip(expected) {
                let asked = Event::Request(request(Purpose::Install, 1, result));
                let line = line(&Entry { account, ..entry(asked) });
                assert_eq!(line, format!("Software asked to install 1 app from Demo Store · {outcome}"));
            }
        }
    }

    #[test]
    fn a_request_says_why_a_window_asked() {
        let asked = vec![Question::SignIn, Question::Permission, Question::Purchase, Question::Unlock];
        let request = Request { asked, ..request(Purpose::Install, 1, RequestResult::NoAccess) };
        let line = line(&entry(Event::Request(request)));
        let questions = "Usher asked for a sign-in · Usher asked for permission · Usher asked about a purchase \
                         · Usher asked to unlock the keyring";
        assert!(line.ends_with(&format!("· {questions}")), "{line}");
    }

    #[test]
    fn everything_else_says_what_the_person_or_the_server_did() {
        let app = || Purchase { app_id: Some("org.example.App".to_owned()) };
        let ended = |purchase, is_owned| Event::PurchaseEnded { purchase, is_owned };
        for (event, expected) in [
            (Event::SignedIn { is_new: true }, "Signed in to store.example with a new account"),
            (Event::SignedIn { is_new: false }, "Signed in to store.example again"),
            (Event::SignInEnded, "store.example ended a sign-in"),
            (Event::SignedOut, "Signed out of an account at store.example"),
            (Event::Removed, "Removed an account at store.example"),
            (Event::Allowed, "Demo Store may use an account at store.example"),
            (Event::Disallowed, "Demo Store may no longer use an account at store.example"),
            (Event::Refused, "Demo Store may not use an account at store.example"),
            (Event::PurchaseBegun(app()), "Began to buy “App” at store.example"),
            (Event::PurchaseBegun(Purchase::default()), "Began to buy an app at store.example"),
            (ended(app(), true), "Bought “App” at store.example"),
            (ended(Purchase::default(), true), "Bought an app at store.example"),
            (ended(app(), false), "Did not buy “App” at store.example"),
            (ended(Purchase::default(), false), "Did not buy an app at store.example"),
        ] {
            assert_eq!(line(&entry(event)), expected);
        }
    }

    #[test]
    fn what_has_no_name_is_called_by_its_server_and_what_has_none_is_unknown() {
        let asked = || Event::Request(request(Purpose::Listing, 0, RequestResult::Unusable));
        let unnamed = Entry { remote: None, ..entry(asked()) };
        assert!(unnamed.words(&Names::default()).line().starts_with("Software asked what store.example has"));
        let unknown = Entry { host: String::new(), remote: Some("\u{202e}".to_owned()), ..entry(asked()) };
        assert!(unknown.words(&Names::default()).line().starts_with("Software asked what an unknown server has"));
    }

    #[test]
    fn names_from_outside_are_cut_and_cleaned() {
        let program = format!("claimed:{}\n\u{1b}[31m", "x".repeat(500));
        let asked = Request { program, ..request(Purpose::Listing, 0, RequestResult::Granted) };
        let remote = Some(format!("{}\u{202e}", "y".repeat(500)));
        let words = Entry { remote, ..entry(Event::Request(asked)) }.words(&Names::default());
        assert!(
            words.line().chars().count() < 250 && !words.line().contains(['\n', '\u{1b}', '\u{202e}']),
            "{words:?}"
        );
    }

    #[test]
    fn a_search_finds_what_is_shown_and_the_ids_of_apps() {
        let app_ids = ["org.example.App".to_owned(), "org.example.Other".to_owned()].into();
        let asked = Request { app_ids, ..request(Purpose::Install, 2, RequestResult::Unavailable) };
        let words = entry(Event::Request(asked)).words(&Names { app: &|_| "Name".to_owned(), ..Names::default() });
        for query in ["", "SOFTWARE", "demo", "not available", "org.example.other", "name", " install  software "] {
            assert!(words.matches(query), "{query}");
        }
        for query in ["discover", "software discover"] {
            assert!(!words.matches(query), "{query}");
        }
    }
}
