// SPDX-License-Identifier: GPL-3.0-or-later
//! The activity log: who asked for tokens and what came of it, sign-ins, permissions, purchases. A private file in the data
//! folder with one JSON object per line, the oldest first, which all processes write. Holds no secret.
//!
//! ```text
//! entry   what the log says           settings   whether there is a log, and whether it names apps
//! words   an entry as people read it     account_changes  what a change of an account means for it
//! flood   what is not written again      following  entries as they come
//! known   what a process remembers of the file
//! ```

mod account_changes;
mod entry;
mod flood;
mod following;
mod known;
mod settings;
mod words;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use self::known::Known;
pub use self::{
    entry::{Entry, Event, Purchase, Purpose, Question, Request, RequestResult},
    following::Following,
    settings::Settings,
    words::{Names, Words},
};
use crate::{
    files::{self, WRITE_LIMIT},
    folders, names,
    patience::within,
};

/// Largest file, in bytes.
const SIZE_LIMIT: u64 = 256 << 10;
/// How much of a full file stays, in bytes: the next entries then fit without writing it all again.
const SIZE_LEFT: usize = 192 << 10;
/// How long to keep an entry, in seconds.
const AGE_LIMIT: i64 = 90 * 24 * 60 * 60;
/// Longest wait for another writer.
const LOCK_LIMIT: Duration = Duration::from_secs(5);
/// Longest time that somebody waits for an entry. It is written later, then.
const WAIT_LIMIT: Duration = Duration::from_secs(3);

/// The file that holds the log. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ActivityLog {
    path: PathBuf,
    known: Arc<Mutex<Known>>,
}

impl ActivityLog {
    /// The log of this person. `None` without a home folder.
    pub fn of_user() -> Option<Self> {
        Some(Self::in_folder(&folders::data()?.join(names::APP_ID)))
    }

    /// The log in this folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("activity.jsonl"), known: Arc::default() }
    }

    /// Its path, to watch it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes entries, if the person wants a log. Nothing depends on it: a failure is only a warning, and a slow disk is
    /// not waited for. To be called in a tokio runtime.
    pub async fn write(&self, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        let log = self.clone();
        let writing = tokio::spawn(async move {
            if let Err(error) = log.add(entries).await {
                tracing::warn!(%error, "cannot write the activity log");
            }
        });
        let _ = within(WAIT_LIMIT, writing).await;
    }

    /// Writes entries back that [`Self::remove`] has removed.
    pub async fn put_back(&self, entries: Vec<Entry>) -> io::Result<()> {
        self.change(move |log| {
            let mut all = log.read();
            all.extend(entries);
            all.sort_by_key(|entry| entry.at);
            log.replace(&all)
        })
        .await
    }

    /// Removes some entries, and gives them.
    pub async fn remove(&self, is_meant: impl Fn(&Entry) -> bool + Send + 'static) -> io::Result<Vec<Entry>> {
        self.change(move |log| {
            let (removed, left): (Vec<_>, Vec<_>) = log.read().into_iter().partition(is_meant);
            if left.is_empty() {
                files::remove(&log.path)?;
            } else {
                log.replace(&left)?;
            }
            Ok(removed)
        })
        .await
    }

    /// Reads the entries, the oldest first. Leaves out what cannot be read. From a task, use [`files::apart`].
    pub fn read(&self) -> Vec<Entry> {
        let bytes = files::read(&self.path, SIZE_LIMIT).unwrap_or_default();
        bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    async fn add(&self, entries: Vec<Entry>) -> io::Result<()> {
        let settings = self.settings();
        let lock = files::lock_if(&self.lock_path(), WRITE_LIMIT, move || settings.is_kept()).await?;
        let Some(lock) = lock else { return Ok(()) };
        self.change_under(lock, move |log| {
            let names_apps = log.settings().names_apps();
            let fit = |entry: Entry| if names_apps { entry.with_some_apps() } else { entry.without_apps() };
            entries.into_iter().map(Entry::cut).map(fit).try_for_each(|entry| log.append(&entry))
        })
        .await
    }

    /// Changes the file under its lock, on a thread of its own.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        self.change_under(files::lock(&self.lock_path(), LOCK_LIMIT).await?, change).await
    }

    async fn change_under<T: Send + 'static>(
        &self,
        _lock: files::Lock,
        change: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let log = self.clone();
        files::apart_within(WRITE_LIMIT, &self.path, move || change(&log)).await?
    }

    fn lock_path(&self) -> PathBuf {
        self.path.with_extension("lock")
    }

    /// Adds one entry at the end. What is too old goes, and the oldest where the file would be too large.
    fn append(&self, entry: &Entry) -> io::Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.update(self, entry.at);
        if matches!(entry.event, Event::Request(_)) && flood::is_too_much(&known.recent, entry) {
            return Ok(());
        }
        let line = line(entry)?;
        let is_old = |at: i64| entry.at.saturating_sub(at) > AGE_LIMIT;
        if known.oldest.is_some_and(|oldest| !is_old(oldest)) && known.size() + line.len() as u64 <= SIZE_LIMIT {
            files::append(&self.path, &line)?;
            known.add(self, entry);
            return Ok(());
        }
        let mut entries = self.read();
        entries.retain(|old| !is_old(old.at));
        entries.push(entry.clone());
        self.replace(&entries)
    }

    /// Writes the last of these entries in place of the file.
    fn replace(&self, entries: &[Entry]) -> io::Result<()> {
        let lines = entries.iter().map(line).collect::<io::Result<Vec<_>>>()?;
        let all: usize = lines.iter().map(Vec::len).sum();
        let mut too_much = if all as u64 > SIZE_LIMIT { all - SIZE_LEFT } else { 0 };
        let left = lines.iter().skip_while(|line| {
            let is_dropped = too_much > 0;
            too_much = too_much.saturating_sub(line.len());
            is_dropped
        });
        files::write(&self.path, &left.flatten().copied().collect::<Vec<u8>>())
    }
}

fn line(entry: &Entry) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(entry)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests;
