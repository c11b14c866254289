// SPDX-License-Identifier: GPL-3.0-or-later
//! Decisions about repositories that the person made: one stays blocked from the server that it names now, another may
//! not use an account there. Kept in the data folder: a decision outlives the session. Holds no secret.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    binding::Binding,
    files,
    ground::Ground,
    json_file::{self, Contents, JsonFile, Version},
    names,
    pending::{Pending, PendingFile},
    remote::Remote,
    service::RemoteUrl,
};

/// Most decisions to remember.
const COUNT_LIMIT: usize = 256;

/// What a decision is about: a repository at one address, and the server that it names. Its name and title do not
/// matter, since it chooses them itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Address of the repository.
    pub remote_url: RemoteUrl,
    /// What it claims.
    pub binding: Binding,
}

impl Subject {
    /// The repository behind a request.
    pub fn of(ground: &Ground) -> Self {
        Self { remote_url: ground.remote_url.clone(), binding: ground.binding.clone() }
    }

    /// Whether a note is about what the repository asked for from this server.
    fn is_of(&self, note: &Pending) -> bool {
        (&note.ground.binding, &note.ground.remote_url) == (&self.binding, &self.remote_url)
    }

    /// Whether both are about the same repository and the same host: no other path or way to sign in there makes it
    /// another question.
    fn has_server_of(&self, other: &Self) -> bool {
        self.remote_url == other.remote_url && self.binding.service.has_origin_of(other.binding.service.url())
    }
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    /// It stays blocked from the server that it names, in place of the one that the person agreed to.
    KeptBlocked,
    /// It may not use an account at the server that it names.
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Decision {
    verdict: Verdict,
    #[serde(flatten)]
    subject: Subject,
}

/// All decisions, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decisions {
    version: Version<1>,
    decisions: Vec<Decision>,
}

impl Contents for Decisions {
    const SIZE_LIMIT: u64 = 256 * 1024;

    fn shrink(&mut self) -> bool {
        json_file::drop_first(&mut self.decisions)
    }
}

impl Decisions {
    /// Whether the repository may not use an account at this server. A permission that an account holds is newer, and
    /// wins.
    pub fn is_refused(&self, subject: &Subject) -> bool {
        self.of(Verdict::Refused).any(|refused| refused.has_server_of(subject))
    }

    /// The same for a remote, at the server that it names now.
    pub fn refuses(&self, remote: &Remote) -> bool {
        Ground::of(remote).is_ok_and(|ground| self.is_refused(&Subject::of(&ground)))
    }

    /// Whether the repository stays blocked, and has asked for nothing since.
    pub fn is_kept_blocked(&self, subject: &Subject, notes: &[Pending]) -> bool {
        self.of(Verdict::KeptBlocked).any(|blocked| blocked == subject) && !notes.iter().any(|note| subject.is_of(note))
    }

    /// Keeps the repository blocked. An earlier such decision about it is forgotten.
    pub fn keep_blocked(&mut self, subject: Subject) {
        if self.of(Verdict::KeptBlocked).any(|blocked| blocked == &subject) {
            return;
        }
        let is_other =
            |known: &Decision| known.verdict != Verdict::KeptBlocked || known.subject.remote_url != subject.remote_url;
        self.decisions.retain(is_other);
        self.add(Verdict::KeptBlocked, subject);
    }

    fn refuse(&mut self, subject: Subject) {
        if !self.is_refused(&subject) {
            self.add(Verdict::Refused, subject);
        }
    }

    fn take_back(&mut self, subject: &Subject) {
        self.decisions.retain(|known| known.verdict != Verdict::Refused || !known.subject.has_server_of(subject));
    }

    fn of(&self, verdict: Verdict) -> impl Iterator<Item = &Subject> {
        self.decisions.iter().filter(move |known| known.verdict == verdict).map(|known| &known.subject)
    }

    fn add(&mut self, verdict: Verdict, subject: Subject) {
        self.decisions.push(Decision { verdict, subject });
        json_file::keep_last(&mut self.decisions, COUNT_LIMIT);
    }
}

/// The file that holds the decisions. Cheap to clone.
#[derive(Debug, Clone)]
pub struct DecisionFile(JsonFile<Decisions>);

impl DecisionFile {
    /// The file of this person. `None` without a data folder.
    pub fn of_person() -> Option<Self> {
        Some(Self::in_folder(&names::data_dir()?.join(names::APP_ID)))
    }

    /// The file in this folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self(JsonFile::at(PathBuf::from(folder).join("decisions.json")))
    }

    /// Its path, to watch it.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The decisions. A file that is missing or not ours holds none.
    pub fn load(&self) -> Decisions {
        self.0.load()
    }

    /// The same, read on a thread of its own. A disk that does not answer holds none.
    pub async fn read(&self) -> Decisions {
        let file = self.clone();
        files::apart(self.path(), move || file.load()).await.unwrap_or_default()
    }

    /// Remembers that the repository stays blocked from the server that it names, then forgets what it asked for.
    pub async fn keep_blocked(&self, subject: &Subject, notes: Option<&PendingFile>, now: i64) -> io::Result<()> {
        self.0.change(|decisions| decisions.keep_blocked(subject.clone())).await?;
        forget(subject, notes, now).await
    }

    /// Remembers that the repository may not use an account at the server that it names, then forgets what it asked
    /// for.
    pub async fn refuse(&self, subject: &Subject, notes: Option<&PendingFile>, now: i64) -> io::Result<()> {
        self.0.change(|decisions| decisions.refuse(subject.clone())).await?;
        forget(subject, notes, now).await
    }

    /// Forgets that the repository may not use an account at that server: it may ask again. Says whether that changed
    /// anything.
    pub async fn take_back(&self, subject: &Subject) -> io::Result<bool> {
        if !self.read().await.is_refused(subject) {
            return Ok(false);
        }
        self.0.change(|decisions| decisions.take_back(subject)).await?;
        Ok(true)
    }
}

async fn forget(subject: &Subject, notes: Option<&PendingFile>, now: i64) -> io::Result<()> {
    match notes {
        Some(notes) => notes.change(now, |notes| notes.retain(|note| !subject.is_of(note))).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
