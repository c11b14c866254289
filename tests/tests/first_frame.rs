// SPDX-License-Identifier: GPL-3.0-or-later
//! A window is on the screen before it asks anybody anything.

use usher_tests::{HeldWindows, Session, Setup, WINDOW};
use zbus::fdo::DBusProxy;
use zbus::names::{BusName, InterfaceName};

/// The object that the daemon asks.
const PROMPTER: &str = "/io/github/usher/Usher/Devel/Prompter";

/// How many connections to the bus a process has.
async fn connections_of(session: &Session, process: u32) -> usize {
    let bus = DBusProxy::new(&session.bus.connection).await.expect("the bus has its own interface");
    let mut count = 0;
    for name in bus.list_names().await.expect("the bus lists its names") {
        if let BusName::Unique(_) = &*name {
            // A connection may be closed meanwhile.
            let owner = bus.get_connection_unix_process_id((*name).clone()).await;
            count += usize::from(owner.ok() == Some(process));
        }
    }
    count
}

/// Waits until the window process has done what it had to do before it answers a call.
async fn wait_for_main_loop(session: &Session) {
    let properties = zbus::fdo::PropertiesProxy::builder(&session.bus.connection)
        .destination(WINDOW)
        .and_then(|builder| builder.path(PROMPTER))
        .expect("the names are valid")
        .build()
        .await
        .expect("a proxy can be made");
    let interface = InterfaceName::from_static_str_unchecked("io.github.usher.Prompter1");
    properties.get(interface, "Version").await.expect("the window process answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn before_its_first_frame_the_main_window_asks_nobody() {
    let session = Session::start(Setup::default()).await;
    session.sign_in_as("demo").await;
    let held = HeldWindows::of(&session);
    let usher = session.open_usher();
    held.wait_for_one().await;
    wait_for_main_loop(&session).await;
    assert_eq!(connections_of(&session, usher).await, 1, "the one that makes the application unique");
    held.show();
    session.screen().window("Usher").await.says("demo").await;
    // That of the keyring, and that on which its changes are followed.
    assert!(connections_of(&session, usher).await > 1, "the test sees the others");
}
