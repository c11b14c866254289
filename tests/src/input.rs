// SPDX-License-Identifier: GPL-3.0-or-later
//! Pressing, clicking, scrolling and focusing the widgets of a window.

use std::iter;
use std::time::{Duration, Instant};

use atspi::proxy::action::ActionProxy;
use atspi::proxy::component::ComponentProxy;
use atspi::proxy::text::TextProxy;
use atspi::{CoordType, Interface, Role};
use tokio::time::{sleep, timeout};

use crate::processes::LIMIT;
use crate::screen::{Screen, Window};
use crate::tree::{Node, Tree};

/// How long the window may take to follow one turn of the wheel.
const SCROLL_LIMIT: Duration = Duration::from_secs(2);
/// How long a list of choices may take to open.
const OPENING_LIMIT: Duration = Duration::from_secs(10);
/// How long the last keys may take to reach a page.
const TYPING_LIMIT: Duration = Duration::from_secs(5);
/// The pause between two looks at the same widget.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// How much of a window's top and bottom may be covered by bars.
const BAR_HEIGHT: i32 = 60;

/// The widget called `name`, if it is sensitive now.
pub(crate) fn sensitive(tree: &Tree, name: &str) -> Option<Node> {
    tree.usable(name).filter(|node| node.is_sensitive()).cloned()
}

/// The items of the list that the row called `name` has opened.
fn items_of(tree: &Tree, name: &str) -> Vec<Tree> {
    let is_row = |node: &Node| node.role == Role::ComboBox && node.name == name;
    let Some(row) = tree.nodes.iter().position(is_row).map(|index| tree.within(index)) else {
        return Vec::new();
    };
    let items = row.nodes.iter().enumerate().filter(|(_, node)| node.role == Role::ListItem);
    items.map(|(index, _)| row.within(index)).collect()
}

impl Window<'_> {
    /// Presses the widget that `find` finds. Looks for it again if it goes away or refuses at that moment.
    pub(crate) async fn press_found(&self, what: &str, find: impl Fn(&Tree) -> Option<Node>) {
        let mut refusals = 0;
        let press = async || {
            let node = find(&self.tree().await)?;
            if node.has(Interface::Action) && self.screen.do_action(&node).await {
                return Some(());
            }
            refusals += 1;
            // A row has no action of its own: click on it.
            let is_without_action = node.is_row() || refusals > 2;
            if is_without_action { self.click(&node).await } else { None }
        };
        self.screen.wait_for(&self.in_this_window(what), press).await;
    }

    /// Chooses `item` in the row called `name`, which opens a list.
    pub async fn choose(&self, name: &str, item: &str) {
        let what = self.in_this_window(&format!("the choices of “{name}”"));
        // A row of plain texts shows the chosen one as an item of its own.
        let shown = self.wait(&what, |tree| sensitive(tree, name).map(|_| items_of(tree, name).len())).await;
        let items_of = |tree: &Tree, name: &str| items_of(tree, name).into_iter().skip(shown).collect::<Vec<_>>();
        let is_open = async || while items_of(&self.tree().await, name).is_empty() {};
        // While a page slides in, a click reaches nothing.
        let open = async || {
            self.click(&sensitive(&self.tree().await, name)?).await?;
            timeout(OPENING_LIMIT, is_open()).await.ok()
        };
        self.screen.wait_for(&what, open).await;
        let place = |tree: &Tree| {
            let items = items_of(tree, name);
            items.iter().any(|it| it.nodes[0].is_focused()).then(|| items.iter().position(|it| it.says(item)))?
        };
        let place = self.wait(&format!("the choice “{item}”"), place).await;
        let keys = ["key", "Home"].into_iter().chain(iter::repeat_n("Down", place));
        self.screen.xdotool(&keys.collect::<Vec<_>>()).await;
        let is_reached = |tree: &Tree| items_of(tree, name).get(place).filter(|it| it.nodes[0].is_focused()).map(drop);
        self.wait(&format!("the focus at “{item}”"), is_reached).await;
        self.screen.key("Return").await;
        self.wait("the list to close", |tree| items_of(tree, name).is_empty().then_some(())).await;
    }

    /// Opens the main menu and chooses one of its items by the keyboard. GTK's menus tell screen readers no names, so `place`
    /// is counted from the first item, which is 0.
    pub async fn choose_in_main_menu(&self, place: usize) {
        let has_focus = |tree: &Tree| {
            let mut items = tree.nodes.iter().filter(|node| node.role == Role::MenuItem);
            items.position(Node::is_focused)
        };
        self.focus().await;
        // A dialog gives the focus back once it is gone, and that would close the menu.
        self.wait("a page with no dialog over it", |tree| tree.shows_own_page().then_some(())).await;
        self.screen.key("F10").await;
        let mut now = self.wait("the focus in the menu", has_focus).await;
        while now != place {
            self.screen.key("Down").await;
            // A key may get lost: it is pressed again.
            let moved = async { while has_focus(&self.tree().await).is_none_or(|then| then == now) {} };
            let _ = timeout(SCROLL_LIMIT, moved).await;
            now = self.wait("the focus in the menu", has_focus).await;
        }
        self.screen.key("Return").await;
        self.wait("the end of the menu", |tree| has_focus(tree).is_none().then_some(())).await;
    }

    /// Focuses the window, waits, and presses a key, without a look in between.
    pub async fn key_after_focus(&self, wait: Duration, key: &str) {
        let id = self.screen.wait_for(&self.in_this_window("its id"), async || self.id().await).await;
        let wait = wait.as_secs_f64().to_string();
        self.screen.xdotool(&["windowraise", &id, "windowfocus", &id, "sleep", &wait, "key", key]).await;
    }

    /// Clicks in the middle of `node`, after scrolling to it if necessary. Returns nothing if it has gone meanwhile.
    pub(crate) async fn click(&self, node: &Node) -> Option<()> {
        let id = self.id().await?;
        let (x, y) = self.scroll_to(node, &id).await?;
        self.screen.xdotool(&["mousemove", "--window", &id, &x.to_string(), &y.to_string(), "click", "1"]).await;
        Some(())
    }

    /// Turns the wheel until the middle of `node` is within the window, and returns where that is, unless it has gone.
    pub(crate) async fn scroll_to(&self, node: &Node, id: &str) -> Option<(i32, i32)> {
        let frame = self.tree().await.nodes.into_iter().next()?;
        let (_, _, inner_width, inner_height) = self.screen.extents(&frame).await?;
        let (width, height) = self.screen.size(id).await?;
        // Positions count from inside the border that GTK draws around a window.
        let (border_x, border_y) = ((width - inner_width) / 2, (height - inner_height) / 2);
        let middle = async || {
            let (x, y, width, height) = self.screen.extents(node).await?;
            Some((x + width / 2 + border_x, y + height / 2 + border_y))
        };
        self.screen.xdotool(&["mousemove", "--window", id, &(width / 2).to_string(), &(height / 2).to_string()]).await;
        let until = Instant::now() + LIMIT;
        // With large text, the bar below is higher than usual.
        let bottom = self.scrolled_area_end(node).await.map_or(height, |end| end + border_y).min(height - BAR_HEIGHT);
        loop {
            let (x, y) = middle().await?;
            let is_visible = (BAR_HEIGHT..bottom).contains(&y) || height < 4 * BAR_HEIGHT;
            if is_visible && middle().await? == (x, y) {
                return Some((x, y));
            }
            if !is_visible {
                self.screen.xdotool(&["click", if y < BAR_HEIGHT { "4" } else { "5" }]).await;
                let is_moved = timeout(SCROLL_LIMIT, async { while middle().await == Some((x, y)) {} }).await.is_ok();
                // At the end of the scrolled area the bars may cover nothing, and the wheel moves it no further.
                if !is_moved && (0..height).contains(&y) {
                    return Some((x, y));
                }
            }
            assert!(Instant::now() < until, "{node} can be scrolled to\n{}", self.tree().await);
        }
    }

    /// Where the scrolled area around `node` ends.
    async fn scrolled_area_end(&self, node: &Node) -> Option<i32> {
        let tree = self.tree().await;
        let index = tree.nodes.iter().position(|known| known.object == node.object)?;
        let around = tree.ancestors(index).into_iter().map(|above| &tree.nodes[above]);
        let area = around.into_iter().find(|above| above.role == Role::ScrollPane)?;
        let (_, y, _, height) = self.screen.extents(area).await?;
        Some(y + height)
    }

    /// Focuses the field called `name`.
    pub async fn focus_field(&self, name: &str) {
        let focus = async || {
            let node = sensitive(&self.tree().await, name)?;
            self.focus().await;
            // Fields of a web page take the focus on request, GTK's entries only when clicked.
            if self.screen.grab_focus(&node).await { Some(()) } else { self.click(&node).await }
        };
        self.screen.wait_for(&self.in_this_window(&format!("“{name}”, ready")), focus).await;
        self.wait(&format!("the focus at “{name}”"), |tree| {
            tree.usable(name).filter(|node| node.is_focused()).map(drop)
        })
        .await;
    }

    /// Whether the field called `name` comes to hold `count` characters. A password field hides its text, but not its
    /// length.
    pub async fn holds(&self, name: &str, count: usize) -> bool {
        let look = async {
            while self.screen.character_count(&self.find_usable(name).await).await != i32::try_from(count).ok() {
                sleep(POLL_INTERVAL).await;
            }
        };
        timeout(TYPING_LIMIT, look).await.is_ok()
    }

    async fn find_usable(&self, name: &str) -> Node {
        self.wait(&format!("“{name}”"), |tree| tree.usable(name).cloned()).await
    }
}

impl Screen<'_> {
    async fn do_action(&self, node: &Node) -> bool {
        let proxy: ActionProxy<'_> = node.object.proxy(self.connection).await.expect("an action is there");
        proxy.do_action(0).await.unwrap_or(false)
    }

    async fn component(&self, node: &Node) -> ComponentProxy<'_> {
        node.object.proxy(self.connection).await.expect("a component is there")
    }

    /// The position and size of `node` in its window: x, y, width and height.
    pub(crate) async fn extents(&self, node: &Node) -> Option<(i32, i32, i32, i32)> {
        self.component(node).await.get_extents(CoordType::Window).await.ok()
    }

    /// How many characters `node` holds.
    async fn character_count(&self, node: &Node) -> Option<i32> {
        let proxy: TextProxy<'_> = node.object.proxy(self.connection).await.ok()?;
        proxy.character_count().await.ok()
    }

    async fn grab_focus(&self, node: &Node) -> bool {
        self.component(node).await.grab_focus().await.unwrap_or(false)
    }
}
