// SPDX-License-Identifier: GPL-3.0-or-later

use std::{collections::BTreeSet, sync::Arc};

use usher_core::{
    account::{Account, AccountState},
    http::{CertificateFault, HttpError},
    pending::{self, Operation},
    prompt::{Kind, Reason},
    provider::TokensError,
};

use super::{Answer, Ending, Reply};
use crate::{
    fakes::{APP, Keyring, OTHER, REMOTE_URI, SERVICE, Says, World, account, configured, options, request},
    limits::Request,
};

async fn answer(world: &Arc<World>, request: &Request) -> Reply {
    world.flow().answer(request, ":1.1").await
}

/// Code and message of a failure; (0, the refs without a token) of a success; (1, "") when it was put off.
fn told(reply: &Reply) -> (i32, String) {
    match &reply.answer {
        Answer::Tokens(tokens) => (0, tokens.get("").map(|refs| refs.join(" ")).unwrap_or_default()),
        Answer::Cancelled => (1, String::new()),
        Answer::Failed { code, message } => (code.unwrap_or(2), message.clone()),
    }
}

fn silent(mut request: Request) -> Request {
    request.interactive = false;
    request
}

/// What became of the four kinds of request, in the order of the design's table.
struct Row {
    install: (i32, String),
    silent_install: (i32, String),
    update: (i32, String),
    silent_update: (i32, String),
    install_asked: Vec<(Kind, Reason)>,
    update_asks: Option<(Kind, Reason)>,
    noted: Option<pending::Obstacle>,
}

async fn row(arrange: impl Fn(&World)) -> Row {
    let world = || {
        let world = World::good();
        arrange(&world);
        world
    };
    let (install, silent_install, update, silent_update) = (world(), world(), world(), world());
    for world in [&update, &silent_update] {
        world.install(&[APP, OTHER]);
    }
    let installed = answer(&install, &request(&[APP, OTHER])).await;
    let updated = answer(&update, &request(&[APP, OTHER])).await;
    let silently = answer(&silent_update, &silent(request(&[APP, OTHER]))).await;
    assert!(silently.after.question.is_none(), "nobody is asked without interaction");
    assert!(update.questions().is_empty(), "an update never waits for a person");
    assert_eq!(
        updated.after.note.as_ref().map(|note| note.operation),
        updated.after.note.as_ref().map(|_| Operation::Update)
    );
    let row = Row {
        install: told(&installed),
        silent_install: told(&answer(&silent_install, &silent(request(&[APP, OTHER]))).await),
        update: told(&updated),
        silent_update: told(&silently),
        install_asked: install.questions().iter().map(|question| (question.kind, question.reason)).collect(),
        update_asks: updated.after.question.as_ref().map(|question| (question.kind, question.reason)),
        noted: updated.after.note.map(|note| note.obstacle),
    };
    assert!(silent_install.questions().is_empty() && silent_update.questions().is_empty());
    row
}

fn failed(code: i32, message: &str) -> (i32, String) {
    (code, message.to_owned())
}

fn all_left_out() -> (i32, String) {
    (0, format!("{APP} {OTHER}"))
}

#[tokio::test]
async fn without_an_account_an_install_is_told_so_and_an_update_is_left_out() {
    let row = row(|world| world.accounts.lock().unwrap().clear()).await;
    assert_eq!(
        row.install,
        failed(23, "Account needed. Sign in to store.example.org in the Usher window, then try again.")
    );
    assert_eq!(
        row.silent_install,
        failed(23, "Account needed. Sign in to store.example.org in Usher, then try again.")
    );
    assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
    assert_eq!(row.install_asked, [(Kind::SignIn, Reason::NoAccount)]);
    assert_eq!(row.update_asks, Some((Kind::SignIn, Reason::NoAccount)));
    assert_eq!(row.noted, Some(pending::Obstacle::NoAccount));
}

#[tokio::test]
async fn a_lapsed_account_does_not_block_updates() {
    let row = row(|world| world.change_account(|account| account.state = AccountState::Expired)).await;
    assert_eq!(
        row.install,
        failed(23, "Sign-in expired. Sign in to store.example.org again in the Usher window, then try again.")
    );
    assert_eq!(row.silent_install.0, 23);
    assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
    assert_eq!(row.install_asked, [(Kind::SignIn, Reason::Rejected)]);
    assert_eq!(row.update_asks, Some((Kind::SignIn, Reason::Rejected)));
    assert_eq!(row.noted, Some(pending::Obstacle::Expired));
}

#[tokio::test]
async fn an_account_that_was_signed_out_needs_signing_in() {
    let row = row(|world| world.change_account(Account::sign_out)).await;
    assert_eq!(
        row.install,
        failed(23, "Account needed. Sign in to store.example.org in the Usher window, then try again.")
    );
    assert_eq!(row.update_asks, Some((Kind::SignIn, Reason::Rejected)));
    assert_eq!(row.update, all_left_out());
}

#[tokio::test]
async fn without_a_link_permission_is_asked_for() {
    let row = row(|world| world.change_account(|account| account.links.clear())).await;
    assert_eq!(
        row.install,
        failed(
            23,
            "Permission needed. Allow “shop” to use an account at store.example.org in the Usher window, then try again."
        )
    );
    assert_eq!((row.silent_install.0, row.update, row.silent_update), (23, all_left_out(), all_left_out()));
    assert_eq!(row.install_asked, [(Kind::Link, Reason::NoLink)]);
    assert_eq!(row.noted, Some(pending::Obstacle::NoLink));
}

#[tokio::test]
async fn k01_a_locked_keyring_is_told_from_being_signed_out() {
    let row = row(|world| world.set_keyring(Keyring::Locked)).await;
    assert_eq!(row.install, failed(23, "Keyring locked. Unlock it in the Usher window, then try again."));
    assert_eq!(row.silent_install, failed(23, "Keyring locked. Unlock it, then try again."));
    assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
    assert_eq!(row.install_asked, [(Kind::Unlock, Reason::Locked)]);
    assert_eq!(row.noted, Some(pending::Obstacle::Locked));
}

#[tokio::test]
async fn k03_without_a_keyring_the_message_says_so_and_nobody_is_asked() {
    for (keyring, message) in [
        (Keyring::Missing, "No keyring is running, so no account can be used."),
        (Keyring::Fails, "The keyring cannot be read, so no account can be used."),
    ] {
        let row = row(|world| world.set_keyring(keyring)).await;
        assert_eq!((row.install, row.silent_install), (failed(23, message), failed(23, message)));
        assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
        assert_eq!((row.install_asked, row.update_asks), (vec![], None));
    }
}

#[tokio::test]
async fn an_app_without_access_ends_an_install_and_only_its_own_update() {
    let row = row(|world| world.set_server(Says::No(&["org.example.Other"]))).await;
    let message = "Purchase needed. “org.example.Other” is not in the account of demo at store.example.org.";
    assert_eq!((row.install, row.silent_install), (failed(24, message), failed(24, message)));
    assert_eq!((row.update, row.silent_update), ((0, OTHER.to_owned()), (0, OTHER.to_owned())));
    assert_eq!((row.install_asked, row.update_asks), (vec![], None));
    assert_eq!(row.noted, Some(pending::Obstacle::NotBought));
}

#[tokio::test]
async fn g01_a_remote_that_changed_its_server_gets_nothing_and_opens_no_window() {
    let row = row(|world| {
        *world.accounts.lock().unwrap() = vec![account("https://old.example/", "demo", &[REMOTE_URI])];
        // What would be sent to either server would be seen here.
        world.set_server(Says::Panics);
    })
    .await;
    let message = "Blocked: “shop” now asks for an account at store.example.org instead of old.example. Review it in the Usher window.";
    assert_eq!((row.install, row.silent_install), (failed(23, message), failed(23, message)));
    assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
    assert_eq!((row.install_asked, row.update_asks), (vec![], None));
    assert!(matches!(row.noted, Some(pending::Obstacle::ServerChanged { agreed }) if agreed.host() == "old.example"));
}

#[tokio::test]
async fn h19_a_server_that_gives_no_tokens_is_named_and_blocks_no_update() {
    for (error, message) in [
        (TokensError::Http(HttpError::NoSuchHost), "cannot be reached. Check the connection, then try again."),
        (TokensError::Http(HttpError::TimedOut), "cannot be reached. Check the connection, then try again."),
        (TokensError::Unexpected, "answered in an unexpected way. Try again later; nothing was changed."),
        (
            TokensError::Http(HttpError::Unexpected),
            "answered in an unexpected way. Try again later; nothing was changed.",
        ),
    ] {
        let row = row(|world| world.set_server(Says::Fails(error.clone()))).await;
        let message = failed(2, &format!("store.example.org {message}"));
        assert_eq!((row.install, row.silent_install), (message.clone(), message));
        assert_eq!((row.update, row.silent_update), (all_left_out(), all_left_out()));
        assert_eq!((row.install_asked, row.update_asks), (vec![], None));
        assert_eq!(row.noted, Some(pending::Obstacle::Unavailable));
    }
}

#[tokio::test]
async fn h20_what_is_wrong_with_a_certificate_is_told() {
    let fault = TokensError::Http(HttpError::Certificate(CertificateFault::Expired));
    let row = row(|world| world.set_server(Says::Fails(fault.clone()))).await;
    assert_eq!(
        row.install.1,
        "The connection to store.example.org is not secure: its certificate has expired, or this computer's clock is wrong. Nothing was sent."
    );
}

#[tokio::test]
async fn d08_an_option_that_cannot_be_used_is_named_and_nothing_is_contacted() {
    let mut missing = request(&[APP]);
    missing.options.clear();
    let mut odd = request(&[APP]);
    odd.odd_option = Some("url");
    for (request, message) in [
        (missing, "Remote “shop” does not say where its accounts are (authenticator option “url”)."),
        (odd, "The authenticator option “url” of remote “shop” cannot be used."),
    ] {
        let world = World::good();
        assert_eq!(told(&answer(&world, &request).await), failed(2, message));
        world.install(&[APP]);
        assert_eq!(told(&answer(&world, &request).await), (0, APP.to_owned()));
        assert_eq!((world.calls(), world.questions().len()), (0, 0));
    }
}

#[tokio::test]
async fn g03_a_repository_that_is_not_secure_never_gets_a_token() {
    for uri in [
        "http://repo.example.org/",
        "file:///srv/repo",
        "oci+http://repo.example.org",
        "https://u@repo.example.org/",
        "",
    ] {
        let world = World::good();
        let insecure = Request { remote_uri: uri.into(), ..request(&[APP]) };
        assert_eq!(told(&answer(&world, &insecure).await), (0, APP.to_owned()), "{uri}");
        assert_eq!((world.calls(), world.reads.load(std::sync::atomic::Ordering::Relaxed)), (0, 0));
    }
}

#[tokio::test]
async fn g04_only_an_equal_server_and_an_equal_remote_find_the_account() {
    for equal in ["https://STORE.example.org", "https://store.example.org:443/", "https://store.example.org"] {
        let world = World::good();
        let spelled = Request { options: options(equal), ..request(&[APP]) };
        assert_eq!(told(&answer(&world, &spelled).await), (0, String::new()), "{equal}");
    }
    for other in [
        "https://store.example.org.evil.example/",
        "https://store.example.org/api-evil",
        "https://store.example.org:8443/",
    ] {
        let world = World::good();
        let spelled = Request { options: options(other), ..request(&[APP]) };
        assert_eq!(told(&answer(&world, &spelled).await).0, 23, "{other}");
        assert_eq!(world.calls(), 0);
    }
}

#[tokio::test]
async fn r25_a_remote_that_is_not_configured_gets_the_answer_without_a_window() {
    for odd in [
        Request { remote: "other".into(), ..request(&[APP]) },
        Request { remote_uri: "https://elsewhere.example/".into(), ..request(&[APP]) },
        Request { options: options("https://elsewhere.example/"), ..request(&[APP]) },
    ] {
        let world = World::empty();
        let reply = answer(&world, &odd).await;
        assert_eq!(told(&reply).0, 23);
        assert!(told(&reply).1.contains("in Usher, then"), "no window is named");
        assert!(world.questions().is_empty() && reply.after.note.is_none() && reply.after.question.is_none());
        world.install(&[APP]);
        let reply = answer(&world, &odd).await;
        assert_eq!(told(&reply), (0, APP.to_owned()));
        assert!(reply.after.note.is_none() && reply.after.question.is_none());
    }
}

#[tokio::test]
async fn every_ref_is_under_the_token_of_its_app() {
    let world = World::good();
    let locale = "runtime/org.example.App.Locale/x86_64/stable";
    let reply = answer(&world, &request(&[APP, locale])).await;
    let Answer::Tokens(tokens) = &reply.answer else { panic!("refused") };
    assert_eq!(tokens.iter().collect::<Vec<_>>(), [(&"token".to_owned(), &vec![APP.to_owned(), locale.to_owned()])]);
    let calls = world.calls.lock().unwrap();
    assert_eq!(calls[0].2, BTreeSet::from(["org.example.App".to_owned()]));
    assert_eq!(calls[0].1, "credential-of-demo");
}

#[tokio::test]
async fn from_a_warm_cache_no_server_is_asked() {
    let world = World::good();
    let flow = world.flow();
    flow.answer(&request(&[APP]), ":1.1").await;
    flow.answer(&request(&[APP, OTHER]), ":1.2").await;
    flow.answer(&request(&[APP, OTHER]), ":1.3").await;
    let asked: Vec<_> = world.calls.lock().unwrap().iter().map(|call| call.2.clone()).collect();
    assert_eq!(
        asked,
        [BTreeSet::from(["org.example.App".to_owned()]), BTreeSet::from(["org.example.Other".to_owned()])]
    );
    world.change_account(|account| account.links.push(account.links[0].clone()));
    flow.answer(&request(&[APP]), ":1.4").await;
    assert_eq!(world.calls(), 3, "a change of the account empties the cache");
}

#[tokio::test]
async fn h13_a_free_app_is_covered_without_a_token_and_asked_for_again() {
    let world = World::good();
    world.set_server(Says::Yes(""));
    let flow = world.flow();
    for _ in 0..2 {
        assert_eq!(told(&flow.answer(&request(&[APP]), ":1.1").await), (0, APP.to_owned()));
    }
    assert_eq!(world.calls(), 2);
}

#[tokio::test]
async fn h14_a_rejected_sign_in_is_marked_and_its_tokens_forgotten() {
    let world = World::good();
    let flow = world.flow();
    flow.answer(&request(&[APP]), ":1.1").await;
    world.set_server(Says::Fails(TokensError::Rejected));
    let reply = flow.answer(&silent(request(&[APP, OTHER])), ":1.2").await;
    assert_eq!(told(&reply).1, "Sign-in expired. Sign in to store.example.org again in Usher, then try again.");
    let kept = world.accounts.lock().unwrap()[0].clone();
    assert_eq!(kept.state, AccountState::Expired);
    assert!(kept.credential.is_some(), "a credential is never deleted but by the person");
    assert_eq!(told(&flow.answer(&silent(request(&[APP])), ":1.3").await).0, 23, "no token from the cache either");
}

#[tokio::test]
async fn a_prompt_that_ends_well_lets_the_request_begin_anew() {
    let world = World::empty();
    world.endings.lock().unwrap().push_back(Ending::Done);
    *world.meanwhile.lock().unwrap() =
        Some(Box::new(|world| world.accounts.lock().unwrap().push(account(SERVICE, "demo", &[REMOTE_URI]))));
    assert_eq!(told(&answer(&world, &request(&[APP])).await), (0, String::new()));
}

#[tokio::test]
async fn a_prompt_completes_no_request_and_each_kind_is_shown_once() {
    let world = World::empty();
    world.endings.lock().unwrap().extend([Ending::Done, Ending::Done, Ending::Done]);
    *world.meanwhile.lock().unwrap() =
        Some(Box::new(|world| world.accounts.lock().unwrap().push(account(SERVICE, "demo", &[]))));
    assert_eq!(told(&answer(&world, &request(&[APP])).await).0, 23);
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
        assert_eq!(told(&reply), expected);
        assert_eq!(
            reply.after.note.map(|note| (note.operation, note.refs)),
            Some((Operation::Install, vec![APP.to_owned()]))
        );
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
    let (one, two) = tokio::join!(flow.answer(&first, ":1.1"), flow.answer(&second, ":1.2"));
    assert_eq!((told(&one).0, told(&two).0), (0, 0));
    let credentials: Vec<_> = world.calls.lock().unwrap().iter().map(|call| call.1.clone()).collect();
    assert_eq!(credentials, ["credential-of-one", "credential-of-two"]);
}

#[tokio::test(start_paused = true)]
async fn h18_a_server_that_never_answers_ends_the_request_in_time() {
    let world = World::good();
    world.set_server(Says::Never);
    let began = tokio::time::Instant::now();
    let reply = answer(&world, &silent(request(&[APP]))).await;
    assert_eq!(told(&reply).1, "store.example.org cannot be reached. Check the connection, then try again.");
    assert!(began.elapsed().as_secs() <= 60);
}

#[tokio::test]
async fn what_is_asked_names_everything_that_the_window_shows() {
    let world = World::empty();
    answer(&world, &Request { parent_window: "x11:1".into(), ..request(&[APP]) }).await;
    let question = world.questions().remove(0);
    assert_eq!((question.remote.as_str(), question.remote_uri.as_str()), ("shop", REMOTE_URI));
    assert_eq!(question.binding.host(), "store.example.org");
    assert_eq!(question.app_ids, BTreeSet::from(["org.example.App".to_owned()]));
    assert_eq!(
        (question.client.as_str(), question.update, question.parent_window.as_str()),
        ("flatpak", false, "x11:1")
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
