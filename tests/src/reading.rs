// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether all that a page says can be read, with the wheel of the mouse alone.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use atspi::{Interface, Role};
use futures_util::future::join_all;
use tokio::time::timeout;

use crate::screen::Window;
use crate::story::Story;
use crate::tree::Tree;

/// How long the page may take to follow one turn of the wheel.
const SCROLL_LIMIT: Duration = Duration::from_secs(10);
/// How often the wheel is turned until the page follows, and how often the page is read from its top.
const TRIES: usize = 3;
/// How far a place may be off: positions are whole pixels.
const ROUNDING: i32 = 2;
/// The size below which no window shrinks.
const SMALLEST: (i32, i32) = (360, 294);
/// More looks than any page needs.
const LOOKS: usize = 60;
/// Turns of the wheel from one look to the next: less than the smallest page shows at once.
const TURNS: usize = 3;

/// Left, top, right and bottom, in pixels.
type Area = (i32, i32, i32, i32);

/// Which lines of a text have been seen.
#[derive(Debug, Default)]
struct Seen {
    lines: Vec<bool>,
    /// Where the text was last, and what could be seen of it there.
    last: (Area, Area),
}

impl Seen {
    fn add(&mut self, height: i32, visible: &Range<i32>) {
        self.lines.resize(usize::try_from(height).unwrap_or(0), false);
        for line in visible.clone() {
            if let Some(seen) = usize::try_from(line).ok().and_then(|line| self.lines.get_mut(line)) {
                *seen = true;
            }
        }
    }

    fn is_whole(&self) -> bool {
        let edge = usize::try_from(ROUNDING).unwrap_or(0);
        self.lines.iter().skip(edge).rev().skip(edge).all(|seen| *seen)
    }
}

fn common(one: Area, other: Area) -> Area {
    (one.0.max(other.0), one.1.max(other.1), one.2.min(other.2), one.3.min(other.3))
}

/// Whether this is the page of a stack that fills it: GTK 4.18 reports such a page beside its place, where the stack is not
/// at the edge of what it is in.
fn is_misplaced(page: Area, content: Area) -> bool {
    let size = |area: Area| (area.2 - area.0, area.3 - area.1);
    size(page) == size(content) && page != content
}

fn is_empty(area: Area) -> bool {
    area.0 >= area.2 || area.1 >= area.3
}

impl Window<'_> {
    /// Shrinks the window as far as it goes, and fails if not all of the page can be read then. Ends the step of the story
    /// while the window is that small, and makes it as large as it was.
    pub async fn can_be_read_when_smallest(&self, story: &Story, page: &str) {
        let (width, height) = self.content_size().await.expect("the window has a size");
        self.becomes(SMALLEST.0, SMALLEST.1).await;
        assert_eq!(self.unreadable().await, [] as [String; 0], "{page}\n{}", self.tree().await);
        story.finish_step().await;
        self.becomes(width, height).await;
    }

    /// The texts of the page that cannot be read as a whole, however it is scrolled: something lies over them, or they are
    /// cut off. Leaves out web pages.
    async fn unreadable(&self) -> Vec<String> {
        let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
        let wheel = self.wheel().await.expect("the window is there");
        // A page that has just become smaller goes to what has the focus, be it after the wheel was turned.
        for _ in 0..TRIES {
            self.turn(&wheel, "4", LOOKS * TURNS).await;
            if self.reads_down(&wheel, &mut seen).await {
                break;
            }
        }
        let unread = seen.into_iter().filter(|(_, seen)| !seen.is_whole());
        unread.map(|(text, seen)| format!("{text} {:?}", seen.last)).collect()
    }

    /// Reads the page from where it is to its end. Says whether all of it has been seen.
    async fn reads_down(&self, wheel: &[String; 3], seen: &mut BTreeMap<String, Seen>) -> bool {
        for _ in 0..LOOKS {
            let tree = self.tree().await;
            let areas = self.areas(&tree).await;
            look(&tree, &areas, seen);
            if seen.values().all(Seen::is_whole) {
                return true;
            }
            if !self.turn_down(wheel, &tree, &areas).await {
                break;
            }
        }
        false
    }

    /// Turns the wheel down, and says whether the page follows. A turn may be lost, as a click may.
    async fn turn_down(&self, wheel: &[String; 3], tree: &Tree, areas: &[Area]) -> bool {
        for _ in 0..TRIES {
            self.turn(wheel, "5", TURNS).await;
            let moved = async { while self.areas(tree).await == areas {} };
            if timeout(SCROLL_LIMIT, moved).await.is_ok() {
                return true;
            }
        }
        false
    }

    /// The window's id, and its middle.
    async fn wheel(&self) -> Option<[String; 3]> {
        let (id, (width, height)) = (self.id().await?, self.content_size().await?);
        Some([id, (width / 2).to_string(), (height / 2).to_string()])
    }

    /// Turns the wheel there.
    async fn turn(&self, [id, x, y]: &[String; 3], button: &str, times: usize) {
        let repeat = times.to_string();
        self.screen
            .xdotool(&["mousemove", "--window", id, x, y, "click", "--repeat", &repeat, "--delay", "1", button])
            .await;
    }

    async fn areas(&self, tree: &Tree) -> Vec<Area> {
        let places = join_all(tree.nodes.iter().map(|node| self.screen.extents(node))).await;
        let places = places.into_iter().map(Option::unwrap_or_default);
        places.map(|(x, y, width, height)| (x, y, x + width, y + height)).collect()
    }
}

/// Notes what can be seen now.
fn look(tree: &Tree, areas: &[Area], seen: &mut BTreeMap<String, Seen>) {
    for (index, node) in tree.nodes.iter().enumerate() {
        let is_text = matches!(node.role, Role::Label | Role::Heading | Role::Static);
        if !is_text || node.name.is_empty() || is_empty(areas[index]) || tree.is_in_web_view(index) {
            continue;
        }
        let visible = visible_part(tree, areas, index);
        let area = areas[index];
        let is_wide = (visible.0 - area.0).max(area.2 - visible.2) <= ROUNDING;
        let lines = if is_wide && !is_empty(visible) { visible.1 - area.1..visible.3 - area.1 } else { 0..0 };
        // A text that is said twice is known by its row or button as well.
        let name = format!("{index}: {}", node.name);
        let text = seen.entry(name).or_default();
        text.last = (area, visible);
        text.add(area.3 - area.1, &lines);
    }
}

/// What of a node is within all that it is in, and under no control.
fn visible_part(tree: &Tree, areas: &[Area], index: usize) -> Area {
    let above = tree.ancestors(index);
    let (mut visible, mut inside) = (areas[index], index);
    for &around in &above {
        if !is_misplaced(areas[around], areas[inside]) {
            visible = common(visible, areas[around]);
        }
        inside = around;
    }
    for (other, node) in tree.nodes.iter().enumerate() {
        let is_related = other == index || above.contains(&other) || tree.ancestors(other).contains(&index);
        // The title of an entry is drawn within the entry.
        if !node.is_control() || node.has(Interface::EditableText) || is_related {
            continue;
        }
        // What of the control is to be seen: it may be scrolled away.
        let shown = tree.ancestors(other).iter().fold(areas[other], |area, ancestor| common(area, areas[*ancestor]));
        let covered = common(visible, shown);
        if is_empty(covered) {
            continue;
        }
        if covered.1 <= visible.1 {
            visible.1 = covered.3;
        } else {
            visible.3 = covered.1;
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_once_all_its_lines_were_seen() {
        let mut seen = Seen::default();
        seen.add(20, &(0..12));
        assert!(!seen.is_whole());
        seen.add(20, &(8..20));
        assert!(seen.is_whole());
    }
}
