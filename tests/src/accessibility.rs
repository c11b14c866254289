// SPDX-License-Identifier: GPL-3.0-or-later
//! The bus on which programs describe their windows to screen readers, and reading them there in few calls: this is most of
//! what a story costs.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Mutex;

use atspi::proxy::accessible::AccessibleProxy;
use atspi::proxy::bus::{BusProxy, StatusProxy};
use atspi::proxy::text::TextProxy;
use atspi::{Interface, InterfaceSet, Role, State};
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt as _, try_join_all};
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
const EVENT: &str = "org.a11y.atspi.Event.Object";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// What a widget is, for as long as it lives.
type Kind = (Role, InterfaceSet);

/// The accessibility bus of a session.
#[derive(Debug)]
pub(crate) struct Accessibility {
    pub(crate) connection: Connection,
    /// The kinds of the widgets that were read before, by name and path.
    kinds: Mutex<HashMap<String, Kind>>,
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
        Self { connection, kinds: Mutex::default(), changes, _listening: listening }
    }

    /// What wakes up whenever a program says that something on the screen has changed.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.clone()
    }

    /// Reads `object` and its descendants, as far as they are on the screen. Leaves out what goes away meanwhile.
    pub(crate) fn read_nodes(&self, object: ObjectRef, depth: usize) -> BoxFuture<'_, zbus::Result<Vec<Node>>> {
        async move {
            let Ok(proxy) = object.proxy::<AccessibleProxy<'_>>(&self.connection).await else {
                return Ok(Vec::new());
            };
            let Some(states) = unless_gone(proxy.get_state().await)? else {
                return Ok(Vec::new());
            };
            // A web view does not know which parts of its page are visible.
            let is_visible = states.contains(State::Showing) || states.contains(State::Visible);
            if !is_visible && !object.is_in_page() {
                return Ok(Vec::new());
            }
            let (kind, properties) = futures_util::join!(self.kind_of(&object, &proxy), self.properties_of(&object));
            // Leave out a node that could be read only in part: it would look as if it had no name.
            let (Some((role, interfaces)), Some(properties)) = (kind?, properties?) else {
                return Ok(Vec::new());
            };
            let text = if interfaces.contains(Interface::Text) && role != Role::PasswordText {
                unless_gone(self.text_of(&object).await)?.unwrap_or_default()
            } else {
                String::new()
            };
            let inside = if properties.child_count == Some(0) { Vec::new() } else { children(&proxy).await? };
            let mut nodes = vec![Node {
                interfaces,
                role,
                name: visible_text(&properties.name),
                description: visible_text(&properties.description),
                text: visible_text(&text),
                states,
                depth,
                object,
            }];
            let inside = inside.into_iter().map(|child| self.read_nodes(child, depth + 1));
            nodes.extend(try_join_all(inside).await?.into_iter().flatten());
            Ok(nodes)
        }
        .boxed()
    }

    async fn kind_of(&self, object: &ObjectRef, proxy: &AccessibleProxy<'_>) -> zbus::Result<Option<Kind>> {
        let key = format!("{}{}", object.name.as_str(), object.path.as_str());
        let known = self.kinds.lock().expect("nobody panics with the lock").get(&key).copied();
        if known.is_some() {
            return Ok(known);
        }
        let (role, interfaces) = futures_util::join!(proxy.get_role(), proxy.get_interfaces());
        let (Some(role), Some(interfaces)) = (unless_gone(role)?, unless_gone(interfaces)?) else {
            return Ok(None);
        };
        // What is in a page may become something else.
        if !object.is_in_page() {
            self.kinds.lock().expect("nobody panics with the lock").insert(key, (role, interfaces));
        }
        Ok(Some((role, interfaces)))
    }

    async fn properties_of(&self, object: &ObjectRef) -> zbus::Result<Option<Properties>> {
        let (name, path) = (object.name.as_ref(), object.path.as_ref());
        let call = self.connection.call_method(Some(name), path, Some(PROPERTIES), "GetAll", &ACCESSIBLE);
        let Some(reply) = unless_gone(call.await)? else { return Ok(None) };
        let Ok(mut all) = reply.body().deserialize::<HashMap<String, OwnedValue>>() else { return Ok(None) };
        let mut text = |name: &str| all.remove(name).and_then(|value| String::try_from(value).ok());
        let (Some(name), Some(description)) = (text("Name"), text("Description")) else { return Ok(None) };
        let child_count = all.get("ChildCount").and_then(|count| i32::try_from(count).ok());
        Ok(Some(Properties { name, description, child_count }))
    }

    async fn text_of(&self, object: &ObjectRef) -> zbus::Result<String> {
        object.proxy::<TextProxy<'_>>(&self.connection).await?.get_text(0, -1).await
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

/// What an object has as properties, which one call gives.
struct Properties {
    name: String,
    description: String,
    child_count: Option<i32>,
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
