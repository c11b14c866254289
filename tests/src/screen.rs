// SPDX-License-Identifier: GPL-3.0-or-later
//! A person at the screen: reads windows through the accessibility tree, presses, types, takes pictures.

use std::process::Stdio;
use std::time::Duration;

use atspi::Role;
use atspi::proxy::editable_text::EditableTextProxy;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{sleep, timeout};
use zbus::Connection;

use crate::accessibility::Accessibility;
use crate::input::sensitive;
use crate::processes::{LONGEST_PAUSE, Processes, wait_between, wait_for};
use crate::tree::{Node, Tree};

/// The names of the program whose windows to read: its binary, or the application id, which is its name on X11.
const PROGRAM_NAMES: [&str; 3] = ["usher", "io.github.usher.Usher.Devel", "io.github.usher.Usher"];
/// How long a toast takes at most to appear and to disappear.
const TOAST_LIMIT: Duration = Duration::from_secs(10);
/// The pause between keys in milliseconds. Web pages lose keys that come faster.
const KEY_DELAY: &str = "60";

/// The screen of a session.
#[derive(Debug)]
pub struct Screen<'s> {
    pub(crate) processes: &'s Processes,
    pub(crate) connection: &'s Connection,
    accessibility: &'s Accessibility,
    programs: Vec<String>,
}

impl<'s> Screen<'s> {
    pub(crate) fn new(processes: &'s Processes, accessibility: &'s Accessibility) -> Self {
        let programs = PROGRAM_NAMES.map(str::to_owned).to_vec();
        Self { processes, connection: &accessibility.connection, accessibility, programs }
    }

    /// The same screen, with the windows of another program.
    pub fn of_program(&self, program: &str) -> Self {
        Self { programs: vec![program.to_owned()], ..*self }
    }

    /// All that the screen shows now.
    pub async fn tree(&self) -> Tree {
        let is_wanted = |name: &str| self.programs.iter().any(|program| program == name);
        self.tree_of(is_wanted).await
    }

    async fn tree_of(&self, is_wanted: impl Fn(&str) -> bool) -> Tree {
        let look = async || Tree::of_programs(self.accessibility, &is_wanted).await.ok();
        wait_for("all programs to describe their windows", look, async || String::new()).await
    }

    /// Whether no program shows anything.
    pub(crate) async fn is_blank(&self) -> bool {
        self.tree_of(|_| true).await.nodes.is_empty()
    }

    /// Waits until `look` returns something. A failure shows `what` and the screen.
    pub async fn wait<T>(&self, what: &str, mut look: impl FnMut(&Tree) -> Option<T>) -> T {
        self.wait_for(what, async || look(&self.tree().await)).await
    }

    /// The same with an asynchronous check. Looks again once something has changed, or after a while: not every change is
    /// told.
    pub(crate) async fn wait_for<T>(&self, what: &str, check: impl AsyncFnMut() -> Option<T>) -> T {
        let seen = async || {
            self.save_picture(&self.processes.log_folder().join("screen.png")).await;
            format!("on the screen was:\n{}", self.tree().await)
        };
        let mut changes = self.accessibility.changes();
        let pause = async |shortest| {
            sleep(shortest).await;
            let _ = timeout(LONGEST_PAUSE.saturating_sub(shortest), changes.changed()).await;
            changes.mark_unchanged();
        };
        wait_between(what, check, seen, pause).await
    }

    /// Waits for the window called `title`, and focuses it.
    pub async fn window(&self, title: &str) -> Window<'_> {
        self.wait(&format!("the window “{title}”"), |tree| tree.window(title)).await;
        let window = Window { screen: self, title: Some(title.to_owned()) };
        window.focus().await;
        window
    }

    /// All open windows, read as one.
    pub fn front(&self) -> Window<'_> {
        Window { screen: self, title: None }
    }

    /// Waits until no window is called `title`.
    pub async fn wait_until_gone(&self, title: &str) {
        self.wait(&format!("the end of the window “{title}”"), |tree| tree.window(title).is_none().then_some(())).await;
    }

    /// Waits until no window is left.
    pub async fn wait_until_empty(&self) {
        self.wait("the end of all windows", |tree| tree.nodes.is_empty().then_some(())).await;
    }

    /// Types `text` into whatever has the focus. Sends it through a pipe, so that no list of processes shows it.
    pub async fn type_text(&self, text: &str) {
        let arguments = ["type", "--delay", KEY_DELAY, "--file", "-"];
        let mut xdotool = tokio::process::Command::from(self.processes.command("xdotool"))
            .args(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .expect("xdotool starts");
        let mut input = xdotool.stdin.take().expect("standard input is piped");
        input.write_all(text.as_bytes()).await.expect("xdotool reads");
        drop(input);
        let status = xdotool.wait().await.expect("xdotool ends");
        assert!(status.success(), "xdotool types");
    }

    /// Presses a key or a combination, such as “Escape” or “ctrl+n”.
    pub async fn key(&self, keys: &str) {
        self.xdotool(&["key", "--clearmodifiers", keys]).await;
    }

    /// Clicks where the mouse is, replaces the text of the entry there, and presses Enter.
    pub async fn replace_text_under_pointer(&self, text: &str) {
        let typing = ["type", "--args", "1", "--delay", KEY_DELAY, text];
        let all = ["click", "1", "key", "ctrl+a"].iter().chain(&typing).chain(&["key", "Return"]);
        self.xdotool(&all.copied().collect::<Vec<_>>()).await;
    }

    pub async fn xdotool(&self, arguments: &[&str]) -> String {
        let output = tokio::process::Command::from(self.processes.command("xdotool"))
            .args(arguments)
            .output()
            .await
            .expect("xdotool starts");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The width and height of a window, including the borders that GTK draws.
    pub(crate) async fn size(&self, id: &str) -> Option<(i32, i32)> {
        let geometry = self.xdotool(&["getwindowgeometry", "--shell", id]).await;
        let number = |name: &str| {
            let line = geometry.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            line.and_then(|number| number.parse().ok())
        };
        Some((number("WIDTH")?, number("HEIGHT")?))
    }
}

/// One window, known by its title, or all windows.
#[derive(Debug)]
pub struct Window<'s> {
    pub(crate) screen: &'s Screen<'s>,
    title: Option<String>,
}

impl Window<'_> {
    /// The content of the window now; empty if it has gone.
    pub async fn tree(&self) -> Tree {
        self.part_of(&self.screen.tree().await).unwrap_or_default()
    }

    /// Waits until `look` returns something for this window.
    pub async fn wait<T>(&self, what: &str, mut look: impl FnMut(&Tree) -> Option<T>) -> T {
        self.screen.wait(&self.in_this_window(what), |tree| look(&self.part_of(tree)?)).await
    }

    /// `what`, with the name of this window.
    pub(crate) fn in_this_window(&self, what: &str) -> String {
        match &self.title {
            Some(title) => format!("{what} in the window “{title}”"),
            None => what.to_owned(),
        }
    }

    fn part_of(&self, tree: &Tree) -> Option<Tree> {
        match &self.title {
            Some(title) => tree.window(title),
            None => Some(tree.clone()),
        }
    }

    /// Waits until a widget in it says exactly `text`.
    pub async fn says(&self, text: &str) -> &Self {
        self.wait(&format!("“{text}”"), |tree| tree.says(text).then_some(())).await;
        self
    }

    /// Waits until a widget in it says `text`, alone or as a part.
    pub async fn mentions(&self, text: &str) -> &Self {
        self.wait(&format!("“…{text}…”"), |tree| tree.mentions(text).then_some(())).await;
        self
    }

    /// Does something that shows a toast, and waits for the toast. A toast disappears after some seconds: if it was
    /// missed, acts again.
    pub async fn toast_after(&self, message: &str, mut act: impl AsyncFnMut()) {
        let toast = async || {
            act().await;
            let look = async { while !self.tree().await.mentions(message) {} };
            timeout(TOAST_LIMIT, look).await.ok()
        };
        self.screen.wait_for(&self.in_this_window(&format!("“…{message}…”")), toast).await;
    }

    /// Waits for a widget with that role and name.
    pub async fn find(&self, role: Role, name: &str) -> Node {
        self.wait(&format!("{} “{name}”", role.name()), |tree| tree.find(role, name).cloned()).await
    }

    /// Waits for a control whose name begins with `start`.
    pub async fn find_control(&self, start: &str) -> Node {
        self.wait(&format!("a control named “{start}…”"), |tree| {
            tree.nodes.iter().find(|node| node.is_control() && node.name.starts_with(start)).cloned()
        })
        .await
    }

    /// Waits for a row whose name begins with `start`. Details come at the end of a row's name.
    pub async fn find_row(&self, start: &str) -> Node {
        self.wait(&format!("a row named “{start}…”"), |tree| {
            tree.nodes.iter().find(|node| node.is_row() && node.name.starts_with(start)).cloned()
        })
        .await
    }

    /// Presses the row whose name begins with `start` once it is sensitive.
    pub async fn press_row(&self, start: &str) {
        self.press_found(&format!("a row named “{start}…”, ready"), |tree| ready_row(tree, start)).await;
    }

    /// Clicks on the row whose name begins with `start` once it is sensitive, which leaves the focus there.
    pub async fn click_row(&self, start: &str) {
        let row = self.wait(&format!("a row named “{start}…”, ready"), |tree| ready_row(tree, start)).await;
        self.click(&row).await;
    }

    /// Clicks on what is called `name` once it is sensitive, which leaves the focus there.
    pub async fn click_on(&self, name: &str) {
        let node = self.ready(name).await;
        self.click(&node).await;
    }

    /// Waits until the row called `name` says `text`.
    pub async fn row_says(&self, name: &str, text: &str) {
        self.wait(&format!("the row “{name}” with “{text}”"), |tree| {
            tree.rows_called(name).any(|row| row.mentions(text)).then_some(())
        })
        .await;
    }

    /// Waits until the control or row called `name` is sensitive.
    pub async fn ready(&self, name: &str) -> Node {
        self.wait(&format!("“{name}”, ready"), |tree| tree.usable(name).filter(|node| node.is_sensitive()).cloned())
            .await
    }

    /// Waits until the switch called `name` is sensitive.
    pub async fn ready_switch(&self, name: &str) -> Node {
        self.wait(&format!("the switch “{name}”"), |tree| {
            tree.nodes.iter().find(|node| node.is_switch() && node.name == name && node.is_sensitive()).cloned()
        })
        .await
    }

    /// Presses the button, row, switch or link called `name` once it is sensitive.
    pub async fn press(&self, name: &str) {
        self.press_found(&format!("“{name}”, ready"), |tree| sensitive(tree, name)).await;
    }

    /// Replaces the text of the entry called `name`.
    pub async fn fill(&self, name: &str, text: &str) {
        let what = self.in_this_window(&format!("“{name}”, which takes text"));
        let fill = async || {
            let node = sensitive(&self.tree().await, name)?;
            let entry: EditableTextProxy<'_> = node.object.proxy(self.screen.connection).await.ok()?;
            entry.set_text_contents(text).await.ok()?.then_some(())
        };
        self.screen.wait_for(&what, fill).await;
    }

    /// Clicks into the entry called `name` and replaces its text, so that the entry takes it for a person's edit.
    pub async fn edit(&self, name: &str, text: &str) {
        let what = self.in_this_window(&format!("“{name}”, ready"));
        self.screen.wait_for(&what, async || self.click(&sensitive(&self.tree().await, name)?).await).await;
        self.fill(name, text).await;
    }

    /// Focuses the field called `name` and types `text` into it, as web pages require. Types all of it again if a key
    /// got lost.
    pub async fn type_into(&self, name: &str, text: &str) {
        for time in 0..3 {
            self.focus_field(name).await;
            if time > 0 {
                self.screen.key("ctrl+a").await;
            }
            self.screen.type_text(text).await;
            if self.holds(name, text.chars().count()).await {
                return;
            }
        }
        panic!("“{name}” holds what was typed\n{}", self.tree().await);
    }

    /// Raises and focuses the window, as a window manager would.
    pub async fn focus(&self) {
        if let Some(id) = self.id().await {
            self.screen.xdotool(&["windowraise", &id]).await;
            self.screen.xdotool(&["windowfocus", "--sync", &id]).await;
        }
    }

    /// Presses the close button.
    pub async fn close(&self) {
        self.press("Close").await;
    }

    /// Closes the window with the keyboard, for windows without a close button.
    pub async fn close_by_key(&self) {
        self.focus().await;
        self.screen.key("ctrl+w").await;
    }

    /// The window's id at the X server.
    pub(crate) async fn id(&self) -> Option<String> {
        let title = match &self.title {
            Some(title) => title.clone(),
            None => self.screen.tree().await.titles().last()?.to_string(),
        };
        let pattern = exact_pattern(&title);
        let ids = self.screen.xdotool(&["search", "--onlyvisible", "--name", &pattern]).await;
        ids.lines().last().map(str::to_owned)
    }
}

/// The row whose name begins with `start`, if it is sensitive now.
fn ready_row(tree: &Tree, start: &str) -> Option<Node> {
    tree.nodes.iter().find(|node| node.is_row() && node.name.starts_with(start) && node.is_sensitive()).cloned()
}

/// A regular expression that matches this text alone.
fn exact_pattern(text: &str) -> String {
    let mut pattern = String::from("^");
    for character in text.chars() {
        if !character.is_alphanumeric() && !character.is_whitespace() {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('$');
    pattern
}
