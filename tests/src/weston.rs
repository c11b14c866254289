// SPDX-License-Identifier: GPL-3.0-or-later
//! Wayland, in a session on X11.

use std::fs;

use crate::processes::wait_for;
use crate::session::Session;

/// The compositor's socket, which clients find by `WAYLAND_DISPLAY`.
pub const WAYLAND: &str = "usher-wayland";

impl Session {
    /// Starts a compositor with this backend, and tells the bus about it. What it starts from now on is on Wayland.
    pub async fn start_weston(&self, backend: &str, more: &[&str]) {
        let mut weston = self.processes.command("weston");
        weston.arg(format!("--backend={backend}")).arg(format!("--socket={WAYLAND}"));
        weston.args(["--renderer=pixman", "--width=1280", "--height=900", "--idle-time=0"]).args(more);
        self.processes.start("weston", weston);
        let socket = self.folder().join("run").join(WAYLAND);
        wait_for("the compositor", async || socket.exists().then_some(()), async || self.weston_log()).await;
        let mut update = self.processes.command("dbus-update-activation-environment");
        let updated = update.args([&format!("WAYLAND_DISPLAY={WAYLAND}"), "GDK_BACKEND=wayland"]).status();
        assert!(updated.expect("the bus takes the variables").success());
    }

    /// What the compositor has said so far.
    pub fn weston_log(&self) -> String {
        fs::read_to_string(self.processes.log_file("weston")).unwrap_or_default()
    }
}
