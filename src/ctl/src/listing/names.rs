// SPDX-License-Identifier: GPL-3.0-or-later
//! The names of a repository's apps: from what flatpak has fetched, or else from the repository's own branch with them,
//! object by object.

use std::collections::{BTreeMap, BTreeSet};

use usher_core::{
    appstream, locale,
    remote::{self, Checksum, Listing, Remote},
};

use super::repository::{Fault, Repository};

/// Most bytes of the unpacked names. Flathub's have about half as many.
const LIMIT: usize = 128 << 20;

/// What flatpak knows.
pub(super) fn known(remote: &Remote, ids: &BTreeSet<String>) -> BTreeMap<String, String> {
    let found = appstream::find(&remote::installations(), &remote.name, ids, &locale::languages());
    found.into_iter().map(|(id, info)| (id, info.name)).collect()
}

/// What the repository says. Without such a branch, or if it is damaged, nothing.
pub(super) async fn fetched(
    repository: &Repository<'_>,
    listing: &Listing,
    ids: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    let Some((commit, file)) = listing.catalog else { return BTreeMap::new() };
    let content = content(repository, commit, file).await.unwrap_or_default();
    appstream::names_in(file, &content, ids, &locale::languages())
}

async fn content(repository: &Repository<'_>, commit: Checksum, file: &str) -> Result<Vec<u8>, Fault> {
    let bytes = repository.file(&commit.object("commit")).await?;
    let tree = remote::tree_of_commit(&bytes, commit).ok_or(Fault::Damaged)?;
    let bytes = repository.file(&tree.object("dirtree")).await?;
    let file = remote::file_in_tree(&bytes, tree, file).ok_or(Fault::Damaged)?;
    let bytes = repository.file(&file.object("filez")).await?;
    remote::content_of_file(&bytes, file, LIMIT).ok_or(Fault::Damaged)
}
