// SPDX-License-Identifier: GPL-3.0-or-later
//! Files and values that others wrote, or another version of Usher, or nobody at all: a disk.

use std::{collections::BTreeSet, path::Path};

use super::input::{self, Folder, assert_is_plain, assert_runs_flatpak, lines};
use crate::{
    account::Account,
    activity_log::{ActivityLog, Names},
    appstream,
    decisions::DecisionFile,
    dismissals::DismissalFile,
    keyfile::KeyFile,
    notices::NoticeFile,
    pending::{self, PendingFile},
    provider::wire::{json as wire_json, jwt as wire_jwt},
    remote::{self, Installation},
    remote_modify::RemoteModify,
    repository_file::{RepositoryFile, SetUp},
    takeout::{self, Takeout},
    text,
    token_check::{self, KeySet},
};

/// A moment in 2026, in seconds since 1970.
const NOW: i64 = 1_790_000_000;
/// Ten years, and some days.
const TEN_YEARS: i64 = 10 * 366 * 24 * 60 * 60;

/// JSON that is accepted is JSON to others as well, and means the same.
pub(super) fn json(bytes: &[u8]) {
    if let Ok(value) = wire_json::parse(bytes) {
        assert_eq!(serde_json::from_slice::<serde_json::Value>(bytes).ok(), Some(value.clone()));
        let again = serde_json::to_vec(&value).expect("JSON can be written");
        assert!(wire_json::parse(&again).is_ok(), "what was read is read again");
    }
}

/// Hints of a token stay within what can be believed, and a name is plain. A line with the token; with `{` at its
/// beginning, a line with the claims of one.
pub(super) fn jwt(bytes: &[u8]) {
    let mut token = input::text(bytes);
    if token.starts_with('{') {
        token = crate::testing::jwt(&token);
    }
    assert!(wire_jwt::expiry(&token, NOW).is_none_or(|end| (0..=NOW + TEN_YEARS).contains(&end)));
    assert!(wire_jwt::lifetime(&token).is_none_or(|life| life >= 0));
    if let Some(user) = wire_jwt::user(&token) {
        assert!(!user.is_empty() && user.chars().count() <= text::NAME_LIMIT);
        assert_is_plain(&user);
    }
    if let Some(prefixes) = wire_jwt::prefixes(&token) {
        let covers = |id| wire_jwt::covers(&prefixes, id);
        assert!(!covers("org.a.A") || covers("org.a.A.Locale"), "what covers an id covers those below it");
    }
}

/// A set of keys, and a token: nothing that nobody signed is good. A line with the token, then the set.
pub(super) fn key_set(bytes: &[u8]) {
    let ([token], set) = lines(bytes);
    let token = input::text(token);
    let id = token_check::key_id(&token);
    let Ok(keys) = KeySet::parse(set) else { return };
    let wanted = "app/org.example.App/x86_64/stable".parse().expect("it is a ref");
    if let Ok(Ok(())) = token_check::check(&token, &wanted, &keys, Some("stable"), NOW) {
        let bound = id.expect("it is a token").is_none_or(|id| keys.has(&id));
        assert!(bound || token.matches('.').count() == 2);
    }
}

/// A key file has no more in it than its lines, and what it says of remotes leads to no other program.
pub(super) fn key_file(bytes: &[u8]) {
    let written = input::text(bytes);
    let file = KeyFile::parse(&written);
    let count = file.groups().map(|(_, keys)| 1 + keys.len()).sum::<usize>();
    assert!(count <= written.lines().count());
    let length = file.groups().flat_map(|(_, keys)| keys).map(|(key, value)| key.len() + value.len()).sum::<usize>();
    assert!(length <= written.len());
}

/// The configuration of an installation, as flatpak keeps it.
pub(super) fn remote_config(bytes: &[u8]) {
    let folder = Folder::new();
    folder.write("repo/config", bytes);
    let installation = Installation { path: folder.path().to_owned(), is_user: true, name: None };
    for found in remote::remotes(&[installation]) {
        let _ = (found.claimed(), found.address(), found.display_name());
        assert_is_plain(&found.url.to_string());
        let modify = [RemoteModify::to_use_usher(&found), RemoteModify::to_stop_using_usher(&found)];
        modify.iter().flatten().for_each(|modify| assert_runs_flatpak(modify.command()));
    }
}

/// A `.flatpakrepo` or `.flatpakref`: what it leads to is a command of flatpak's. A line with its name, then the file.
pub(super) fn repository_file(bytes: &[u8]) {
    let ([name], content) = lines(bytes);
    let name = input::text(name);
    let Ok(file) = RepositoryFile::parse(content, Path::new(&name)) else { return };
    for shown in [file.title.as_deref(), file.app.as_deref()].into_iter().flatten() {
        assert!(shown.chars().count() <= text::NAME_LIMIT);
        assert_is_plain(shown);
    }
    assert_is_plain(&file.display_name());
    for path in [None, Some(Path::new(&name))] {
        if let SetUp::Missing(Some(command)) = file.set_up(path, &[]) {
            assert_runs_flatpak(&command);
        }
    }
}

/// A file with accounts reads the same once it is written, and leads to commands of flatpak's alone.
pub(super) fn takeout(bytes: &[u8]) {
    let Ok(read) = Takeout::parse(bytes) else { return };
    let written = read.encode().expect("what was read can be written");
    assert_eq!(Takeout::parse(&written).as_ref(), Ok(&read));
    for account in &read.accounts {
        assert_is_plain(&account.label());
    }
    for repository in &read.repositories {
        assert_is_plain(repository.display_name());
        if let takeout::SetUp::Command(Some(command)) = repository.set_up(&[]) {
            assert_runs_flatpak(&command);
        }
    }
    if let Some((_, commands)) = takeout::install_command(&read.repositories, &[], |_| false) {
        commands.split(" && ").for_each(assert_runs_flatpak);
    }
}

/// A record of an account is read whole or not at all, and reads the same once it is written.
pub(super) fn account_record(bytes: &[u8]) {
    let Ok(account) = Account::decode(bytes) else { return };
    let written = account.encode().expect("what was read can be written");
    assert_eq!(Account::decode(&written).as_ref(), Ok(&account));
    let shown = account.credential.map(|credential| format!("{credential:?}"));
    assert!(shown.is_none_or(|shown| shown.ends_with("([REDACTED])")), "no secret is printed");
}

/// The activity log, line by line. A damaged line costs itself alone.
pub(super) fn activity_log(bytes: &[u8]) {
    let folder = Folder::new();
    folder.write("activity.jsonl", bytes);
    let entries = ActivityLog::in_folder(folder.path()).read();
    assert!(entries.len() <= bytes.split(|byte| *byte == b'\n').count());
    for entry in entries {
        let _ = entry.words(&Names::default());
        let line = serde_json::to_vec(&entry).expect("what was read can be written");
        assert_eq!(serde_json::from_slice(&line).ok(), Some(entry));
    }
}

/// What Usher itself keeps for a while: any damage counts as nothing there.
pub(super) fn state_file(bytes: &[u8]) {
    let folder = Folder::new();
    let write = |name| folder.write(name, bytes);
    let pending = PendingFile::at(write("pending.json"));
    let notes = pending.load(NOW);
    let _ = (pending::waiting(notes.iter()), pending.load_unusable(NOW));
    for note in &notes {
        let _ = (note.app_ids(), note.silent_server(), note.waits_for_account());
    }
    write("dismissed.json");
    DismissalFile::in_folder(folder.path()).load(NOW);
    write("notices.json");
    NoticeFile::in_folder(folder.path()).load(NOW);
    write("decisions.json");
    let decisions = DecisionFile::in_folder(folder.path()).load();
    let _ = notes.iter().filter(|note| decisions.is_refused(&crate::decisions::Subject::of(&note.ground))).count();
}

/// An AppStream catalogue, plain or packed: names are plain, and only of apps that were asked for.
pub(super) fn app_catalog(bytes: &[u8]) {
    let ids: BTreeSet<String> = ["org.example.App", "org.example.Other"].map(str::to_owned).into();
    let languages = ["de_AT", "de", "en"].map(str::to_owned);
    for file in ["appstream.xml", "appstream.xml.gz"] {
        for (id, name) in appstream::names_in(file, bytes, &ids, &languages) {
            assert!(ids.contains(&id) && !name.is_empty() && name.chars().count() <= text::NAME_LIMIT);
            assert_is_plain(&name);
        }
    }
}
