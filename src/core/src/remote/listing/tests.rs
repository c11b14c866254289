// SPDX-License-Identifier: GPL-3.0-or-later
//! Lists as flatpak 1.16.6 wrote them for the demo store, and others.

use std::fs;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing;

const INDEX: &[u8] = include_bytes!("flatpak.idx");
const SIGNATURES: &[u8] = include_bytes!("flatpak.idx.sig");
const LIST: &[u8] = include_bytes!("flatpak.sub");
const LIST_FOR_ALL: &[u8] = include_bytes!("flatpak.summary");
const ARCH: &str = "x86_64";
/// The apps of the demo store, and whether each needs a token.
const APPS: [(&str, bool); 4] = [
    ("org.example.Metronome", false),
    ("org.example.Postcard", true),
    ("org.example.Sketchbook", true),
    ("org.example.Stargazer", true),
];

/// An installation with the remote `demo`.
fn installation(folder: &Path, config: &str) -> Installation {
    fs::create_dir_all(folder.join("repo")).unwrap();
    let config = format!("[remote \"demo\"]\nurl=https://r.example/\n{config}");
    fs::write(folder.join("repo/config"), config).unwrap();
    Installation { path: folder.into(), is_user: true, name: None }
}

fn source(config: &str) -> ListSource {
    let folder = tempfile::tempdir().unwrap();
    let here = [installation(folder.path(), config)];
    ListSource::find(&here, &remotes_of(&here[0])[0], Path::new("/nowhere")).unwrap()
}

#[test]
fn the_index_names_the_list_for_an_architecture() {
    assert_eq!(source("").list_in(INDEX, ARCH), Some(Checksum::of(LIST)));
    assert_eq!(source("").list_in(INDEX, "aarch64"), None);
    assert_eq!(source("xa.subset=floss\n").list_in(INDEX, ARCH), None, "the subset has a list of its own");
}

#[test]
fn a_list_says_what_needs_a_token_and_where_the_names_are() {
    for list in [LIST, LIST_FOR_ALL] {
        let listing = source("").read(list, ARCH).unwrap();
        let found: Vec<_> = listing.apps.iter().map(|(id, ask)| (id.as_str(), ask.is_some())).collect();
        assert_eq!(found, APPS);
        for ask in listing.apps.values().flatten() {
            assert_eq!(ask.commit.as_ref().map(String::len), Some(64));
        }
        let (commit, file) = listing.catalog.unwrap();
        assert_eq!(commit, Checksum::of(include_bytes!("../objects/flatpak.commit")));
        assert_eq!(file, "appstream.xml");
        assert_eq!(source("").read(list, "aarch64").unwrap(), Listing::default());
    }
}

#[test]
fn signatures_are_read_one_by_one() {
    let found = signatures(SIGNATURES);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0][0], 0x88, "an OpenPGP packet with a signature");
    assert!(signatures(INDEX).is_empty());
}

#[test]
fn a_list_is_signed_where_the_configuration_says_so_with_the_keys_of_the_remote() {
    let (folder, global) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(global.path().join("all.gpg"), "global").unwrap();
    fs::write(global.path().join("README"), "no key").unwrap();
    let found = |config: &str| {
        let here = [installation(folder.path(), config)];
        let source = ListSource::find(&here, &remotes_of(&here[0])[0], global.path()).unwrap();
        (source.is_signed, source.keys)
    };
    assert_eq!(found(""), (false, vec![]));
    assert_eq!(found("gpg-verify=true\ngpg-verify-summary=false\n"), (false, vec![]));
    assert_eq!(found("gpg-verify-summary=true\n"), (true, vec![b"global".to_vec()]));
    fs::write(folder.path().join("repo/demo.trustedkeys.gpg"), "own").unwrap();
    assert_eq!(found("gpg-verify-summary=1\n"), (true, vec![b"own".to_vec()]));
    let other = testing::remote("demo", "https://other.example/", "https://s.example/");
    let here = [installation(folder.path(), "")];
    assert_eq!(ListSource::find(&here, &other, global.path()), None);
}

#[test]
fn an_index_of_a_registry_says_what_each_app_is_called_there() {
    let image = |label: &str| json!({ "Digest": format!("sha256:{}", "a".repeat(64)), "Labels": { REF_LABEL: label } });
    let index = json!({ "Registry": "https://r.example/", "Results": [
        { "Name": "some/app", "Images": [image("app/org.e.App/x86_64/stable"), image("runtime/org.e.P/x86_64/1")], "Lists": [] },
        { "Name": "none", "Images": [{ "Digest": "sha256:x", "Labels": {} }] },
    ]});
    let found = source("").read_index(index.to_string().as_bytes());
    let arch_fits = own_architecture() == ARCH;
    let listing = found.unwrap();
    assert_eq!(listing.apps.len(), usize::from(arch_fits));
    if let Some(Some(ask)) = listing.apps.get("org.e.App") {
        assert_eq!((ask.commit.as_deref(), ask.repository.as_deref()), (Some(&*"a".repeat(64)), Some("some/app")));
    }
    for damaged in ["", "[]", "{\"Results\": 1}", "<html>"] {
        assert_eq!(source("").read_index(damaged.as_bytes()), None, "{damaged}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_list_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        let source = ListSource::default();
        let _ = (source.list_in(&bytes, ARCH), source.read(&bytes, ARCH), source.read_index(&bytes));
        prop_assert!(signatures(&bytes).iter().map(|signature| signature.len()).sum::<usize>() <= bytes.len());
    }

    #[test]
    fn a_damaged_list_costs_no_more_than_its_size(at in any::<prop::sample::Index>(), byte in any::<u8>(), end in any::<prop::sample::Index>()) {
        for whole in [INDEX, LIST, LIST_FOR_ALL] {
            let mut changed = whole.to_vec();
            changed[at.index(whole.len())] = byte;
            for bytes in [&changed[..], &whole[..end.index(whole.len())]] {
                let _ = ListSource::default().list_in(bytes, ARCH);
                if let Some(listing) = ListSource::default().read(bytes, ARCH) {
                    prop_assert!(listing.apps.keys().map(String::len).sum::<usize>() <= bytes.len());
                }
            }
        }
    }
}
