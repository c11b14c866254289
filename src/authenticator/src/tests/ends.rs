// SPDX-License-Identifier: GPL-3.0-or-later

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::future::join_all;
use usher_core::{
    names::{ACCESS_NAME, ACCESS_PATH, AUTHENTICATOR_NAME},
    patience::within,
};

use super::{Bus, Call, Client, Daemon, EndingMoment, Plan, journal, prompter::Prompter, soon, until};
use crate::{
    activity::Activity,
    bus_names::BusNames,
    bus_names::RunError,
    deployment::Deployment,
    fakes::{Says, World},
    journal::Handle,
};

#[tokio::test]
async fn l01_the_request_of_a_client_that_leaves_is_given_up() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let _daemon = Daemon::start(&bus, &world).await;
    let client = Client::on(&bus).await;
    client.ask(&Call::default()).await.unwrap();
    until("the server to be asked", || world.calls() == 1).await;
    client.connection.close().await.unwrap();
    until("the call to be given up", || world.abandoned.load(Ordering::Relaxed) == 1).await;
}

#[tokio::test]
async fn l03_stopped_the_daemon_answers_what_is_open_and_ends_well() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let mut daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    for token in ["1", "2", "3"] {
        client.ask(&Call { token, ..Call::default() }).await.unwrap();
    }
    daemon.stop();
    for _ in 0..3 {
        let response = client.response().await;
        assert_eq!((response.code, response.message.is_empty()), (2, false));
    }
    assert_eq!(client.further(&daemon).await, 0);
    daemon.end().await.unwrap();
}

#[tokio::test]
async fn l05_an_open_prompt_keeps_the_daemon_from_ending() {
    let (bus, world) = (Bus::start(), World::empty());
    let activity = Activity::default();
    let busy = activity.begin();
    let plan = Plan { activity, idle: Duration::from_millis(1), real_windows: true, ..Plan::default() };
    let mut prompter = Prompter::on(&bus).await;
    let daemon = Daemon::start_as(&bus, &world, plan).await;
    let mut client = Client::on(&bus).await;
    client.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    drop(busy);
    // Long enough for an idle daemon to end.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!daemon.ended.is_finished());
    world.accounts.lock().unwrap().push(crate::fakes::account(super::SERVICE, "demo", &[super::REMOTE_URI]));
    prompt.end(0);
    assert_eq!(client.response().await.code, 0);
    daemon.end().await.unwrap();
}

#[tokio::test]
async fn l06_a_daemon_with_nothing_to_do_gives_its_name_up_and_ends() {
    let (bus, world) = (Bus::start(), World::good());
    let plan = Plan { idle: Duration::from_millis(100), ..Plan::default() };
    let daemon = Daemon::start_as(&bus, &world, plan).await;
    daemon.end().await.unwrap();
    let again = Daemon::start(&bus, &world).await;
    assert!(!again.ended.is_finished());
    assert_eq!(Client::on(&bus).await.answer(&Call::default()).await.code, 0);
}

#[tokio::test]
async fn a_daemon_whose_files_were_replaced_leaves_after_its_last_request() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let deployment = Some(Deployment::at(bus.folder.path().into()));
    let daemon = Daemon::start_as(&bus, &world, Plan { deployment, ..Plan::default() }).await;
    let mut client = Client::on(&bus).await;
    let handle = client.ask(&Call::default()).await.unwrap();
    std::fs::write(bus.folder.path().join(".updated"), "").unwrap();
    assert_eq!(client.further(&daemon).await, 0);
    // It still serves new requests meanwhile.
    let other = client.ask(&Call { token: "2", ..Call::default() }).await.unwrap();
    for handle in [handle, other] {
        client.close(&handle).await.unwrap();
        assert_eq!(client.response().await.code, 1);
    }
    daemon.end().await.unwrap();
}

#[tokio::test]
async fn an_idle_daemon_leaves_at_once_when_it_is_uninstalled() {
    let (bus, world) = (Bus::start(), World::good());
    let deployment = Some(Deployment::at(bus.folder.path().into()));
    let daemon = Daemon::start_as(&bus, &world, Plan { deployment, ..Plan::default() }).await;
    std::fs::write(bus.folder.path().join(".removed"), "").unwrap();
    daemon.end().await.unwrap();
}

#[tokio::test]
async fn l06_requests_at_the_moment_of_the_end_are_answered() {
    let (bus, world) = (Bus::start(), World::good());
    let mut client = Client::on(&bus).await;
    let mut moment = EndingMoment::default();
    for run in 0..40u64 {
        let (daemon, busy) = moment.daemon(&bus, &world).await;
        drop(busy);
        tokio::time::sleep(Duration::from_micros(100 * run)).await;
        // If the name is gone already, a real bus would start the next daemon.
        let is_asked = client.ask(&Call { token: &run.to_string(), ..Call::default() }).await.is_ok();
        if is_asked {
            assert_eq!(client.response().await.code, 0);
        }
        moment.was_met(is_asked);
        daemon.end().await.unwrap();
    }
    assert!(moment.answered > 0);
}

#[tokio::test]
async fn l07_without_its_bus_the_daemon_ends_with_a_failure() {
    let (mut bus, world) = (Bus::start(), World::good());
    let daemon = Daemon::start(&bus, &world).await;
    bus.end();
    assert!(matches!(daemon.end().await, Err(RunError::BusLost)));
}

#[tokio::test]
async fn l08_a_second_daemon_fails_and_touches_nothing() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    let handle = client.ask(&Call::default()).await.unwrap();
    let file = bus.folder.path().join("requests-this-bus.json");
    let before = std::fs::read(&file).unwrap();
    let second = Daemon::start(&bus, &world).await;
    assert!(matches!(second.end().await, Err(RunError::Running)));
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(client.further(&daemon).await, 0);
    client.close(&handle).await.unwrap();
    assert_eq!(client.response().await.code, 1);
}

#[tokio::test]
async fn l08_of_two_daemons_that_start_at_once_one_has_both_names() {
    let (bus, world) = (Bus::start(), World::good());
    let witness = bus.connect().await;
    let witness = zbus::fdo::DBusProxy::new(&witness).await.unwrap();
    for _ in 0..20 {
        let (one, two) = tokio::join!(Daemon::start(&bus, &world), Daemon::start(&bus, &world));
        until("one of them to give up", || one.ended.is_finished() || two.ended.is_finished()).await;
        let (mut serving, other) = if one.ended.is_finished() { (two, one) } else { (one, two) };
        assert!(matches!(other.end().await, Err(RunError::Running)));
        let owner = witness.get_name_owner(AUTHENTICATOR_NAME.try_into().unwrap()).await.unwrap();
        assert_eq!(Some(&owner), serving.connection.unique_name());
        assert!(witness.name_has_owner(ACCESS_NAME.try_into().unwrap()).await.unwrap());
        assert_eq!(Client::on(&bus).await.answer(&Call::default()).await.code, 0);
        serving.stop();
        serving.end().await.unwrap();
    }
}

#[tokio::test]
async fn l08_a_daemon_that_starts_while_another_ends_takes_its_place() {
    let (bus, world) = (Bus::start(), World::good());
    let mut daemon = Daemon::start(&bus, &world).await;
    for _ in 0..20 {
        daemon.stop();
        let next = Daemon::start(&bus, &world).await;
        daemon.end().await.unwrap();
        daemon = next;
        let mut client = Client::on(&bus).await;
        while soon("a reply", client.ask(&Call::default())).await.is_err() {
            if daemon.ended.is_finished() {
                // It started before the other one began to end.
                assert!(matches!(daemon.end().await, Err(RunError::Running)));
                daemon = Daemon::start(&bus, &world).await;
            }
        }
        assert_eq!(client.response().await.code, 0);
    }
}

#[tokio::test]
async fn l08_clients_that_leave_while_a_name_is_waited_for_do_not_keep_it_from_being_had() {
    let (bus, world) = (Bus::start(), World::good());
    // A daemon that is about to end still owns one name.
    let ending = bus.connect().await;
    ending.request_name(ACCESS_NAME).await.unwrap();
    let leaving = join_all((0..80).map(|_| bus.connect())).await;
    let names = BusNames { authenticator: bus.connect().await, access: bus.connect().await };
    let access = names.access.unique_name().unwrap().clone();
    let interface = Some("org.freedesktop.DBus.Introspectable");
    let (daemon, ()) = tokio::join!(Daemon::start_with(&bus, names, &world, Plan::default()), async {
        // It serves its objects before it asks for its names, and answers no calls before that.
        let served = || ending.call_method(Some(&access), ACCESS_PATH, interface, "Introspect", &());
        let is_served = async || within(Duration::from_millis(50), served()).await.is_ok_and(|it| it.is_ok());
        soon("the daemon to begin", async { while !is_served().await {} }).await;
        for client in leaving {
            client.close().await.unwrap();
        }
        ending.release_name(ACCESS_NAME).await.unwrap();
    });
    assert!(!daemon.ended.is_finished());
    assert_eq!(Client::on(&bus).await.answer(&Call::default()).await.code, 0);
}

#[tokio::test]
async fn l12_what_a_killed_daemon_left_open_is_ended_by_the_next() {
    let (bus, world) = (Bus::start(), World::good());
    let mut client = Client::on(&bus).await;
    let peer = client.connection.unique_name().unwrap().to_string();
    let path = crate::limits::handle_path(&peer, "7").unwrap();
    let gone = crate::limits::handle_path(":1.99999", "7").unwrap();
    let handle = |peer: &str, path: &str| Handle { peer: peer.to_owned(), path: path.to_owned() };
    journal(bus.folder.path(), "this-bus").write(vec![handle(&peer, &path), handle(":1.99999", &gone)]);
    let daemon = Daemon::start(&bus, &world).await;
    let response = client.response().await;
    assert_eq!((response.path, response.code), (path, 2));
    assert_eq!(response.message, "Usher was stopped before it could answer. Try again.");
    assert_eq!(client.answer(&Call::default()).await.code, 0);
    assert_eq!(client.further(&daemon).await, 0);
    until("the journal to be empty", || journal(bus.folder.path(), "this-bus").left_open().is_empty()).await;
}

#[tokio::test]
async fn l12_an_open_request_is_in_the_journal_before_its_handle_is_known() {
    let (bus, world) = (Bus::start(), World::good());
    world.set_server(Says::Never);
    let _daemon = Daemon::start(&bus, &world).await;
    let client = Client::on(&bus).await;
    let handle = client.ask(&Call::default()).await.unwrap();
    let open = journal(bus.folder.path(), "this-bus").left_open();
    assert_eq!(open.iter().map(|open| open.path.as_str()).collect::<Vec<_>>(), [handle.as_str()]);
}

#[tokio::test]
async fn the_name_is_owned_while_the_daemon_serves() {
    let (bus, world) = (Bus::start(), World::good());
    let mut daemon = Daemon::start(&bus, &world).await;
    let witness = bus.connect().await;
    let witness = zbus::fdo::DBusProxy::new(&witness).await.unwrap();
    let owner = witness.get_name_owner(AUTHENTICATOR_NAME.try_into().unwrap()).await.unwrap();
    assert_eq!(Some(&owner), daemon.connection.unique_name());
    daemon.stop();
    daemon.end().await.unwrap();
}
