// SPDX-License-Identifier: GPL-3.0-or-later
//! The installed apps that an account gives access to: those that came from a repository which may use it, and of which
//! that repository says that they need it.

use std::{fs, io::Read, path::Path};

use gtk::glib;
use usher_core::{
    files,
    installed::{self, InstalledApp},
    remote::{self, Installation},
    service::RemoteUrl,
};

/// Largest commit that is read, in bytes.
const COMMIT_LIMIT: u64 = 1 << 20;
/// What a commit consists of (`ostree-core.h`); its metadata comes first.
const COMMIT_TYPE: &str = "(a{sv}aya(say)sstayay)";
/// Where flatpak keeps in a commit whether it needs a token; 0 is none.
const TOKEN_TYPE: &str = "xa.token-type";

/// An installed app, and the name of its remote in flatpak.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProtectedApp {
    pub(super) id: String,
    pub(super) remote: String,
}

/// The protected apps that came from repositories at these addresses, each once. Reads files.
pub(super) fn protected_apps(installations: &[Installation], addresses: &[RemoteUrl]) -> Vec<ProtectedApp> {
    let mut found = Vec::new();
    for installation in installations {
        let remotes = remote::remotes(std::slice::from_ref(installation));
        for app in installed::apps(installation) {
            let mut origins = remotes.iter().filter(|remote| remote.name == app.origin);
            let is_linked = origins.any(|remote| remote.address().is_ok_and(|address| addresses.contains(&address)));
            if is_linked && is_protected(&installation.path, &app) {
                found.push(ProtectedApp { id: app.app.id().to_owned(), remote: app.origin });
            }
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.id == b.id);
    found
}

/// Whether the commit that is deployed of an app says that it needs a token.
fn is_protected(installation: &Path, app: &InstalledApp) -> bool {
    let deployed = installation.join(app.app.as_str()).join("active");
    let commit = fs::read_link(deployed).ok().and_then(|target| Some(target.file_name()?.to_str()?.to_owned()));
    let Some(commit) = commit.filter(|name| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()))
    else {
        return false;
    };
    let (folder, rest) = commit.split_at(2);
    let path = installation.join("repo/objects").join(folder).join(format!("{rest}.commit"));
    let mut bytes = Vec::new();
    let read = files::open(&path).and_then(|file| file.take(COMMIT_LIMIT).read_to_end(&mut bytes));
    read.is_ok() && needs_token(&bytes)
}

fn needs_token(commit: &[u8]) -> bool {
    let Ok(kind) = glib::VariantTy::new(COMMIT_TYPE) else {
        return false;
    };
    let commit = glib::Variant::from_bytes_with_type(&glib::Bytes::from(commit), kind);
    if !commit.is_normal_form() {
        return false;
    }
    let metadata = glib::VariantDict::new(Some(&commit.child_value(0)));
    metadata.lookup::<i32>(TOKEN_TYPE).ok().flatten().is_some_and(|kind| kind != 0)
}

#[cfg(test)]
mod tests {
    use gtk::glib::prelude::*;

    use super::*;

    fn commit(token_type: Option<i32>) -> Vec<u8> {
        let metadata = glib::VariantDict::new(None);
        if let Some(kind) = token_type {
            metadata.insert(TOKEN_TYPE, kind);
        }
        let no_bytes = Vec::<u8>::new;
        let related = Vec::<(String, Vec<u8>)>::new();
        let parts = [
            metadata.end(),
            no_bytes().to_variant(),
            related.to_variant(),
            "subject".to_variant(),
            "".to_variant(),
            0u64.to_variant(),
            no_bytes().to_variant(),
            no_bytes().to_variant(),
        ];
        let commit = glib::Variant::tuple_from_iter(parts);
        assert_eq!(commit.type_().as_str(), COMMIT_TYPE);
        commit.data().to_vec()
    }

    #[test]
    fn a_commit_says_whether_it_needs_a_token() {
        assert!(needs_token(&commit(Some(2))));
        assert!(!needs_token(&commit(Some(0))));
        assert!(!needs_token(&commit(None)));
        assert!(!needs_token(b"") && !needs_token(b"\xff\0garbage"));
    }
}
