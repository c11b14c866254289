// SPDX-License-Identifier: GPL-3.0-or-later
//! Lists of repositories and their objects, as somebody has fetched them.

use super::{
    Checksum, ListSource, content_of_file, file_in_tree, gvariant::Value, own_architecture, signatures,
    summary::Summary, tree_of_commit,
};

/// Largest content of a file to take.
const LIMIT: usize = 64 << 10;

/// A summary, an index of summaries, the signatures of either, or a registry's index: nothing is found that is not there.
pub(crate) fn list(bytes: &[u8]) {
    let source = ListSource::default();
    let arch = own_architecture();
    if let Some(summary) = Summary::parse(bytes) {
        let asks: Vec<_> = summary.asks(Some(1)).collect();
        assert!(asks.len() <= summary.apps.len());
        for wanted in asks.iter().filter_map(|ask| ask.full_ref()) {
            assert!(summary.apps.contains_key(&wanted.to_string()));
            let _ = summary.is_free(wanted.app_id(), None);
        }
        let length: usize = summary.apps.keys().chain(summary.catalogs.keys()).map(String::len).sum();
        assert!(length <= bytes.len() * 8, "a name is no longer than the bytes it was read from");
    }
    if let Some(listing) = source.read(bytes, arch) {
        assert!(listing.apps.values().flatten().all(|ask| listing.apps.contains_key(ask.app_id())));
    }
    let _ = source.list_in(bytes, arch);
    assert!(signatures(bytes).iter().map(|signature| signature.len()).sum::<usize>() <= bytes.len());
    if let Some(listing) = source.read_index(bytes) {
        assert!(listing.catalog.is_none());
    }
    for alignment in [1, 4, 8] {
        assert!(Value(bytes).items(alignment).map(|item| item.0.len()).sum::<usize>() <= bytes.len());
    }
}

/// An object of a repository, given its own checksum and another's.
pub(crate) fn object(bytes: &[u8]) {
    let (own, other) = (Checksum::of(bytes), Checksum::of(b""));
    let _ = tree_of_commit(bytes, own);
    for name in ["appstream.xml", ""] {
        let _ = file_in_tree(bytes, own, name);
        assert!(bytes.is_empty() || file_in_tree(bytes, other, name).is_none());
    }
    assert!(bytes.is_empty() || tree_of_commit(bytes, other).is_none());
    assert!(content_of_file(bytes, own, LIMIT).is_none_or(|content| content.len() <= LIMIT));
    let content = content_of_file(bytes, other, LIMIT);
    assert!(content.is_none_or(|content| content.len() <= LIMIT));
}
