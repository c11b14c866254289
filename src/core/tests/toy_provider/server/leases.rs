// SPDX-License-Identifier: GPL-3.0-or-later
//! Sign-ins that lapse, with rotation: each renewal gives a new pair, and an old one that comes again ends them all.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Form, Json,
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::Server;

/// How the next renewals are answered.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Renewals {
    #[default]
    Given,
    /// With a page and this status.
    Page(u16),
}

/// The sign-ins of one person.
#[derive(Default)]
pub struct Leases {
    /// The number of the newest; 0 if there is none.
    newest: usize,
    /// Whether an old one came again.
    is_broken: bool,
    /// Whether the newest one still opens something.
    is_accepted: bool,
    /// How often somebody asked for a renewal.
    asked: usize,
    /// Whether somebody came with one that had been renewed already.
    is_reused: bool,
    answers: Renewals,
    /// How long a new one lasts by its own word: seconds.
    life: i64,
    /// Holds answers back.
    gate: Option<Arc<Semaphore>>,
}

impl Leases {
    pub fn give(&mut self) -> Value {
        self.newest += 1;
        self.is_accepted = true;
        let ends = usher_core::clock::now().saturating_add(self.life);
        json!({ "access": format!("access-{}", self.newest), "refresh": format!("refresh {}", self.newest), "ends": ends })
    }

    pub fn accepts(&self, access: &str) -> bool {
        !self.is_broken && self.is_accepted && access == format!("access-{}", self.newest)
    }
}

impl Server {
    /// New sign-ins last for so long by their own word, in seconds.
    pub fn lease_for(&self, seconds: i64) {
        self.0.lock().unwrap().leases.life = seconds;
    }

    /// No longer accepts the newest access, whatever its own word.
    pub fn refuse_newest(&self) {
        self.0.lock().unwrap().leases.is_accepted = false;
    }

    pub fn answer_renewals(&self, answers: Renewals) {
        self.0.lock().unwrap().leases.answers = answers;
    }

    /// Holds renewals back, after they were made, until the semaphore has permits.
    pub fn hold_renewals(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.0.lock().unwrap().leases.gate = Some(gate.clone());
        gate
    }

    /// How often a renewal was asked for.
    pub fn renewals(&self) -> usize {
        self.0.lock().unwrap().leases.asked
    }

    /// Whether a sign-in that had been renewed, or replaced by another one, was to be renewed again.
    pub fn was_reused(&self) -> bool {
        self.0.lock().unwrap().leases.is_reused
    }

    /// The newest access, if anybody still may use it.
    pub fn newest_access(&self) -> Option<String> {
        let leases = &self.0.lock().unwrap().leases;
        (!leases.is_broken).then(|| format!("access-{}", leases.newest))
    }
}

pub async fn renew(State(server): State<Server>, Form(form): Form<BTreeMap<String, String>>) -> Response {
    let (answer, gate) = {
        let mut inner = server.0.lock().unwrap();
        let leases = &mut inner.leases;
        leases.asked += 1;
        leases.is_reused |= form["refresh"] != format!("refresh {}", leases.newest);
        let answer = match leases.answers {
            Renewals::Page(status) => (StatusCode::from_u16(status).unwrap(), Html("<h1>Not now</h1>")).into_response(),
            Renewals::Given if !leases.is_broken && form["refresh"] == format!("refresh {}", leases.newest) => {
                Json(leases.give()).into_response()
            }
            Renewals::Given => {
                leases.is_broken = true;
                StatusCode::UNAUTHORIZED.into_response()
            }
        };
        let meanwhile = inner.meanwhile.take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        (answer, inner.leases.gate.clone())
    };
    if let Some(gate) = gate {
        let permit = tokio::time::timeout(Duration::from_secs(60), gate.acquire()).await;
        permit.expect("the test opens the gate").unwrap().forget();
    }
    answer
}
