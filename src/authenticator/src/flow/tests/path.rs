// SPDX-License-Identifier: GPL-3.0-or-later

use std::collections::BTreeSet;

use usher_core::{account::AccountState, credential::Token, pending::Operation, prompt::Kind, provider::TokensError};

use super::{Asked, answer, failed, response, silent};
use crate::{
    fakes::{APP, OTHER, REMOTE_URI, SERVICE, Says, World, account, configured, options, request},
    flow::{Answer, Ending, Flow, Wanted},
    request::Request,
};

#[tokio::test]
async fn d08_an_unusable_option_is_named_and_nothing_is_contacted() {
    let mut missing = request(&[APP]);
    missing.options.clear();
    let mut odd = request(&[APP]);
    odd.odd_option = Some("url");
    for (request, message) in [
        (missing, "Remote “shop” does not say where its accounts are (authenticator option “url”)."),
        (odd, "The authenticator option “url” of remote “shop” cannot be used."),
    ] {
        let world = World::good();
        assert_eq!(response(&answer(&world, &request).await), failed(2, message));
        world.install(&[APP]);
        assert_eq!(response(&answer(&world, &request).await), (0, APP.to_owned()));
        assert_eq!((world.calls(), world.questions().len()), (0, 0));
    }
}

#[tokio::test]
async fn g03_an_insecure_repository_never_gets_a_token() {
    for uri in [
        "http://repo.example.org/",
        "file:///srv/repo",
        "oci+http://repo.example.org",
        "https://u@repo.example.org/",
        "",
    ] {
        let world = World::good();
        let insecure = Request { remote_uri: uri.into(), ..request(&[APP]) };
        assert_eq!(response(&answer(&world, &insecure).await), (0, APP.to_owned()), "{uri}");
        assert_eq!((world.calls(), world.reads.load(std::sync::atomic::Ordering::Relaxed)), (0, 0));
    }
}

#[tokio::test]
async fn g04_only_an_equal_server_and_an_equal_remote_find_the_account() {
    for equal in ["https://STORE.example.org", "https://store.example.org:443/", "https://store.example.org"] {
        let world = World::good();
        let spelled = Request { options: options(equal), ..request(&[APP]) };
        assert_eq!(response(&answer(&world, &spelled).await), (0, String::new()), "{equal}");
    }
    for other in [
        "https://store.example.org.evil.example/",
        "https://store.example.org/api-evil",
        "https://store.example.org:8443/",
    ] {
        let world = World::good();
        let spelled = Request { options: options(other), ..request(&[APP]) };
        assert_eq!(response(&answer(&world, &spelled).await).0, 23, "{other}");
        assert_eq!(world.calls(), 0);
    }
}

#[tokio::test]
async fn r25_an_unconfigured_remote_gets_its_answer_without_a_window() {
    for odd in [
        Request { remote: "other".into(), ..request(&[APP]) },
        Request { remote_uri: "https://elsewhere.example/".into(), ..request(&[APP]) },
        Request { options: options("https://elsewhere.example/"), ..request(&[APP]) },
    ] {
        let world = World::empty();
        let reply = answer(&world, &odd).await;
        assert_eq!(response(&reply).0, 23);
        assert!(response(&reply).1.contains("in Usher, then"), "no window is named");
        assert!(world.questions().is_empty() && reply.follow_up.note.is_none() && reply.follow_up.question.is_none());
        world.install(&[APP]);
        let reply = answer(&world, &odd).await;
        assert_eq!(response(&reply), (0, APP.to_owned()));
        assert!(reply.follow_up.note.is_none() && reply.follow_up.question.is_none());
    }
}

#[tokio::test]
async fn a_remote_that_the_sandbox_hides_is_allowed_with_a_command() {
    let hidden = Request { remote_uri: "https://elsewhere.example/repo".into(), ..request(&[APP]) };
    let in_usher = "Permission needed. Allow “shop” to use an account at store.example.org in Usher, then try again.";
    let command = "usherctl allow https://elsewhere.example/repo store.example.org";
    for (in_sandbox, says) in
        [(false, in_usher), (true, &format!("Permission needed. Run “{command}”, then try again."))]
    {
        let world = World::good();
        let flow = Flow { in_sandbox, ..world.flow() };
        assert_eq!(response(&flow.answer(&hidden, ":1.1", &Asked::default()).await), failed(23, says));
        assert!(world.questions().is_empty());
    }
}

#[tokio::test]
async fn every_ref_is_under_the_token_of_its_app() {
    let world = World::good();
    let locale = "runtime/org.example.App.Locale/x86_64/stable";
    let reply = answer(&world, &request(&[APP, locale])).await;
    let Answer::Tokens(tokens) = &reply.answer else { panic!("refused") };
    let refs = [APP, locale].map(|text| text.parse().unwrap()).to_vec();
    assert_eq!(*tokens, [(Some(Token::parse("token").unwrap()), refs)]);
    let calls = world.calls.lock().unwrap();
    assert_eq!(calls[0].2, BTreeSet::from(["org.example.App".to_owned()]));
    assert_eq!(calls[0].1, "credential-of-demo");
}

#[tokio::test]
async fn a_warm_cache_spares_the_server() {
    let world = World::good();
    let flow = world.flow();
    flow.answer(&request(&[APP]), ":1.1", &Asked::default()).await;
    flow.answer(&request(&[APP, OTHER]), ":1.2", &Asked::default()).await;
    flow.answer(&request(&[APP, OTHER]), ":1.3", &Asked::default()).await;
    let asked: Vec<_> = world.calls.lock().unwrap().iter().map(|call| call.2.clone()).collect();
    assert_eq!(
        asked,
        [BTreeSet::from(["org.example.App".to_owned()]), BTreeSet::from(["org.example.Other".to_owned()])]
    );
    world.change_account(|account| account.links.push(account.links[0].clone()));
    flow.answer(&request(&[APP]), ":1.4", &Asked::default()).await;
    assert_eq!(world.calls(), 3, "a change of the account empties the cache");
}

#[tokio::test]
async fn h13_a_free_app_is_covered_without_a_token_and_not_cached() {
    let world = World::good();
    world.set_server(Says::Yes(""));
    let flow = world.flow();
    for _ in 0..2 {
        assert_eq!(response(&flow.answer(&request(&[APP]), ":1.1", &Asked::default()).await), (0, APP.to_owned()));
    }
    assert_eq!(world.calls(), 2);
}

#[tokio::test]
async fn h14_a_rejected_sign_in_is_marked_and_its_tokens_forgotten() {
    let world = World::good();
    let flow = world.flow();
    flow.answer(&request(&[APP]), ":1.1", &Asked::default()).await;
    world.set_server(Says::Fails(TokensError::Rejected));
    let reply = flow.answer(&silent(request(&[APP, OTHER])), ":1.2", &Asked::default()).await;
    assert_eq!(response(&reply).1, "Sign-in expired. Sign in to store.example.org again in Usher, then try again.");
    let kept = world.accounts.lock().unwrap()[0].clone();
    assert_eq!(kept.state, AccountState::Expired);
    assert!(kept.credential.is_some(), "a credential is never deleted but by the person");
    assert_eq!(
        response(&flow.answer(&silent(request(&[APP])), ":1.3", &Asked::default()).await).0,
        23,
        "no token from the cache either"
    );
}

#[tokio::test]
async fn a_prompt_that_ends_well_lets_the_request_begin_anew() {
    let world = World::empty();
    world.endings.lock().unwrap().push_back(Ending::Done);
    *world.meanwhile.lock().unwrap() =
        Some(Box::new(|world| world.accounts.lock().unwrap().push(account(SERVICE, "demo", &[REMOTE_URI]))));
    assert_eq!(response(&answer(&world, &request(&[APP])).await), (0, String::new()));
}

#[tokio::test]
async fn a_prompt_completes_no_request_and_each_kind_is_shown_once() {
    let world = World::empty();
    world.endings.lock().unwrap().extend([Ending::Done, Ending::Done, Ending::Done]);
    *world.meanwhile.lock().unwrap() =
        Some(Box::new(|world| world.accounts.lock().unwrap().push(account(SERVICE, "demo", &[]))));
    assert_eq!(response(&answer(&world, &request(&[APP])).await).0, 23);
    let kinds: Vec<_> = world.questions().iter().map(|question| question.kind).collect();
    assert_eq!(kinds, [Kind::SignIn, Kind::Link]);
}

#[tokio::test]
async fn how_a_prompt_ends_decides_the_answer() {
    for (ending, expected) in [
        (Ending::Dismissed, failed(1, "")),
        (Ending::Failed, failed(23, "Account needed. Run “usherctl sign-in store.example.org”, then try again.")),
        (
            Ending::TimedOut,
            failed(23, "Nobody signed in to store.example.org within 15 minutes. Sign in, then try again."),
        ),
        (Ending::Withheld, failed(23, "Account needed. Sign in to store.example.org in Usher, then try again.")),
    ] {
        let world = World::empty();
        world.endings.lock().unwrap().push_back(ending);
        let reply = answer(&world, &request(&[APP])).await;
        assert_eq!(response(&reply), expected);
        assert_eq!(
            reply.follow_up.note.map(|note| (note.operation, note.refs)),
            Some((Operation::Install, vec![APP.to_owned()]))
        );
    }
}

#[tokio::test]
async fn a_message_about_unlocking_or_permission_does_not_say_sign_in() {
    for (arrange, expected) in [
        (
            (|world| world.set_keyring(crate::fakes::Keyring::Locked)) as fn(&World),
            "Keyring locked. Unlock it, then try again.",
        ),
        (
            |world| world.change_account(|account| account.links.clear()),
            "Permission needed. Allow “shop” to use an account at store.example.org in Usher, then try again.",
        ),
    ] {
        let world = World::good();
        arrange(&world);
        world.endings.lock().unwrap().push_back(Ending::TimedOut);
        assert_eq!(response(&answer(&world, &request(&[APP])).await), failed(23, expected));
    }
}

#[tokio::test]
async fn c03_each_remote_is_served_with_its_own_account() {
    let world = World::empty();
    *world.accounts.lock().unwrap() =
        vec![account(SERVICE, "one", &["https://r1.example/"]), account(SERVICE, "two", &["https://r2.example/"])];
    let flow = world.flow();
    let of = |uri: &str| Request { remote_uri: uri.into(), ..request(&[APP]) };
    let (first, second) = (of("https://r1.example/"), of("https://r2.example/"));
    let (asked, flow) = (Asked::default(), &flow);
    let (one, two) = tokio::join!(flow.answer(&first, ":1.1", &asked), flow.answer(&second, ":1.2", &asked));
    assert_eq!((response(&one).0, response(&two).0), (0, 0));
    let credentials: Vec<_> = world.calls.lock().unwrap().iter().map(|call| call.1.clone()).collect();
    assert_eq!(credentials, ["credential-of-one", "credential-of-two"]);
}

#[tokio::test(start_paused = true)]
async fn h18_a_server_that_never_answers_ends_the_request_in_time() {
    let world = World::good();
    world.set_server(Says::Never);
    let began = tokio::time::Instant::now();
    let reply = answer(&world, &silent(request(&[APP]))).await;
    assert_eq!(response(&reply).1, "store.example.org cannot be reached. Check the connection, then try again.");
    assert!(began.elapsed().as_secs() <= 60);
}

#[tokio::test]
async fn a_question_names_everything_that_the_window_shows() {
    let world = World::empty();
    answer(&world, &Request { parent_window: "x11:1".into(), ..request(&[APP]) }).await;
    let question = world.questions().remove(0);
    assert_eq!((question.ground.remote.as_str(), question.ground.remote_uri.as_str()), ("shop", REMOTE_URI));
    assert_eq!(question.ground.host(), "store.example.org");
    assert_eq!(question.app_ids, BTreeSet::from(["org.example.App".to_owned()]));
    assert_eq!(
        (question.client.as_str(), question.wanted, question.parent_window.as_str()),
        ("flatpak", Wanted::Install, "x11:1")
    );
}

#[tokio::test]
async fn two_accounts_that_a_remote_may_use_are_a_question() {
    let world = World::good();
    world.accounts.lock().unwrap().push(account(SERVICE, "two", &[REMOTE_URI]));
    world.remotes.lock().unwrap().push(configured("other", "https://other.example/", SERVICE));
    answer(&world, &request(&[APP])).await;
    assert_eq!(world.questions()[0].kind, Kind::Link);
    assert_eq!((world.questions()[0].account, world.calls()), (None, 0));
}

#[tokio::test]
async fn r14_only_an_interactive_request_may_have_the_keyring_unlocked() {
    let world = World::good();
    answer(&world, &silent(request(&[APP]))).await;
    answer(&world, &request(&[OTHER])).await;
    let readings = world.readings.lock().unwrap();
    assert_eq!(readings.iter().map(|reading| reading.interactive).collect::<Vec<_>>(), [false, true]);
}
