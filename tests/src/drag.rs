// SPDX-License-Identifier: GPL-3.0-or-later
//! Drags files from one window and drops them onto another.

use std::fs;
use std::path::Path;

use crate::processes::wait_for;
use crate::screen::Window;
use crate::session::Session;

/// The program from which files are dragged, and the name of its log.
const PROGRAM: &str = "drag";
/// Where its window goes, so that it covers no other.
const WINDOW_POSITION: [&str; 2] = ["900", "500"];

impl Session {
    /// Drops files onto the widget called `name`, as from a file manager.
    pub async fn drop_files(&self, files: &[&Path], window: &Window<'_>, name: &str) {
        let mut command = self.processes.command("/usr/bin/python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/helpers/drag.py")).args(files);
        self.processes.start(PROGRAM, command);
        let screen = self.screen().of_program(PROGRAM);
        let source = screen.window("Files").await;
        let from = source.id().await.expect("the window is there");
        let to = window.id().await.expect("the window is there");
        let (x, y) = window.scroll_to(&window.ready(name).await, &to).await.expect("it stays");
        let [left, top] = WINDOW_POSITION;
        screen.xdotool(&["windowmove", "--sync", &from, left, top]).await;
        screen.xdotool(&["mousemove", "--window", &from, "150", "100", "mousedown", "1"]).await;
        // The drag starts when the mouse moves. Then the files hover over one point after the other.
        screen.xdotool(&["mousemove", "--window", &from, "100", "60"]).await;
        let mut step = 0;
        self.wait_for_line("accepted", async || {
            step = (step + 1) % 4;
            screen.xdotool(&["mousemove", "--window", &to, &(x + step).to_string(), &y.to_string()]).await;
        })
        .await;
        screen.xdotool(&["mouseup", "1"]).await;
        self.wait_for_line("dropped", async || ()).await;
        screen.wait_until_empty().await;
    }

    async fn wait_for_line(&self, wanted: &str, mut meanwhile: impl AsyncFnMut()) {
        let log = || fs::read_to_string(self.processes.log_file(PROGRAM)).unwrap_or_default();
        wait_for(
            &format!("the files to be {wanted}"),
            async || {
                meanwhile().await;
                log().lines().any(|line| line == wanted).then_some(())
            },
            async || log(),
        )
        .await;
    }
}
