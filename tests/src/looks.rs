// SPDX-License-Identifier: GPL-3.0-or-later
//! What can be measured of how a window looks.

use atspi::Role;

use crate::processes::wait_for;
use crate::screen::Window;

impl Window<'_> {
    /// Makes the window so narrow that `width` pixels are left within its border, and waits until its content is as narrow.
    pub async fn fits_into(&self, width: i32) {
        let mut before = None;
        wait_for(
            &format!("the page to fit into {width} pixels"),
            async || {
                let now = self.widths().await?;
                if now.0 == width {
                    return Some(());
                }
                // It may have been asked before it had its size; what is not at rest is waited for.
                if before.replace(now) == Some(now) {
                    self.resize(width).await;
                }
                None
            },
            async || format!("it needs {:?}:\n{}", self.widths().await, self.tree().await),
        )
        .await;
    }

    /// How narrow the window becomes when it is asked to be `width` pixels wide.
    pub async fn narrowest(&self, width: i32) -> i32 {
        let resized = async || self.resize(width).await;
        wait_for("a window", resized, async || self.tree().await.to_string()).await;
        // The X server has done its part; two answers of the program after that, it has done its own.
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

    /// The width of its content and of the window as the X server has it.
    async fn widths(&self) -> Option<(i32, i32)> {
        let id = self.id().await?;
        let frame = self.tree().await.nodes.into_iter().next()?;
        Some((self.screen.place(&frame).await?.2, self.screen.size(&id).await?.0))
    }

    /// How wide and high the thing with that role and name is, in pixels.
    pub async fn size_of(&self, role: Role, name: &str) -> (i32, i32) {
        let place = async || self.screen.place(&self.find(role, name).await).await;
        let what = format!("the place of “{name}”");
        let (_, _, width, height) = wait_for(&what, place, async || self.tree().await.to_string()).await;
        (width, height)
    }

    /// The controls that a screen reader could not tell, pages of others aside.
    pub async fn controls_without_name(&self) -> Vec<String> {
        let tree = self.tree().await;
        let nameless = tree.nodes.iter().enumerate().filter(|(_, node)| node.is_control() && node.name.is_empty());
        nameless
            .filter(|(index, _)| !tree.is_of_web_view(*index))
            .map(|(_, node)| node.to_string().trim().to_owned())
            .collect()
    }
}
