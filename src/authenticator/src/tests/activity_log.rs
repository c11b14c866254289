// SPDX-License-Identifier: GPL-3.0-or-later
//! The entries that requests leave in the activity log.

use std::{fs, sync::Arc};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use usher_core::activity_log::{Entry, Event, Purpose, Question, Request, RequestResult};

use super::{ActivityLog, Bus, Call, Client, Daemon, Plan, prompter::Prompter, until};
use crate::fakes::{APP, OTHER, Says, World};

fn log(bus: &Bus) -> ActivityLog {
    ActivityLog::in_folder(bus.folder.path())
}

/// The log once it has so many entries.
async fn entries(bus: &Bus, count: usize) -> Vec<Entry> {
    until("the entries", || log(bus).read().len() == count).await;
    log(bus).read()
}

fn request_of(entry: &Entry) -> &Request {
    match &entry.event {
        Event::Request(request) => request,
        other => panic!("not a request: {other:?}"),
    }
}

/// Ends the daemon once everything that follows from its answers is done.
async fn end(mut daemon: Daemon) {
    daemon.stop();
    daemon.end().await.unwrap();
}

async fn start(world: &Arc<World>) -> (Bus, Daemon, Client) {
    let bus = Bus::start();
    let daemon = Daemon::start(&bus, world).await;
    let client = Client::on(&bus).await;
    (bus, daemon, client)
}

#[tokio::test]
async fn a_request_is_an_entry_with_who_asked_what_for_and_what_came_of_it() {
    let world = World::good();
    let (bus, _daemon, mut client) = start(&world).await;
    *world.client.lock().unwrap() = "gnome-software";
    client.answer(&Call { refs: vec![APP, OTHER], ..Call::default() }).await;
    world.install(&[APP]);
    client.answer(&Call { token: "2", ..Call::default() }).await;
    let entries = entries(&bus, 2).await;
    let (first, second) = (request_of(&entries[0]), request_of(&entries[1]));
    assert_eq!((first.program.as_str(), first.purpose, first.apps), ("gnome-software", Purpose::Install, 2));
    assert_eq!((second.purpose, second.apps), (Purpose::Update, 1));
    let account = Some(world.accounts.lock().unwrap()[0].id);
    for entry in &entries {
        assert_eq!((entry.host.as_str(), entry.remote.as_deref()), ("store.example.org", Some("shop")));
        assert_eq!((entry.account, request_of(entry).result), (account, RequestResult::Granted));
        assert!(request_of(entry).app_ids.is_empty(), "apps are named only where the person wants that");
    }
    let written = fs::read_to_string(log(&bus).path()).unwrap();
    assert!(!written.contains("token") && !written.contains("credential") && !written.contains("https:"), "{written}");
}

#[tokio::test]
async fn the_switches_count_from_the_next_request_on() {
    let (bus, daemon, mut client) = start(&World::good()).await;
    client.answer(&Call::default()).await;
    entries(&bus, 1).await;
    log(&bus).settings().name_apps(true).unwrap();
    client.answer(&Call { token: "2", refs: vec![OTHER], ..Call::default() }).await;
    let named = entries(&bus, 2).await;
    assert_eq!(request_of(&named[1]).app_ids, ["org.example.Other".to_owned()].into());
    log(&bus).settings().keep(false).unwrap();
    client.answer(&Call { token: "3", refs: vec![APP, OTHER], ..Call::default() }).await;
    end(daemon).await;
    assert_eq!(log(&bus).read().len(), 2);
}

#[tokio::test]
async fn a_request_that_is_closed_says_so_and_that_a_window_had_asked() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, Plan { real_windows: true, ..Plan::default() }).await;
    let mut client = Client::on(&bus).await;
    let handle = client.ask(&Call::default()).await.unwrap();
    let _prompt = prompter.next().await;
    client.close(&handle).await.unwrap();
    assert_eq!(client.response().await.code, 1);
    let entries = entries(&bus, 1).await;
    let request = request_of(&entries[0]);
    assert_eq!((request.result, request.asked.as_slice()), (RequestResult::Cancelled, &[Question::SignIn][..]));
    assert_eq!(entries[0].host, "store.example.org");
}

#[tokio::test]
async fn a_client_that_leaves_and_a_fault_of_ours_are_entries_too() {
    let world = World::good();
    let (bus, _daemon, client) = start(&world).await;
    world.set_server(Says::Never);
    client.ask(&Call::default()).await.unwrap();
    until("the server to be asked", || world.calls() == 1).await;
    drop(client);
    assert_eq!(request_of(&entries(&bus, 1).await[0]).result, RequestResult::Cancelled);
    world.set_server(Says::Panics);
    Client::on(&bus).await.answer(&Call::default()).await;
    assert_eq!(request_of(&entries(&bus, 2).await[1]).result, RequestResult::Failed);
}

#[tokio::test]
async fn a_question_because_of_an_update_is_in_its_entry() {
    let (bus, world) = (Bus::start(), World::empty());
    world.install(&[APP]);
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, Plan { real_windows: true, ..Plan::default() }).await;
    let mut client = Client::on(&bus).await;
    client.answer(&Call::default()).await;
    prompter.next().await.end(3);
    let entries = entries(&bus, 1).await;
    let request = request_of(&entries[0]);
    assert_eq!((request.purpose, request.result), (Purpose::Update, RequestResult::AccountNeeded));
    assert_eq!(request.asked, [Question::SignIn]);
}

#[tokio::test]
async fn r25_a_remote_that_is_not_here_leaves_nothing_unless_the_person_lets_it_use_an_account() {
    let world = World::good();
    let (bus, daemon, mut client) = start(&world).await;
    client.answer(&Call { remote_uri: "https://made-up.example/", ..Call::default() }).await;
    world.remotes.lock().unwrap().clear();
    client.answer(&Call { token: "2", ..Call::default() }).await;
    end(daemon).await;
    let entries = log(&bus).read();
    let results: Vec<_> = entries.iter().map(|entry| (request_of(entry).result, entry.account.is_some())).collect();
    assert_eq!(results, [(RequestResult::Granted, true)]);
}

#[tokio::test]
async fn r25_a_caller_that_asks_without_end_does_not_fill_the_log() {
    let (bus, daemon, mut client) = start(&World::good()).await;
    for number in 0..120 {
        // The same again, and always something new.
        let refs: Vec<String> = (0..=number / 2).map(|app| format!("app/org.example.A{app}/x86_64/stable")).collect();
        let refs = refs.iter().map(String::as_str).collect();
        client.answer(&Call { token: &number.to_string(), refs, silent: true, ..Call::default() }).await;
    }
    end(daemon).await;
    assert_eq!(log(&bus).read().len(), 60);
}

#[tokio::test]
async fn a_log_that_cannot_be_written_costs_nobody_anything() {
    for kind in ["a FIFO", "a folder", "a link", "a lock that cannot be taken"] {
        let bus = Bus::start();
        let (path, folder) = (log(&bus).path().to_owned(), bus.folder.path().to_owned());
        match kind {
            "a FIFO" => mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap(),
            "a folder" => fs::create_dir(&path).unwrap(),
            "a link" => std::os::unix::fs::symlink(folder.join("elsewhere"), &path).unwrap(),
            _ => fs::create_dir(path.with_extension("lock")).unwrap(),
        }
        let daemon = Daemon::start(&bus, &World::good()).await;
        let mut client = Client::on(&bus).await;
        for token in ["1", "2"] {
            assert_eq!(client.answer(&Call { token, ..Call::default() }).await.code, 0, "{kind}");
        }
        end(daemon).await;
        assert!(!folder.join("elsewhere").exists(), "nothing is written through a link");
    }
}

#[tokio::test]
async fn a_listing_is_an_entry_that_counts_no_apps() {
    let (bus, _daemon, client) = start(&World::good()).await;
    let options = std::collections::HashMap::from([("url", zbus::zvariant::Value::from(crate::fakes::SERVICE))]);
    let no_options = std::collections::HashMap::<&str, zbus::zvariant::Value<'_>>::new();
    let arguments = ("1", options, "shop", crate::fakes::REMOTE_URI, no_options, "");
    let path = usher_core::names::FLATPAK_AUTHENTICATOR_PATH;
    client.call(path, "io.github.usher.Listing1", "RequestSummaryToken", &arguments).await.unwrap();
    let entries = entries(&bus, 1).await;
    let request = request_of(&entries[0]);
    assert_eq!((request.purpose, request.apps, request.result), (Purpose::Listing, 0, RequestResult::Granted));
}
