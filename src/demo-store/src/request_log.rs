// SPDX-License-Identifier: GPL-3.0-or-later
//! The log of the shop's requests, without secrets.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;
use tokio::sync::watch;

/// How many requests the log keeps.
const CAPACITY: usize = 20_000;

/// One request, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// Counts up from 0 since the shop started.
    pub number: u64,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, with the values of secret parameters replaced by `…`.
    pub query: String,
    /// How the request was authorised.
    pub authorization: Authorization,
    /// The user of the request's credential, download token or password.
    pub user: Option<String>,
    /// The app ids that the request named.
    pub ids: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
}

impl LoggedRequest {
    /// The HTTP status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self.outcome {
            Outcome::Answered(status) => Some(status),
            Outcome::Pending | Outcome::Dropped => None,
        }
    }
}

/// How a request was authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorization {
    /// No `Authorization` header.
    None,
    /// A bearer token, valid or not.
    Bearer,
    /// A user name and a password (HTTP Basic), right or wrong.
    Basic,
    /// Something else.
    Other,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Not answered yet.
    Pending,
    /// Answered with this status.
    Answered(u16),
    /// The client went away before it was answered.
    Dropped,
}

/// The log. Cheap to clone; all clones share one log.
#[derive(Clone, Debug)]
pub(crate) struct RequestLog(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    entries: Mutex<Entries>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    requests: VecDeque<LoggedRequest>,
}

impl RequestLog {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner { entries: Mutex::default(), changed: watch::Sender::new(()) }))
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a new request.
    pub(crate) fn begin(&self, method: &str, path: &str, query: &str, authorization: Authorization) -> Entry {
        let mut entries = self.lock();
        let number = entries.next;
        entries.next += 1;
        if entries.requests.len() == CAPACITY {
            entries.requests.pop_front();
        }
        entries.requests.push_back(LoggedRequest {
            number,
            method: method.to_owned(),
            path: path.to_owned(),
            query: redact(query),
            authorization,
            user: None,
            ids: Vec::new(),
            outcome: Outcome::Pending,
        });
        drop(entries);
        self.0.changed.send_replace(());
        Entry { log: self.clone(), number }
    }

    /// All requests so far, oldest first.
    pub(crate) fn snapshot(&self) -> Vec<LoggedRequest> {
        self.lock().requests.iter().cloned().collect()
    }

    /// Forgets all requests so far.
    pub(crate) fn clear(&self) {
        self.lock().requests.clear();
    }

    /// Waits until a request matches, and returns the first that does.
    pub(crate) async fn wait_for(&self, fits: impl Fn(&LoggedRequest) -> bool) -> LoggedRequest {
        let mut changes = self.0.changed.subscribe();
        loop {
            changes.borrow_and_update();
            if let Some(found) = self.lock().requests.iter().find(|request| fits(request)) {
                return found.clone();
            }
            changes.changed().await.expect("the sender lives as long as the log");
        }
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut LoggedRequest)) {
        let mut entries = self.lock();
        if let Some(request) = entries.requests.iter_mut().rev().find(|request| request.number == number) {
            change(request);
        }
        drop(entries);
        self.0.changed.send_replace(());
    }
}

/// The log entry of one request.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    log: RequestLog,
    number: u64,
}

impl Entry {
    pub(crate) fn set_user(&self, name: &str) {
        self.log.change(self.number, |request| request.user = Some(name.to_owned()));
    }

    pub(crate) fn set_ids(&self, ids: &[String]) {
        self.log.change(self.number, |request| request.ids = ids.to_vec());
    }

    pub(crate) fn finish(&self, outcome: Outcome) {
        self.log.change(self.number, |request| request.outcome = outcome);
    }
}

/// The query without the values of parameters that may be secret.
fn redact(query: &str) -> String {
    const PLAIN: [&str; 4] = ["error", "id", "scope", "service"];
    query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if !PLAIN.contains(&name) => format!("{name}=…"),
            _ => pair.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_value_of_a_query_is_kept() {
        assert_eq!(
            redact("redirect_uri=http%3A%2F%2F127.0.0.1&state=5ecret&error=access_denied"),
            "redirect_uri=…&state=…&error=access_denied"
        );
        assert_eq!(redact(""), "");
    }

    #[tokio::test]
    async fn waiting_ends_when_a_request_fits() {
        let log = RequestLog::new();
        let waiting = tokio::spawn({
            let log = log.clone();
            async move { log.wait_for(|request| request.outcome == Outcome::Dropped).await }
        });
        let entry = log.begin("GET", "/login", "", Authorization::None);
        entry.finish(Outcome::Dropped);
        assert_eq!(waiting.await.unwrap().path, "/login");
    }
}
