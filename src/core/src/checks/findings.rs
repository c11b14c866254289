// SPDX-License-Identifier: GPL-3.0-or-later
//! All that can be found on this computer: of every remote that concerns Usher, and of what they all need. The same for
//! `usherctl doctor` and for a report.

use std::{io, path::Path, time::Duration};

use futures_util::future;

use super::{
    Check, Problem, ReachableProcesses, Verdict,
    examine::{examine, notes_of, session_problems},
    gather::{self, installation_facts, proxy_problems},
    impostors::impostors,
    remotes::{check_remote, is_checked},
};
use crate::{
    clock,
    decisions::{DecisionFile, Decisions},
    files,
    patience::within,
    pending::{self, Pending, PendingFile, Unusable, Waiting},
    remote::{self, Remote},
    server_change::ServerChange,
    session::Session,
    store::{AccountStore, Entry, StoreError},
};

/// What is on this computer, before anything is checked. No server was asked.
#[derive(Debug)]
pub struct Facts {
    /// Which parts of Usher are on the session bus. `None` without a bus.
    pub bus: Option<ReachableProcesses>,
    /// The accounts, or why the keyring cannot be read.
    pub entries: Result<Vec<Entry>, StoreError>,
    /// The remotes that concern Usher.
    pub remotes: Vec<Remote>,
    impostors: Vec<Problem>,
    asked_for: Vec<Pending>,
    unusable: Vec<Unusable>,
    decisions: Decisions,
}

/// What was found.
#[derive(Debug)]
pub struct Findings {
    /// Problems that concern no single remote.
    pub problems: Vec<Problem>,
    /// What is worth knowing but no problem.
    pub notes: Vec<Problem>,
    /// The remotes.
    pub remotes: Vec<ExaminedRemote>,
}

/// A remote that was examined, and its problems.
#[derive(Debug)]
pub struct ExaminedRemote {
    /// The remote.
    pub remote: Remote,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What is worth knowing but no problem.
    pub notes: Vec<Problem>,
    /// Whether everything could be checked.
    pub is_whole: bool,
    /// What waits for an account of it, or for sound options.
    pub waiting: Waiting,
    /// Whether the person has decided that it stays blocked.
    pub is_kept_blocked: bool,
}

impl Facts {
    /// Looks at bus, keyring and disk. Fails if the disk does not answer. To be called in a tokio runtime.
    pub async fn gather(store: &AccountStore) -> io::Result<Self> {
        let decisions = async {
            match DecisionFile::of_person() {
                Some(file) => file.read().await,
                None => Decisions::default(),
            }
        };
        let (bus, entries, decisions) = tokio::join!(gather::reachable_processes(), store.entries(), decisions);
        let on_disk = || {
            let (notes, now) = (PendingFile::of_session(), clock::now());
            let asked_for = notes.as_ref().map(|file| file.load(now)).unwrap_or_default();
            let unusable = notes.as_ref().map(|file| file.load_unusable(now)).unwrap_or_default();
            (installation_facts(&remote::installations()), asked_for, unusable)
        };
        let (facts, asked_for, unusable) = files::apart(Path::new(files::INSTALLATIONS), on_disk).await?;
        let impostors = impostors(&facts);
        let known = entries.as_deref().unwrap_or_default();
        let remotes = facts.remotes.into_iter().filter(|remote| is_checked(remote, known)).collect();
        Ok(Self { bus, entries, remotes, impostors, asked_for, unusable, decisions })
    }

    /// Examines all remotes, and what they need. Asks the servers that the person agreed to (rule R25). A server that
    /// takes longer than `limit` counts as not asked.
    pub async fn examine(&self, session: &Session, limit: Option<Duration>) -> Findings {
        let found = self.impostors.iter().cloned().chain(session_problems(self.bus, self.entries.as_deref()));
        let (notes, mut problems): (Vec<_>, Vec<_>) = found.partition(Problem::is_note);
        let remotes = self.remotes.iter().map(|remote| self.examine_remote(session, remote, limit));
        let remotes = future::join_all(remotes).await;
        problems.extend(proxy_problems(session.http()));
        Findings { problems, notes, remotes }
    }

    async fn examine_remote(&self, session: &Session, remote: &Remote, limit: Option<Duration>) -> ExaminedRemote {
        let entries = self.entries.as_deref().ok();
        let examining = Box::pin(examine(session, remote, entries, &self.asked_for, &self.decisions));
        let checks = match limit {
            None => examining.await,
            Some(limit) => within(limit, examining)
                .await
                .unwrap_or_else(|_| check_remote(remote, entries, self.decisions.refuses(remote), None)),
        };
        let is_whole = checks.iter().all(|check| check.verdict != Verdict::NotChecked);
        let (notes, problems) = checks.into_iter().filter_map(Check::problem).partition(Problem::is_note);
        let change = ServerChange::of(entries.unwrap_or_default(), remote);
        let is_kept_blocked =
            change.is_some_and(|change| self.decisions.is_kept_blocked(&change.subject(), &self.asked_for));
        ExaminedRemote {
            remote: remote.clone(),
            problems,
            notes,
            is_whole,
            waiting: self.waiting(remote),
            is_kept_blocked,
        }
    }

    fn waiting(&self, remote: &Remote) -> Waiting {
        if let [unusable] = pending::unusable_remotes(&self.unusable, std::slice::from_ref(remote)).as_slice() {
            return Waiting { updates: unusable.updates, ..Waiting::default() };
        }
        pending::waiting(notes_of(remote, &self.asked_for).into_iter())
    }
}

impl Findings {
    /// How many problems there are.
    pub fn problems(&self) -> usize {
        self.problems.len() + self.remotes.iter().map(|examined| examined.problems.len()).sum::<usize>()
    }
}
