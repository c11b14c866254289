// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's own pages, what a person does there, and what the shop remembers of it.

use usher_demo_store::LoggedRequest;

use crate::screen::Window;
use crate::session::Session;
use crate::usherctl::{Waiting, buy_in_browser, sign_in_in_browser};

impl Window<'_> {
    /// Signs in as `user` on the shop's page, which this window shows.
    pub async fn sign_in_on_the_page(&self, user: &str) {
        self.type_into("User name", user).await;
        // The shop's password for its demo users is their name.
        self.type_into("Password", user).await;
        self.press("Sign In").await;
    }

    /// Pays for `app` on the shop's page, which this window shows.
    pub async fn pay_on_the_page(&self, app: &str) {
        self.says(&format!("Buy “{app}”?")).await;
        self.press("Buy Now").await;
    }
}

impl Session {
    /// Signs in as `user` for the remote `demo`, for stories that begin with an account.
    pub async fn sign_in_before(&self, user: &str) {
        self.sign_in_to("demo", user).await;
    }

    /// Signs in as `user` for a remote, by `usherctl` and a browser.
    pub async fn sign_in_to(&self, remote: &str, user: &str) {
        let waiting = Waiting::start(self, &["sign-in", remote, "--no-browser"]).await;
        sign_in_in_browser(&waiting.address, user).await;
        let told = waiting.end().await;
        assert_eq!(told.code, 0, "usherctl has signed in: {}", told.errors);
    }

    /// Buys `app` with the account for the remote `demo`, for stories that begin with something bought.
    pub async fn buy_before(&self, app: &str) {
        let waiting = Waiting::start(self, &["buy", "demo", app, "--yes", "--no-browser"]).await;
        buy_in_browser(&waiting.address).await;
        let told = waiting.end().await;
        assert_eq!(told.code, 0, "usherctl has bought: {}", told.errors);
    }

    /// The apps whose purchase was begun at the shop, in turn.
    pub fn begun(&self) -> Vec<String> {
        self.asked("/api/v1/begin_purchase").into_iter().flat_map(|request| request.ids).collect()
    }

    /// The apps that were paid on the shop's page, in turn.
    pub fn paid(&self) -> Vec<String> {
        let requests = self.shop().requests().into_iter();
        requests.filter(|request| request.path.ends_with("/done")).flat_map(|request| request.ids).collect()
    }

    /// The requests for `path`, oldest first.
    pub fn asked(&self, path: &str) -> Vec<LoggedRequest> {
        self.shop().requests().into_iter().filter(|request| request.path == path).collect()
    }

    /// Gets the names and pictures of the shop's apps, as `flatpak update` does.
    pub async fn know_the_apps(&self) {
        self.flatpak().run(&["update", "--user", "--appstream", "demo"]).await.expect_success();
    }
}
