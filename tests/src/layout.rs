// SPDX-License-Identifier: GPL-3.0-or-later
//! Measuring the layout of a window.

use atspi::Role;

use crate::processes::wait_for;
use crate::screen::Window;
use crate::tree::Node;

/// A row on the screen.
#[derive(Debug)]
pub struct PlacedRow {
    /// What its title says.
    pub title: String,
    /// Where it is, and its size: x, y, width and height.
    pub place: (i32, i32, i32, i32),
    /// How far from the left edge of the window its title begins.
    pub title_start: i32,
}

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
        let (_, height) = self.content_size().await?;
        self.resize_content(width, height).await
    }

    async fn resize_content(&self, width: i32, height: i32) -> Option<()> {
        let id = self.id().await?;
        let (content, window) = (self.content_size().await?, self.screen.size(&id).await?);
        let size = [width + window.0 - content.0, height + window.1 - content.1].map(|length| length.to_string());
        self.screen.xdotool(&["windowsize", &id, &size[0], &size[1]]).await;
        Some(())
    }

    /// Resizes the window until its content has this size.
    pub async fn becomes(&self, width: i32, height: i32) {
        let resized = async || {
            if self.content_size().await? == (width, height) {
                return Some(());
            }
            self.resize_content(width, height).await;
            None
        };
        let what = self.in_this_window(&format!("a size of {width} × {height}"));
        wait_for(&what, resized, async || self.tree().await.to_string()).await;
    }

    /// The width and height of its content.
    pub async fn content_size(&self) -> Option<(i32, i32)> {
        let frame = self.tree().await.nodes.into_iter().next()?;
        let (_, _, width, height) = self.screen.extents(&frame).await?;
        Some((width, height))
    }

    /// The width of its content, and the width of the window at the X server.
    async fn widths(&self) -> Option<(i32, i32)> {
        let id = self.id().await?;
        let frame = self.tree().await.nodes.into_iter().next()?;
        Some((self.screen.extents(&frame).await?.2, self.screen.size(&id).await?.0))
    }

    /// The width and height of the widget with that role and name, in pixels.
    pub async fn size_of(&self, role: Role, name: &str) -> (i32, i32) {
        let (_, _, width, height) = self.place_of(&self.find(role, name).await).await;
        (width, height)
    }

    /// Where a widget is in its window, and its size: x, y, width and height, in pixels.
    pub async fn place_of(&self, node: &Node) -> (i32, i32, i32, i32) {
        let what = format!("the place of “{}”", node.name);
        wait_for(&what, async || self.screen.extents(node).await, async || self.tree().await.to_string()).await
    }

    /// How much is above a widget within what it is in, and how much is above that in what scrolls, in pixels.
    pub async fn space_above(&self, role: Role, name: &str) -> (i32, i32) {
        let tree = self.tree().await;
        let found = |node: &Node| node.role == role && node.name == name;
        let index = tree.nodes.iter().position(found).unwrap_or_else(|| panic!("“{name}” is there\n{tree}"));
        let around = tree.ancestors(index);
        let is_scrolled = |place: &&usize| tree.nodes[**place].role == Role::ScrollPane;
        let scrolled = around.iter().find(is_scrolled).unwrap_or_else(|| panic!("“{name}” scrolls\n{tree}"));
        let (_, top, ..) = self.place_of(&tree.nodes[index]).await;
        let (_, box_top, ..) = self.place_of(&tree.nodes[around[0]]).await;
        let (_, start, ..) = self.place_of(&tree.nodes[*scrolled]).await;
        (top - box_top, box_top - start)
    }

    /// The place of each row of the page, and of its title, with the title's text.
    pub async fn rows(&self) -> Vec<PlacedRow> {
        let tree = self.tree().await;
        let mut rows = Vec::new();
        for (index, _) in tree.nodes.iter().enumerate().filter(|(_, node)| node.is_row()) {
            let row = tree.within(index);
            let Some(title) = row.nodes.iter().find(|node| node.role == Role::Label && !node.name.is_empty()) else {
                continue;
            };
            let place = self.place_of(&row.nodes[0]).await;
            rows.push(PlacedRow { title: title.name.clone(), place, title_start: self.place_of(title).await.0 });
        }
        rows
    }

    /// The controls without a name for screen readers, except those of web pages.
    pub async fn controls_without_name(&self) -> Vec<String> {
        self.tree().await.controls_without_name()
    }
}
