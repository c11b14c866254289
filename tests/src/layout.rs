// SPDX-License-Identifier: GPL-3.0-or-later
//! Measuring the layout of a window.

use atspi::Role;

use crate::processes::wait_for;
use crate::screen::Window;

impl Window<'_> {
    /// Resizes the window until its content is `width` pixels wide, and fails if it does not become that narrow.
    pub async fn fits_into(&self, width: i32) {
        let mut before = None;
        wait_for(
            &format!("the page to fit into {width} pixels"),
            async || {
                let now = self.widths().await?;
                if now.0 == width {
                    return Some(());
                }
                // The window may still be changing its size; ask again only once it is at rest.
                if before.replace(now) == Some(now) {
                    self.resize(width).await;
                }
                None
            },
            async || format!("it needs {:?}:\n{}", self.widths().await, self.tree().await),
        )
        .await;
    }

    /// Asks the window to be `width` pixels wide, and returns how wide its content became.
    pub async fn narrowest(&self, width: i32) -> i32 {
        let resized = async || self.resize(width).await;
        wait_for("a window", resized, async || self.tree().await.to_string()).await;
        // The X server has resized the window. The program has followed once two of its answers agree.
        wait_for(
            "the window to be resized",
            async || {
                let now = self.widths().await?;
                (self.widths().await? == now).then_some(now.0)
            },
            async || self.tree().await.to_string(),
        )
        .await
    }

    async fn resize(&self, width: i32) -> Option<()> {
        let id = self.id().await?;
        let (content, window) = self.widths().await?;
        let (_, height) = self.screen.size(&id).await?;
        let border = window - content;
        self.screen.xdotool(&["windowsize", &id, &(width + border).to_string(), &height.to_string()]).await;
        Some(())
    }

    /// The width of its content, and the width of the window at the X server.
    async fn widths(&self) -> Option<(i32, i32)> {
        let id = self.id().await?;
        let frame = self.tree().await.nodes.into_iter().next()?;
        Some((self.screen.extents(&frame).await?.2, self.screen.size(&id).await?.0))
    }

    /// The width and height of the widget with that role and name, in pixels.
    pub async fn size_of(&self, role: Role, name: &str) -> (i32, i32) {
        let extents = async || self.screen.extents(&self.find(role, name).await).await;
        let what = format!("the size of “{name}”");
        let (_, _, width, height) = wait_for(&what, extents, async || self.tree().await.to_string()).await;
        (width, height)
    }

    /// The controls without a name for screen readers, except those of web pages.
    pub async fn controls_without_name(&self) -> Vec<String> {
        let tree = self.tree().await;
        let nameless = tree.nodes.iter().enumerate().filter(|(_, node)| node.is_control() && node.name.is_empty());
        nameless
            .filter(|(index, _)| !tree.is_in_web_view(*index))
            .map(|(_, node)| node.to_string().trim().to_owned())
            .collect()
    }
}
