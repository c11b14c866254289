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
/// How soon, at the earliest, a token with an unknown key makes the server be asked again: it may have a new key.
const AGAIN: Duration = Duration::from_secs(60);

/// The keys that this process has fetched.
#[derive(Default)]
pub struct KeptKeys(Mutex<HashMap<Url, Arc<tokio::sync::Mutex<Option<Kept>>>>>);

#[derive(Clone)]
struct Kept {
    keys: Arc<KeySet>,
    /// When they were fetched, and when the server was asked last.
    fetched: Duration,
    asked: Duration,
}

impl Kept {
    /// Whether they serve for tokens that name these keys.
    fn serve(&self, ids: &BTreeSet<String>, now: Duration) -> bool {
        let is_fresh = now < self.fetched.saturating_add(TIME);
        is_fresh && (ids.iter().all(|id| self.keys.has(id)) || now < self.asked.saturating_add(AGAIN))
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
        match (fetch(http, address).await, kept.as_mut()) {
            (Ok(keys), _) => {
                let keys = Arc::new(keys);
                *kept = Some(Kept { keys: keys.clone(), fetched: now, asked: now });
                Ok(keys)
            }
            (Err(_), Some(known)) if now < known.fetched.saturating_add(TIME) => {
                known.asked = now;
                Ok(known.keys.clone())
            }
            (Err(error), _) => Err(error),
        }
    }
}

async fn fetch(http: &HttpClient, address: &Url) -> Result<KeySet, HttpError> {
    let response = http.get(address).accept("application/jwk-set+json, application/json").send().await?;
    if response.status != 200 || !response.is_json() {
        return Err(HttpError::Unexpected);
    }
    KeySet::parse(&response.body).map_err(|_| HttpError::Unexpected)
}
