// SPDX-License-Identifier: GPL-3.0-or-later
//! How a person takes hold of what is in a window: presses, points, scrolls, goes to a field.

use std::time::{Duration, Instant};

use atspi::proxy::action::ActionProxy;
use atspi::proxy::component::ComponentProxy;
use atspi::proxy::text::TextProxy;
use atspi::{CoordType, Interface};
use tokio::time::{sleep, timeout};

use crate::processes::LIMIT;
use crate::screen::{Screen, Window};
use crate::tree::{Node, Tree};

/// How long one turn of the wheel may take until it shows.
const A_TURN: Duration = Duration::from_secs(2);
/// How long it may take until the last keys have come to a page.
const A_FEW_KEYS: Duration = Duration::from_secs(5);
/// How long is waited between two looks at the same thing.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// How much of a window's top and bottom may be covered by bars.
const BAR_HEIGHT: i32 = 60;

/// What is called `name`, if it can be used now.
pub(crate) fn sensitive(tree: &Tree, name: &str) -> Option<Node> {
    tree.usable(name).filter(|node| node.is_sensitive()).cloned()
}

impl Window<'_> {
    /// Presses what `find` finds. What goes away or is shut at that very moment is looked for again.
    pub(crate) async fn press_what(&self, what: &str, find: impl Fn(&Tree) -> Option<Node>) {
        let mut refusals = 0;
        let press = async || {
            let node = find(&self.tree().await)?;
            if node.has(Interface::Action) && self.screen.act(&node).await {
                return Some(());
            }
            refusals += 1;
            // A row has no action of its own: point at it, as one does with the mouse.
            let is_without_action = node.is_row() || refusals > 2;
            if is_without_action { self.click(&node).await } else { None }
        };
        self.screen.wait_for(&self.here(what), press).await;
    }

    /// Clicks in the middle of `node`, which is scrolled to if need be. Nothing if it has gone meanwhile.
    pub(crate) async fn click(&self, node: &Node) -> Option<()> {
        let id = self.id().await?;
        let (x, y) = self.in_sight(node, &id).await?;
        self.screen.xdotool(&["mousemove", "--window", &id, &x.to_string(), &y.to_string(), "click", "1"]).await;
        Some(())
    }

    /// Turns the wheel until the middle of `node` is within the window, and tells where it is, unless it has gone.
    pub(crate) async fn in_sight(&self, node: &Node, id: &str) -> Option<(i32, i32)> {
        let frame = self.tree().await.nodes.into_iter().next()?;
        let (_, _, inner_width, inner_height) = self.screen.place(&frame).await?;
        let (width, height) = self.screen.size(id).await?;
        // Places count from within the border that GTK draws around a window by itself.
        let (border_x, border_y) = ((width - inner_width) / 2, (height - inner_height) / 2);
        let middle = async || {
            let (x, y, width, height) = self.screen.place(node).await?;
            Some((x + width / 2 + border_x, y + height / 2 + border_y))
        };
        self.screen.xdotool(&["mousemove", "--window", id, &(width / 2).to_string(), &(height / 2).to_string()]).await;
        let until = Instant::now() + LIMIT;
        loop {
            let (x, y) = middle().await?;
            let is_in_sight = (BAR_HEIGHT..height - BAR_HEIGHT).contains(&y) || height < 4 * BAR_HEIGHT;
            if is_in_sight && middle().await? == (x, y) {
                return Some((x, y));
            }
            if !is_in_sight {
                self.screen.xdotool(&["click", if y < BAR_HEIGHT { "4" } else { "5" }]).await;
                let is_moved = timeout(A_TURN, async { while middle().await == Some((x, y)) {} }).await.is_ok();
                // At the end of what scrolls the bars may cover nothing, and no wheel brings it further.
                if !is_moved && (0..height).contains(&y) {
                    return Some((x, y));
                }
            }
            assert!(Instant::now() < until, "{node} comes in sight\n{}", self.tree().await);
        }
    }

    /// Gives the keyboard to the field called `name`.
    pub(crate) async fn go_to(&self, name: &str) {
        let focus = async || {
            let node = sensitive(&self.tree().await, name)?;
            self.take_keyboard().await;
            // What belongs to a page takes the keyboard when it is asked to, GTK's own entries only when they are clicked.
            if self.screen.focus(&node).await { Some(()) } else { self.click(&node).await }
        };
        self.screen.wait_for(&self.here(&format!("“{name}”, ready to be used")), focus).await;
        self.wait(&format!("the keyboard at “{name}”"), |tree| {
            tree.usable(name).filter(|node| node.is_focused()).map(drop)
        })
        .await;
    }

    /// Whether the field called `name` comes to hold so many characters. A password is not told, but its length.
    pub(crate) async fn holds(&self, name: &str, count: usize) -> bool {
        let look = async {
            while self.screen.length(&self.find_usable(name).await).await != i32::try_from(count).ok() {
                sleep(BETWEEN_LOOKS).await;
            }
        };
        timeout(A_FEW_KEYS, look).await.is_ok()
    }

    async fn find_usable(&self, name: &str) -> Node {
        self.wait(&format!("“{name}”"), |tree| tree.usable(name).cloned()).await
    }
}

impl Screen<'_> {
    async fn act(&self, node: &Node) -> bool {
        let proxy: ActionProxy<'_> = node.object.proxy(self.connection).await.expect("an action is there");
        proxy.do_action(0).await.unwrap_or(false)
    }

    async fn component(&self, node: &Node) -> ComponentProxy<'_> {
        node.object.proxy(self.connection).await.expect("a component is there")
    }

    /// Where `node` is in its window: x, y, width and height.
    pub(crate) async fn place(&self, node: &Node) -> Option<(i32, i32, i32, i32)> {
        self.component(node).await.get_extents(CoordType::Window).await.ok()
    }

    /// How many characters it holds.
    async fn length(&self, node: &Node) -> Option<i32> {
        let proxy: TextProxy<'_> = node.object.proxy(self.connection).await.ok()?;
        proxy.character_count().await.ok()
    }

    async fn focus(&self, node: &Node) -> bool {
        self.component(node).await.grab_focus().await.unwrap_or(false)
    }
}
