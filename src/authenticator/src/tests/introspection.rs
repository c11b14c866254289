// SPDX-License-Identifier: GPL-3.0-or-later

use super::{Bus, Call, Client, Daemon};
use crate::fakes::{Says, World};

/// The lines of one interface, without indentation.
fn interface(xml: &str, name: &str) -> Vec<String> {
    let lines = xml.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
    let begin = format!("<interface name=\"{name}\">");
    let mut found: Vec<String> = lines.skip_while(|line| *line != begin).collect();
    let end = found.iter().position(|line| line == "</interface>").expect("the interface is there and ends");
    found.truncate(end + 1);
    found
}

async fn served(client: &Client, path: &str) -> String {
    let reply = client.call(path, "org.freedesktop.DBus.Introspectable", "Introspect", &()).await.unwrap();
    reply.body().deserialize().unwrap()
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
    assert_eq!(interface(&served(&client, path).await, name), interface(file, name));
    let file = include_str!("../../../../data/dbus-interfaces/org.freedesktop.Flatpak.AuthenticatorRequest.xml");
    let name = "org.freedesktop.Flatpak.AuthenticatorRequest";
    assert_eq!(interface(&served(&client, &handle).await, name), interface(file, name));
}
