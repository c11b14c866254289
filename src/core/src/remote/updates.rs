// SPDX-License-Identifier: GPL-3.0-or-later
//! Which refs of a request are there already: installed, or coming in the place of something installed. Looked up for all of
//! them at once, so that a thousand refs read no more files than one.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    fs,
};

use super::{
    Installation, is_deployed,
    summary::{Summary, cached, known, person_cache},
};
use crate::{
    installed,
    refs::{FlatpakRef, RefKind},
};

/// Those of these refs that are installed here, or that take the place of an app which is installed here from this remote
/// (flatpak's `end-of-life-rebase`), so that they come with an update.
pub fn held(installation: &Installation, remote: &str, remote_uri: &str, refs: &[FlatpakRef]) -> Vec<FlatpakRef> {
    let apps = ids(installation, RefKind::App);
    let has_runtimes = refs.iter().any(|wanted| wanted.kind() == RefKind::Runtime);
    let runtimes = if has_runtimes { ids(installation, RefKind::Runtime) } else { BTreeSet::new() };
    let is_here = |wanted: &&FlatpakRef| {
        let ids = if wanted.kind() == RefKind::App { &apps } else { &runtimes };
        ids.contains(OsStr::new(wanted.id())) && is_deployed(installation, wanted)
    };
    let (here, others): (Vec<_>, Vec<_>) = refs.iter().partition(is_here);
    let new: Vec<_> = others.into_iter().filter(|wanted| wanted.kind() == RefKind::App).collect();
    let mut held: Vec<FlatpakRef> = here.into_iter().cloned().collect();
    // Only what is installed can be replaced.
    if !apps.is_empty() && !new.is_empty() {
        held.extend(replacing(installation, remote, remote_uri, &new));
    }
    held
}

/// The ids of what is installed.
fn ids(installation: &Installation, kind: RefKind) -> BTreeSet<OsString> {
    let folder = fs::read_dir(installation.path.join(kind.as_str()));
    folder.into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
}

/// Those of these apps that take the place of one that is installed here from this remote.
fn replacing(installation: &Installation, remote: &str, remote_uri: &str, apps: &[&FlatpakRef]) -> Vec<FlatpakRef> {
    let Some(known) = known(installation, remote, remote_uri) else { return Vec::new() };
    let mut found = Vec::new();
    for arch in apps.iter().map(|app| app.arch()).collect::<BTreeSet<_>>() {
        let summaries = cached(installation, person_cache().as_deref(), &known, Some(arch));
        let renames: Vec<_> = summaries.iter().map(Renames::of).filter(|renames| !renames.0.is_empty()).collect();
        let is_from_here = |old: FlatpakRef| installed::origin_of(installation, &old).as_deref() == Some(remote);
        let replaces = |app: &&&FlatpakRef| {
            app.arch() == arch && renames.iter().flat_map(|renames| renames.replaced_by(app)).any(is_from_here)
        };
        found.extend(apps.iter().filter(replaces).map(|&app| app.clone()));
    }
    found
}

/// The refs in whose place others come, by the newer one.
pub(super) struct Renames<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl<'a> Renames<'a> {
    /// What a summary says of that.
    pub(super) fn of(summary: &'a Summary) -> Self {
        let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (old, facts) in &summary.apps {
            if let Some(new) = facts.renamed_to.as_deref() {
                names.entry(new).or_default().push(old);
            }
        }
        Self(names)
    }

    /// The apps in whose place `wanted` comes, directly or after another one.
    pub(super) fn replaced_by(&self, wanted: &FlatpakRef) -> BTreeSet<FlatpakRef> {
        let (mut found, mut next) = (BTreeSet::new(), vec![wanted.as_str()]);
        while let Some(new) = next.pop() {
            // Each is looked at once, whatever takes the place of what.
            next.extend(self.0.get(new).into_iter().flatten().filter(|old| found.insert(**old)));
        }
        found.remove(wanted.as_str());
        found.into_iter().filter_map(|old| old.parse().ok()).collect()
    }
}
