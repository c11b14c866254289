// SPDX-License-Identifier: GPL-3.0-or-later
//! The screen as a screen reader sees it: a snapshot of the accessibility tree.

use std::fmt;

use atspi::proxy::accessible::AccessibleProxy;
use atspi::{Interface, InterfaceSet, Role, State, StateSet};
use zbus::proxy::CacheProperties;

use crate::accessibility::{Accessibility, ObjectRef, children, unless_gone};

/// One widget on the screen, or one element of a web page.
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) object: ObjectRef,
    pub(crate) interfaces: InterfaceSet,
    /// Its role.
    pub role: Role,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The text that it holds, unless that is a password.
    pub text: String,
    pub(crate) states: StateSet,
    pub(crate) depth: usize,
}

impl Node {
    /// Whether a person could use it now.
    pub fn is_sensitive(&self) -> bool {
        self.states.contains(State::Sensitive)
    }

    /// Whether it is checked or switched on.
    pub fn is_on(&self) -> bool {
        self.states.contains(State::Checked) || self.states.contains(State::Pressed)
    }

    /// Whether it has the focus.
    pub fn is_focused(&self) -> bool {
        self.states.contains(State::Focused)
    }

    /// Whether a person can operate it, not only read it.
    pub fn is_control(&self) -> bool {
        // To GTK, an entry is a text with the editing interface.
        if self.role == Role::Text {
            return self.has(Interface::EditableText);
        }
        matches!(
            self.role,
            Role::Button
                | Role::ToggleButton
                | Role::CheckBox
                | Role::RadioButton
                | Role::Entry
                | Role::PasswordText
                | Role::SpinButton
                | Role::ComboBox
                | Role::Link
                | Role::MenuItem
                | Role::CheckMenuItem
                | Role::RadioMenuItem
                | Role::PageTab
                | Role::Slider
                | Role::PushButtonMenu
        )
    }

    /// Whether it is a switch.
    pub fn is_switch(&self) -> bool {
        matches!(self.role, Role::CheckBox | Role::ToggleButton)
    }

    /// Whether it is a row of a list.
    pub fn is_row(&self) -> bool {
        matches!(self.role, Role::ListItem | Role::TableRow)
    }

    /// Whether it belongs to the page of a web view.
    pub(crate) fn is_in_page(&self) -> bool {
        self.object.is_in_page()
    }

    pub(crate) fn has(&self, interface: Interface) -> bool {
        self.interfaces.contains(interface)
    }

    /// All its texts: name, description and content.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        [&self.name, &self.description, &self.text].into_iter().map(String::as_str).filter(|text| !text.is_empty())
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:indent$}{}", "", self.role.name(), indent = 2 * self.depth)?;
        if !self.name.is_empty() {
            write!(f, " “{}”", self.name)?;
        }
        if !self.description.is_empty() && self.description != self.name {
            write!(f, " ({})", self.description)?;
        }
        if !self.text.is_empty() && self.text != self.name {
            write!(f, " = “{}”", self.text)?;
        }
        if self.is_control() && !self.is_sensitive() {
            write!(f, " [insensitive]")?;
        }
        if self.is_on() {
            write!(f, " [on]")?;
        }
        if self.is_focused() {
            write!(f, " [focused]")?;
        }
        Ok(())
    }
}

/// The widgets of a program's windows, or of one of them, in reading order.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The nodes; children follow their parent.
    pub nodes: Vec<Node>,
    /// The names of all programs on the screen, for error messages.
    programs: Vec<String>,
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes.is_empty() {
            return writeln!(f, "(no window; programs: {:?})", self.programs);
        }
        self.nodes.iter().try_for_each(|node| writeln!(f, "{node}"))
    }
}

impl Tree {
    /// Reads the windows of the wanted programs. Fails if a program does not answer in time: a window that could not be
    /// read is not gone.
    pub(crate) async fn of_programs(bus: &Accessibility, is_wanted: impl Fn(&str) -> bool) -> zbus::Result<Self> {
        let registry = AccessibleProxy::builder(&bus.connection)
            .destination("org.a11y.atspi.Registry")?
            .path("/org/a11y/atspi/accessible/root")?
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let mut nodes = Vec::new();
        let mut programs = Vec::new();
        for object in children(&registry).await? {
            let Ok(proxy) = object.proxy::<AccessibleProxy<'_>>(&bus.connection).await else {
                continue;
            };
            let Some(name) = unless_gone(proxy.name().await)? else {
                continue;
            };
            if is_wanted(&name) {
                nodes.extend(bus.read_windows(&object, children(&proxy).await?).await?);
            }
            programs.push(name);
        }
        Ok(Self { nodes, programs })
    }

    /// The titles of the windows.
    pub fn titles(&self) -> Vec<&str> {
        self.windows().map(|node| node.name.as_str()).collect()
    }

    fn windows(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.depth == 0)
    }

    /// The window called `title` and its content.
    pub fn window(&self, title: &str) -> Option<Self> {
        let start = self.nodes.iter().position(|node| node.depth == 0 && node.name == title)?;
        Some(self.within(start))
    }

    /// The node at `index` and its descendants.
    pub fn within(&self, index: usize) -> Self {
        let depth = self.nodes[index].depth;
        let inside = self.nodes[index + 1..].iter().take_while(|node| node.depth > depth).count();
        Self { nodes: self.nodes[index..=index + inside].to_vec(), programs: Vec::new() }
    }

    /// The nodes around the one at `index`, from the inside out.
    pub(crate) fn ancestors(&self, index: usize) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        let mut depth = self.nodes[index].depth;
        for (above, node) in self.nodes[..index].iter().enumerate().rev() {
            if node.depth < depth {
                depth = node.depth;
                found.push(above);
            }
        }
        found
    }

    /// Whether the node at `index` belongs to a web page, or to a web view's own widgets beside the page.
    pub(crate) fn is_in_web_view(&self, index: usize) -> bool {
        let depth = self.nodes[index].depth;
        let above = self.nodes[..index].iter().rposition(|node| node.depth < depth);
        above.is_some_and(|above| {
            self.within(above).nodes.iter().any(|node| node.is_in_page() || node.role == Role::DocumentWeb)
        })
    }

    /// The controls without a name for screen readers, except those of web pages.
    pub fn controls_without_name(&self) -> Vec<String> {
        let nameless = self.nodes.iter().enumerate().filter(|(_, node)| node.is_control() && node.name.is_empty());
        nameless
            .filter(|(index, _)| !self.is_in_web_view(*index))
            .map(|(_, node)| node.to_string().trim().to_owned())
            .collect()
    }

    /// The message with that text, together with its buttons.
    pub(crate) fn toast(&self, text: &str) -> Option<(&Node, &Node)> {
        let index = self.nodes.iter().position(|node| node.role == Role::Label && node.name == text)?;
        let mut outer = index;
        while !self.within(outer).nodes.iter().any(|node| node.role == Role::Button) {
            outer = self.nodes[..outer].iter().rposition(|node| node.depth < self.nodes[outer].depth)?;
        }
        Some((&self.nodes[outer], &self.nodes[index]))
    }

    /// The first node with that role and name.
    pub fn find(&self, role: Role, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.role == role && node.name == name)
    }

    /// The first control with that name, else the first row, else any node with that name.
    pub fn usable(&self, name: &str) -> Option<&Node> {
        let named = || self.nodes.iter().filter(|node| node.name == name);
        named().find(|node| node.is_control()).or_else(|| named().find(|node| node.is_row())).or_else(|| named().next())
    }

    /// The rows that are called `name`, or whose name begins with it, or that contain a label `name`.
    pub fn rows_called<'t>(&'t self, name: &'t str) -> impl Iterator<Item = Self> + 't {
        let rows = self.nodes.iter().enumerate().filter(|(_, node)| node.is_row());
        rows.map(|(index, _)| self.within(index))
            .filter(move |row| row.says(name) || row.nodes[0].name.starts_with(name))
    }

    /// Whether it shows a page of the program's own, with no dialog over it.
    pub fn shows_own_page(&self) -> bool {
        let is_dialog = |node: &Node| matches!(node.role, Role::Dialog | Role::Alert);
        !self.nodes.iter().any(|node| is_dialog(node) || node.object.is_in_page())
    }

    /// Whether a node says exactly `text`.
    pub fn says(&self, text: &str) -> bool {
        self.nodes.iter().any(|node| node.texts().any(|said| said == text))
    }

    /// Whether a node says something that contains `text`.
    pub fn mentions(&self, text: &str) -> bool {
        self.nodes.iter().any(|node| node.texts().any(|said| said.contains(text)))
    }
}
