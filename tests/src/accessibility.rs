// SPDX-License-Identifier: GPL-3.0-or-later
//! The bus on which programs describe their windows to screen readers, and reading them there in few calls: this is much of
//! what a story costs.

use std::collections::HashMap;
use std::io::ErrorKind;

use atspi::proxy::accessible::AccessibleProxy;
use atspi::proxy::bus::{BusProxy, StatusProxy};
use atspi::proxy::text::TextProxy;
use atspi::{Interface, InterfaceSet, Role, State, StateSet};
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt as _, try_join, try_join_all};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinSet;
use zbus::message;
use zbus::names::OwnedBusName;
use zbus::proxy::CacheProperties;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Type};
use zbus::{Connection, MatchRule, MessageStream};

use crate::processes::LIMIT;
use crate::tree::Node;

const ACCESSIBLE: &str = "org.a11y.atspi.Accessible";
const CACHE: &str = "org.a11y.atspi.Cache";
const CACHE_PATH: &str = "/org/a11y/atspi/cache";
const EVENT: &str = "org.a11y.atspi.Event.Object";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// The accessibility bus of a session.
#[derive(Debug)]
pub(crate) struct Accessibility {
    pub(crate) connection: Connection,
    /// Wakes up whenever a program says that something on the screen has changed.
    changes: watch::Receiver<()>,
    /// Listens to that.
    _listening: JoinSet<()>,
}

impl Accessibility {
    /// Opens the accessibility bus that belongs to the bus `session`.
    pub(crate) async fn open(session: &Connection) -> Self {
        let status = StatusProxy::new(session).await.expect("accessibility has a status");
        status.set_is_enabled(true).await.expect("accessibility can be switched on");
        let bus = BusProxy::new(session).await.expect("accessibility has a bus");
        let address = bus.get_address().await.expect("accessibility has an address");
        let connection = zbus::connection::Builder::address(address.as_str())
            .expect("the address is valid")
            .method_timeout(LIMIT)
            .build()
            .await
            .expect("the accessibility bus takes connections");
        let (changed, changes) = watch::channel(());
        let mut listening = JoinSet::new();
        let mut events = events(&connection).await.expect("changes of the screen can be listened to");
        listening.spawn(async move {
            while events.next().await.is_some() {
                changed.send_replace(());
            }
        });
        Self { connection, changes, _listening: listening }
    }

    /// What wakes up whenever a program says that something on the screen has changed.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.clone()
    }

    /// Reads the windows of the program that has the object `program`, as far as they are on the screen, in reading order.
    pub(crate) async fn read_windows(&self, program: &ObjectRef, windows: Vec<ObjectRef>) -> zbus::Result<Vec<Node>> {
        let known = self.known_widgets(program).await?;
        self.read_all(windows, 0, &known).await
    }

    async fn read_all(&self, objects: Vec<ObjectRef>, depth: usize, known: &Known) -> zbus::Result<Vec<Node>> {
        let read = objects.into_iter().map(|object| self.read_nodes(object, depth, known));
        Ok(try_join_all(read).await?.into_iter().flatten().collect())
    }

    /// Reads `object` and its descendants, as far as they are on the screen. Leaves out what goes away meanwhile.
    fn read_nodes<'a>(
        &'a self,
        object: ObjectRef,
        depth: usize,
        known: &'a Known,
    ) -> BoxFuture<'a, zbus::Result<Vec<Node>>> {
        async move {
            let widget = match known.get(&object.path) {
                Some(widget) => Some(widget.clone()),
                None => self.ask_widget(&object).await?,
            };
            let Some(widget) = widget else { return Ok(Vec::new()) };
            // A web view does not know which parts of its page are visible.
            if !widget.is_visible() && !object.is_in_page() {
                return Ok(Vec::new());
            }
            let (text, inside) = try_join(self.text_of(&object, &widget), self.children_of(&object, &widget)).await?;
            let mut nodes = vec![Node {
                interfaces: widget.interfaces,
                role: widget.role,
                name: visible_text(&widget.name),
                description: visible_text(&widget.description),
                text: visible_text(&text),
                states: widget.states,
                depth,
                object,
            }];
            nodes.extend(self.read_all(inside, depth + 1, known).await?);
            Ok(nodes)
        }
        .boxed()
    }

    /// What a program tells of all its widgets at once. GTK tells it of those that somebody has asked for before; others
    /// may tell nothing.
    async fn known_widgets(&self, program: &ObjectRef) -> zbus::Result<Known> {
        let name = program.name.as_ref();
        let call = self.connection.call_method(Some(name), CACHE_PATH, Some(CACHE), "GetItems", &());
        let reply = unless_gone(call.await)?;
        let items = reply.and_then(|reply| reply.body().deserialize::<Vec<Item>>().ok()).unwrap_or_default();
        Ok(items.into_iter().map(|item| (item.object.path.clone(), item.into())).collect())
    }

    /// What an object says of itself; nothing if it has gone. One that could be read only in part has gone too: it would
    /// look as if it had no name.
    async fn ask_widget(&self, object: &ObjectRef) -> zbus::Result<Option<Widget>> {
        let Ok(proxy) = object.proxy::<AccessibleProxy<'_>>(&self.connection).await else { return Ok(None) };
        let (states, role, interfaces, properties) = futures_util::join!(
            proxy.get_state(),
            proxy.get_role(),
            proxy.get_interfaces(),
            self.properties_of(object)
        );
        let (Some(states), Some(role)) = (unless_gone(states)?, unless_gone(role)?) else { return Ok(None) };
        let (Some(interfaces), Some(mut properties)) = (unless_gone(interfaces)?, properties?) else { return Ok(None) };
        let mut text = |name: &str| properties.remove(name).and_then(|value| String::try_from(value).ok());
        let (Some(name), Some(description)) = (text("Name"), text("Description")) else { return Ok(None) };
        let child_count = properties.get("ChildCount").and_then(|count| i32::try_from(count).ok());
        Ok(Some(Widget { role, interfaces, states, name, description, child_count }))
    }

    /// What an object has as properties, in one call.
    async fn properties_of(&self, object: &ObjectRef) -> zbus::Result<Option<HashMap<String, OwnedValue>>> {
        let (name, path) = (object.name.as_ref(), object.path.as_ref());
        let call = self.connection.call_method(Some(name), path, Some(PROPERTIES), "GetAll", &ACCESSIBLE);
        Ok(unless_gone(call.await)?.and_then(|reply| reply.body().deserialize().ok()))
    }

    async fn text_of(&self, object: &ObjectRef, widget: &Widget) -> zbus::Result<String> {
        if !widget.interfaces.contains(Interface::Text) || widget.role == Role::PasswordText {
            return Ok(String::new());
        }
        let proxy = object.proxy::<TextProxy<'_>>(&self.connection).await?;
        Ok(unless_gone(proxy.get_text(0, -1).await)?.unwrap_or_default())
    }

    /// The children of an object, in their order.
    async fn children_of(&self, object: &ObjectRef, widget: &Widget) -> zbus::Result<Vec<ObjectRef>> {
        if widget.child_count == Some(0) {
            return Ok(Vec::new());
        }
        let Ok(proxy) = object.proxy::<AccessibleProxy<'_>>(&self.connection).await else { return Ok(Vec::new()) };
        children(&proxy).await
    }
}

/// What programs say of changes on the screen. They say it where somebody wants to know.
async fn events(connection: &Connection) -> zbus::Result<MessageStream> {
    let rule = MatchRule::builder().msg_type(message::Type::Signal).interface(EVENT)?.build();
    let events = MessageStream::for_match_rule(rule, connection, None).await?;
    let wanted = ("object:", Vec::<String>::new(), "");
    connection
        .call_method(
            Some("org.a11y.atspi.Registry"),
            "/org/a11y/atspi/registry",
            Some("org.a11y.atspi.Registry"),
            "RegisterEvent",
            &wanted,
        )
        .await?;
    Ok(events)
}

/// What one call tells of the widgets of a program, by their paths.
type Known = HashMap<OwnedObjectPath, Widget>;

/// What is known of a widget or of an element of a page.
#[derive(Clone)]
struct Widget {
    role: Role,
    interfaces: InterfaceSet,
    states: StateSet,
    name: String,
    description: String,
    child_count: Option<i32>,
}

impl Widget {
    fn is_visible(&self) -> bool {
        self.states.contains(State::Showing) || self.states.contains(State::Visible)
    }
}

/// One entry of the answer to `GetItems`, in the order of GTK (`gtk/a11y/gtkatspicache.c`).
#[derive(Deserialize, Type)]
struct Item {
    object: ObjectRef,
    _program: (String, OwnedObjectPath),
    // An object without a parent has one without a name.
    _parent: (String, OwnedObjectPath),
    _index: i32,
    child_count: i32,
    interfaces: InterfaceSet,
    name: String,
    role: Role,
    description: String,
    states: StateSet,
}

impl From<Item> for Widget {
    fn from(item: Item) -> Self {
        let Item { role, interfaces, states, name, description, child_count, .. } = item;
        Self { role, interfaces, states, name, description, child_count: Some(child_count) }
    }
}

/// The bus name and path of an accessible object. For the page in a web view the bus name is not a unique one.
#[derive(Clone, Debug, Deserialize, Type, PartialEq)]
pub(crate) struct ObjectRef {
    name: OwnedBusName,
    path: OwnedObjectPath,
}

impl ObjectRef {
    /// Whether it belongs to the page of a web view.
    pub(crate) fn is_in_page(&self) -> bool {
        ["/org/a11y/webkit/", "/org/a11y/atspi/accessible/"].iter().any(|start| self.path.starts_with(start))
    }

    /// One of its interfaces.
    pub(crate) async fn proxy<'c, P>(&self, connection: &'c Connection) -> zbus::Result<P>
    where
        P: From<zbus::Proxy<'c>> + zbus::proxy::Defaults,
    {
        zbus::proxy::Builder::<P>::new(connection)
            .destination(self.name.clone())?
            .path(self.path.clone())?
            .cache_properties(CacheProperties::No)
            .build()
            .await
    }
}

/// The answer, or nothing if the object has gone. An answer that does not come in time is an error.
pub(crate) fn unless_gone<T>(answer: zbus::Result<T>) -> zbus::Result<Option<T>> {
    match answer {
        Err(zbus::Error::InputOutput(error)) if error.kind() == ErrorKind::TimedOut => {
            Err(zbus::Error::InputOutput(error))
        }
        answer => Ok(answer.ok()),
    }
}

/// The direct children of an object.
pub(crate) async fn children(proxy: &AccessibleProxy<'_>) -> zbus::Result<Vec<ObjectRef>> {
    unless_gone(proxy.inner().call("GetChildren", &()).await).map(Option::unwrap_or_default)
}

/// Text without isolates (invisible marks of the writing direction) and without placeholders of embedded objects.
fn visible_text(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\u{2066}'..='\u{2069}' | '\u{fffc}')).collect::<String>().trim().to_owned()
}
