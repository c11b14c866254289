// SPDX-License-Identifier: GPL-3.0-or-later
//! Calls of the desktop, which the daemon forwards to the window process.

use std::{collections::HashMap, time::Duration};

use tokio::sync::mpsc;
use usher_core::names::{self, ACCOUNTS_NAME, APP_ID, AUTHENTICATOR_NAME};
use zbus::{
    Connection, fdo,
    zvariant::{OwnedValue, Value},
};

use super::{Bus, Daemon, Plan, error_name, soon};
use crate::{activity::Activity, fakes::World};

/// A window process that reports its calls.
struct Window(mpsc::UnboundedSender<String>);

impl Window {
    async fn on(bus: &Bus) -> (Connection, mpsc::UnboundedReceiver<String>) {
        let (sender, calls) = mpsc::unbounded_channel();
        let connection = bus.connect().await;
        let path = names::application_path(ACCOUNTS_NAME);
        connection.object_server().at(path, Self(sender)).await.unwrap();
        connection.request_name(ACCOUNTS_NAME).await.unwrap();
        (connection, calls)
    }

    fn record(&self, call: &str, data: &HashMap<String, OwnedValue>) {
        let mut data: Vec<_> = data.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        data.sort();
        self.0.send(format!("{call} {}", data.join(" "))).unwrap();
    }
}

#[zbus::interface(name = "org.freedesktop.Application")]
impl Window {
    #[allow(clippy::needless_pass_by_value)]
    fn activate(&self, data: HashMap<String, OwnedValue>) {
        self.record("Activate", &data);
    }

    #[allow(clippy::needless_pass_by_value)]
    fn open(&self, uris: Vec<String>, data: HashMap<String, OwnedValue>) {
        self.record(&format!("Open {uris:?}"), &data);
    }

    #[allow(clippy::needless_pass_by_value)]
    fn activate_action(
        &self,
        name: &str,
        parameter: Vec<OwnedValue>,
        data: HashMap<String, OwnedValue>,
    ) -> fdo::Result<()> {
        if name == "unknown" {
            return Err(fdo::Error::NotSupported("no such action".into()));
        }
        self.record(&format!("ActivateAction {name} {parameter:?}"), &data);
        Ok(())
    }
}

async fn call<B>(connection: &Connection, method: &str, arguments: &B) -> zbus::Result<zbus::Message>
where
    B: serde::Serialize + zbus::zvariant::DynamicType,
{
    let path = names::application_path(APP_ID);
    let interface = Some("org.freedesktop.Application");
    soon("a reply", connection.call_method(Some(AUTHENTICATOR_NAME), path, interface, method, arguments)).await
}

fn data<'a>(entries: &[(&'a str, &'a str)]) -> HashMap<&'a str, Value<'a>> {
    entries.iter().map(|(name, value)| (*name, Value::from(*value))).collect()
}

#[tokio::test]
async fn what_the_desktop_wants_reaches_the_window_with_its_activation_token() {
    let (bus, world) = (Bus::start(), World::good());
    let _daemon = Daemon::start(&bus, &world).await;
    let (_window, mut calls) = Window::on(&bus).await;
    let desktop = bus.connect().await;
    let given = data(&[("activation-token", "t"), ("desktop-startup-id", "s"), ("cwd", "/"), ("x", "y")]);
    let kept = r#"activation-token=OwnedValue(Str("t")) desktop-startup-id=OwnedValue(Str("s"))"#;
    call(&desktop, "Activate", &(&given,)).await.unwrap();
    call(&desktop, "Open", &(vec!["file:///a"], &given)).await.unwrap();
    call(&desktop, "ActivateAction", &("show-account", vec![Value::from("id")], &given)).await.unwrap();
    for expected in ["Activate", r#"Open ["file:///a"]"#, r#"ActivateAction show-account [OwnedValue(Str("id"))]"#] {
        assert_eq!(calls.recv().await.unwrap(), format!("{expected} {kept}"));
    }
}

#[tokio::test]
async fn what_the_window_refuses_is_refused_and_what_is_too_much_does_not_reach_it() {
    let (bus, world) = (Bus::start(), World::good());
    let _daemon = Daemon::start(&bus, &world).await;
    let desktop = bus.connect().await;
    let none = data(&[]);
    // This bus can start no window process.
    assert_eq!(error_name(call(&desktop, "Activate", &(&none,)).await), "ServiceUnknown");
    let (_window, mut calls) = Window::on(&bus).await;
    let action = async |name: &str, parameter: Vec<Value<'_>>| {
        error_name(call(&desktop, "ActivateAction", &(name, parameter, &none)).await)
    };
    assert_eq!(action("unknown", vec![]).await, "NotSupported");
    for (name, parameter) in [
        ("", vec![]),
        ("a b", vec![]),
        ("add-account", vec![1.into(), 2.into()]),
        ("add-account", vec!["x".repeat(5000).into()]),
    ] {
        assert_eq!(action(name, parameter).await, "InvalidArgs");
    }
    let long = "x".repeat(5000);
    for uris in [vec!["file:///a"; 65], vec![&long]] {
        assert_eq!(error_name(call(&desktop, "Open", &(uris, &none)).await), "LimitsExceeded");
    }
    assert!(calls.try_recv().is_err());
}

#[tokio::test]
async fn l06_the_desktop_keeps_no_daemon_from_ending() {
    let (bus, world) = (Bus::start(), World::good());
    let (_window, mut calls) = Window::on(&bus).await;
    let activity = Activity::default();
    let busy = activity.begin();
    let plan = Plan { activity, idle: Duration::from_millis(1), ..Plan::default() };
    let daemon = Daemon::start_as(&bus, &world, plan).await;
    call(&bus.connect().await, "Activate", &(data(&[]),)).await.unwrap();
    assert_eq!(calls.recv().await.unwrap().trim(), "Activate");
    drop(busy);
    daemon.end().await.unwrap();
}
