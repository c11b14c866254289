// SPDX-License-Identifier: GPL-3.0-or-later
//! Questions that the person put off. The window process records them, and forgets them when Usher is opened; the
//! daemon reads them before it asks again.

use std::{
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use crate::{
    files,
    json_file::{self, Contents, JsonFile},
    names,
    prompt::Kind,
    service::RemoteUrl,
};

/// How long a question stays silent after it was put off, in seconds.
const SILENCE: i64 = 60;
/// After being put off this many times within a day, a question stays silent until Usher is opened.
const LIMIT: usize = 3;
const DAY: i64 = 24 * 60 * 60;
/// Most dismissals to remember.
const COUNT_LIMIT: usize = 256;

/// A question that was put off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismissal {
    remote_url: RemoteUrl,
    kind: String,
    at: i64,
}

impl Dismissal {
    /// The dismissal of a question of this kind, for the remote at this address, `at` this time (seconds since 1970).
    pub fn new(remote_url: RemoteUrl, kind: Kind, at: i64) -> Self {
        Self { remote_url, kind: kind.as_str().to_owned(), at }
    }

    /// Seconds since the dismissal. A clock that was set back makes it older, not eternal.
    fn age(&self, now: i64) -> i64 {
        now.saturating_sub(self.at).saturating_abs()
    }
}

/// Whether to keep quiet now: the question was put off within the last minute, or three times within a day.
pub fn is_silent(dismissals: &[Dismissal], remote_url: &RemoteUrl, kind: Kind, now: i64) -> bool {
    let of_today = || {
        dismissals.iter().filter(|dismissal| {
            &dismissal.remote_url == remote_url && dismissal.kind == kind.as_str() && dismissal.age(now) < DAY
        })
    };
    of_today().any(|dismissal| dismissal.age(now) < SILENCE) || of_today().count() >= LIMIT
}

/// The content of the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct DismissalList(Vec<Dismissal>);

impl Contents for DismissalList {
    const SIZE_LIMIT: u64 = 256 * 1024;

    fn shrink(&mut self) -> bool {
        json_file::drop_first(&mut self.0)
    }
}

/// The file that holds the dismissals of this login session. Only the window process writes it.
#[derive(Debug, Clone)]
pub struct DismissalFile(JsonFile<DismissalList>);

impl DismissalFile {
    /// The file of this login session. `None` if the session has no runtime folder.
    pub fn of_session() -> Option<Self> {
        Some(Self::in_folder(&names::runtime_dir()?))
    }

    /// The file in this folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self(JsonFile::at(folder.join("dismissed.json")))
    }

    /// The dismissals of the last day. A file that is missing or not ours holds none.
    pub fn load(&self, now: i64) -> Vec<Dismissal> {
        let mut dismissals = self.0.load().0;
        dismissals.retain(|dismissal| dismissal.age(now) < DAY);
        dismissals
    }

    /// The same, read on a thread of its own. A disk that does not answer holds none.
    pub async fn read(&self, now: i64) -> Vec<Dismissal> {
        let file = self.clone();
        files::apart(self.0.path(), move || file.load(now)).await.unwrap_or_default()
    }

    /// Adds one, and drops old ones.
    pub fn add(&self, new: Dismissal, now: i64) -> io::Result<()> {
        let mut dismissals = self.load(now);
        dismissals.push(new);
        json_file::keep_last(&mut dismissals, COUNT_LIMIT);
        self.0.save(DismissalList(dismissals))
    }

    /// Forgets all but those of this minute.
    pub fn forget_old(&self, now: i64) -> io::Result<()> {
        let mut dismissals = self.load(now);
        let all = dismissals.len();
        dismissals.retain(|dismissal| dismissal.age(now) < SILENCE);
        match dismissals.len() {
            0 => self.clear(),
            left if left == all => Ok(()),
            _ => self.0.save(DismissalList(dismissals)),
        }
    }

    /// Forgets all: the person opened Usher, and sees the questions there.
    pub fn clear(&self) -> io::Result<()> {
        files::write(&self.marker(), b"")?;
        self.0.remove()
    }

    /// When the person last opened Usher in this login session. Read on a thread of its own.
    pub async fn last_opened(&self) -> Option<SystemTime> {
        let marker = self.marker();
        let modified = move || std::fs::symlink_metadata(&marker).and_then(|metadata| metadata.modified()).ok();
        files::apart(self.0.path(), modified).await.ok().flatten()
    }

    /// An empty file that is written anew whenever the person opens Usher.
    fn marker(&self) -> PathBuf {
        self.0.path().with_file_name("opened")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(host: &str) -> RemoteUrl {
        RemoteUrl::parse(&format!("https://{host}/")).unwrap()
    }

    fn at(times: &[i64]) -> Vec<Dismissal> {
        times.iter().map(|&time| Dismissal::new(url("a.example"), Kind::SignIn, time)).collect()
    }

    #[test]
    fn a_question_put_off_is_silent_for_a_minute() {
        let silent = |host: &str, kind, now| is_silent(&at(&[100]), &url(host), kind, now);
        assert!(silent("a.example", Kind::SignIn, 159));
        assert!(!silent("a.example", Kind::SignIn, 160));
        assert!(!silent("b.example", Kind::SignIn, 159), "another remote is not silent");
        assert!(!silent("a.example", Kind::Link, 159), "another question is not silent");
    }

    #[test]
    fn a_question_put_off_three_times_a_day_is_silent_until_usher_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let file = DismissalFile::in_folder(folder.path());
        for dismissal in at(&[0, 1000, 2000]) {
            assert!(!is_silent(&file.load(3000), &url("a.example"), Kind::SignIn, 3000));
            file.add(dismissal, 3000).unwrap();
        }
        assert!(is_silent(&file.load(40_000), &url("a.example"), Kind::SignIn, 40_000));
        assert!(!is_silent(&file.load(DAY), &url("a.example"), Kind::SignIn, DAY));
        file.clear().unwrap();
        file.clear().unwrap();
        assert_eq!(file.load(40_000), []);
    }

    #[tokio::test]
    async fn each_opening_of_usher_is_marked() {
        let folder = tempfile::tempdir().unwrap();
        let file = DismissalFile::in_folder(folder.path());
        assert_eq!(file.last_opened().await, None);
        file.clear().unwrap();
        let first = file.last_opened().await;
        assert!(first.is_some());
        while file.last_opened().await == first {
            // The clock of the file system is coarse.
            file.clear().unwrap();
        }
    }

    #[test]
    fn what_was_put_off_this_minute_is_not_forgotten_with_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let file = DismissalFile::in_folder(folder.path());
        file.forget_old(100).unwrap();
        for at in [100, 200] {
            file.add(Dismissal::new(url("a.example"), Kind::SignIn, at), at).unwrap();
        }
        file.forget_old(210).unwrap();
        assert_eq!(file.load(210), [Dismissal::new(url("a.example"), Kind::SignIn, 200)]);
        file.forget_old(260).unwrap();
        assert!(file.load(260).is_empty() && !file.0.path().exists());
    }

    #[test]
    fn g07_a_file_of_other_content_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = DismissalFile::in_folder(folder.path());
        for content in [&b"{"[..], b"\xff", b"[{\"remote_url\":\"file:///\",\"kind\":\"SignIn\",\"at\":1}]"] {
            crate::files::write(file.0.path(), content).unwrap();
            assert_eq!(file.load(1), []);
        }
    }
}
