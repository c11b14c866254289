// SPDX-License-Identifier: GPL-3.0-or-later
//! The Flatpak manifests: what they build, from which sources, and which permissions the sandbox gets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use usher_tests::workspace;

const RELEASE: &str = "io.github.usher.Usher";
const DEVELOPMENT: &str = "io.github.usher.Usher.Devel";

fn read(path: &str) -> String {
    fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json_of(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn manifest(id: &str) -> Value {
    json_of(&format!("build-aux/{id}.json"))
}

/// “NAME-VERSION” and checksum of every crate in the lock file, except Usher's own.
fn locked() -> BTreeMap<String, String> {
    let lock = read("Cargo.lock");
    let mut crates = BTreeMap::new();
    for block in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let mut lines = block.lines();
            lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'))
        };
        let Some(source) = value("source") else {
            continue;
        };
        let name = format!("{}-{}", value("name").expect("a name"), value("version").expect("a version"));
        assert!(source.starts_with("registry+"), "{name} comes from the registry, not from {source}");
        crates.insert(name, value("checksum").expect("a crate of the registry has a checksum").to_owned());
    }
    crates
}

/// The string at `key` of a source.
fn text<'s>(source: &'s Value, key: &str) -> &'s str {
    source[key].as_str().unwrap_or_else(|| panic!("{key} is a string in {source}"))
}

#[test]
fn the_vendored_sources_are_those_of_the_lock_file() {
    let sources = json_of("build-aux/cargo-sources.json");
    let (mut archives, mut checksums, mut further) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
    for source in sources.as_array().expect("a list of sources") {
        let folder = text(source, "dest");
        match (text(source, "type"), folder.strip_prefix("cargo/vendor/")) {
            ("archive", Some(name)) => {
                assert!(text(source, "url").ends_with(&format!("/{name}.crate")), "the archive of {name}: {source}");
                archives.insert(name.to_owned(), text(source, "sha256").to_owned());
            }
            ("inline", Some(name)) => {
                assert_eq!(text(source, "dest-filename"), ".cargo-checksum.json", "{name}");
                let contents: Value = serde_json::from_str(text(source, "contents")).expect("JSON");
                checksums.insert(name.to_owned(), text(&contents, "package").to_owned());
            }
            (kind, _) => {
                further.insert(format!("{kind} in {folder}"));
            }
        }
    }
    let locked = locked();
    assert!(locked.len() > 100, "the lock file was understood");
    let advice = "run build-aux/flatpak-local --sources";
    assert_eq!(archives, locked, "{advice}");
    assert_eq!(checksums, locked, "{advice}");
    assert_eq!(further, BTreeSet::from(["inline in cargo".to_owned()]), "only cargo's configuration comes with them");
}

#[test]
fn the_two_manifests_differ_in_name_and_profile_alone() {
    let (release, development) = (manifest(RELEASE), manifest(DEVELOPMENT));
    assert_eq!((&release["id"], &development["id"]), (&json!(RELEASE), &json!(DEVELOPMENT)));
    let profile = |manifest: &Value| manifest["modules"][0]["config-opts"].clone();
    assert_eq!(profile(&release), json!(["-Dprofile=release"]));
    assert_eq!(profile(&development), json!(["-Dprofile=development"]));

    let mut renamed = development;
    renamed["id"] = release["id"].clone();
    renamed["modules"][0]["config-opts"] = profile(&release);
    assert_eq!(renamed, release);
}

#[test]
fn the_local_build_differs_in_the_runtime_alone() {
    for (id, arguments) in [(DEVELOPMENT, &["--manifest"][..]), (RELEASE, &["--manifest", "--release"])] {
        let output =
            Command::new(workspace().join("build-aux/flatpak-local")).args(arguments).output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut local: Value = serde_json::from_slice(&output.stdout).expect("it shows a manifest");
        let ours = manifest(id);
        for key in ["runtime", "runtime-version", "sdk"] {
            assert_ne!(local[key], ours[key], "the local {key} has a name of its own");
            local[key] = ours[key].clone();
        }
        assert_eq!(local, ours);
    }
}

#[test]
fn the_sandbox_has_no_bus_no_home_and_writes_nowhere() {
    let manifest = manifest(RELEASE);
    let arguments = manifest["finish-args"].as_array().expect("a list of permissions");
    for argument in arguments.iter().map(|argument| argument.as_str().expect("a string")) {
        let (kind, what) = argument.split_once('=').expect("each permission is of something");
        let is_narrow = match kind {
            "--share" => ["network", "ipc"].contains(&what),
            "--socket" => ["wayland", "fallback-x11"].contains(&what),
            "--device" => what == "dri",
            // The installations, and no folder above them.
            "--filesystem" => what.ends_with("/flatpak:ro"),
            // One program by its full name, and nothing that starts or controls other programs.
            "--talk-name" => !what.contains('*') && !what.starts_with("org.freedesktop."),
            _ => false,
        };
        assert!(is_narrow, "{argument}");
    }
}

/// The options of `finish-args` that have a reason: those between backticks in the first column of tables.
fn permissions_with_a_reason(text: &str) -> BTreeSet<&str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let reasoned = rows.filter(|(_, reason)| reason.trim_end_matches([' ', '|']).len() > 10);
    reasoned.flat_map(|(what, _)| what.split('`')).filter(|word| word.starts_with("--")).collect()
}

#[test]
fn every_permission_has_a_reason_in_the_documentation() {
    let documentation = read("docs/architecture.md");
    let manifest = manifest(RELEASE);
    let arguments = manifest["finish-args"].as_array().expect("a list of permissions");
    let given: BTreeSet<&str> = arguments.iter().map(|argument| argument.as_str().expect("a string")).collect();
    assert_eq!(given.len(), arguments.len(), "no permission is given twice");
    assert_eq!(permissions_with_a_reason(&documentation), given);
}
