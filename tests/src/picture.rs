// SPDX-License-Identifier: GPL-3.0-or-later
//! Pictures of a screen.

use std::path::Path;
use std::time::Duration;

use crate::screen::Screen;

impl Screen<'_> {
    /// Saves a picture of the whole screen once nothing changes any more.
    pub async fn save_picture(&self, file: &Path) {
        // A web page is painted some time after it has loaded, and no signal says when.
        let (mut last, mut at_rest) = (self.pixels().await, 0);
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            let now = self.pixels().await;
            at_rest = if now == last { at_rest + 1 } else { 0 };
            last = now;
            if at_rest == 4 {
                break;
            }
        }
        std::fs::write(file, last).unwrap_or_else(|error| panic!("{} can be written: {error}", file.display()));
    }

    async fn pixels(&self) -> Vec<u8> {
        tokio::process::Command::from(self.processes.command("import"))
            .args(["-window", "root", "-trim", "+repage", "-define", "png:exclude-chunks=date,time", "png:-"])
            .output()
            .await
            .expect("import starts")
            .stdout
    }
}
