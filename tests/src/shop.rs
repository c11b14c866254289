// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's own sign-in page, and what a person does there.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::time::timeout;

use crate::processes::LIMIT;
use crate::screen::Window;
use crate::session::Session;

impl Window<'_> {
    /// Signs in as `user` on the shop's page, which this window shows.
    pub async fn sign_in_on_the_page(&self, user: &str) {
        self.type_into("User name", user).await;
        // The shop's password for its demo users is their name.
        self.type_into("Password", user).await;
        self.press("Sign In").await;
    }
}

impl Session {
    /// Signs in as `user` for the remote `demo`, by `usherctl` and a browser, for stories that begin with an account.
    pub async fn sign_in_before(&self, user: &str) {
        let mut usherctl = tokio::process::Command::from(self.processes.command("usherctl"))
            .args(["sign-in", "demo"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("usherctl starts");
        let mut told = BufReader::new(usherctl.stderr.take().expect("its errors were piped")).lines();
        let address = timeout(LIMIT, async {
            while let Ok(Some(line)) = told.next_line().await {
                if line.starts_with("http") {
                    // One line more tells that it waits.
                    let _ = told.next_line().await;
                    return line;
                }
            }
            panic!("usherctl tells no address");
        });
        let address = address.await.expect("usherctl tells an address in time");
        sign_in_with_curl(&address, user).await;
        let status = timeout(LIMIT, usherctl.wait()).await.expect("usherctl ends").expect("usherctl ends");
        let rest = told.next_line().await.unwrap_or_default().unwrap_or_default();
        assert!(status.success(), "usherctl has signed in: {rest}");
    }
}

/// Does what a browser does: sends the form of the page at `address`, and follows where the shop leads.
async fn sign_in_with_curl(address: &str, user: &str) {
    let (page, query) = address.split_once('?').expect("the address has parameters");
    let mut curl = tokio::process::Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--location", "--max-time", "30", "--output", "/dev/null"]);
    for field in query.split('&') {
        curl.args(["--data", field]);
    }
    curl.arg("--data").arg(format!("user={user}")).arg("--data").arg(format!("password={user}"));
    let status = curl.arg(page).status().await.expect("curl starts");
    assert!(status.success(), "the shop lets {user} in");
}
