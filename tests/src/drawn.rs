// SPDX-License-Identifier: GPL-3.0-or-later
//! What is drawn in a part of a window: the tree of a screen reader leaves out what is only to be seen.

use crate::processes::wait_for;
use crate::screen::Window;

impl Window<'_> {
    /// The place and size of what is drawn in an area of the window: x, y, width and height, counted as the area is.
    pub async fn drawn_in(&self, area: (i32, i32, i32, i32)) -> (i32, i32, i32, i32) {
        let mut before = None;
        wait_for(
            &self.in_this_window("a picture at rest"),
            async || {
                let now = self.look_at(area).await?;
                (before.replace(now) == Some(now)).then_some(now)
            },
            async || self.tree().await.to_string(),
        )
        .await
    }

    async fn look_at(&self, (x, y, width, height): (i32, i32, i32, i32)) -> Option<(i32, i32, i32, i32)> {
        let id = self.id().await?;
        let ((inner_width, inner_height), outer) = (self.content_size().await?, self.screen.size(&id).await?);
        // Positions count from inside the border that GTK draws around a window.
        let (left, top) = ((outer.0 - inner_width) / 2 + x, (outer.1 - inner_height) / 2 + y);
        let (file, crop) = (format!("x:{id}"), format!("{width}x{height}+{left}+{top}"));
        let output = tokio::process::Command::from(self.screen.processes.command("convert"))
            .args([&file, "-crop", &crop, "+repage", "-fuzz", "2%", "-format", "%@", "info:-"])
            .output()
            .await
            .expect("convert starts");
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let mut numbers = text.split(['x', '+']).map(|number| number.parse::<i32>().ok());
        let (width, height, from_left, from_top) =
            (numbers.next()??, numbers.next()??, numbers.next()??, numbers.next()??);
        Some((x + from_left, y + from_top, width, height))
    }
}
