// SPDX-License-Identifier: GPL-3.0-or-later
//! Short messages, and where they are.

use atspi::Role;

use crate::processes::wait_for;
use crate::screen::Window;

/// The position and size of a widget in its window: x, y, width and height.
pub type Extents = (i32, i32, i32, i32);

/// Where a message and another widget are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToastPlace {
    /// The message with its buttons.
    pub toast: Extents,
    /// Its text alone.
    pub text: Extents,
    /// The other widget.
    pub beside: Extents,
    /// The window.
    pub window: Extents,
}

impl ToastPlace {
    /// Whether the message lies over a part of the other widget.
    pub fn overlaps(&self) -> bool {
        let ((x, y, width, height), (left, top, across, down)) = (self.toast, self.beside);
        x < left + across && left < x + width && y < top + down && top < y + height
    }

    /// Whether all of the message is in the window.
    pub fn is_in_window(&self) -> bool {
        let ((x, y, width, height), (_, _, across, down)) = (self.toast, self.window);
        x >= 0 && y >= 0 && x + width <= across && y + height <= down
    }
}

impl Window<'_> {
    /// Does something that shows a message, and returns where the message and the widget called `name` are once nothing
    /// moves any more. Acts again if the message has gone meanwhile.
    pub async fn toast_beside(&self, message: &str, name: &str, mut act: impl AsyncFnMut()) -> ToastPlace {
        let look = async || {
            self.toast_after(message, &mut act).await;
            let mut before = None;
            loop {
                let now = self.toast_place(message, name).await?;
                if before.replace(now) == Some(now) {
                    return Some(now);
                }
            }
        };
        wait_for(&format!("“{message}” beside “{name}”"), look, async || self.tree().await.to_string()).await
    }

    async fn toast_place(&self, message: &str, name: &str) -> Option<ToastPlace> {
        let tree = self.tree().await;
        let (toast, text) = tree.toast(message)?;
        let extents = async |node| self.screen.extents(node).await;
        Some(ToastPlace {
            toast: extents(toast).await?,
            text: extents(text).await?,
            beside: extents(tree.usable(name)?).await?,
            window: extents(tree.nodes.first()?).await?,
        })
    }

    /// The width and height of the widget with that role and name, if it is there now.
    pub async fn size_now(&self, role: Role, name: &str) -> Option<(i32, i32)> {
        let (_, _, width, height) = self.screen.extents(self.tree().await.find(role, name)?).await?;
        Some((width, height))
    }
}
