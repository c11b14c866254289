// SPDX-License-Identifier: GPL-3.0-or-later

use std::time::Duration;

use usher_core::{
    dismissals::{Dismissal, DismissalFile},
    names::{PROMPTER_INTERFACE, PROMPTER_PATH},
    prompt::Kind,
    service::RemoteUrl,
};

use super::{
    Bus, Call, Client, Daemon, Plan,
    prompter::{Prompter, Windows},
};
use crate::{
    fakes::{APP, OTHER, REMOTE_URI, SERVICE, World, account, configured},
    flow::Clock,
    prompt_client::PromptLimits,
};

const OTHER_URI: &str = "https://other.example.org/";

fn plan() -> Plan {
    Plan { real_windows: true, ..Plan::default() }
}

/// Puts off a prompt, as the window does for a person.
fn put_off(bus: &Bus, world: &World) {
    let now = world.now();
    let dismissal = Dismissal::new(RemoteUrl::parse(REMOTE_URI).unwrap(), Kind::SignIn, now);
    DismissalFile::in_folder(bus.folder.path()).add(dismissal, now).unwrap();
}

fn sign_in(world: &World) {
    world.accounts.lock().unwrap().push(account(SERVICE, "demo", &[REMOTE_URI]));
}

#[tokio::test]
async fn a_deferred_prompt_answers_the_client_and_outlives_it() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    client.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    assert_eq!((prompt.kind, prompt.text("reason").as_str()), ("SignIn", "no-account"));
    assert_eq!((prompt.text("remote").as_str(), prompt.text("remote-uri").as_str()), ("shop", REMOTE_URI));
    assert_eq!(prompt.text("client"), "flatpak");
    assert!(!prompt.details.contains_key("account"));
    prompt.end(3);
    let response = client.response().await;
    assert_eq!((response.code, response.error_code), (2, Some(23)));
    assert_eq!(response.message, "Account needed. Sign in to store.example.org in the Usher window, then try again.");
    client.connection.close().await.unwrap();
    Client::on(&bus).await.further(&daemon).await;
    assert_eq!(prompter.further(), (0, 0), "a deferred prompt belongs to the person");
}

#[tokio::test]
async fn a_waiting_prompt_that_is_done_lets_the_install_go_on() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    client.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    assert_eq!(client.further(&daemon).await, 0);
    sign_in(&world);
    prompt.end(0);
    assert_eq!(client.response().await.code, 0);
}

#[tokio::test]
async fn l02_a_waiting_prompt_closes_with_its_last_client() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let daemon = Daemon::start_as(&bus, &world, plan()).await;
    let (first, second) = (Client::on(&bus).await, Client::on(&bus).await);
    first.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    let handle = second.ask(&Call::default()).await.unwrap();
    let mut onlooker = Client::on(&bus).await;
    onlooker.further(&daemon).await;
    first.connection.close().await.unwrap();
    onlooker.further(&daemon).await;
    assert_eq!(prompter.further(), (0, 0), "somebody still waits");
    second.close(&handle).await.unwrap();
    assert_eq!(prompter.next_cancelled().await, prompt.token);
}

#[tokio::test]
async fn c01_equal_questions_are_one_and_another_remote_waits_for_its_turn() {
    let (bus, world) = (Bus::start(), World::empty());
    world.remotes.lock().unwrap().push(configured("other", OTHER_URI, SERVICE));
    let mut prompter = Prompter::on(&bus).await;
    let daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        let client = Client::on(&bus).await;
        client.ask(&Call::default()).await.unwrap();
        clients.push(client);
    }
    let mut sixth = Client::on(&bus).await;
    sixth.ask(&Call { remote: "other", remote_uri: OTHER_URI, ..Call::default() }).await.unwrap();
    let prompt = prompter.next().await;
    sixth.further(&daemon).await;
    assert_eq!(prompter.further(), (0, 0), "one prompt at a time");
    sign_in(&world);
    prompt.end(0);
    for client in &mut clients {
        assert_eq!(client.response().await.code, 0);
    }
    let second = prompter.next().await;
    assert_eq!(second.text("remote"), "other");
    second.end(1);
    assert_eq!(sixth.response().await.code, 1);
}

#[tokio::test]
async fn c01_what_joins_a_question_is_told_to_the_window() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let daemon = Daemon::start_as(&bus, &world, plan()).await;
    let (mut first, mut second) = (Client::on(&bus).await, Client::on(&bus).await);
    first.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    let more = Call { refs: vec![APP, OTHER], ..Call::default() };
    second.ask(&more).await.unwrap();
    let joined = prompter.next().await;
    assert_eq!(joined.app_ids(), ["org.example.App", "org.example.Other"]);
    assert_ne!(joined.token, prompt.token);
    let mut third = Client::on(&bus).await;
    third.ask(&Call { refs: vec![OTHER], ..Call::default() }).await.unwrap();
    assert_eq!(third.further(&daemon).await, 0);
    assert_eq!(prompter.further(), (0, 0), "there was no news in it");
    joined.end(1);
    assert_eq!((first.further(&daemon).await, second.further(&daemon).await), (0, 0), "the first tells how it ends");
    sign_in(&world);
    prompt.end(0);
    for client in [&mut first, &mut second, &mut third] {
        assert_eq!(client.response().await.code, 0);
    }
}

#[tokio::test]
async fn l02_all_calls_of_a_prompt_are_taken_back_with_its_last_client() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, plan()).await;
    let (first, second) = (Client::on(&bus).await, Client::on(&bus).await);
    first.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    second.ask(&Call { refs: vec![OTHER], ..Call::default() }).await.unwrap();
    let joined = prompter.next().await;
    first.connection.close().await.unwrap();
    second.connection.close().await.unwrap();
    let taken_back = [prompter.next_cancelled().await, prompter.next_cancelled().await];
    assert_eq!(taken_back, [prompt.token.as_str(), joined.token.as_str()]);
}

#[tokio::test]
async fn k02_what_was_put_off_is_told_as_put_off_and_silent_for_a_while() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    client.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    put_off(&bus, &world);
    prompt.end(1);
    assert_eq!(client.response().await.code, 1);
    let response = client.answer(&Call { token: "2", ..Call::default() }).await;
    assert_eq!(response.message, "Account needed. Sign in to store.example.org in Usher, then try again.");
    assert_eq!(prompter.further(), (0, 0));
}

#[tokio::test]
async fn d17_without_interaction_nobody_is_asked() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    assert_eq!(client.answer(&Call { silent: true, ..Call::default() }).await.code, 2);
    world.install(&[APP]);
    assert_eq!(client.answer(&Call { token: "2", silent: true, ..Call::default() }).await.code, 0);
    assert_eq!(prompter.further(), (0, 0));
}

#[tokio::test]
async fn an_update_is_answered_first_and_asks_afterwards() {
    let (bus, world) = (Bus::start(), World::empty());
    world.install(&[APP]);
    let mut prompter = Prompter::on(&bus).await;
    let daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    assert_eq!(client.answer(&Call::default()).await.tokens[""], [APP]);
    let prompt = prompter.next().await;
    assert_eq!(bool::try_from(&prompt.details["update"]), Ok(true));
    client.connection.close().await.unwrap();
    Client::on(&bus).await.further(&daemon).await;
    assert_eq!(prompter.further(), (0, 0));
    prompt.end(3);
}

#[tokio::test]
async fn where_there_is_no_window_the_message_names_the_command() {
    let (bus, world) = (Bus::start(), World::empty());
    let _daemon = Daemon::start_as(&bus, &world, plan()).await;
    let response = Client::on(&bus).await.answer(&Call::default()).await;
    assert_eq!(response.message, "Account needed. Run “usherctl sign-in store.example.org”, then try again.");
}

#[tokio::test]
async fn a_window_process_that_dies_ends_the_wait() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let _daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    client.ask(&Call::default()).await.unwrap();
    let _prompt = prompter.next().await;
    prompter.connection.close().await.unwrap();
    assert_eq!(client.response().await.code, 2);
}

#[tokio::test]
async fn nobody_is_waited_for_longer_than_the_limit() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let limits = PromptLimits { person: Duration::from_millis(300), ..plan().prompt_limits };
    let short = Plan { prompt_limits: limits, ..plan() };
    let _daemon = Daemon::start_as(&bus, &world, short).await;
    let mut client = Client::on(&bus).await;
    client.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    assert_eq!(prompter.next_cancelled().await, prompt.token);
    let response = client.response().await;
    assert_eq!(response.message, "Nobody signed in to store.example.org within 15 minutes. Sign in, then try again.");
}

#[tokio::test]
async fn l15_without_a_window_on_the_screen_nobody_waits_and_the_message_names_the_command() {
    let (bus, world) = (Bus::start(), World::empty());
    world.remotes.lock().unwrap().push(configured("other", OTHER_URI, SERVICE));
    let mut prompter = Prompter::with(&bus, Windows::Stay).await;
    let limits = PromptLimits { window: Duration::from_millis(300), ..plan().prompt_limits };
    let _daemon = Daemon::start_as(&bus, &world, Plan { prompt_limits: limits, ..plan() }).await;
    let (mut first, mut second) = (Client::on(&bus).await, Client::on(&bus).await);
    first.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    second.ask(&Call { remote: "other", remote_uri: OTHER_URI, ..Call::default() }).await.unwrap();
    // Nobody else can say that the window is there.
    let stranger = bus.connect().await;
    stranger.emit_signal(None::<&str>, PROMPTER_PATH, PROMPTER_INTERFACE, "Presented", &prompt.token).await.unwrap();
    let message = "Account needed. Run “usherctl sign-in store.example.org”, then try again.";
    assert_eq!(first.response().await.message, message);
    assert_eq!(second.response().await.message, message);
    assert_eq!(prompter.next_cancelled().await, prompt.token);
    assert_eq!(prompter.further(), (0, 0), "the second one did not wait for a window of its own");
    // A later question is a new attempt.
    first.ask(&Call { token: "2", ..Call::default() }).await.unwrap();
    prompter.next().await.end(1);
    assert_eq!(first.response().await.code, 1);
}

#[tokio::test]
async fn l15_a_window_on_the_screen_waits_longer_than_one_that_is_to_come() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let limits = PromptLimits { window: Duration::from_millis(300), ..plan().prompt_limits };
    let daemon = Daemon::start_as(&bus, &world, Plan { prompt_limits: limits, ..plan() }).await;
    let mut client = Client::on(&bus).await;
    client.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    tokio::time::sleep(2 * limits.window).await;
    assert_eq!((prompter.further(), client.further(&daemon).await), ((0, 0), 0));
    prompt.end(1);
    assert_eq!(client.response().await.code, 1);
}

#[tokio::test]
async fn a_session_that_was_stopped_waits_for_the_window_again() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::with(&bus, Windows::Stay).await;
    let limits = PromptLimits { window: Duration::from_millis(300), ..plan().prompt_limits };
    let daemon = Daemon::start_as(&bus, &world, Plan { prompt_limits: limits, ..plan() }).await;
    let mut client = Client::on(&bus).await;
    client.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    // Daemon and window stand still, as after SIGSTOP; then the window appears.
    std::thread::sleep(3 * limits.window);
    let connection = &prompter.connection;
    connection.emit_signal(None::<&str>, PROMPTER_PATH, PROMPTER_INTERFACE, "Presented", &prompt.token).await.unwrap();
    tokio::time::sleep(2 * limits.window).await;
    assert_eq!((prompter.further(), client.further(&daemon).await), ((0, 0), 0));
    prompt.end(1);
    assert_eq!(client.response().await.code, 1);
}

#[tokio::test]
async fn stopped_the_daemon_takes_a_waiting_prompt_back() {
    let (bus, world) = (Bus::start(), World::empty());
    let mut prompter = Prompter::on(&bus).await;
    let mut daemon = Daemon::start_as(&bus, &world, plan()).await;
    let mut client = Client::on(&bus).await;
    client.ask(&Call::default()).await.unwrap();
    let prompt = prompter.next().await;
    daemon.stop();
    assert_eq!(client.response().await.code, 2);
    assert_eq!(prompter.next_cancelled().await, prompt.token);
    daemon.end().await.unwrap();
}

/// All permutations.
fn orders<T: Copy>(things: &[T]) -> Vec<Vec<T>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (place, first) in things.iter().enumerate() {
        let rest: Vec<T> = [&things[..place], &things[place + 1..]].concat();
        for mut order in orders(&rest) {
            order.insert(0, *first);
            all.push(order);
        }
    }
    all
}

#[tokio::test]
async fn whatever_happens_in_whatever_order_there_is_one_response() {
    #[derive(Debug, Clone, Copy)]
    enum Happening {
        PromptEnds,
        OwnerCloses,
        OtherCloses,
        DaemonStops,
    }
    use Happening::{DaemonStops, OtherCloses, OwnerCloses, PromptEnds};
    let bus = Bus::start();
    let mut prompter = Prompter::on(&bus).await;
    for (number, order) in orders(&[PromptEnds, OwnerCloses, OtherCloses, DaemonStops]).into_iter().enumerate() {
        let world = World::empty();
        let mut daemon = Daemon::start_as(&bus, &world, plan()).await;
        let (mut client, other) = (Client::on(&bus).await, Client::on(&bus).await);
        let handle = client.ask(&Call::default()).await.unwrap();
        let mut prompt = Some(prompter.next().await);
        if number % 2 == 0 {
            sign_in(&world);
        }
        for happening in &order {
            match happening {
                PromptEnds => {
                    if let Some(prompt) = prompt.take() {
                        let _ = prompt.outcome.send((u32::try_from(number % 4).unwrap(), ""));
                    }
                }
                // Each of these may come too late.
                OwnerCloses => drop(client.close(&handle).await),
                OtherCloses => drop(other.close(&handle).await),
                DaemonStops => daemon.stop(),
            }
        }
        let response = client.response().await;
        assert_eq!(response.path, handle.as_str());
        assert_eq!(client.further(&daemon).await, 0, "{order:?}");
        daemon.end().await.unwrap();
        while prompter.further().1 > 0 {
            prompter.next_cancelled().await;
        }
    }
}
