// SPDX-License-Identifier: GPL-3.0-or-later
//! Notifications on desktops of all kinds.

use std::{sync::Arc, time::Duration};

use usher_core::{
    account::AccountState,
    buying::purchases,
    notices::{DESKTOP, GTK, NoticeFile, PORTAL, id_of_account, id_of_server},
};
use zbus::object_server::SignalEmitter;

use super::{
    Bus, Call, Client, Daemon, Plan,
    desktops::{Common, Gnome, Portal, ShownNotification, Window, desktop},
    error_name, until,
};
use crate::{
    activity::Activity,
    delivery::BusAccess,
    fakes::{APP, OTHER, SERVICE, Says, World, binding, ground},
};

/// A lapsed account, and installed apps.
fn lapsed() -> (Arc<World>, String) {
    let world = World::good();
    world.install(&[APP, OTHER]);
    world.change_account(|account| account.state = AccountState::Expired);
    let id = world.accounts.lock().unwrap()[0].id.to_string();
    (world, id)
}

fn update(token: &str) -> Call<'_> {
    Call { token, refs: vec![APP, OTHER], silent: true, ..Call::default() }
}

/// Ends the daemon once everything that follows from its answers is done.
async fn end(mut daemon: Daemon) {
    daemon.stop();
    daemon.end().await.unwrap();
}

#[tokio::test]
async fn an_account_that_lapsed_is_told_once_a_day() {
    let (bus, (world, account)) = (Bus::start(), lapsed());
    let (_desktop, notifications) = desktop(&bus, GTK, Gnome).await;
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    assert_eq!(client.answer(&update("1")).await.code, 0);
    until("a notification", || notifications.count() == 1).await;
    let actions = [("app.show-account".to_owned(), account.clone()), ("app.sign-in-again".to_owned(), account.clone())];
    let title = "Account Needed for Updates".to_owned();
    assert_eq!(
        notifications.shown(),
        [ShownNotification { id: format!("account-{account}"), title, actions: actions.to_vec() }]
    );
    client.answer(&update("2")).await;
    end(daemon).await;
    let daemon = Daemon::start(&bus, &world).await;
    client.answer(&update("3")).await;
    end(daemon).await;
    assert_eq!(notifications.count(), 1, "neither in the same daemon nor in the next");
}

#[tokio::test]
async fn what_a_person_is_asked_or_told_otherwise_is_not_told_by_a_notification() {
    let (bus, (world, _)) = (Bus::start(), lapsed());
    let (_desktop, notifications) = desktop(&bus, GTK, Gnome).await;
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    client.answer(&Call { silent: false, ..update("1") }).await;
    let install = vec!["app/org.example.New/x86_64/stable"];
    client.answer(&Call { token: "2", refs: install, silent: true, ..Call::default() }).await;
    world.remotes.lock().unwrap().clear();
    client.answer(&update("3")).await;
    end(daemon).await;
    assert_eq!(notifications.count(), 0, "a prompt, an error, and a remote that this computer does not have");
}

#[tokio::test]
async fn what_a_window_shows_is_not_told_as_well() {
    for (shows, count) in [("accounts", 0), (SERVICE, 0), ("https://other.example/", 1)] {
        let (bus, (world, _)) = (Bus::start(), lapsed());
        let (_desktop, notifications) = desktop(&bus, GTK, Gnome).await;
        let _window = Window { shows: vec![shows.into()], ..Window::default() }.open(&bus).await;
        let daemon = Daemon::start(&bus, &world).await;
        Client::on(&bus).await.answer(&update("1")).await;
        until("what follows", || count == notifications.count()).await;
        end(daemon).await;
        assert_eq!(notifications.count(), count, "{shows}");
    }
}

#[tokio::test]
async fn a_notification_goes_when_the_account_is_signed_in_to() {
    let (bus, (world, _)) = (Bus::start(), lapsed());
    let (_desktop, notifications) = desktop(&bus, GTK, Gnome).await;
    let daemon = Daemon::start(&bus, &world).await;
    Client::on(&bus).await.answer(&update("1")).await;
    until("a notification", || notifications.shown().len() == 1).await;
    world.change_account(|account| account.state = AccountState::SignedIn);
    until("its end", || {
        world.heard.send_replace(());
        notifications.shown().is_empty()
    })
    .await;
    end(daemon).await;
}

#[tokio::test]
async fn a_notification_of_an_earlier_daemon_goes_when_the_update_went_through() {
    let (bus, (world, _)) = (Bus::start(), lapsed());
    let (_desktop, notifications) = desktop(&bus, GTK, Gnome).await;
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    client.answer(&update("1")).await;
    until("a notification", || notifications.shown().len() == 1).await;
    end(daemon).await;
    world.change_account(|account| account.state = AccountState::SignedIn);
    let daemon = Daemon::start(&bus, &world).await;
    client.answer(&update("2")).await;
    until("its end", || notifications.shown().is_empty()).await;
    end(daemon).await;
}

#[tokio::test]
async fn without_an_account_a_click_leads_to_the_repository() {
    let (bus, (world, _)) = (Bus::start(), lapsed());
    world.accounts.lock().unwrap().clear();
    let (_desktop, notifications) = desktop(&bus, GTK, Gnome).await;
    let daemon = Daemon::start(&bus, &world).await;
    Client::on(&bus).await.answer(&update("1")).await;
    until("a notification", || notifications.count() == 1).await;
    let notification = &notifications.shown()[0];
    assert_eq!(notification.id, id_of_server(&binding(SERVICE)));
    assert!(notification.actions.iter().all(|(action, _)| action == "app.attend-to-repository"), "{notification:?}");
    end(daemon).await;
}

#[tokio::test]
async fn an_app_without_access_and_an_end_that_is_near_are_told_one_after_the_other() {
    let (bus, world) = (Bus::start(), World::good());
    world.install(&[APP, OTHER]);
    world.change_account(|account| account.valid_until = Some(1_200_000));
    let (_desktop, notifications) = desktop(&bus, GTK, Gnome).await;
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    client.answer(&update("1")).await;
    until("a notification", || notifications.count() == 1).await;
    assert_eq!(notifications.shown()[0].title, "Sign-In Ends Soon");
    world.set_server(Says::No(&["org.example.Other"]));
    client.answer(&Call { refs: vec![OTHER], ..update("2") }).await;
    end(daemon).await;
    // The same daemon would take the tokens from its cache.
    let daemon = Daemon::start(&bus, &world).await;
    client.answer(&update("3")).await;
    until("another one", || notifications.count() == 2).await;
    let shown = notifications.shown();
    assert_eq!(
        shown.iter().map(|notification| notification.title.as_str()).collect::<Vec<_>>(),
        ["App No Longer Available"]
    );
    let id = id_of_account(world.accounts.lock().unwrap()[0].id);
    assert_eq!(shown[0].id, id, "in the place of the other");
    end(daemon).await;
}

#[tokio::test]
async fn inside_a_sandbox_the_portal_is_used_alone() {
    let (bus, (world, account)) = (Bus::start(), lapsed());
    let (_gnome, others) = desktop(&bus, GTK, Gnome).await;
    let (_portal, notifications) = desktop(&bus, PORTAL, Portal).await;
    let plan = Plan { bus_access: BusAccess::Sandbox, ..Plan::default() };
    let daemon = Daemon::start_as(&bus, &world, plan).await;
    Client::on(&bus).await.answer(&update("1")).await;
    until("a notification", || notifications.count() == 1).await;
    assert_eq!(notifications.shown()[0].actions[1], ("app.sign-in-again".into(), account));
    end(daemon).await;
    assert_eq!(others.count(), 0);
}

#[tokio::test]
async fn a_click_on_a_common_desktop_opens_the_window_with_the_right_to_come_to_the_front() {
    let (bus, (world, account)) = (Bus::start(), lapsed());
    let (common, notifications) = desktop(&bus, DESKTOP, Common).await;
    let window = Window::default();
    let _window = window.clone().open(&bus).await;
    let daemon = Daemon::start(&bus, &world).await;
    Client::on(&bus).await.answer(&update("1")).await;
    until("a notification", || notifications.count() == 1).await;
    let keys: Vec<String> = notifications.shown()[0].actions.iter().map(|(key, _)| key.clone()).collect();
    let emitter = SignalEmitter::new(&common, DESKTOP.path).unwrap();
    Common::action_invoked(&emitter, 8, &keys[1]).await.unwrap();
    Common::activation_token(&emitter, 7, "front").await.unwrap();
    Common::action_invoked(&emitter, 7, &keys[1]).await.unwrap();
    until("the window", || !window.asked.lock().unwrap().is_empty()).await;
    assert_eq!(*window.asked.lock().unwrap(), [("sign-in-again".to_owned(), account, "front".to_owned())]);
    end(daemon).await;
}

#[tokio::test]
async fn l05_a_click_that_could_come_holds_the_daemon_and_its_end_does_not_wait_for_one() {
    let (bus, (world, _)) = (Bus::start(), lapsed());
    let (_desk, notifications) = desktop(&bus, DESKTOP, Common).await;
    let activity = Activity::default();
    let busy = activity.begin();
    let plan = Plan { activity, idle: Duration::from_millis(1), ..Plan::default() };
    let daemon = Daemon::start_as(&bus, &world, plan).await;
    Client::on(&bus).await.answer(&update("1")).await;
    until("a notification", || notifications.count() == 1).await;
    drop(busy);
    // Long enough for an idle daemon to end.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!daemon.ended.is_finished());
    end(daemon).await;
}

#[tokio::test]
async fn where_nobody_shows_notifications_nothing_happens_and_nothing_counts_as_told() {
    let (bus, (world, _)) = (Bus::start(), lapsed());
    let daemon = Daemon::start(&bus, &world).await;
    let mut client = Client::on(&bus).await;
    assert_eq!(client.answer(&update("1")).await.code, 0);
    end(daemon).await;
    assert_eq!(NoticeFile::in_folder(bus.folder.path()).load(1_000_000), []);
    let (_desktop, notifications) = desktop(&bus, GTK, Gnome).await;
    let daemon = Daemon::start(&bus, &world).await;
    client.answer(&update("2")).await;
    until("a notification", || notifications.count() == 1).await;
    end(daemon).await;
}

#[tokio::test]
async fn l05_a_desktop_that_ended_leads_to_no_click_and_holds_nobody() {
    let (bus, (world, _)) = (Bus::start(), lapsed());
    let (common, notifications) = desktop(&bus, DESKTOP, Common).await;
    let plan = Plan { idle: Duration::from_millis(1), ..Plan::default() };
    let activity = plan.activity.clone();
    let busy = activity.begin();
    let daemon = Daemon::start_as(&bus, &world, plan).await;
    Client::on(&bus).await.answer(&update("1")).await;
    until("a notification", || notifications.count() == 1).await;
    drop(busy);
    common.close().await.unwrap();
    daemon.end().await.unwrap();
}

#[tokio::test]
async fn l05_a_notification_that_comes_up_at_the_end_is_not_listened_to() {
    let (bus, (world, _)) = (Bus::start(), lapsed());
    let (_desk, notifications) = desktop(&bus, DESKTOP, Common).await;
    let plan = Plan::default();
    let activity = plan.activity.clone();
    let mut daemon = Daemon::start_as(&bus, &world, plan).await;
    let mut client = Client::on(&bus).await;
    let held = notifications.hold().await;
    client.answer(&update("1")).await;
    daemon.stop();
    let mut number = 1;
    let refused = loop {
        number += 1;
        match client.ask(&update(&number.to_string())).await {
            Ok(_) => tokio::task::yield_now().await,
            refused => break refused,
        }
    };
    assert_eq!(error_name(refused), "Failed", "the end has begun");
    drop(held);
    daemon.end().await.unwrap();
    assert_eq!((notifications.count(), *activity.watch().borrow()), (1, 0));
}

#[tokio::test]
async fn a_window_that_opens_while_it_is_told_takes_its_place() {
    let (bus, (world, _)) = (Bus::start(), lapsed());
    let (_desktop, notifications) = desktop(&bus, GTK, Gnome).await;
    let daemon = Daemon::start(&bus, &world).await;
    let held = notifications.hold().await;
    Client::on(&bus).await.answer(&update("1")).await;
    let file = NoticeFile::in_folder(bus.folder.path());
    until("what is about to be told", || !file.load(1_000_000).is_empty()).await;
    let _window = Window { shows: vec!["accounts".into()], ..Window::default() }.open(&bus).await;
    drop(held);
    end(daemon).await;
    assert_eq!((notifications.count(), notifications.shown()), (1, vec![]));
    assert_eq!(file.load(1_000_000)[0].shown, None);
}

#[tokio::test]
async fn reminders_that_are_switched_off_are_not_told_from_the_next_request_on() {
    let (bus, (world, _)) = (Bus::start(), lapsed());
    let (_desktop, notifications) = desktop(&bus, GTK, Gnome).await;
    let plan = Plan::default();
    let activity = plan.activity.clone();
    let daemon = Daemon::start_as(&bus, &world, plan).await;
    let mut client = Client::on(&bus).await;
    let reminders = NoticeFile::in_folder(bus.folder.path()).reminders();
    reminders.want(false).unwrap();
    client.answer(&update("1")).await;
    world.change_account(|account| {
        account.state = AccountState::SignedIn;
        account.valid_until = Some(1_200_000);
    });
    client.answer(&update("2")).await;
    until("what follows", || *activity.watch().borrow() == 0).await;
    assert_eq!(notifications.count(), 0);
    reminders.want(true).unwrap();
    client.answer(&update("3")).await;
    until("a notification", || notifications.count() == 1).await;
    assert_eq!(notifications.shown()[0].title, "Sign-In Ends Soon");
    end(daemon).await;
}

#[tokio::test]
async fn what_became_of_a_purchase_is_told_without_reminders_as_well() {
    let (bus, world) = (Bus::start(), World::good());
    world
        .change_account(|account| assert!(purchases::begin(&mut account.purchases, &ground(), "org.example.Other", 1)));
    world.set_server(Says::No(&["org.example.App"]));
    let (_desktop, notifications) = desktop(&bus, GTK, Gnome).await;
    let daemon = Daemon::start(&bus, &world).await;
    NoticeFile::in_folder(bus.folder.path()).reminders().want(false).unwrap();
    let install = Call { refs: vec![APP, OTHER], silent: true, ..Call::default() };
    assert_eq!(Client::on(&bus).await.answer(&install).await.error_code, Some(24));
    until("a notification", || notifications.count() == 1).await;
    assert_eq!(notifications.shown()[0].title, "Purchase Finished");
    end(daemon).await;
}
