// SPDX-License-Identifier: GPL-3.0-or-later
//! Files that are dragged from one window and dropped onto another one.

use std::fs;
use std::path::Path;

use crate::processes::wait_for;
use crate::screen::Window;
use crate::session::Session;

/// The program that files are dragged from, and the name of its log.
const PROGRAM: &str = "drag";
/// Where its window goes, so that it covers no other one.
const FREE_PLACE: [&str; 2] = ["900", "500"];

impl Session {
    /// Drops files onto the thing called `name`, as from a file manager.
    pub async fn drop_files(&self, files: &[&Path], window: &Window<'_>, name: &str) {
        let mut command = self.processes.command("/usr/bin/python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/helpers/drag.py")).args(files);
        self.processes.start(PROGRAM, command);
        let screen = self.screen().of(PROGRAM);
        let source = screen.window("Files").await;
        let from = source.id().await.expect("the window is there");
        let to = window.id().await.expect("the window is there");
        let (x, y) = window.in_sight(&window.ready(name).await, &to).await.expect("it stays");
        let [left, top] = FREE_PLACE;
        screen.xdotool(&["windowmove", "--sync", &from, left, top]).await;
        screen.xdotool(&["mousemove", "--window", &from, "150", "100", "mousedown", "1"]).await;
        // What is dragged begins to move with the mouse, and is then held above one point after the other.
        screen.xdotool(&["mousemove", "--window", &from, "100", "60"]).await;
        let mut further = 0;
        self.wait_for_word("accepted", async || {
            further = (further + 1) % 4;
            screen.xdotool(&["mousemove", "--window", &to, &(x + further).to_string(), &y.to_string()]).await;
        })
        .await;
        screen.xdotool(&["mouseup", "1"]).await;
        self.wait_for_word("dropped", async || ()).await;
        screen.wait_until_empty().await;
    }

    async fn wait_for_word(&self, word: &str, mut meanwhile: impl AsyncFnMut()) {
        let said = || fs::read_to_string(self.processes.log(PROGRAM)).unwrap_or_default();
        wait_for(
            &format!("the files to be {word}"),
            async || {
                meanwhile().await;
                said().lines().any(|line| line == word).then_some(())
            },
            async || said(),
        )
        .await;
    }
}
