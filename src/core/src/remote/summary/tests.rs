// SPDX-License-Identifier: GPL-3.0-or-later
//! Summaries as flatpak writes them, and others.

use proptest::prelude::*;

use super::*;
use crate::{
    names,
    refs::FlatpakRef,
    remote::{held, updates::Renames},
    testing::summary::{self, Layout},
};

const OLD: &str = "app/org.e.Old/x86_64/stable";
const NEW: &str = "app/org.e.New/x86_64/stable";
const NEWER: &str = "app/org.e.Newer/x86_64/stable";
const FREE: &str = "app/org.e.Free/x86_64/stable";

/// Token types and renames, by ref.
const REFS: [(&str, Option<i32>, Option<&str>); 5] = [
    (FREE, Some(0), None),
    (NEW, Some(2), Some(NEWER)),
    (NEWER, None, None),
    (OLD, Some(2), Some(NEW)),
    ("runtime/org.e.P/x86_64/1", None, None),
];

fn remote(name: &str) -> Remote {
    crate::testing::remote(name, "https://r.example.org/", "https://s.example.org/")
}

fn parsed(text: &str) -> FlatpakRef {
    text.parse().unwrap()
}

#[test]
fn both_layouts_say_what_is_renamed_and_what_is_free() {
    for layout in [Layout::Indexed, Layout::Plain] {
        let summary = Summary::parse(&summary::bytes(layout, &REFS)).unwrap();
        assert_eq!(summary.apps.len(), 4, "{layout:?}");
        assert_eq!(summary.apps[OLD].renamed_to.as_deref(), Some(NEW), "{layout:?}");
        assert_eq!(Renames::of(&summary).replaced_by(&parsed(NEW)), BTreeSet::from([parsed(OLD)]), "{layout:?}");
        assert_eq!(
            Renames::of(&summary).replaced_by(&parsed(NEWER)),
            BTreeSet::from([parsed(NEW), parsed(OLD)]),
            "{layout:?}"
        );
        assert_eq!(Renames::of(&summary).replaced_by(&parsed(OLD)), BTreeSet::new(), "{layout:?}");
        assert_eq!(summary.is_free("org.e.Free", None), Some(true), "{layout:?}");
        assert_eq!(summary.is_free("org.e.New", None), Some(false), "{layout:?}");
        assert_eq!(summary.is_free("org.e.Newer", None), Some(true), "{layout:?}: flatpak's default needs no token");
        assert_eq!(summary.is_free("org.e.Newer", Some(1)), Some(false), "{layout:?}");
        assert_eq!(summary.is_free("org.e.Unknown", None), None, "{layout:?}");
    }
}

#[test]
fn a_file_that_flatpak_wrote_is_read() {
    // Flatpak 1.16.6, trimmed to one app: `build-commit-from --end-of-life-rebase`, token type 2.
    let bytes = include_bytes!("flatpak.sub");
    let summary = Summary::parse(bytes).unwrap();
    let (old, free) = (&summary.apps[OLD], &summary.apps[FREE]);
    assert_eq!((old.token_type, old.renamed_to.as_deref()), (Some(2), Some(NEW)));
    assert_eq!((free.token_type, free.renamed_to.as_deref()), (Some(0), None));
}

#[test]
fn an_app_with_one_branch_that_needs_a_token_is_not_free() {
    let beta = "app/org.e.Free/x86_64/beta";
    let summary = Summary::parse(&summary::bytes(Layout::Indexed, &[(FREE, Some(0), None), (beta, Some(2), None)]));
    assert_eq!(summary.unwrap().is_free("org.e.Free", None), Some(false));
}

#[test]
fn apps_that_take_each_others_place_come_to_an_end() {
    let refs = [(NEW, None, Some(OLD)), (OLD, None, Some(NEW)), (FREE, None, Some(FREE))];
    let summary = Summary::parse(&summary::bytes(Layout::Indexed, &refs)).unwrap();
    assert_eq!(Renames::of(&summary).replaced_by(&parsed(NEW)), BTreeSet::from([parsed(OLD)]));
    assert_eq!(Renames::of(&summary).replaced_by(&parsed(FREE)), BTreeSet::new());
}

#[test]
fn the_newest_summary_of_a_remote_and_of_no_other_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let installation = Installation { path: folder.path().into(), is_user: true, name: None };
    let cache = folder.path().join("repo/tmp/cache/summaries");
    fs::create_dir_all(&cache).unwrap();
    let found = |arch| cached(&installation, None, &remote("demo"), arch).len();
    let content = summary::bytes(Layout::Indexed, &REFS);
    let checksum = "0".repeat(CHECKSUM);
    for other in [
        "demo.sig",
        "demo-x86_64-123.sub",
        &format!("demo2-x86_64-{checksum}.sub"),
        &format!("demo-a-b-{checksum}.sub"),
    ] {
        fs::write(cache.join(other), &content).unwrap();
    }
    assert_eq!(found(None), 0);
    fs::write(cache.join("demo"), &content).unwrap();
    assert_eq!((found(None), found(Some("aarch64"))), (1, 1), "one without an index is for all");
    fs::write(cache.join("demo.idx"), "").unwrap();
    assert_eq!(found(None), 0, "what came before the index does not count");
    for arch in ["x86_64", "aarch64"] {
        fs::write(cache.join(format!("demo-{arch}-{checksum}.sub")), &content).unwrap();
    }
    assert_eq!((found(None), found(Some("aarch64")), found(Some("riscv64"))), (2, 1, 0));
    for name in ["demo", "demo.idx"] {
        fs::remove_file(cache.join(name)).unwrap();
    }
    assert_eq!(found(None), 2, "flatpak removes the index when the remote is changed");
    fs::write(cache.join(format!("demo-x86_64-{}.sub", "f".repeat(CHECKSUM))), "nonsense").unwrap();
    assert!(found(Some("x86_64")) <= 1, "one for each architecture");
    for odd in ["../demo", "", "demo/../demo"] {
        assert_eq!(cached(&installation, None, &remote(odd), None).len(), 0, "{odd}");
    }
}

/// An installation with the remote `demo`, and a summary of it.
fn installation(folder: &Path, config: &str) -> Installation {
    fs::create_dir_all(folder.join("repo")).unwrap();
    let start =
        format!("[remote \"demo\"]\nurl=https://r.example/\nxa.authenticator-name={}\n", names::AUTHENTICATOR_NAME);
    fs::write(folder.join("repo/config"), start + config).unwrap();
    summary::write(folder, "demo", "x86_64", &REFS);
    Installation { path: folder.into(), is_user: true, name: None }
}

#[test]
fn an_app_in_the_place_of_an_installed_one_of_the_same_remote_comes_with_an_update() {
    let folder = tempfile::tempdir().unwrap();
    let here = installation(folder.path(), "");
    let replaces = |remote, url, wanted| !held(&here, remote, url, &[parsed(wanted)]).is_empty();
    assert!(!replaces("demo", "https://r.example/", NEW), "nothing is installed");
    crate::installed::tests::deploy(folder.path(), OLD, "other");
    assert!(!replaces("demo", "https://r.example/", NEW), "it came from another remote");
    crate::installed::tests::deploy(folder.path(), OLD, "demo");
    assert!(replaces("demo", "https://r.example/", NEW));
    assert!(replaces("demo", "https://r.example/", NEWER), "after another one");
    assert!(!replaces("demo", "https://evil.example/", NEW), "another address");
    assert!(!replaces("other", "https://r.example/", NEW), "another remote");
    for other in [FREE, "app/org.e.New/x86_64/beta", "app/org.e.New/aarch64/stable", "runtime/org.e.New/x86_64/stable"]
    {
        assert!(!replaces("demo", "https://r.example/", other), "{other}");
    }
}

#[test]
fn of_many_refs_those_are_held_that_are_installed_or_replace_something() {
    let folder = tempfile::tempdir().unwrap();
    let here = installation(folder.path(), "");
    for (app, origin) in [(OLD, "demo"), (FREE, "demo"), ("runtime/org.e.P/x86_64/1", "other")] {
        crate::installed::tests::deploy(folder.path(), app, origin);
    }
    let wanted = [NEW, "app/org.e.Free/x86_64/beta", FREE, "runtime/org.e.P/x86_64/1", "runtime/org.e.P/x86_64/2"];
    let wanted: Vec<_> = wanted.into_iter().chain(["app/org.e.Unknown/x86_64/stable"]).map(parsed).collect();
    let mut found = held(&here, "demo", "https://r.example/", &wanted);
    found.sort();
    assert_eq!(found, [FREE, NEW, "runtime/org.e.P/x86_64/1"].map(parsed));
    assert_eq!(held(&here, "demo", "https://r.example/", &[]), []);
}

#[test]
fn what_one_installation_knows_to_need_a_token_is_not_free() {
    let said = |needs: &[(&str, bool)]| free_apps(needs.iter().map(|(app, needs)| ((*app).to_owned(), *needs)));
    assert_eq!(said(&[("a", false), ("b", true), ("b", false), ("c", true)]), BTreeSet::from(["a".to_owned()]));
}

#[test]
fn what_is_free_is_what_flatpak_asks_no_token_for() {
    let ids = ["org.e.Free", "org.e.New", "org.e.Newer", "org.e.Unknown"].map(ToOwned::to_owned);
    for (config, free) in [
        ("", vec!["org.e.Free", "org.e.Newer"]),
        ("xa.default-token-type=1\n", vec!["org.e.Free"]),
        ("xa.disable=true\n", vec![]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let here = installation(folder.path(), config);
        let found = free_apps(needs_token(&here, "demo", "https://r.example/", &ids));
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), free, "{config}");
        assert!(needs_token(&here, "demo", "https://other.example/", &ids).is_empty());
    }
}

proptest! {
    #[test]
    fn a_damaged_summary_is_read_without_harm(at in 0_usize..4000, byte in any::<u8>(), cut in 0_usize..4000) {
        for layout in [Layout::Indexed, Layout::Plain] {
            let mut bytes = summary::bytes(layout, &REFS);
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length - cut % length);
            if let Some(summary) = Summary::parse(&bytes) {
                prop_assert!(summary.apps.len() <= bytes.len());
                let _ = (Renames::of(&summary).replaced_by(&parsed(NEW)), summary.is_free("org.e.Free", None));
            }
        }
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Summary::parse(&bytes);
    }
}
