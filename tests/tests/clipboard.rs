// SPDX-License-Identifier: GPL-3.0-or-later
//! What was copied outlives the window from which it was copied: on X11 and Wayland it ends with its program.

use std::fs;
use std::time::Duration;

use usher_tests::{Session, Setup, WAYLAND, WINDOW, wait_for, wait_until};

const APP: &str = "org.example.Postcard";
/// How long the process stays without a window and without what was copied, and some more.
const INACTIVITY: Duration = Duration::from_secs(12);

/// Goes from “account needed” to *Copy and Close*. Returns what was copied.
async fn copy_and_close(session: &Session) -> String {
    let host = session.host();
    session.flatpak().install(APP).end().await;
    let screen = session.screen();
    screen.front().press(&format!("Continue to {host}")).await;
    screen.front().sign_in_on_the_page("demo").await;
    screen.front().press("Copy and Close").await;
    screen.wait_until_empty().await;
    format!("flatpak install demo {APP}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_copied_outlives_the_window_until_something_else_is_copied() {
    let session = Session::start(Setup::default()).await;
    let copied = copy_and_close(&session).await;
    tokio::time::sleep(INACTIVITY).await;
    assert_eq!(session.clipboard().await, Some(copied));
    assert!(session.bus.has_owner(WINDOW).await, "it is the window process that still has it");

    session.clear_clipboard().await;
    wait_until("the end of the window process", async || !session.bus.has_owner(WINDOW).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_copied_outlives_the_window_on_wayland() {
    let session = Session::start(Setup::default()).await;
    session.start_weston("x11", &[]).await;
    let copied = copy_and_close(&session).await;
    tokio::time::sleep(INACTIVITY).await;
    let mut paste = session.processes.command("/usr/bin/python3");
    paste.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/helpers/paste.py"));
    paste.env("WAYLAND_DISPLAY", WAYLAND).env("GDK_BACKEND", "wayland");
    session.processes.start("paste", paste);
    let log = || fs::read_to_string(session.processes.log_file("paste")).unwrap_or_default();
    let pasted = async || log().lines().find_map(|line| line.strip_prefix("pasted: ").map(str::to_owned));
    assert_eq!(wait_for("a paste", pasted, async || log()).await, copied);
}
