// SPDX-License-Identifier: GPL-3.0-or-later

use usher_core::names::{ACCESS_INTERFACE, ACCESS_NAME, ACCESS_PATH, AUTHENTICATOR_NAME, LISTING_INTERFACE};

use super::{Bus, Call, Client, Daemon, error_name, soon};
use crate::fakes::{Says, World};

/// The lines of one interface, without comments and indentation.
fn interface(xml: &str, name: &str) -> Vec<String> {
    let mut text = String::new();
    for (number, part) in xml.split("<!--").enumerate() {
        text += if number == 0 { part } else { part.split_once("-->").expect("a comment ends").1 };
    }
    let lines = text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
    let begin = format!("<interface name=\"{name}\">");
    let mut found: Vec<String> = lines.skip_while(|line| *line != begin).collect();
    let end = found.iter().position(|line| line == "</interface>").expect("the interface is there and ends");
    found.truncate(end + 1);
    found
}

async fn introspect(client: &Client, bus_name: &str, path: &str) -> zbus::Result<String> {
    let interface = Some("org.freedesktop.DBus.Introspectable");
    let call = client.connection.call_method(Some(bus_name), path, interface, "Introspect", &());
    soon("a reply", call).await?.body().deserialize()
}

async fn served(client: &Client, bus_name: &str, path: &str) -> String {
    introspect(client, bus_name, path).await.unwrap()
}

#[tokio::test]
async fn what_is_served_is_what_the_interface_files_say() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let _daemon = Daemon::start(&bus, &world).await;
    let client = Client::on(&bus).await;
    let handle = client.ask(&Call::default()).await.unwrap();
    let file = include_str!("../../../../data/dbus-interfaces/org.freedesktop.Flatpak.Authenticator.xml");
    let name = "org.freedesktop.Flatpak.Authenticator";
    let path = "/org/freedesktop/Flatpak/Authenticator";
    assert_eq!(interface(&served(&client, AUTHENTICATOR_NAME, path).await, name), interface(file, name));
    let file = include_str!("../../../../data/dbus-interfaces/io.github.usher.Listing1.xml");
    let xml = served(&client, AUTHENTICATOR_NAME, path).await;
    assert_eq!(interface(&xml, LISTING_INTERFACE), interface(file, LISTING_INTERFACE));
    let file = include_str!("../../../../data/dbus-interfaces/org.freedesktop.Flatpak.AuthenticatorRequest.xml");
    let name = "org.freedesktop.Flatpak.AuthenticatorRequest";
    assert_eq!(interface(&served(&client, AUTHENTICATOR_NAME, &handle).await, name), interface(file, name));
    let file = include_str!("../../../../data/dbus-interfaces/io.github.usher.Access1.xml");
    let xml = served(&client, ACCESS_NAME, ACCESS_PATH).await;
    assert_eq!(interface(&xml, ACCESS_INTERFACE), interface(file, ACCESS_INTERFACE));
}

#[tokio::test]
async fn each_name_serves_only_its_own_interface() {
    let (bus, world) = (Bus::start(), World::good());
    let _daemon = Daemon::start(&bus, &world).await;
    let client = Client::on(&bus).await;
    for (name, path) in [(AUTHENTICATOR_NAME, ACCESS_PATH), (ACCESS_NAME, "/org/freedesktop/Flatpak/Authenticator")] {
        assert_eq!(error_name(introspect(&client, name, path).await), "UnknownObject");
    }
}
