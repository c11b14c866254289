// SPDX-License-Identifier: GPL-3.0-or-later
//! The state of the shop's switches.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    db::User,
    failures::{Failure, Reply, Route},
};

/// The state of all switches.
#[derive(Debug, Default)]
pub(crate) struct Switches(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: PlannedFailures<Route>,
    pages: HashMap<String, Reply>,
    claimed_expiry: Option<i64>,
    /// The names of tokens that were revoked.
    revoked: HashSet<String>,
    has_no_sign_out: bool,
    has_private_listing: bool,
    /// The apps that were paid while grants are held. `None` if grants are not held.
    held: Option<Vec<(User, String)>>,
}

/// The failures that are planned for the parts of a server.
#[derive(Debug)]
pub(crate) struct PlannedFailures<R>(HashMap<R, PlannedFailure>);

#[derive(Debug)]
struct PlannedFailure {
    failure: Failure,
    /// `None` for a failure without an end.
    times: Option<u32>,
}

impl<R> Default for PlannedFailures<R> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<R: Eq + Hash> PlannedFailures<R> {
    pub(crate) fn fail(&mut self, route: R, failure: Failure, times: Option<u32>) {
        self.0.insert(route, PlannedFailure { failure, times });
    }

    pub(crate) fn succeed(&mut self, route: &R) {
        self.0.remove(route);
    }

    /// The failure of the current request, if any.
    pub(crate) fn next(&mut self, route: &R) -> Option<Failure> {
        let planned = self.0.get_mut(route)?;
        let failure = planned.failure.clone();
        match &mut planned.times {
            None => {}
            Some(0) => {
                self.0.remove(route);
                return None;
            }
            Some(left) => *left -= 1,
        }
        Some(failure)
    }
}

impl Switches {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fail(&self, route: Route, failure: Failure, times: Option<u32>) {
        self.lock().failures.fail(route, failure, times);
    }

    pub(crate) fn succeed(&self, route: Route) {
        self.lock().failures.succeed(&route);
    }

    /// The failure of the current request, if any.
    pub(crate) fn next_failure(&self, route: Route) -> Option<Failure> {
        self.lock().failures.next(&route)
    }

    pub(crate) fn set_page(&self, path: &str, page: Option<Reply>) {
        let mut state = self.lock();
        match page {
            Some(page) => state.pages.insert(path.to_owned(), page),
            None => state.pages.remove(path),
        };
    }

    pub(crate) fn page(&self, path: &str) -> Option<Reply> {
        self.lock().pages.get(path).cloned()
    }

    pub(crate) fn set_claimed_expiry(&self, expiry: Option<i64>) {
        self.lock().claimed_expiry = expiry;
    }

    pub(crate) fn claimed_expiry(&self) -> Option<i64> {
        self.lock().claimed_expiry
    }

    /// Revokes a token by its name.
    pub(crate) fn revoke(&self, id: String) {
        self.lock().revoked.insert(id);
    }

    /// Whether a token was revoked.
    pub(crate) fn is_revoked(&self, id: &str) -> bool {
        self.lock().revoked.contains(id)
    }

    pub(crate) fn offer_sign_out(&self, is_offered: bool) {
        self.lock().has_no_sign_out = !is_offered;
    }

    pub(crate) fn offers_sign_out(&self) -> bool {
        !self.lock().has_no_sign_out
    }

    pub(crate) fn set_private_listing(&self, is_private: bool) {
        self.lock().has_private_listing = is_private;
    }

    pub(crate) fn has_private_listing(&self) -> bool {
        self.lock().has_private_listing
    }

    /// Stops giving access to paid apps.
    pub(crate) fn hold_grants(&self) {
        self.lock().held.get_or_insert_default();
    }

    /// If grants are held, keeps this one for later and returns true.
    pub(crate) fn hold_grant(&self, user: &User, app: &str) -> bool {
        let mut state = self.lock();
        let held = state.held.as_mut().map(|held| held.push((user.clone(), app.to_owned())));
        held.is_some()
    }

    /// Returns the held grants, and holds no more.
    pub(crate) fn release_grants(&self) -> Vec<(User, String)> {
        self.lock().held.take().unwrap_or_default()
    }

    /// Undoes all failures, pages and claimed expiries, and offers to sign out. Held grants stay held, revoked tokens
    /// revoked, and the list as private as it is.
    pub(crate) fn reset(&self) {
        let mut state = self.lock();
        let State { held, revoked, has_private_listing, .. } = std::mem::take(&mut *state);
        *state = State { revoked, has_private_listing, held, ..State::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_planned_once_happens_once() {
        let switches = Switches::default();
        switches.fail(Route::GetTokens, Failure::Hang, Some(1));
        assert_eq!(switches.next_failure(Route::Login), None);
        assert_eq!(switches.next_failure(Route::GetTokens), Some(Failure::Hang));
        assert_eq!(switches.next_failure(Route::GetTokens), None);
    }

    #[test]
    fn a_failure_without_count_stays_until_it_is_taken_back() {
        let switches = Switches::default();
        switches.fail(Route::GetTokens, Failure::Nonsense, None);
        assert_eq!(switches.next_failure(Route::GetTokens), Some(Failure::Nonsense));
        assert_eq!(switches.next_failure(Route::GetTokens), Some(Failure::Nonsense));
        switches.succeed(Route::GetTokens);
        assert_eq!(switches.next_failure(Route::GetTokens), None);
    }
}
