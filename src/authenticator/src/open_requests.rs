// SPDX-License-Identifier: GPL-3.0-or-later
//! The open requests: how many there may be, and whose they are.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc;

use crate::{
    activity::{Activity, Busy},
    journal::{Handle, Journal, JournalWriter},
    lifecycle::Event,
};

/// Most open requests of one peer (rule R9).
const PEER_LIMIT: usize = 16;
/// Most open requests in all (rule R9).
const LIMIT: usize = 64;
/// How many departed peers to remember, for calls read after their caller has left.
const GONE_LIMIT: usize = 64;

/// Why a request is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AdmissionError {
    /// Too many are open.
    #[error("too many requests are open")]
    TooMany,
    /// A request with this handle is open.
    #[error("a request with this handle is open")]
    Exists,
    /// The caller is gone, or the daemon is ending.
    #[error("the request comes too late")]
    TooLate,
}

/// The open requests. Cheap to clone.
#[derive(Clone)]
pub(crate) struct OpenRequests {
    state: Arc<Mutex<State>>,
    activity: Activity,
}

struct State {
    requests: BTreeMap<String, OpenRequest>,
    gone: VecDeque<String>,
    is_ending: bool,
    journal: Option<JournalWriter>,
}

struct OpenRequest {
    peer: String,
    events: mpsc::UnboundedSender<Event>,
}

/// An open request. Dropping this closes it.
pub(crate) struct Admission {
    open_requests: OpenRequests,
    path: String,
    _busy: Busy,
}

impl OpenRequests {
    pub(crate) fn new(activity: Activity, journal: Option<Journal>) -> Self {
        let state = State {
            requests: BTreeMap::new(),
            gone: VecDeque::new(),
            is_ending: false,
            journal: journal.map(JournalWriter::start),
        };
        Self { state: Arc::new(Mutex::new(state)), activity }
    }

    /// Accepts a request. Events from outside come through the receiver.
    pub(crate) fn admit(
        &self,
        path: &str,
        peer: &str,
    ) -> Result<(Admission, mpsc::UnboundedReceiver<Event>), AdmissionError> {
        let mut state = self.state();
        if state.is_ending || state.gone.iter().any(|gone| gone == peer) {
            return Err(AdmissionError::TooLate);
        }
        if state.requests.contains_key(path) {
            return Err(AdmissionError::Exists);
        }
        let of_peer = state.requests.values().filter(|open| open.peer == peer).count();
        if of_peer >= PEER_LIMIT || state.requests.len() >= LIMIT {
            return Err(AdmissionError::TooMany);
        }
        let (events, receiver) = mpsc::unbounded_channel();
        state.requests.insert(path.to_owned(), OpenRequest { peer: peer.to_owned(), events });
        state.write_journal();
        Ok((Admission { open_requests: self.clone(), path: path.to_owned(), _busy: self.activity.begin() }, receiver))
    }

    /// Sends an event to one request.
    pub(crate) fn send(&self, path: &str, event: Event) {
        if let Some(open) = self.state().requests.get(path) {
            // A request that no longer listens is over.
            let _ = open.events.send(event);
        }
    }

    /// Ends the requests of a peer that left the bus.
    pub(crate) fn peer_is_gone(&self, peer: &str) {
        let mut state = self.state();
        for open in state.requests.values().filter(|open| open.peer == peer) {
            let _ = open.events.send(Event::PeerGone);
        }
        state.gone.push_back(peer.to_owned());
        if state.gone.len() > GONE_LIMIT {
            state.gone.pop_front();
        }
    }

    /// Whether a peer left the bus a short while ago, and none of its requests is open any more.
    pub(crate) fn has_left(&self, peer: &str) -> bool {
        let state = self.state();
        state.gone.iter().any(|gone| gone == peer) && state.requests.values().all(|open| open.peer != peer)
    }

    /// Writes the open requests to the journal.
    pub(crate) fn write_journal(&self) {
        self.state().write_journal();
    }

    /// Returns once the open requests up to now are in the journal, as far as that is possible in time.
    pub(crate) async fn written(&self) {
        let written = self.state().journal.as_ref().map(JournalWriter::written);
        if let Some(written) = written {
            written.await;
        }
    }

    /// Ends all requests and accepts no more.
    pub(crate) fn stop(&self) {
        let mut state = self.state();
        state.is_ending = true;
        for open in state.requests.values() {
            let _ = open.events.send(Event::Stopped);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn write_journal(&self) {
        if let Some(journal) = &self.journal {
            let handle = |(path, open): (&String, &OpenRequest)| Handle { peer: open.peer.clone(), path: path.clone() };
            journal.write(self.requests.iter().map(handle).collect());
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut state = self.open_requests.state();
        state.requests.remove(&self.path);
        state.write_journal();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_requests() -> OpenRequests {
        OpenRequests::new(Activity::default(), None)
    }

    #[test]
    fn d22_the_excess_is_refused_and_an_end_frees_a_place() {
        let open_requests = open_requests();
        let mut open = Vec::new();
        for number in 0..64 {
            open.push(open_requests.admit(&format!("/{number}"), &format!(":1.{}", number / 16)).unwrap());
        }
        assert_eq!(open_requests.admit("/64", ":1.9").err(), Some(AdmissionError::TooMany));
        open.pop();
        assert_eq!(open_requests.admit("/64", ":1.0").err(), Some(AdmissionError::TooMany), "this peer has 16");
        assert!(open_requests.admit("/64", ":1.9").is_ok());
    }

    #[test]
    fn an_open_handle_is_not_opened_again() {
        let open_requests = open_requests();
        let (first, mut events) = open_requests.admit("/1", ":1.1").unwrap();
        assert_eq!(open_requests.admit("/1", ":1.1").err(), Some(AdmissionError::Exists));
        assert!(events.try_recv().is_err(), "the first is untouched");
        drop(first);
        assert!(open_requests.admit("/1", ":1.1").is_ok());
    }

    #[test]
    fn l01_the_call_of_a_departed_peer_is_not_accepted() {
        let open_requests = open_requests();
        let (_admission, mut events) = open_requests.admit("/1", ":1.1").unwrap();
        let (_other, mut other) = open_requests.admit("/2", ":1.2").unwrap();
        open_requests.peer_is_gone(":1.1");
        assert!(matches!(events.try_recv(), Ok(Event::PeerGone)));
        assert!(other.try_recv().is_err());
        assert_eq!(open_requests.admit("/3", ":1.1").err(), Some(AdmissionError::TooLate));
    }

    #[test]
    fn an_open_request_is_activity() {
        let activity = Activity::default();
        let open_requests = OpenRequests::new(activity.clone(), None);
        let (admission, _events) = open_requests.admit("/1", ":1.1").unwrap();
        assert_eq!(*activity.watch().borrow(), 1);
        drop(admission);
        assert_eq!(*activity.watch().borrow(), 0);
    }
}
