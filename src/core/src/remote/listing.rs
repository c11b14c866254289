// SPDX-License-Identifier: GPL-3.0-or-later
//! The list of what a repository has, as somebody has just fetched it: which list is for this computer, what is in it, and
//! with whose keys flatpak would check it. Fetches nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::Deserialize;

use super::{
    Installation, Remote,
    gvariant::Value,
    installations,
    objects::Checksum,
    remotes_of,
    summary::{self, COUNT_LIMIT, Summary},
};
use crate::{ask::Ask, files, keyfile::KeyFile, refs::FlatpakRef};

/// Where ostree has the keys for remotes without keys of their own.
const GLOBAL_KEYS: &str = "/usr/share/ostree/trusted.gpg.d";
/// Largest file of keys to read, in bytes.
const KEYS_LIMIT: u64 = 4 << 20;
/// Most files of keys to read.
const KEY_FILES_LIMIT: usize = 256;
/// The branches with names and icons of apps, the newer kind first, and the file in them.
const CATALOGS: [(&str, &str); 2] = [("appstream2", "appstream.xml"), ("appstream", "appstream.xml.gz")];

/// Flatpak's name for this computer's architecture.
pub fn own_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86" => "i386",
        other => other,
    }
}

/// What flatpak's configuration says about reading the list of a remote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListSource {
    /// Whether the list has to be signed.
    pub is_signed: bool,
    /// The files of keys that may sign it.
    pub keys: Vec<Vec<u8>>,
    /// The part of the repository that the remote keeps to.
    subset: Option<String>,
    default_token_type: Option<i32>,
}

impl ListSource {
    /// What is configured for a remote of this computer. `None` if it is gone.
    pub fn of(remote: &Remote) -> Option<Self> {
        Self::find(&installations(), remote, Path::new(GLOBAL_KEYS))
    }

    fn find(installations: &[Installation], remote: &Remote, global: &Path) -> Option<Self> {
        let installation = installations.iter().find(|installation| remotes_of(installation).contains(remote))?;
        let file = KeyFile::read(&installation.path.join("repo/config"))?;
        let group = format!("remote \"{}\"", remote.name);
        let (_, keys) = file.groups().find(|(name, _)| *name == group)?;
        let is_set = |key: &str| keys.get(key).is_some_and(|value| matches!(value.trim_end(), "true" | "1"));
        let is_signed = is_set("gpg-verify-summary");
        Some(Self {
            is_signed,
            keys: if is_signed { keys_of(installation, &remote.name, global) } else { Vec::new() },
            subset: keys.get("xa.subset").filter(|subset| !subset.is_empty()).cloned(),
            default_token_type: summary::default_token_type(installation, remote),
        })
    }

    /// The list for this architecture, by the index of a repository's lists. `None` if there is none, or if the index is
    /// damaged.
    pub fn list_in(&self, index: &[u8], arch: &str) -> Option<Checksum> {
        let wanted = match &self.subset {
            Some(subset) => format!("{subset}-{arch}"),
            None => arch.to_owned(),
        };
        // (a{s(ayaaya{sv})}a{sv}): by name, the checksum of the list, those of older ones, and metadata.
        let lists = Value(index).first()?;
        let mut found = lists.items(8).take(COUNT_LIMIT).filter_map(|list| list.pair(8));
        let (_, list) = found.find(|(name, _)| name.text() == Some(&wanted))?;
        Checksum::read(list.first()?)
    }

    /// What a list has for this architecture. `None` if it is damaged.
    pub fn read(&self, list: &[u8], arch: &str) -> Option<Listing> {
        Some(Listing::of_summary(&Summary::parse(list)?, arch, self.default_token_type))
    }

    /// What the index of a container registry has. `None` if it is damaged.
    pub fn read_index(&self, index: &[u8]) -> Option<Listing> {
        Some(Listing::of_summary(&summary_of_index(index)?, own_architecture(), self.default_token_type))
    }
}

/// The signatures in a file beside a list or an index.
pub fn signatures(file: &[u8]) -> Vec<&[u8]> {
    let found = summary::entries(Value(file)).find(|(key, _)| *key == "ostree.gpgsigs");
    let signatures = found.and_then(|(_, value)| value.of_type("aay")).unwrap_or(Value(&[]));
    signatures.items(1).map(|signature| signature.0).collect()
}

/// The remote's own keys, or else those for all remotes.
fn keys_of(installation: &Installation, remote: &str, global: &Path) -> Vec<Vec<u8>> {
    let read = |path: &Path| files::read_regular(path, KEYS_LIMIT).ok();
    if remote.contains('/') {
        return Vec::new();
    }
    if let Some(own) = read(&installation.path.join("repo").join(format!("{remote}.trustedkeys.gpg"))) {
        return vec![own];
    }
    let entries = std::fs::read_dir(global).into_iter().flatten().take(KEY_FILES_LIMIT);
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "gpg" || extension == "asc"));
    paths.sort();
    paths.iter().filter_map(|path| read(path)).collect()
}

/// What a repository has for one architecture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Its apps: what to ask for each, or `None` for those that need no token.
    pub apps: BTreeMap<String, Option<Ask>>,
    /// The commit with the names of its apps, and the file in it.
    pub catalog: Option<(Checksum, &'static str)>,
}

impl Listing {
    fn of_summary(summary: &Summary, arch: &str, default: Option<i32>) -> Self {
        let of_arch = |name: &str| name.parse::<FlatpakRef>().ok().filter(|found| found.arch() == arch);
        let ids: BTreeSet<String> =
            summary.apps.keys().filter_map(|name| Some(of_arch(name)?.app_id().to_owned())).collect();
        let mut apps: BTreeMap<String, Option<Ask>> = ids.into_iter().map(|id| (id, None)).collect();
        let asks = summary.asks(default).filter(|ask| ask.full_ref().is_some_and(|wanted| wanted.arch() == arch));
        for ask in asks {
            if let Some(kept) = apps.get_mut(ask.app_id()) {
                kept.get_or_insert(ask);
            }
        }
        let of_catalog = |(kind, file)| Some((*summary.catalogs.get(&format!("{kind}/{arch}"))?, file));
        Self { apps, catalog: CATALOGS.into_iter().find_map(of_catalog) }
    }
}

/// An index of a container registry, as flatpak reads it.
#[derive(Deserialize)]
struct RegistryIndex {
    #[serde(rename = "Results")]
    repositories: Vec<RegistryRepository>,
}

#[derive(Deserialize)]
struct RegistryRepository {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Images", default)]
    images: Vec<RegistryImage>,
}

#[derive(Deserialize)]
struct RegistryImage {
    #[serde(rename = "Digest")]
    digest: String,
    #[serde(rename = "Labels", default)]
    labels: BTreeMap<String, String>,
    #[serde(rename = "Annotations", default)]
    annotations: BTreeMap<String, String>,
}

/// The label, and the annotation, that says which ref an image is.
const REF_LABEL: &str = "org.flatpak.ref";

/// What the index of a container registry says about apps.
fn summary_of_index(index: &[u8]) -> Option<Summary> {
    let index: RegistryIndex = serde_json::from_slice(index).ok()?;
    let mut found = Summary::default();
    for repository in index.repositories {
        for image in repository.images {
            let Some(name) = image.labels.get(REF_LABEL).or_else(|| image.annotations.get(REF_LABEL)) else { continue };
            if !name.starts_with("app/") {
                continue;
            }
            let facts = found.apps.entry(name.clone()).or_default();
            image.digest.strip_prefix("sha256:").unwrap_or(&image.digest).clone_into(&mut facts.commit);
            facts.repository = Some(repository.name.clone());
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests;
