// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's own page, and what a person does there.

use crate::screen::Window;

impl Window<'_> {
    /// Signs in as `user` on the shop's page, which this window shows.
    pub async fn sign_in_on_the_page(&self, user: &str) {
        self.type_into("User name", user).await;
        // The shop's password for its demo users is their name.
        self.type_into("Password", user).await;
        self.press("Sign In").await;
    }
}
