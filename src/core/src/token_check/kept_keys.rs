// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys at an address. They are kept for a while, so that a mirror that asks for every file does not ask the server as
//! often.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use url::Url;

use super::KeySet;
use crate::http::{HttpClient, HttpError};

/// How long keys are kept.
const TIME: Duration = Duration::from_secs(10 * 60);
/// How often, at most, a token with an unknown key makes the server be asked again: it may have a new key.
const AGAIN: Duration = Duration::from_secs(60);

/// The keys that this process has fetched.
#[derive(Default)]
pub struct KeptKeys(Mutex<HashMap<Url, Arc<tokio::sync::Mutex<Option<Kept>>>>>);

#[derive(Clone)]
struct Kept {
    keys: Arc<KeySet>,
    fetched: Duration,
    /// When an unknown key made the server be asked.
    asked_again: Option<Duration>,
}

impl Kept {
    /// Whether they serve for tokens that name these keys.
    fn serve(&self, ids: &BTreeSet<String>, now: Duration) -> bool {
        let was_asked = self.asked_again.is_some_and(|asked| now < asked.saturating_add(AGAIN));
        self.is_fresh(now) && (was_asked || ids.iter().all(|id| self.keys.has(id)))
    }

    fn is_fresh(&self, now: Duration) -> bool {
        now < self.fetched.saturating_add(TIME)
    }
}

impl KeptKeys {
    /// The keys at this address, for tokens that name these. Asks the server only with ground: see [`super::is_agreed`].
    ///
    /// `now` is the time since some fixed moment. One caller asks at a time; the others find the answer.
    pub async fn at(
        &self,
        http: &HttpClient,
        address: &Url,
        ids: &BTreeSet<String>,
        now: Duration,
    ) -> Result<Arc<KeySet>, HttpError> {
        let place = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(address.clone()).or_default().clone();
        let mut kept = place.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.serve(ids, now)) {
            return Ok(kept.keys.clone());
        }
        // Those that are still fresh lack a key.
        let known = kept.take().filter(|kept| kept.is_fresh(now));
        let asked_again = known.as_ref().map(|_| now);
        let next = match (fetch(http, address).await, known) {
            (Ok(keys), _) => Kept { keys: Arc::new(keys), fetched: now, asked_again },
            (Err(_), Some(known)) => Kept { asked_again, ..known },
            (Err(error), None) => return Err(error),
        };
        Ok(kept.insert(next).keys.clone())
    }
}

async fn fetch(http: &HttpClient, address: &Url) -> Result<KeySet, HttpError> {
    let response = http.get(address).accept("application/jwk-set+json, application/json").send().await?;
    if response.status != 200 || !response.is_json() {
        return Err(HttpError::Unexpected);
    }
    KeySet::parse(&response.body).map_err(|_| HttpError::Unexpected)
}

#[cfg(test)]
mod tests;
