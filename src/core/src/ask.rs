// SPDX-License-Identifier: GPL-3.0-or-later
//! What to ask tokens for.

use std::collections::BTreeSet;

use crate::{refs::FlatpakRef, service::RemoteUrl};

/// One thing to ask a token for, with all that a provider may need to know: a ref from a request, just an app where there
/// is no ref, or the list of what a repository has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    subject: Subject,
    /// The commit, or the digest of the manifest in a container registry.
    pub commit: Option<String>,
    /// The name of the repository in a container registry (`summary.xa.oci-repository`).
    pub repository: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Ref(FlatpakRef),
    App(String),
    Listing(RemoteUrl),
}

impl Ask {
    /// Asks for a ref.
    pub fn of_ref(full_ref: FlatpakRef) -> Self {
        Self::of(Subject::Ref(full_ref))
    }

    /// Asks for an app without a ref.
    pub fn of_app(app_id: &str) -> Self {
        Self::of(Subject::App(app_id.to_owned()))
    }

    /// Asks for the listing of the repository at this address: its summary, or the index of a container registry. It is
    /// asked for alone, since no server gives it together with apps.
    pub fn of_listing(repository: RemoteUrl) -> Self {
        Self::of(Subject::Listing(repository))
    }

    fn of(subject: Subject) -> Self {
        Self { subject, commit: None, repository: None }
    }

    /// Id of the app that the ask belongs to. Empty for a listing, which belongs to none.
    pub fn app_id(&self) -> &str {
        match &self.subject {
            Subject::Ref(full_ref) => full_ref.app_id(),
            Subject::App(app_id) => app_id,
            Subject::Listing(_) => "",
        }
    }

    /// The ref. `None` if this asks for an app without one.
    pub fn full_ref(&self) -> Option<&FlatpakRef> {
        match &self.subject {
            Subject::Ref(full_ref) => Some(full_ref),
            Subject::App(_) | Subject::Listing(_) => None,
        }
    }

    /// The address of the repository whose listing this asks for. `None` if it asks for an app.
    pub fn listing(&self) -> Option<&RemoteUrl> {
        match &self.subject {
            Subject::Listing(repository) => Some(repository),
            Subject::Ref(_) | Subject::App(_) => None,
        }
    }

    /// Whether it asks for a listing.
    pub fn is_listing(&self) -> bool {
        self.listing().is_some()
    }
}

/// The apps that some asks belong to.
pub fn app_ids(asks: &[Ask]) -> BTreeSet<String> {
    asks.iter().filter(|ask| !ask.is_listing()).map(|ask| ask.app_id().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ask_belongs_to_an_app() {
        let locale = "runtime/org.example.App.Locale/x86_64/stable".parse::<FlatpakRef>().unwrap();
        assert_eq!(Ask::of_ref(locale.clone()).app_id(), "org.example.App");
        assert_eq!(Ask::of_ref(locale.clone()).full_ref(), Some(&locale));
        assert_eq!(Ask::of_app("org.example.App").full_ref(), None);
        assert!(!Ask::of_app("org.example.App").is_listing() && !Ask::of_ref(locale).is_listing());
    }

    #[test]
    fn a_listing_belongs_to_a_repository_and_to_no_app() {
        let repository = RemoteUrl::parse("https://repo.example.org/").unwrap();
        let listing = Ask::of_listing(repository.clone());
        assert_eq!((listing.app_id(), listing.full_ref(), listing.listing()), ("", None, Some(&repository)));
        let asks = [listing, Ask::of_app("org.example.App"), Ask::of_app("org.example.App")];
        assert_eq!(app_ids(&asks), BTreeSet::from(["org.example.App".to_owned()]));
    }
}
