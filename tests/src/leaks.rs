// SPDX-License-Identifier: GPL-3.0-or-later
//! Searches for secrets where none may be: in files outside the keyring, logs, arguments and environments.

use std::fs;
use std::path::{Path, PathBuf};

use usher_demo_store::{CREDENTIAL_MARK, DOWNLOAD_TOKEN_MARK};

use crate::processes::{Processes, is_in};

/// Every secret of a session contains one of these. The shop's tokens are encoded, so their marks look different.
const MARKS: [&str; 3] = ["CANARY", CREDENTIAL_MARK, DOWNLOAD_TOKEN_MARK];

/// Where a secret was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leak {
    /// In a file, for example a log.
    File(PathBuf),
    /// Among the arguments of this program.
    Arguments(String),
    /// In the environment of this program.
    Environment(String),
}

/// Every place in `folder`, outside the folders in `allowed`, and every process of the session that holds a secret.
/// `marked` are those that the shop issued: the marks must match them all. `unmarked` have no mark.
pub fn find(
    folder: &Path,
    allowed: &[PathBuf],
    processes: &Processes,
    marked: &[String],
    unmarked: &[String],
) -> Vec<Leak> {
    assert!(
        marked.iter().all(|secret| holds_a_secret(secret.as_bytes(), &[])),
        "the search knows every secret of the shop"
    );
    let mut leaks = in_processes(processes, unmarked);
    in_folder(folder, allowed, unmarked, &mut leaks);
    leaks
}

/// The processes of the session that carry a secret in their arguments or environment: one with a mark, or one of these.
pub fn in_processes(processes: &Processes, unmarked: &[String]) -> Vec<Leak> {
    let mut leaks = Vec::new();
    for id in processes.ids() {
        let read = |file| fs::read(format!("/proc/{id}/{file}")).unwrap_or_default();
        let name = String::from_utf8_lossy(&read("comm")).trim().to_owned();
        if holds_a_secret(&read("cmdline"), unmarked) {
            leaks.push(Leak::Arguments(name.clone()));
        }
        if holds_a_secret(&read("environ"), unmarked) {
            leaks.push(Leak::Environment(name));
        }
    }
    leaks
}

fn in_folder(folder: &Path, allowed: &[PathBuf], unmarked: &[String], leaks: &mut Vec<Leak>) {
    // A file that disappears meanwhile holds nothing any more.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if allowed.contains(&path) {
            continue;
        }
        if kind.is_dir() {
            in_folder(&path, allowed, unmarked, leaks);
        } else if kind.is_file() && fs::read(&path).is_ok_and(|bytes| holds_a_secret(&bytes, unmarked)) {
            leaks.push(Leak::File(path));
        }
    }
}

fn holds_a_secret(bytes: &[u8], unmarked: &[String]) -> bool {
    let unmarked = unmarked.iter().map(String::as_str);
    MARKS.into_iter().chain(unmarked).any(|secret| is_in(secret.as_bytes(), bytes))
}
