// SPDX-License-Identifier: GPL-3.0-or-later
//! The switches of a running registry.

use std::{collections::BTreeSet, sync::Arc};

use tokio::runtime::Handle;
use url::Url;

use super::{
    Denial, RegistryRoute, TokenAnswer,
    state::{Oddities, Readers, State},
};
use crate::{Failure, LoggedRequest, StoreError};

/// The switches of a running registry. Cheap to clone; all clones control the same registry.
#[derive(Clone, Debug)]
pub struct RegistryControl {
    state: Arc<State>,
    runtime: Handle,
}

impl RegistryControl {
    pub(crate) fn new(state: Arc<State>, runtime: Handle) -> Self {
        Self { state, runtime }
    }

    /// Makes every answer of this part fail, until [`succeed`](Self::succeed) or [`reset`](Self::reset).
    pub fn fail(&self, route: RegistryRoute, failure: Failure) {
        self.state.settings().oddities.failures.fail(route, failure, None);
    }

    /// Makes the next `times` answers of this part fail.
    pub fn fail_times(&self, route: RegistryRoute, failure: Failure, times: u32) {
        self.state.settings().oddities.failures.fail(route, failure, Some(times));
    }

    /// Resets every connection to the registry and its realms, until [`reset`](Self::reset). The index stays.
    pub fn go_down(&self) {
        use RegistryRoute::{Base, Blob, Manifest, Token};
        for route in [Base, Manifest, Blob, Token] {
            self.fail(route, Failure::Reset);
        }
    }

    /// Makes this part work again.
    pub fn succeed(&self, route: RegistryRoute) {
        self.state.settings().oddities.failures.succeed(&route);
    }

    /// Sends these values of `WWW-Authenticate` in place of the usual one. In them `{realm}`, `{other_realm}`,
    /// `{service}` and `{scope}` stand for what belongs there.
    ///
    /// An empty list is a refusal without a challenge.
    pub fn challenge_with(&self, challenges: &[&str]) {
        let challenges = challenges.iter().map(|&challenge| challenge.to_owned()).collect();
        self.state.settings().oddities.challenges = Some(challenges);
    }

    /// Refuses with this status, such as 404, and no challenge, where the registry says 401 about a repository.
    pub fn refuse_with(&self, status: u16) {
        self.state.settings().oddities.refusal = Some(status);
    }

    /// Names the other realm in challenges, which is on another port. It gives the same tokens.
    pub fn move_realm(&self) {
        self.state.settings().oddities.realm_moved = true;
    }

    /// Answers 404 to every `POST` to a realm.
    pub fn refuse_post(&self) {
        self.state.settings().oddities.without_post = true;
    }

    /// Sends these fields with a token.
    pub fn answer_with(&self, answer: TokenAnswer) {
        self.state.settings().oddities.answer = answer;
    }

    /// Denies in this way what somebody may not do.
    pub fn deny_with(&self, denial: Denial) {
        self.state.settings().oddities.denial = denial;
    }

    /// Undoes all of the above. Users, passwords and repositories stay.
    pub fn reset(&self) {
        self.state.settings().oddities = Oddities::default();
    }

    /// Gives a user another password, or adds a user.
    pub fn set_password(&self, user: &str, password: &str) {
        self.state.settings().passwords.insert(user.to_owned(), password.to_owned());
    }

    /// The password of a user.
    pub fn password(&self, user: &str) -> Result<String, StoreError> {
        let settings = self.state.settings();
        settings.passwords.get(user).cloned().ok_or_else(|| StoreError::UnknownUser(user.to_owned()))
    }

    /// An identity token of this user, which stands for a password in the OAuth 2 way.
    pub fn issue_identity_token(&self, user: &str) -> Result<String, StoreError> {
        let mut settings = self.state.settings();
        settings.known_user(user)?;
        let token = format!("CANARY-identity-{}", settings.identities.len());
        settings.identities.insert(token.clone(), user.to_owned());
        Ok(token)
    }

    /// Lets everybody pull from a repository, such as `acme/compass`.
    pub fn open_to_everybody(&self, repository: &str) {
        self.set_readers(repository, Readers::Everybody);
    }

    /// Lets every user pull from a repository.
    pub fn open_to_users(&self, repository: &str) {
        self.set_readers(repository, Readers::EveryUser);
    }

    /// Lets only these users pull from a repository.
    pub fn open_to(&self, repository: &str, users: &[&str]) {
        let users: BTreeSet<String> = users.iter().map(|&user| user.to_owned()).collect();
        self.set_readers(repository, Readers::Only(users));
    }

    fn set_readers(&self, repository: &str, readers: Readers) {
        self.state.settings().readers.insert(repository.to_owned(), readers);
    }

    /// The digest of the image of an app or a runtime, as `sha256:…`.
    pub fn digest(&self, id: &str) -> Option<String> {
        self.state.images().digest(id).map(str::to_owned)
    }

    /// The realm that challenges name now.
    pub fn realm(&self) -> Url {
        self.state.realm().clone()
    }

    /// All requests to registry, realms and index so far, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state.log.snapshot()
    }

    /// Forgets all requests so far.
    pub fn clear_requests(&self) {
        self.state.log.clear();
    }

    /// Waits for a request that matches, whether it is answered or not. An earlier request counts as well.
    pub async fn wait_for_request(&self, fits: impl Fn(&LoggedRequest) -> bool) -> LoggedRequest {
        self.state.log.wait_for(fits).await
    }

    /// Every token issued since the start, for tests that search for leaks.
    pub fn issued_secrets(&self) -> Vec<String> {
        self.state.settings().issued.clone()
    }

    /// Publishes the next version of an app, or of the runtime `org.example.Base`.
    pub async fn publish_update(&self, id: &str) -> Result<(), StoreError> {
        let (state, id) = (Arc::clone(&self.state), id.to_owned());
        let work = self.runtime.spawn_blocking(move || state.images().publish(&[&id]));
        work.await.map_err(|error| StoreError::Runtime(error.into()))?
    }
}
