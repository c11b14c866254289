// SPDX-License-Identifier: GPL-3.0-or-later
//! Which files of the repository belong to protected apps.

use std::{collections::HashMap, fs, path::Path};

use base64::{
    Engine,
    alphabet::Alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Serialize};

use super::commands;
use crate::{StoreError, hex};

/// What the server must know about a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Commit {
    /// `xa.token-type`: 0 means that no token is needed.
    pub(crate) token_type: i32,
    /// The ids of the apps, runtimes and extensions that the commit is bound to.
    pub(crate) ids: Vec<String>,
    /// Whether it holds the names and icons of apps.
    pub(crate) is_catalog: bool,
}

/// All commits of the repository.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CommitIndex(HashMap<String, Commit>);

impl CommitIndex {
    /// Reads every commit in the repository. Takes those in `known` from there, since commits never change.
    pub(super) fn scan(repo: &Path, known: Option<&Self>) -> Result<Self, StoreError> {
        let mut commits = HashMap::new();
        for checksum in commit_checksums(&repo.join("objects"))? {
            let commit = match known.and_then(|known| known.commit(&checksum)) {
                Some(commit) => commit.clone(),
                None => read_commit(repo, &checksum)?,
            };
            commits.insert(checksum, commit);
        }
        Ok(Self(commits))
    }

    /// Whether the file at this path tells what the repository has.
    pub(crate) fn is_listing(&self, path: &str, target: Option<&TargetCommit>) -> bool {
        let is_catalog =
            target.and_then(|target| self.commit(target.checksum())).is_some_and(|commit| commit.is_catalog);
        is_catalog || path.split('/').next().is_some_and(|part| part.starts_with("summar") || part == "refs")
    }

    /// The checksums of all commits.
    pub(super) fn checksums(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The commit with this checksum.
    pub(crate) fn commit(&self, checksum: &str) -> Option<&Commit> {
        self.0.get(checksum)
    }
}

/// The commit to which a file of the repository belongs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TargetCommit(String);

impl TargetCommit {
    /// The commit of a path, if the path is that of a commit, a delta or an index of deltas.
    ///
    /// A path in these folders that names no commit leads to a commit that does not exist, so the server does not serve
    /// it.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let mut parts = path.split('/');
        let (place, first, second) = (parts.next()?, parts.next(), parts.next());
        let (first, second) = (first.unwrap_or_default(), second.unwrap_or_default());
        let checksum = match place {
            "objects" => format!("{first}{}", second.strip_suffix(".commit")?),
            "deltas" => match second.split_once('-') {
                Some((_, to)) => from_base64(to),
                None => from_base64(&format!("{first}{second}")),
            },
            "delta-indexes" => {
                let name = second.strip_suffix(".index").unwrap_or_default();
                // The name of an index is the commit to which its deltas lead.
                from_base64(&format!("{first}{name}"))
            }
            _ => return None,
        };
        Some(Self(checksum))
    }

    pub(crate) fn checksum(&self) -> &str {
        &self.0
    }
}

/// Reads a checksum as deltas spell it: base64 with `_` for `/` and without padding. Empty if it is not one.
fn from_base64(text: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+_";
    const UNPADDED: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone);
    let alphabet = Alphabet::new(ALPHABET).expect("these are 64 different characters");
    GeneralPurpose::new(&alphabet, UNPADDED)
        .decode(text)
        .ok()
        .filter(|bytes| bytes.len() == 32)
        .map(|bytes| hex::encode(&bytes))
        .unwrap_or_default()
}

fn commit_checksums(objects: &Path) -> Result<Vec<String>, StoreError> {
    let list = |folder: &Path| -> Result<Vec<_>, StoreError> {
        fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(StoreError::file(folder))
    };
    let mut checksums = Vec::new();
    for folder in list(objects)? {
        for object in list(&folder.path())? {
            let (start, name) = (folder.file_name(), object.file_name());
            if let Some(rest) = name.to_str().and_then(|name| name.strip_suffix(".commit")) {
                checksums.push(format!("{}{rest}", start.to_string_lossy()));
            }
        }
    }
    Ok(checksums)
}

fn read_commit(repo: &Path, checksum: &str) -> Result<Commit, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("{what} of commit {checksum}"));
    let token_type = match commands::commit_metadata(repo, checksum, "xa.token-type")? {
        None => 0,
        // Flatpak writes it as little endian, ostree reads it as big endian.
        Some(text) => text.parse::<i32>().map_err(|_| damaged("the token type"))?.swap_bytes(),
    };
    let refs = commands::commit_metadata(repo, checksum, "ostree.ref-binding")?.ok_or_else(|| damaged("the refs"))?;
    Ok(Commit { token_type, ids: bound_ids(&refs), is_catalog: refs.contains("'appstream") })
}

/// The ids in a printed list of refs: `['app/org.example.Metronome/x86_64/stable']`.
fn bound_ids(refs: &str) -> Vec<String> {
    refs.split('\'')
        .filter_map(|text| {
            let rest = text.strip_prefix("app/").or_else(|| text.strip_prefix("runtime/"))?;
            rest.split('/').next().map(str::to_owned)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKSUM: &str = "9fee0ee3073903532b93794d3cc5622a3a2a8f152621c5002db1970642b7790d";

    #[test]
    fn commits_deltas_and_their_indexes_lead_to_the_commit() {
        for path in [
            "objects/9f/ee0ee3073903532b93794d3cc5622a3a2a8f152621c5002db1970642b7790d.commit",
            "deltas/n+/4O4wc5A1Mrk3lNPMViKjoqjxUmIcUALbGXBkK3eQ0/superblock",
            "deltas/n+/4O4wc5A1Mrk3lNPMViKjoqjxUmIcUALbGXBkK3eQ0/0",
            "deltas/Lu/V5LM5cDla_WTl24T02RuAJiNTPHk38bK4zVgk94ow-n+4O4wc5A1Mrk3lNPMViKjoqjxUmIcUALbGXBkK3eQ0/superblock",
            "delta-indexes/n+/4O4wc5A1Mrk3lNPMViKjoqjxUmIcUALbGXBkK3eQ0.index",
        ] {
            assert_eq!(TargetCommit::of(path).unwrap().checksum(), CHECKSUM, "{path}");
        }
    }

    #[test]
    fn everything_else_leads_to_no_commit() {
        for path in ["summary", "summaries/aa.gz", "config", "objects/9f/ee.filez", "objects/9f/ee.dirtree"] {
            assert_eq!(TargetCommit::of(path), None, "{path}");
        }
    }

    #[test]
    fn a_delta_with_a_broken_name_leads_to_a_commit_that_does_not_exist() {
        for path in ["deltas", "deltas/aa", "deltas/aa/bb/superblock", "delta-indexes/n+/x", "deltas/n+/a-b/0"] {
            assert_eq!(TargetCommit::of(path).unwrap().checksum(), "", "{path}");
        }
    }

    #[test]
    fn ids_come_from_apps_and_runtimes_only() {
        let refs = "['app/org.example.Metronome/x86_64/stable', 'runtime/org.example.Metronome.Locale/x86_64/stable', 'appstream2/x86_64']";
        assert_eq!(bound_ids(refs), ["org.example.Metronome", "org.example.Metronome.Locale"]);
    }
}
