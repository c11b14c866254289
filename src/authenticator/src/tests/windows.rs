// SPDX-License-Identifier: GPL-3.0-or-later
//! How often a window may open by itself, and what is said of a question that no window asks.

use usher_core::dismissals::DismissalFile;

use super::{Bus, Call, Client, Daemon, Plan, prompter::Prompter};
use crate::fakes::{SERVICE, World};

fn plan() -> Plan {
    Plan { real_windows: true, ..Plan::default() }
}

/// Asks for the app with a new client, and answers its prompt, if one comes, as deferred. Returns the message.
async fn ask_once(bus: &Bus, prompter: &mut Prompter, comes: bool) -> String {
    let mut client = Client::on(bus).await;
    client.ask(&Call::default()).await.unwrap();
    if comes {
        prompter.next().await.end(3);
    }
    client.response().await.message
}

const IN_THE_WINDOW: &str = "Account needed. Sign in to store.example.org in the Usher window, then try again.";
const IN_USHER: &str = "Account needed. Sign in to store.example.org in Usher, then try again.";

#[tokio::test]
async fn r25_a_fourth_window_does_not_open_by_itself_until_usher_was_opened() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, plan()).await;
    for _ in 0..3 {
        assert_eq!(ask_once(&bus, &mut prompter, true).await, IN_THE_WINDOW);
    }
    assert_eq!(ask_once(&bus, &mut prompter, false).await, IN_USHER);
    assert_eq!(prompter.further(), (0, 0));
    DismissalFile::in_folder(bus.folder.path()).clear().unwrap();
    assert_eq!(ask_once(&bus, &mut prompter, true).await, IN_THE_WINDOW);
}

#[tokio::test]
async fn r25_what_a_window_on_the_screen_takes_in_is_not_counted() {
    for on_screen in [SERVICE, "https://other.example/", "accounts"] {
        let (bus, world) = (Bus::start(), World::empty());
        let mut prompter = Prompter::on(&bus).await;
        let _daemon = Daemon::start_as(&bus, &world, plan()).await;
        *prompter.on_screen.lock().unwrap() = vec![on_screen.to_owned()];
        for _ in 0..12 {
            assert_eq!(ask_once(&bus, &mut prompter, true).await, IN_THE_WINDOW, "{on_screen}");
        }
        prompter.on_screen.lock().unwrap().clear();
        for _ in 0..3 {
            ask_once(&bus, &mut prompter, true).await;
        }
        assert_eq!(ask_once(&bus, &mut prompter, false).await, IN_USHER, "{on_screen}");
    }
}

#[tokio::test]
async fn a_question_that_waits_behind_another_is_not_said_to_be_in_the_window() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    client.ask(&Call::default()).await.unwrap();
    prompter.next().await.queue();
    assert_eq!(client.response().await.message, IN_USHER);
}
