// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line.

use std::time::Duration;

use clap::Parser;

/// Answers flatpak's requests for tokens from the keyring and the account server. Started by the session bus.
#[derive(Debug, Parser)]
#[command(name = "usher-authenticator", version)]
pub(crate) struct Arguments {
    /// End after this many seconds without an open request
    #[arg(long, value_name = "N", default_value_t = 600)]
    idle_seconds: u64,
    /// Longest time for one call to an account server
    #[arg(long, value_name = "N", default_value_t = 30)]
    http_seconds: u64,
    /// Longest time for one call to the keyring
    #[arg(long, value_name = "N", default_value_t = 10)]
    keyring_seconds: u64,
    /// Say on standard error what is decided and why
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Run the daemon as a child process, and again if it was killed
    #[arg(long, hide = true)]
    as_parent: bool,
    /// The process that runs this one, and again if it was killed
    #[arg(long, value_name = "PROCESS", hide = true, conflicts_with = "as_parent")]
    pub(crate) parent: Option<i32>,
}

impl Arguments {
    /// How long the daemon stays without an open request.
    pub(crate) fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }

    /// Limit of a call to an account server.
    pub(crate) fn http(&self) -> Duration {
        Duration::from_secs(self.http_seconds)
    }

    /// Limit of a call to the keyring.
    pub(crate) fn keyring(&self) -> Duration {
        Duration::from_secs(self.keyring_seconds)
    }
}
