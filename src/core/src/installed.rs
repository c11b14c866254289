// SPDX-License-Identifier: GPL-3.0-or-later
//! The apps installed on this computer and where they came from, read from disk.

use std::{fs, io::Read, path::Path};

use crate::{
    files,
    refs::{FlatpakRef, RefKind},
    remote::Installation,
};

/// Longest name of a remote to read, in bytes.
const ORIGIN_LIMIT: u64 = 512;

/// An installed app.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstalledApp {
    /// Its id, architecture and branch.
    pub app: FlatpakRef,
    /// Name of the remote it came from, in the same installation.
    pub origin: String,
    /// Whether it belongs to the current user's installation.
    pub is_user: bool,
}

/// The apps of an installation, sorted. Leaves out what cannot be read.
pub fn apps(installation: &Installation) -> Vec<InstalledApp> {
    let folder = installation.path.join("app");
    let mut found = Vec::new();
    for id in names_in(&folder) {
        for arch in names_in(&folder.join(&id)).filter(|name| name != "current") {
            for branch in names_in(&folder.join(&id).join(&arch)) {
                let deployed = folder.join(&id).join(&arch).join(&branch).join("active/deploy");
                let named = format!("{}/{id}/{arch}/{branch}", RefKind::App.as_str()).parse();
                if let (Ok(app), Some(origin)) = (named, origin(&deployed)) {
                    found.push(InstalledApp { app, origin, is_user: installation.is_user });
                }
            }
        }
    }
    found.sort();
    found
}

/// The remote that an installed app came from. `None` if it is not installed.
pub(crate) fn origin_of(installation: &Installation, app: &FlatpakRef) -> Option<String> {
    let folder = installation.path.join(app.as_str());
    origin(&folder.join("active/deploy"))
}

fn names_in(folder: &Path) -> impl Iterator<Item = String> + use<> {
    fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok())
}

/// The remote of a deployed app. The file that flatpak writes beside the app is a tuple that begins with the name of
/// the remote and a zero byte.
fn origin(deployed: &Path) -> Option<String> {
    let mut start = Vec::new();
    files::open(deployed).ok()?.take(ORIGIN_LIMIT).read_to_end(&mut start).ok()?;
    let end = start.iter().position(|&byte| byte == 0)?;
    start.truncate(end);
    String::from_utf8(start).ok().filter(|origin| !origin.is_empty())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Makes an installation look as if the app had been installed from this remote.
    pub(crate) fn deploy(installation: &Path, app: &str, origin: &str) {
        let folder = installation.join(app).join("active");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("deploy"), format!("{origin}\0checksum\0")).unwrap();
    }

    #[test]
    fn apps_are_found_with_their_origin_and_branch() {
        let folder = tempfile::tempdir().unwrap();
        deploy(folder.path(), "app/org.b.B/x86_64/stable", "demo");
        deploy(folder.path(), "app/org.a.A/x86_64/beta", "other");
        deploy(folder.path(), "app/not-an-id/x86_64/beta", "other");
        fs::create_dir_all(folder.path().join("app/org.c.C/x86_64/stable")).unwrap();
        fs::create_dir_all(folder.path().join("app/org.a.A/current")).unwrap();
        let found = apps(&Installation { path: folder.path().into(), is_user: true, name: None });
        let found: Vec<_> = found.iter().map(|app| (app.app.to_string(), app.origin.as_str())).collect();
        assert_eq!(
            found,
            [("app/org.a.A/x86_64/beta".to_owned(), "other"), ("app/org.b.B/x86_64/stable".to_owned(), "demo")]
        );
    }
}
