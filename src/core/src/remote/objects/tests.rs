// SPDX-License-Identifier: GPL-3.0-or-later
//! Objects as flatpak 1.16.6 wrote them, and others.

use proptest::prelude::*;

use super::*;

const COMMIT: &[u8] = include_bytes!("flatpak.commit");
const TREE: &[u8] = include_bytes!("flatpak.dirtree");
const FILE: &[u8] = include_bytes!("flatpak.filez");
const NAME: &str = "appstream.xml";
/// The size of the file as `ostree ls` shows it.
const SIZE_OF_FILE: usize = 3271;

fn tree() -> Checksum {
    tree_of_commit(COMMIT, Checksum::of(COMMIT)).unwrap()
}

fn file() -> Checksum {
    file_in_tree(TREE, tree(), NAME).unwrap()
}

#[test]
fn a_file_is_found_from_its_commit() {
    assert_eq!(
        Checksum::of(COMMIT).object("commit"),
        "objects/8e/dfa79db853f7f3d3f196036fce1f69165f9a0113966275de7a1e2f3bfe19d7.commit"
    );
    assert_eq!(tree().to_string(), "a64ec6cec31c870c01c4c77fb9f6b36a3e3d15273216664d3188b8c15f764eb3");
    assert_eq!(file().to_string(), "22b79a554aef20537a1181fe3c7727d0aa73c4073f1aa1beadfed6d19c07d2e1");
    let content = content_of_file(FILE, file(), SIZE_OF_FILE).unwrap();
    assert_eq!(content.len(), SIZE_OF_FILE);
    assert!(String::from_utf8(content).unwrap().contains("<id>org.example.Metronome"));
    assert_eq!(file_in_tree(TREE, tree(), "icons"), None, "a folder is no file");
    assert_eq!(file_in_tree(TREE, tree(), "other.xml"), None);
}

#[test]
fn an_object_that_is_not_the_one_that_was_asked_for_is_not_used() {
    let other = Checksum::of(b"other");
    assert_eq!(tree_of_commit(COMMIT, other), None);
    assert_eq!(file_in_tree(TREE, other, NAME), None);
    assert_eq!(content_of_file(FILE, other, SIZE_OF_FILE), None);
}

#[test]
fn a_file_that_is_too_large_is_not_used() {
    assert_eq!(content_of_file(FILE, file(), SIZE_OF_FILE - 1), None);
    assert_eq!(content_of_file(FILE, file(), 0), None);
}

#[test]
fn no_object_that_was_cut_off_is_used() {
    for end in 0..FILE.len() {
        assert_eq!(content_of_file(&FILE[..end], file(), SIZE_OF_FILE), None, "{end}");
    }
    for end in 0..COMMIT.len() {
        let cut = &COMMIT[..end];
        assert_eq!(tree_of_commit(cut, Checksum::of(COMMIT)), None, "{end}");
        let _ = tree_of_commit(cut, Checksum::of(cut));
    }
    for end in 0..TREE.len() {
        let cut = &TREE[..end];
        assert_eq!(file_in_tree(cut, tree(), NAME), None, "{end}");
        let _ = file_in_tree(cut, Checksum::of(cut), NAME);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_object_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let checksum = Checksum::of(&bytes);
        let _ = (tree_of_commit(&bytes, checksum), file_in_tree(&bytes, checksum, NAME));
        prop_assert_eq!(content_of_file(&bytes, checksum, 1 << 20), None);
    }

    #[test]
    fn a_changed_object_is_not_used(at in any::<prop::sample::Index>(), bit in 0..8) {
        let changed = |object: &[u8]| {
            let mut changed = object.to_vec();
            changed[at.index(object.len())] ^= 1_u8 << bit;
            changed
        };
        prop_assert_eq!(tree_of_commit(&changed(COMMIT), Checksum::of(COMMIT)), None);
        prop_assert_eq!(file_in_tree(&changed(TREE), tree(), NAME), None);
        // What surrounds the content may differ, such as the level of compression; the content may not.
        let content = content_of_file(&changed(FILE), file(), SIZE_OF_FILE);
        prop_assert!(content.is_none() || content == content_of_file(FILE, file(), SIZE_OF_FILE));
    }
}
