// SPDX-License-Identifier: GPL-3.0-or-later
//! Requests of clients that failed: installs that stopped and updates that were left out. Kept in the runtime folder,
//! written by the daemon, shown by the window. Holds no secret.

mod unusable;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::unusable::{Unusable, UnusableRemote, note_unusable, unusable_remotes};
use crate::{
    account::AccountId,
    binding::Binding,
    files,
    ground::Ground,
    json_file::{self, Contents, JsonFile, Version},
    names,
    refs::FlatpakRef,
};

/// How long to keep the note of an install, in seconds.
const INSTALL_AGE: i64 = 24 * 60 * 60;
/// Most notes to keep.
const COUNT_LIMIT: usize = 64;

/// What a client wanted to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Install an app.
    Install,
    /// Update an app.
    Update,
}

/// What kept a request from its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obstacle {
    /// No account at the service, or the person signed out.
    NoAccount,
    /// The sign-in has ended.
    Expired,
    /// The remote has no permission to use an account.
    NoLink,
    /// The account has no access to the app.
    NotBought,
    /// The keyring is locked or missing.
    Locked,
    /// The remote names another server than the one the person agreed to.
    ServerChanged {
        /// The binding the person agreed to.
        agreed: Binding,
    },
    /// The service did not give tokens.
    Unavailable,
    /// The sign-in had to be renewed, and the server that does so gave nothing.
    NotRenewed {
        /// Its host.
        host: String,
    },
}

/// One failed request for one remote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Install or update.
    pub operation: Operation,
    /// What kept it from its tokens.
    pub obstacle: Obstacle,
    /// The remote, and the binding that its options claim.
    #[serde(flatten)]
    pub ground: Ground,
    /// The account in question, if known.
    pub account: Option<AccountId>,
    /// The full refs that were not covered: neither granted a token nor free.
    pub refs: Vec<String>,
    /// Name of the program that asked, as the daemon determined it.
    pub client: String,
    /// When the request failed: seconds since 1970.
    pub at: i64,
}

/// How many installs and updates are waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Apps to install.
    pub installs: usize,
    /// Apps to update.
    pub updates: usize,
}

impl Pending {
    /// Whether all it needs is an account that is signed in and allowed.
    pub fn waits_for_account(&self) -> bool {
        match self.obstacle {
            Obstacle::NoAccount
            | Obstacle::Expired
            | Obstacle::NoLink
            | Obstacle::Locked
            | Obstacle::ServerChanged { .. } => true,
            Obstacle::NotBought | Obstacle::Unavailable | Obstacle::NotRenewed { .. } => false,
        }
    }

    /// Whether it is an update that was left out because a server gave nothing.
    pub fn was_left_out(&self) -> bool {
        self.silent_server().is_some()
    }

    /// The host of the server that gave nothing, if an update was left out because of that.
    pub fn silent_server(&self) -> Option<String> {
        match &self.obstacle {
            _ if self.operation != Operation::Update => None,
            Obstacle::Unavailable => Some(self.ground.binding.host()),
            Obstacle::NotRenewed { host } => Some(host.clone()),
            _ => None,
        }
    }

    /// The apps behind the refs, each once.
    pub fn app_ids(&self) -> Vec<String> {
        apps_of(&self.refs)
    }
}

/// The apps behind these refs, each once.
fn apps_of<'a>(refs: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let parsed = refs.into_iter().filter_map(|text| text.parse::<FlatpakRef>().ok());
    let mut ids: Vec<String> = parsed.map(|parsed| parsed.app_id().to_owned()).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Counts the apps behind these refs, each once.
pub fn count_apps<'a>(refs: impl IntoIterator<Item = &'a String>) -> usize {
    apps_of(refs).len()
}

/// Counts how many of these wait for an account.
pub fn waiting<'a>(notes: impl Iterator<Item = &'a Pending>) -> Waiting {
    let mut waiting = Waiting::default();
    for note in notes.filter(|note| note.waits_for_account()) {
        let count = note.app_ids().len();
        match note.operation {
            Operation::Install => waiting.installs += count,
            Operation::Update => waiting.updates += count,
        }
    }
    waiting
}

/// The content of the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct PendingList {
    version: Version<1>,
    pending: Vec<Pending>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unusable: Vec<Unusable>,
}

impl Contents for PendingList {
    const SIZE_LIMIT: u64 = 1 << 20;

    /// Drops the longest note, or the oldest of equally long ones.
    fn shrink(&mut self) -> bool {
        let length = |note: &Pending| note.refs.iter().map(String::len).sum::<usize>();
        let longest = self.pending.iter().enumerate().rev().max_by_key(|(_, note)| length(note));
        longest.map(|(at, _)| at).map(|at| self.pending.remove(at)).is_some()
            || json_file::drop_first(&mut self.unusable)
    }
}

/// The file that holds the notes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PendingFile(JsonFile<PendingList>);

impl PendingFile {
    /// The file of this login session. `None` if the session has no runtime folder.
    pub fn of_session() -> Option<Self> {
        Some(Self::at(names::runtime_dir()?.join("pending.json")))
    }

    /// The file at this path.
    pub fn at(path: PathBuf) -> Self {
        Self(JsonFile::at(path))
    }

    /// Its path, to watch it.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The notes, without the old ones. A file that is missing or not ours holds none.
    pub fn load(&self, now: i64) -> Vec<Pending> {
        let mut pending = self.0.load().pending;
        forget_old(&mut pending, now);
        pending
    }

    /// The notes, read on a thread of its own. A disk that does not answer holds none.
    pub async fn read(&self, now: i64) -> Vec<Pending> {
        let file = self.clone();
        files::apart(self.path(), move || file.load(now)).await.unwrap_or_default()
    }

    /// The notes about remotes whose options cannot be used, without the old ones.
    pub fn load_unusable(&self, now: i64) -> Vec<Unusable> {
        let mut notes = self.0.load().unusable;
        unusable::forget_old(&mut notes, now);
        notes
    }

    /// Changes the notes about remotes whose options cannot be used.
    pub async fn change_unusable(
        &self,
        now: i64,
        change: impl FnOnce(&mut Vec<Unusable>) + Send,
    ) -> std::io::Result<()> {
        self.0
            .change(|PendingList { unusable, .. }| {
                unusable::forget_old(unusable, now);
                change(unusable);
                json_file::keep_last(unusable, COUNT_LIMIT);
            })
            .await
    }

    /// Changes the notes under a lock. Writes only if something changed.
    pub async fn change(&self, now: i64, change: impl FnOnce(&mut Vec<Pending>) + Send) -> std::io::Result<()> {
        self.0
            .change(|PendingList { pending, .. }| {
                forget_old(pending, now);
                change(pending);
                json_file::keep_last(pending, COUNT_LIMIT);
            })
            .await
    }
}

fn forget_old(pending: &mut Vec<Pending>, now: i64) {
    pending.retain(|note| note.operation == Operation::Update || now.saturating_sub(note.at) < INSTALL_AGE);
}

/// Adds a note. It replaces earlier ones about the same refs of the same remote.
pub fn note(pending: &mut Vec<Pending>, new: Pending) {
    forget(pending, &new.ground.remote_uri, &new.refs);
    pending.push(new);
}

/// Forgets refs of a remote that have been covered since, or were installed.
pub fn forget(pending: &mut Vec<Pending>, remote_uri: &str, refs: &[String]) {
    for known in pending.iter_mut().filter(|known| known.ground.remote_uri == remote_uri) {
        known.refs.retain(|wanted| !refs.contains(wanted));
    }
    pending.retain(|known| !known.refs.is_empty());
}

/// Notes that an account has no access to these apps, now that its server was asked: what waited for an account waits to
/// be bought from then on.
pub fn deny(pending: &mut Vec<Pending>, remote_uri: &str, app_ids: &[String], account: AccountId) {
    let is_denied = |wanted: &mut String| {
        wanted.parse::<FlatpakRef>().is_ok_and(|wanted| app_ids.iter().any(|id| id == wanted.app_id()))
    };
    let mut denied = Vec::new();
    for known in pending.iter_mut().filter(|known| known.ground.remote_uri == remote_uri && known.waits_for_account()) {
        let refs: Vec<String> = known.refs.extract_if(.., is_denied).collect();
        let rest = known.clone();
        denied.push(Pending { obstacle: Obstacle::NotBought, account: Some(account), refs, ..rest });
    }
    pending.append(&mut denied);
    pending.retain(|known| !known.refs.is_empty());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    fn pending(refs: &[&str], at: i64) -> Pending {
        Pending {
            operation: Operation::Install,
            obstacle: Obstacle::NoAccount,
            ground: testing::ground("https://r.example.org/", "https://store.example.org"),
            account: None,
            refs: refs.iter().map(|&text| text.to_owned()).collect(),
            client: "flatpak".into(),
            at,
        }
    }

    #[tokio::test]
    async fn notes_are_kept_replaced_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let file = PendingFile::at(folder.path().join("pending.json"));
        file.change(0, |list| note(list, pending(&["a", "b"], 0))).await.unwrap();
        file.change(0, |list| note(list, pending(&["a"], 5))).await.unwrap();
        assert_eq!(file.load(10), [pending(&["b"], 0), pending(&["a"], 5)]);
        file.change(0, |list| forget(list, "https://r.example.org/", &["b".to_owned()])).await.unwrap();
        assert_eq!(file.load(10), [pending(&["a"], 5)]);
        assert_eq!(file.load(INSTALL_AGE + 5), []);
    }

    #[tokio::test]
    async fn old_notes_make_room_for_new_ones_in_a_full_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = PendingFile::at(folder.path().join("pending.json"));
        let large = |name: &str, length| {
            let refs = (0..4096).map(|number| format!("app/{name}.{number:0>length$}")).collect();
            Pending { refs, ..pending(&[], 0) }
        };
        for new in [large("a", 200), large("b", 200), pending(&["c"], 5), large("d", 400)] {
            file.change(0, |list| note(list, new)).await.unwrap();
        }
        assert_eq!(file.load(10), [large("b", 200), pending(&["c"], 5)]);
    }

    #[tokio::test]
    async fn g07_a_file_of_other_content_holds_nothing_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = PendingFile::at(folder.path().join("pending.json"));
        for content in [&b"{"[..], b"\xff\0", br#"{"version":2,"pending":[]}"#, br#"{"version":"x"}"#] {
            crate::files::write(file.path(), content).unwrap();
            assert_eq!(file.load(0), []);
        }
        file.change(0, |list| list.push(pending(&["a"], 0))).await.unwrap();
        assert_eq!(file.load(0).len(), 1);
    }

    #[test]
    fn what_the_server_denies_waits_to_be_bought_and_nothing_else_does() {
        let refs = ["app/org.a.A/x86_64/stable", "runtime/org.a.A.Locale/x86_64/stable", "app/org.b.B/x86_64/stable"];
        let down = Pending { obstacle: Obstacle::Unavailable, ..pending(&refs[..1], 1) };
        let mut elsewhere = pending(&refs[..1], 2);
        elsewhere.ground = testing::ground("https://other.example.org/", "https://store.example.org");
        let mut notes = vec![pending(&refs, 0), down.clone(), elsewhere.clone(), pending(&refs[..1], 3)];
        let account = AccountId::random();
        deny(&mut notes, "https://r.example.org/", &["org.a.A".to_owned()], account);
        let denied = |refs, at| Pending { obstacle: Obstacle::NotBought, account: Some(account), ..pending(refs, at) };
        let expected = [pending(&refs[2..], 0), down, elsewhere, denied(&refs[..2], 0), denied(&refs[..1], 3)];
        assert_eq!(notes, expected);
    }

    #[test]
    fn an_app_that_waits_for_an_account_counts_once_with_its_parts() {
        let with = |obstacle, operation| Pending {
            operation,
            obstacle,
            ..pending(&["app/org.a.A/x86_64/stable", "runtime/org.a.A.Locale/x86_64/stable", "nonsense"], 0)
        };
        let notes = [
            with(Obstacle::Expired, Operation::Update),
            with(Obstacle::NotBought, Operation::Update),
            with(Obstacle::NoLink, Operation::Install),
        ];
        assert_eq!(waiting(notes.iter()), Waiting { installs: 1, updates: 1 });
    }

    proptest! {
        #[test]
        fn a_note_covers_each_ref_of_a_remote_once(lists in proptest::collection::vec(proptest::collection::vec("[a-d]", 1..4), 0..6)) {
            let mut all = Vec::new();
            for (at, refs) in lists.iter().enumerate() {
                let mut refs: Vec<&str> = refs.iter().map(String::as_str).collect();
                refs.sort_unstable();
                refs.dedup();
                note(&mut all, pending(&refs, i64::try_from(at).unwrap()));
            }
            let mut seen: Vec<_> = all.iter().flat_map(|note| note.refs.clone()).collect();
            let count = seen.len();
            seen.sort();
            seen.dedup();
            prop_assert_eq!(seen.len(), count);
        }
    }
}
