// SPDX-License-Identifier: GPL-3.0-or-later
//! Repositories that the person keeps blocked from the server that they name now. Kept in the data folder: a decision
//! outlives the session. Holds no secret.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    binding::Binding,
    json_file::{self, Contents, JsonFile, Version},
    names,
    pending::{Pending, PendingFile},
    service::RemoteUrl,
};

/// Most decisions to remember.
const COUNT_LIMIT: usize = 256;

/// A repository, and the server that it is kept from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBlocked {
    /// Address of the repository.
    pub remote_url: RemoteUrl,
    /// What it claims.
    pub binding: Binding,
}

impl KeptBlocked {
    /// Whether a note is about what the repository asked for from this server.
    fn is_about(&self, note: &Pending) -> bool {
        (&note.ground.binding, &note.ground.remote_url) == (&self.binding, &self.remote_url)
    }

    /// Whether these decisions hold it, and it has asked for nothing since.
    pub fn is_among(&self, decisions: &[Self], notes: &[Pending]) -> bool {
        decisions.contains(self) && !notes.iter().any(|note| self.is_about(note))
    }

    /// Remembers the decision, then forgets what the repository asked for. Without a file there is nothing to do in it.
    pub async fn decide(self, file: Option<&KeptBlockedFile>, notes: Option<&PendingFile>, now: i64) -> io::Result<()> {
        if let Some(file) = file {
            file.add(self.clone()).await?;
        }
        if let Some(notes) = notes {
            notes.change(now, |notes| notes.retain(|note| !self.is_about(note))).await?;
        }
        Ok(())
    }
}

/// The content of the file, the oldest decision first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct KeptBlockedList {
    version: Version<1>,
    blocked: Vec<KeptBlocked>,
}

impl Contents for KeptBlockedList {
    const SIZE_LIMIT: u64 = 256 * 1024;

    fn shrink(&mut self) -> bool {
        json_file::drop_first(&mut self.blocked)
    }
}

/// The file that holds the decisions. Cheap to clone.
#[derive(Debug, Clone)]
pub struct KeptBlockedFile(JsonFile<KeptBlockedList>);

impl KeptBlockedFile {
    /// The file of this person. `None` without a data folder.
    pub fn of_person() -> Option<Self> {
        Some(Self::in_folder(&names::data_dir()?.join(names::APP_ID)))
    }

    /// The file in this folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self(JsonFile::at(PathBuf::from(folder).join("kept-blocked.json")))
    }

    /// Its path, to watch it.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The decisions. A file that is missing or not ours holds none.
    pub fn load(&self) -> Vec<KeptBlocked> {
        self.0.load().blocked
    }

    /// Remembers a decision. An earlier one about the same repository is forgotten.
    pub async fn add(&self, new: KeptBlocked) -> io::Result<()> {
        self.0
            .change(|KeptBlockedList { blocked, .. }| {
                if !blocked.contains(&new) {
                    blocked.retain(|known| known.remote_url != new.remote_url);
                    blocked.push(new);
                    json_file::keep_last(blocked, COUNT_LIMIT);
                }
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        pending::{Obstacle, Operation},
        testing,
    };

    fn kept(remote: &str, server: &str) -> KeptBlocked {
        KeptBlocked { remote_url: testing::remote_url(remote), binding: testing::binding(server) }
    }

    #[tokio::test]
    async fn a_decision_is_remembered_until_another_is_made_about_the_same_repository() {
        let folder = tempfile::tempdir().unwrap();
        let file = || KeptBlockedFile::in_folder(&folder.path().join("new"));
        assert_eq!(file().load(), []);
        for new in [kept("https://a.example/", "one.example"), kept("https://b.example/", "one.example")] {
            file().add(new.clone()).await.unwrap();
            file().add(new).await.unwrap();
        }
        file().add(kept("https://a.example/", "two.example")).await.unwrap();
        assert_eq!(
            file().load(),
            [kept("https://b.example/", "one.example"), kept("https://a.example/", "two.example")]
        );
    }

    #[tokio::test]
    async fn a_decision_holds_until_the_repository_asks_again_and_forgets_what_it_asked_before() {
        let folder = tempfile::tempdir().unwrap();
        let file = || KeptBlockedFile::in_folder(folder.path());
        let notes = || PendingFile::at(folder.path().join("pending.json"));
        let note = |remote: &str, server: &str| Pending {
            operation: Operation::Update,
            obstacle: Obstacle::ServerChanged { agreed: testing::binding("old.example") },
            ground: testing::ground(remote, server),
            account: None,
            refs: vec!["app/org.a.A/x86_64/stable".into()],
            client: String::new(),
            at: 0,
        };
        let asked = [
            note("https://a.example/", "one.example"),
            note("https://a.example/", "two.example"),
            note("https://b.example/", "one.example"),
        ];
        notes().change(0, |all| all.extend(asked.clone())).await.unwrap();
        let decided = kept("https://a.example/", "one.example");
        assert!(!decided.is_among(&file().load(), &notes().load(0)));
        decided.clone().decide(Some(&file()), Some(&notes()), 0).await.unwrap();
        assert_eq!(notes().load(0), asked[1..]);
        assert!(decided.is_among(&file().load(), &notes().load(0)));
        for (other, server) in [("https://a.example/", "two.example"), ("https://b.example/", "one.example")] {
            assert!(!kept(other, server).is_among(&file().load(), &[]), "{other} {server}");
        }
        assert!(!decided.is_among(&file().load(), &asked));
    }

    #[tokio::test]
    async fn g07_a_file_of_other_content_holds_nothing_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeptBlockedFile::in_folder(folder.path());
        for content in [&b"{"[..], b"\xff", br#"{"version":2,"blocked":[]}"#] {
            crate::files::write(file.0.path(), content).unwrap();
            assert_eq!(file.load(), []);
        }
        file.add(kept("https://a.example/", "one.example")).await.unwrap();
        assert_eq!(file.load().len(), 1);
    }
}
