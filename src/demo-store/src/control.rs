// SPDX-License-Identifier: GPL-3.0-or-later
//! The switches of a running shop, for tests and for trying things out.

pub(crate) mod http;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::runtime::Handle;

use crate::{
    LoggedRequest, StoreError,
    db::User,
    failures::{Failure, Reply, Route},
    repository::{Announcement, Publication, Repository},
    shop::Shop,
    tokens::TokenTerms,
};

/// The switches of a running shop. Cheap to clone; all clones control the same shop.
#[derive(Clone, Debug)]
pub struct Control {
    shop: Arc<Shop>,
    runtime: Handle,
}

impl Control {
    pub(crate) fn new(shop: Arc<Shop>, runtime: Handle) -> Self {
        Self { shop, runtime }
    }

    /// Makes every answer of this part of the shop fail, until [`succeed`](Self::succeed) or [`reset`](Self::reset).
    pub fn fail(&self, route: Route, failure: Failure) {
        self.shop.switches.fail(route, failure, None);
    }

    /// Makes the next `times` answers of this part of the shop fail.
    pub fn fail_times(&self, route: Route, failure: Failure, times: u32) {
        self.shop.switches.fail(route, failure, Some(times));
    }

    /// Makes this part of the shop work again.
    pub fn succeed(&self, route: Route) {
        self.shop.switches.succeed(route);
    }

    /// Answers `GET` of this path, such as `/login`, with this page. The path need not be one of the shop's.
    pub fn set_page(&self, path: &str, page: Reply) {
        self.shop.switches.set_page(path, Some(page));
    }

    /// Undoes [`set_page`](Self::set_page).
    pub fn remove_page(&self, path: &str) {
        self.shop.switches.set_page(path, None);
    }

    /// Writes this `exp` into new credentials, whatever their real expiry; `None` writes the real one again.
    pub fn set_claimed_expiry(&self, seconds_since_1970: Option<i64>) {
        self.shop.switches.set_claimed_expiry(seconds_since_1970);
    }

    /// Undoes all failures, pages and claimed expiries, and offers to sign out. Credentials, passwords, grants, held
    /// grants and a private list stay.
    pub fn reset(&self) {
        self.shop.switches.reset();
    }

    /// Expires the credentials of this user, or of all users, and the access tokens that they have used. Returns how many there are.
    pub fn expire_credentials(&self, user: Option<&str>) -> Result<usize, StoreError> {
        let user = user.map(|name| self.user(name)).transpose()?;
        Ok(self.shop.db.expire(user.as_ref())? + self.shop.end_access_tokens(user.as_ref()))
    }

    /// Revokes the credentials of this user, or of all users, and the access tokens that they have used. Returns how many there are.
    pub fn revoke_credentials(&self, user: Option<&str>) -> Result<usize, StoreError> {
        let user = user.map(|name| self.user(name)).transpose()?;
        Ok(self.shop.db.revoke(user.as_ref())? + self.shop.end_access_tokens(user.as_ref()))
    }

    /// Lets a sign-in be ended at the shop, which is so from the start, or makes it a shop that has no such call.
    pub fn offer_sign_out(&self, is_offered: bool) {
        self.shop.switches.offer_sign_out(is_offered);
    }

    /// Shows what the repository has only to those who are signed in, or to everybody.
    pub fn keep_listing_private(&self, is_private: bool) {
        self.shop.switches.set_private_listing(is_private);
    }

    /// Adds a user with this password.
    pub fn add_user(&self, name: &str, password: &str) -> Result<(), StoreError> {
        self.shop.add_user(name, password)
    }

    /// Changes the password of this user.
    pub fn set_password(&self, user: &str, password: &str) -> Result<(), StoreError> {
        self.shop.set_password(&self.user(user)?, password)
    }

    /// Issues a credential to this user, without a sign-in.
    pub fn issue_credential(&self, user: &str) -> Result<String, StoreError> {
        self.shop.issue_credential(&self.user(user)?)
    }

    /// Makes a token for a person to paste.
    pub fn hand_out_token(&self, terms: TokenTerms) -> Result<String, StoreError> {
        self.shop.hand_out_token(terms)
    }

    /// Revokes a token that was handed out. Returns whether it was one.
    pub fn revoke_token(&self, token: &str) -> bool {
        self.shop.revoke_token(token)
    }

    /// Signs download tokens with another key pair from now on. Those signed before are good no longer.
    pub fn rotate_download_key(&self) -> Result<(), StoreError> {
        self.shop.download_keys.rotate()
    }

    /// Every credential and download token issued since the start, for tests that search for leaks.
    pub fn issued_secrets(&self) -> Vec<String> {
        self.shop.issued_secrets()
    }

    /// Gives the user access to an app. It need not be one of the shop's.
    pub fn grant(&self, user: &str, app: &str) -> Result<(), StoreError> {
        self.shop.db.set_access(&self.user(user)?, app, true)
    }

    /// Takes away the user's access to an app, even if everybody with an account has it.
    pub fn take_away(&self, user: &str, app: &str) -> Result<(), StoreError> {
        self.shop.db.set_access(&self.user(user)?, app, false)
    }

    /// Stops unlocking paid apps, until [`release_grants`](Self::release_grants).
    pub fn hold_grants(&self) {
        self.shop.switches.hold_grants();
    }

    /// Unlocks the apps that were paid meanwhile, and unlocks paid apps at once again.
    pub fn release_grants(&self) -> Result<(), StoreError> {
        for (user, app) in self.shop.switches.release_grants() {
            self.shop.db.set_access(&user, &app, true)?;
        }
        Ok(())
    }

    /// All requests so far, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shop.log.snapshot()
    }

    /// Forgets all requests so far.
    pub fn clear_requests(&self) {
        self.shop.log.clear();
    }

    /// Waits for a request that matches, whether it is answered or not. An earlier request counts as well.
    pub async fn wait_for_request(&self, fits: impl Fn(&LoggedRequest) -> bool) -> LoggedRequest {
        self.shop.log.wait_for(fits).await
    }

    /// Publishes the next version of an app, or of the runtime `org.example.Platform`.
    pub async fn publish_update(&self, id: &str) -> Result<(), StoreError> {
        self.publish(vec![Publication::Update(id.to_owned())]).await
    }

    /// Publishes a new branch of the runtime, and the next version of an app, which needs that branch.
    pub async fn publish_runtime(&self, branch: &str, app: &str) -> Result<(), StoreError> {
        let (branch, app) = (branch.to_owned(), app.to_owned());
        self.publish(vec![Publication::Runtime { branch, app }]).await
    }

    /// Publishes several things in one summary.
    pub async fn publish(&self, publications: Vec<Publication>) -> Result<(), StoreError> {
        self.with_repository(move |repository| repository.publish(&publications)).await
    }

    /// Names this authenticator with this `url` option in the summary. flatpak copies both into its remotes.
    pub async fn announce_authenticator(&self, name: &str, url: &str) -> Result<(), StoreError> {
        self.announce(name, url, None).await
    }

    /// The same, and publishes the authenticator's Flatpak from a repository on disk. flatpak then installs it by
    /// itself.
    pub async fn bring_authenticator(&self, name: &str, url: &str, from: &Path) -> Result<(), StoreError> {
        self.announce(name, url, Some(from.to_owned())).await
    }

    async fn announce(&self, name: &str, url: &str, brought_from: Option<PathBuf>) -> Result<(), StoreError> {
        let sign_in = self.shop.sign_in_options.clone();
        let announcement = Announcement { name: name.to_owned(), url: Some(url.to_owned()), sign_in, brought_from };
        self.with_repository(move |repository| repository.announce(Some(announcement))).await
    }

    fn user(&self, name: &str) -> Result<User, StoreError> {
        let unknown = || StoreError::UnknownUser(name.to_owned());
        self.shop.db.user(name)?.ok_or_else(unknown)
    }

    /// Changes the repository on a thread where it blocks no request.
    async fn with_repository(
        &self,
        work: impl FnOnce(&Repository) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let shop = Arc::clone(&self.shop);
        let work = self.runtime.spawn_blocking(move || {
            let repository = shop.repository.as_ref().ok_or(StoreError::NoRepository)?;
            work(repository)
        });
        work.await.map_err(|error| StoreError::Runtime(error.into()))?
    }
}
