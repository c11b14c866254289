// SPDX-License-Identifier: GPL-3.0-or-later
//! Entries as they come, whichever process writes them.

use std::{collections::HashMap, io, path::Path};

use super::{ActivityLog, Entry, line};
use crate::{
    file_watch::{self, FileWatch},
    files,
};

/// Follows the log.
#[derive(Debug)]
pub struct Following {
    log: ActivityLog,
    watch: FileWatch,
    /// How often each entry was there at most. What is removed and put back is no news.
    seen: HashMap<Vec<u8>, usize>,
}

impl ActivityLog {
    /// Gives what is in the log, and follows it from then on. To be called in a tokio runtime.
    pub fn follow(&self) -> io::Result<(Vec<Entry>, Following)> {
        // Watch before reading, so that nothing is missed in between.
        let mut following = Following { log: self.clone(), watch: self.watch()?, seen: HashMap::new() };
        Ok((following.news(), following))
    }

    fn watch(&self) -> io::Result<FileWatch> {
        let folder = self.path().parent().unwrap_or(Path::new("/"));
        files::make_folder(folder)?;
        let name = self.path().file_name().unwrap_or_default();
        FileWatch::of(file_watch::begin(folder)?, &name.to_string_lossy())
    }
}

impl Following {
    /// Waits for further entries. Survives that the file is replaced or removed, with its folder as well.
    pub async fn next(&mut self) -> io::Result<Vec<Entry>> {
        loop {
            if self.watch.next().await.is_none() {
                self.watch = self.log.watch()?;
            }
            let news = self.news();
            if !news.is_empty() {
                return Ok(news);
            }
        }
    }

    fn news(&mut self) -> Vec<Entry> {
        let mut count: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut news = self.log.read();
        news.retain(|entry| {
            let line = line(entry).unwrap_or_default();
            let now = count.entry(line.clone()).or_default();
            *now += 1;
            let seen = self.seen.entry(line).or_default();
            let is_new = *now > *seen;
            *seen = (*seen).max(*now);
            is_new
        });
        news
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use super::*;
    use crate::{activity_log::Event, patience::within};

    fn entry(at: i64) -> Entry {
        Entry { at, host: "store.example".to_owned(), remote: None, account: None, event: Event::SignedOut }
    }

    async fn next(following: &mut Following) -> Vec<i64> {
        let next = within(Duration::from_secs(30), following.next());
        next.await.expect("entries come in time").unwrap().iter().map(|entry| entry.at).collect()
    }

    #[tokio::test]
    async fn entries_come_once_whatever_becomes_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let log = ActivityLog::in_folder(&folder.path().join("not there yet"));
        let (first, mut following) = log.follow().unwrap();
        assert_eq!(first, []);
        log.write(vec![entry(1), entry(1)]).await;
        let mut seen = next(&mut following).await;
        if seen.len() < 2 {
            seen.extend(next(&mut following).await);
        }
        assert_eq!(seen, [1, 1]);
        let removed = log.remove(|_| true).await.unwrap();
        log.put_back(removed).await.unwrap();
        log.write(vec![entry(2)]).await;
        assert_eq!(next(&mut following).await, [2], "what is put back is no news");
        log.remove(|_| true).await.unwrap();
        log.write(vec![entry(3)]).await;
        assert_eq!(next(&mut following).await, [3]);
        fs::remove_dir_all(log.path().parent().unwrap()).unwrap();
        log.write(vec![entry(4)]).await;
        assert_eq!(next(&mut following).await, [4]);
        let (first, _) = log.follow().unwrap();
        assert_eq!(first, [entry(4)]);
    }
}
