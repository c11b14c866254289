// SPDX-License-Identifier: GPL-3.0-or-later
//! What a remote says about its refs: the summary that flatpak cached when it last looked. It comes from the repository
//! and is never trusted; it only tells an update from an install, and what is free from what may have to be bought.
//!
//! Flatpak 1.10 and later writes one file for each architecture (`REMOTE-ARCH-CHECKSUM.sub` beside `REMOTE.idx`), where
//! the metadata of a ref stands with the ref. Where the repository has no index, the file is called like the remote, and
//! the metadata is in the dictionary `xa.sparse-cache`. There is none in a cache before the first look. For a container
//! registry flatpak writes a summary of the same form itself, from the registry's index (`oci/REMOTE.summary` in the
//! installation; flatpak 1.16.6).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    FlatpakFolders, Installation, Remote,
    gvariant::Value,
    objects::{Checksum, hexadecimal},
    remotes_of,
};
use crate::{ask::Ask, files, keyfile::KeyFile};

/// Largest summary to read, in bytes. The largest known has a tenth of it.
const SIZE_LIMIT: u64 = 64 << 20;
/// Most refs to read of a summary.
pub(super) const COUNT_LIMIT: usize = 1 << 18;
/// Most files to look at in a cache.
const FILES_LIMIT: usize = 4096;
/// The length of a checksum in a file's name.
const CHECKSUM: usize = 64;

/// The key of a ref's metadata for the ref that takes its place.
const RENAMED: &str = "eolr";
/// The key of a ref's metadata for its token type.
const TOKEN_TYPE: &str = "tokt";
/// The token type of refs that state none.
const DEFAULT_TOKEN_TYPE: &str = "xa.default-token-type";
/// The metadata of refs, in a summary without an index.
const REFS: &str = "xa.sparse-cache";
/// The address of the registry, in the summary of a container registry.
const REGISTRY: &str = "xa.oci-registry-uri";
/// The key of a ref's metadata for the name of its repository in that registry.
const REPOSITORY: &str = "xa.oci-repository";
/// The token type of a container registry's refs that state none (`flatpak_dir_create_oci_registry_state`).
const OCI_TOKEN_TYPE: i32 = 1;

/// Whether flatpak asks a token for each of a remote's apps, as far as it has looked. Leaves out unknown apps.
pub fn needs_token<'a>(
    installation: &Installation,
    remote: &str,
    remote_uri: &str,
    app_ids: impl IntoIterator<Item = &'a String>,
) -> Vec<(String, bool)> {
    let Some(known) = known(installation, remote, remote_uri) else {
        return Vec::new();
    };
    let default = default_token_type(installation, &known);
    let summaries = cached(installation, person_cache().as_deref(), &known, None);
    let mut needs = Vec::new();
    for app_id in app_ids {
        let said = summaries.iter().filter_map(|summary| summary.is_free(app_id, default));
        needs.extend(said.map(|is_free| (app_id.clone(), !is_free)));
    }
    needs
}

/// Whether flatpak asks a token for any app of a remote, as far as it has looked.
pub(super) fn asks_for_tokens(installation: &Installation, remote: &Remote) -> bool {
    let default = default_token_type(installation, remote);
    let summaries = cached(installation, person_cache().as_deref(), remote, None);
    summaries.iter().any(|summary| {
        let default = default.or(summary.default_token_type).unwrap_or(0);
        summary.apps.values().any(|facts| facts.token_type.unwrap_or(default) != 0)
    })
}

/// The apps that need no token, wherever that is known.
pub fn free_apps(needs: impl IntoIterator<Item = (String, bool)>) -> BTreeSet<String> {
    let (mut free, mut others) = (BTreeSet::new(), BTreeSet::new());
    for (app_id, needs_token) in needs {
        if needs_token {
            others.insert(app_id)
        } else {
            free.insert(app_id)
        };
    }
    &free - &others
}

/// The remote as it is configured there, if it uses Usher.
pub(super) fn known(installation: &Installation, remote: &str, remote_uri: &str) -> Option<Remote> {
    let is_it = |known: &Remote| known.is_ours() && known.name == remote && known.url == *remote_uri;
    remotes_of(installation).into_iter().find(is_it)
}

/// Some refs of a remote, as flatpak has cached them, with all that a provider may need to ask for them. Those of these
/// apps come first.
pub fn samples(installation: &Installation, remote: &Remote, app_ids: &BTreeSet<String>) -> Vec<Ask> {
    let default = default_token_type(installation, remote);
    let summaries = cached(installation, person_cache().as_deref(), remote, None);
    let mut found: Vec<Ask> = summaries.iter().flat_map(|summary| summary.asks(default)).collect();
    found.sort_by_key(|ask| !app_ids.contains(ask.app_id()));
    found
}

/// The registry behind a container registry's index, as flatpak will name it. `None` before flatpak's first look.
pub(super) fn registry(installation: &Installation, remote: &str) -> Option<String> {
    let bytes = files::read_regular(&oci_file(installation, remote), SIZE_LIMIT).ok()?;
    let (_, metadata) = Value(&bytes).pair(8)?;
    let stated = entries(metadata).find(|(key, _)| *key == REGISTRY)?.1;
    stated.of_type("s").and_then(Value::text).map(ToOwned::to_owned)
}

fn oci_file(installation: &Installation, remote: &str) -> PathBuf {
    installation.path.join("oci").join(format!("{remote}.summary"))
}

pub(super) fn person_cache() -> Option<PathBuf> {
    FlatpakFolders::of_process().person_cache()
}

/// The token type that the remote's configuration states for refs that state none.
pub(super) fn default_token_type(installation: &Installation, remote: &Remote) -> Option<i32> {
    let usual = remote.is_registry().then_some(OCI_TOKEN_TYPE);
    let Some(file) = KeyFile::read(&installation.path.join("repo/config")) else { return usual };
    let group = format!("remote \"{}\"", remote.name);
    let stated = file.groups().find(|(name, _)| *name == group).and_then(|(_, keys)| keys.get(DEFAULT_TOKEN_TYPE));
    stated.and_then(|stated| stated.parse().ok()).or(usual)
}

/// What a summary says about one ref.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RefFacts {
    /// Which kind of token it needs; 0 means none.
    pub(super) token_type: Option<i32>,
    /// The ref that takes its place.
    pub(super) renamed_to: Option<String>,
    /// Its commit, or the digest of its manifest, in hexadecimal digits.
    pub(super) commit: String,
    /// The name of its repository in a container registry.
    pub(super) repository: Option<String>,
}

/// What a summary says about apps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// By full ref.
    pub(super) apps: BTreeMap<String, RefFacts>,
    /// The token type of those that state none.
    pub(super) default_token_type: Option<i32>,
    /// The commits with names and icons of apps, by ref.
    pub(super) catalogs: BTreeMap<String, Checksum>,
}

impl Summary {
    /// Reads a serialized summary: `(a(s(taya{sv}))a{sv})`.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (refs, metadata) = Value(bytes).pair(8)?;
        let mut summary = Self::default();
        for item in refs.items(8).take(COUNT_LIMIT) {
            // (s(taya{sv})): a number of 8 bytes comes before the checksum.
            let Some((name, (commit, own))) =
                item.pair(8).and_then(|(name, rest)| Some((name, rest.pair_after(8, 8)?)))
            else {
                continue;
            };
            if let Some((name, commit)) = catalog(name, commit) {
                summary.catalogs.insert(name, commit);
            } else if let Some(facts) = summary.add(name, own) {
                facts.commit = hexadecimal(commit.0);
            }
        }
        for (key, value) in entries(metadata) {
            match key {
                DEFAULT_TOKEN_TYPE => summary.default_token_type = value.of_type("i").and_then(Value::number),
                REFS => {
                    let all = value.of_type("a{sa{sv}}").unwrap_or(Value(&[]));
                    for (name, own) in all.items(8).take(COUNT_LIMIT).filter_map(|item| item.pair(8)) {
                        summary.add(name, own);
                    }
                }
                _ => {}
            }
        }
        Some(summary)
    }

    fn add(&mut self, name: Value<'_>, metadata: Value<'_>) -> Option<&mut RefFacts> {
        let name = name.text().filter(|name| name.starts_with("app/"))?;
        let facts = self.apps.entry(name.to_owned()).or_default();
        for (key, value) in entries(metadata) {
            match key {
                RENAMED => facts.renamed_to = value.of_type("s").and_then(Value::text).map(ToOwned::to_owned),
                TOKEN_TYPE => facts.token_type = value.of_type("i").and_then(Value::number),
                REPOSITORY => facts.repository = value.of_type("s").and_then(Value::text).map(ToOwned::to_owned),
                _ => {}
            }
        }
        Some(facts)
    }

    /// What to ask for each app that needs a token.
    pub(super) fn asks(&self, default: Option<i32>) -> impl Iterator<Item = Ask> {
        let default = default.or(self.default_token_type).unwrap_or(0);
        let protected = self.apps.iter().filter(move |(_, facts)| facts.token_type.unwrap_or(default) != 0);
        protected.filter_map(|(name, facts)| {
            let mut ask = Ask::of_ref(name.parse().ok()?);
            ask.commit = Some(facts.commit.clone()).filter(|commit| commit.len() == CHECKSUM);
            ask.repository.clone_from(&facts.repository);
            Some(ask)
        })
    }

    /// Whether the app needs no token on any branch; `None` if the summary does not have it.
    pub(super) fn is_free(&self, app_id: &str, default: Option<i32>) -> Option<bool> {
        let default = default.or(self.default_token_type).unwrap_or(0);
        let of_app = |name: &str| name.split('/').nth(1) == Some(app_id);
        let mut types = self.apps.iter().filter(|(name, _)| of_app(name)).map(|(_, facts)| facts.token_type);
        let first = types.next()?;
        Some(std::iter::once(first).chain(types).all(|stated| stated.unwrap_or(default) == 0))
    }
}

/// A ref with names and icons of apps, and its commit.
fn catalog(name: Value<'_>, commit: Value<'_>) -> Option<(String, Checksum)> {
    let name = name.text().filter(|name| name.starts_with("appstream"))?;
    Some((name.to_owned(), Checksum::read(commit)?))
}

/// The entries of an `a{sv}`.
pub(super) fn entries(dictionary: Value<'_>) -> impl Iterator<Item = (&str, Value<'_>)> {
    dictionary.items(8).take(COUNT_LIMIT).filter_map(|entry| {
        let (key, value) = entry.pair(8)?;
        Some((key.text()?, value))
    })
}

/// The summaries of a remote that flatpak has cached, for one architecture or for all. `person_cache` is where it keeps
/// those of installations that the person may not write to.
pub(super) fn cached(
    installation: &Installation,
    person_cache: Option<&Path>,
    remote: &Remote,
    arch: Option<&str>,
) -> Vec<Summary> {
    let read = |path: &Path| Summary::parse(&files::read_regular(path, SIZE_LIMIT).ok()?);
    if remote.is_registry() {
        return read(&oci_file(installation, &remote.name)).into_iter().collect();
    }
    let own = installation.path.join("repo/tmp/cache/summaries");
    let person = person_cache.filter(|_| !installation.is_user).map(|folder| folder.join("summaries"));
    let mut newest: BTreeMap<String, (SystemTime, PathBuf)> = BTreeMap::new();
    for folder in std::iter::once(own).chain(person) {
        for (file_arch, modified, path) in files_of(&folder, &remote.name) {
            let is_wanted = arch.is_none_or(|arch| file_arch.is_empty() || file_arch == arch);
            let is_newer = newest.get(&file_arch).is_none_or(|(known, _)| *known < modified);
            if is_wanted && is_newer {
                newest.insert(file_arch, (modified, path));
            }
        }
    }
    newest.into_values().filter_map(|(_, path)| read(&path)).collect()
}

/// The files of a remote in a cache: the architecture (empty for all), when it was written, and where it is.
fn files_of(folder: &Path, remote: &str) -> Vec<(String, SystemTime, PathBuf)> {
    let (mut indexed, mut plain, mut has_index) = (Vec::new(), Vec::new(), false);
    for entry in fs::read_dir(folder).into_iter().flatten().take(FILES_LIMIT).flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(remote)) else { continue };
        let Ok(modified) = entry.metadata().and_then(|metadata| metadata.modified()) else { continue };
        if let Some(arch) = arch_of(rest) {
            indexed.push((arch.to_owned(), modified, entry.path()));
        } else if rest.is_empty() {
            plain.push((String::new(), modified, entry.path()));
        } else if rest == ".idx" {
            has_index = true;
        }
    }
    // Flatpak does not remove what the repository had before its index. But it removes the index when the remote is changed,
    // until it looks again.
    if has_index || plain.is_empty() { indexed } else { plain }
}

/// The architecture in `-ARCH-CHECKSUM.sub`.
fn arch_of(rest: &str) -> Option<&str> {
    let (arch, checksum) = rest.strip_prefix('-')?.strip_suffix(".sub")?.rsplit_once('-')?;
    let is_checksum = checksum.len() == CHECKSUM && checksum.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_checksum && !arch.contains('-')).then_some(arch)
}

#[cfg(test)]
pub(crate) mod tests;
