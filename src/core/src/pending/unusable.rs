// SPDX-License-Identifier: GPL-3.0-or-later
//! Requests for a remote whose authenticator options cannot be used: what is wrong stands in the remote itself.

use serde::{Deserialize, Serialize};

use super::{INSTALL_AGE, Operation, count_apps};
use crate::{binding::OptionsError, remote::Remote};

/// What a client wanted from a remote that does not say in a usable way where its accounts are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusable {
    /// Install or update.
    pub operation: Operation,
    /// Flatpak's name for the remote.
    pub remote: String,
    /// Its address, verbatim.
    pub remote_uri: String,
    /// The full refs.
    pub refs: Vec<String>,
    /// When the request came: seconds since 1970.
    pub at: i64,
}

/// A remote on this computer whose options cannot be used, although a client needed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableRemote {
    /// The remote.
    pub remote: Remote,
    /// What is wrong with its options.
    pub error: OptionsError,
    /// How many apps were left out of updates.
    pub updates: usize,
    /// When a client last needed them: seconds since 1970.
    pub at: i64,
}

/// Adds a note. It replaces the one about the same remote and operation, and keeps its refs.
pub fn note_unusable(notes: &mut Vec<Unusable>, mut new: Unusable) {
    let is_same = |known: &mut Unusable| {
        (&known.remote, &known.remote_uri, known.operation) == (&new.remote, &new.remote_uri, new.operation)
    };
    for earlier in notes.extract_if(.., is_same).flat_map(|known| known.refs).collect::<Vec<_>>() {
        if !new.refs.contains(&earlier) {
            new.refs.push(earlier);
        }
    }
    notes.push(new);
}

/// The remotes that these notes are about, each once and as it is now. One that was corrected, switched off or removed
/// since counts no more.
pub fn unusable_remotes(notes: &[Unusable], remotes: &[Remote]) -> Vec<UnusableRemote> {
    let mut found: Vec<UnusableRemote> = Vec::new();
    for remote in remotes.iter().filter(|remote| remote.is_ours()) {
        let own = |note: &&Unusable| note.remote == remote.name && remote.url == *note.remote_uri;
        let is_known = found.iter().any(|known| (&known.remote.name, &known.remote.url) == (&remote.name, &remote.url));
        let latest = notes.iter().filter(own).map(|note| note.at).max().filter(|_| !is_known);
        if let (Some(at), Err(error)) = (latest, remote.claimed()) {
            let updates = notes.iter().filter(own).filter(|note| note.operation == Operation::Update);
            let updates = count_apps(updates.flat_map(|note| &note.refs));
            found.push(UnusableRemote { remote: remote.clone(), error, updates, at });
        }
    }
    found
}

pub(super) fn forget_old(notes: &mut Vec<Unusable>, now: i64) {
    notes.retain(|note| note.operation == Operation::Update || now.saturating_sub(note.at) < INSTALL_AGE);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{service::UrlError, testing};

    fn note(operation: Operation, refs: &[&str], at: i64) -> Unusable {
        let refs = refs.iter().map(|&text| text.to_owned()).collect();
        Unusable { operation, remote: "shop".into(), remote_uri: "https://r.example/".into(), refs, at }
    }

    #[test]
    fn a_remote_is_unusable_until_its_options_are_corrected() {
        let mut notes = Vec::new();
        note_unusable(&mut notes, note(Operation::Update, &["app/org.a.A/x/1"], 1));
        note_unusable(&mut notes, note(Operation::Update, &["app/org.b.B/x/1", "runtime/org.b.B.Locale/x/1"], 2));
        note_unusable(&mut notes, note(Operation::Install, &["app/org.c.C/x/1"], 3));
        assert_eq!(notes.len(), 2);
        let sound = testing::remote("shop", "https://r.example/", "https://s.example/");
        let with = |option: &str, value: Option<&str>| {
            let mut remote = sound.clone();
            remote.options.remove(option);
            remote.options.extend(value.map(|value| (option.to_owned(), value.to_owned())));
            remote
        };
        for (remote, error) in [
            (with("url", None), Some(OptionsError::Missing("url"))),
            (with("url", Some("nonsense")), Some(OptionsError::Malformed("url"))),
            (with("url", Some("http://s.example/")), Some(OptionsError::Address("url", UrlError::NotSecure))),
            (with("type", Some("ticket")), Some(OptionsError::UnknownType("ticket".into()))),
            (sound.clone(), None),
            (Remote { is_disabled: true, ..with("url", None) }, None),
            (Remote { authenticator: None, ..with("url", None) }, None),
            (Remote { name: "other".into(), ..with("url", None) }, None),
            (Remote { url: "https://other.example/".into(), ..with("url", None) }, None),
        ] {
            let found = unusable_remotes(&notes, &[remote.clone(), remote.clone()]);
            let found: Vec<_> = found.into_iter().map(|found| (found.error, found.updates, found.at)).collect();
            assert_eq!(found, error.map(|error| (error, 2, 3)).into_iter().collect::<Vec<_>>(), "{remote:?}");
        }
        forget_old(&mut notes, 3 + INSTALL_AGE);
        assert_eq!(notes.iter().map(|note| note.operation).collect::<Vec<_>>(), [Operation::Update]);
    }
}
