// SPDX-License-Identifier: GPL-3.0-or-later
//! What a person does on the shop's pages, and what the shop saw of it.

use std::time::Duration;

use usher_demo_store::LoggedRequest;

use crate::browser;
use crate::screen::Window;
use crate::session::Session;
use crate::usherctl::BrowserCommand;

/// Longer than buttons that give consent do nothing.
const READING: Duration = Duration::from_millis(1500);

impl Window<'_> {
    /// Signs in as `user` on the shop's page, which this window shows.
    pub async fn sign_in_on_the_page(&self, user: &str) {
        self.type_into("User name", user).await;
        // The shop's password for its demo users is their name.
        self.type_into("Password", user).await;
        self.press("Sign In").await;
    }

    /// Fills in Usher's own form for user name and password, which this window shows, and sends it.
    pub async fn fill_in_the_form(&self, user: &str, password: &str) {
        self.fill("User Name", user).await;
        self.fill("Password", password).await;
        self.press("Sign In").await;
    }

    /// Presses the button or link called `name` of the page, not one of the window around it.
    pub async fn press_on_the_page(&self, name: &str) {
        self.press_found(&format!("“{name}” on the page"), |tree| {
            tree.nodes.iter().find(|node| node.is_control() && node.is_in_page() && node.name == name).cloned()
        })
        .await;
    }

    /// Signs in as `user` on the shop's page, and leaves the “Signed In” page that follows.
    pub async fn sign_in_and_finish(&self, user: &str) {
        self.sign_in_on_the_page(user).await;
        self.says("Signed In").await;
        self.press("Done").await;
    }

    /// Takes the time that a person takes to read a window that has come up. A press that comes sooner may have been meant for
    /// something else, and leads less far.
    pub async fn read(&self) {
        tokio::time::sleep(READING).await;
    }

    /// Pays for `app` on the shop's page, which this window shows.
    pub async fn pay_on_the_page(&self, app: &str) {
        self.says(&format!("Buy “{app}”?")).await;
        self.press("Buy Now").await;
    }

    /// Pays for `app`, which the shop does not unlock yet, and leaves the shop's “Thank You” page that follows.
    pub async fn pay_before_access(&self, app: &str) {
        self.pay_on_the_page(app).await;
        self.says("Thank You").await;
        self.press("Done").await;
    }
}

impl Session {
    /// Signs in as `user` for the remote `demo`, for stories that begin with an account.
    pub async fn sign_in_as(&self, user: &str) {
        self.sign_in_to("demo", user).await;
    }

    /// Signs in as `user` for a remote, with `usherctl` and a browser.
    pub async fn sign_in_to(&self, remote: &str, user: &str) {
        let command = BrowserCommand::start(self, &["sign-in", remote, "--no-browser"]).await;
        browser::sign_in(&command.address, user).await;
        let output = command.end().await;
        assert_eq!(output.code, 0, "usherctl signs in: {}", output.stderr);
    }

    /// Buys `app` with the account for the remote `demo`, for stories that begin with a purchase.
    pub async fn buy(&self, app: &str) {
        let command = BrowserCommand::start(self, &["buy", "demo", app, "--yes", "--no-browser"]).await;
        browser::buy(&command.address).await;
        let output = command.end().await;
        assert_eq!(output.code, 0, "usherctl buys: {}", output.stderr);
    }

    /// The apps whose purchase began at the shop, oldest first.
    pub fn begun_purchases(&self) -> Vec<String> {
        self.requests_for("/api/v1/begin_purchase").into_iter().flat_map(|request| request.ids).collect()
    }

    /// The apps that somebody paid for on the shop's page, oldest first.
    pub fn paid_purchases(&self) -> Vec<String> {
        let requests = self.shop().requests().into_iter();
        requests.filter(|request| request.path.ends_with("/done")).flat_map(|request| request.ids).collect()
    }

    /// How many purchases began at the shop, and how many were paid.
    pub fn purchase_counts(&self) -> (usize, usize) {
        (self.begun_purchases().len(), self.paid_purchases().len())
    }

    /// The requests for `path`, oldest first.
    pub fn requests_for(&self, path: &str) -> Vec<LoggedRequest> {
        self.shop().requests().into_iter().filter(|request| request.path == path).collect()
    }

    /// Downloads the names and icons of the shop's apps, as `flatpak update` does.
    pub async fn update_appstream(&self) {
        self.flatpak().run(&["update", "--user", "--appstream", "demo"]).await.expect_success();
    }
}
