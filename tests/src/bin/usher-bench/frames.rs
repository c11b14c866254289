// SPDX-License-Identifier: GPL-3.0-or-later
//! The time until a window is painted, beside windows with nothing in them.

use std::path::Path;

use crate::bench::Bench;
use crate::report::{Line, Milliseconds, Samples};
use crate::window::Screen;

const FRAME_GOAL: &str = "at most 1.1 beside one with WebKitGTK loaded";

/// The time until the first frame of the main window.
pub(crate) async fn compare(empty: &Path, runs: usize) -> Vec<Line> {
    let bench = Bench::set_up(&[1]).await;
    let screen = Screen::of(&bench.session);
    let empty = empty.display().to_string();
    let [mut usher, mut nothing] = std::array::from_fn(|_| Samples::default());
    for run in 0..=runs {
        let ours: Milliseconds = screen.first_frame(&bench.session, "usher").await;
        let theirs = screen.first_frame(&bench.session, &empty).await;
        if run > 0 {
            usher.add(ours);
            nothing.add(theirs);
        }
    }
    let notes = format!(
        "from the start of the process until the middle of its window is painted on Xvfb; N = {}; {} accounts listed",
        usher.len(),
        bench.accounts.len()
    );
    vec![Line::compare("first frame, against an empty Adw window", usher.median(), nothing.median(), FRAME_GOAL, notes)]
}
