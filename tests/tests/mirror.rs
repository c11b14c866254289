// SPDX-License-Identifier: GPL-3.0-or-later
//! The mirror of `docs/mirrors.md` gives an app to those whom the shop gives it, and to nobody else.

use std::collections::BTreeSet;
use std::process::Command;

use rustix::process::Signal;
use usher_demo_store::{DemoStore, StoreOptions, TokenTerms};
use usher_tests::{Mirror, Session, Setup, has_ended, send_signal, wait_until, workspace};

const FREE: &str = "org.example.Metronome";
const PRIVATE: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";

fn setup() -> Setup {
    Setup { signed_tokens: true, ..Setup::without_display() }
}

async fn install(client: &Session, app: &str) -> usher_tests::Outcome {
    client.flatpak().run(&["install", "--user", "--noninteractive", "shop", app]).await
}

fn token(shop: &DemoStore, terms: TokenTerms) -> String {
    shop.control().hand_out_token(terms).expect("the shop hands out tokens")
}

/// Somebody else who signs tokens.
async fn another_signer(session: &Session) -> DemoStore {
    let folder = session.folder().join("shop/another-signer");
    let options = StoreOptions { signed_tokens: true, ..StoreOptions::without_repository(folder) };
    DemoStore::start(options).await.expect("the shop opens")
}

/// Lets the mirror check tokens with the keys of this shop.
async fn set_keys(session: &Session, shop: &DemoStore) {
    let option = format!("--authenticator-option=verify-key={}", shop.jwk_set().expect("it has keys"));
    session.flatpak().run(&["remote-modify", "--user", &option, "shop"]).await.expect_success();
}

/// What a client sends to show a token.
fn shown(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

/// Those of these paths that the mirror gives for a head with these lines. It refuses the others with one of these.
async fn given(mirror: &Mirror, paths: &BTreeSet<String>, head: &[&str], refusals: &[u16]) -> BTreeSet<String> {
    let mut given = BTreeSet::new();
    for path in paths {
        match mirror.status(path, head).await {
            200 => drop(given.insert(path.clone())),
            status => assert!(refusals.contains(&status), "{status} for {path} with {head:?}"),
        }
    }
    given
}

#[tokio::test]
async fn each_commit_is_given_for_a_token_for_its_own_app_alone() {
    let session = Session::start(setup()).await;
    let mirror = Mirror::open_copy(&session).await;
    let is_commit = |path: &String| path.ends_with(".commit");
    let commits = mirror.paths_below("objects").into_iter().filter(is_commit);
    let deltas = ["deltas", "delta-indexes"].into_iter().flat_map(|folder| mirror.paths_below(folder));
    let all: BTreeSet<String> = commits.chain(deltas).collect();

    let mut rest: BTreeSet<String> = &all - &given(&mirror, &all, &[], &[401]).await;
    assert!(!rest.contains(&mirror.commit_path(&format!("app/{FREE}/x86_64/stable"))));
    for app in [PRIVATE, PAID, "org.example.Stargazer"] {
        let shown = shown(&token(session.shop(), TokenTerms::for_apps(&[app])));
        let of_app = given(&mirror, &rest, &[&shown], &[403]).await;
        assert!(of_app.contains(&mirror.commit_path(&format!("app/{app}/x86_64/stable"))), "{app}: {of_app:?}");
        for kind in [".commit", "/superblock", "/0", ".index"] {
            assert!(of_app.iter().any(|path| path.ends_with(kind)), "{kind} of {app}: {of_app:?}");
        }
        rest = &rest - &of_app;
    }
    assert_eq!(rest, BTreeSet::new(), "every app has a token");
    for path in ["/summary", "/summary.idx", "/config"] {
        assert_eq!(mirror.status(path, &[]).await, 200, "{path}");
    }
}

#[tokio::test]
async fn no_spelling_and_no_header_opens_what_a_token_does_not() {
    let session = Session::start(setup()).await;
    let other = another_signer(&session).await;
    let unchecked = session.open_another_shop("unchecked").await;
    let mirror = Mirror::open_copy(&session).await;
    let free = mirror.commit_path(&format!("app/{FREE}/x86_64/stable"));
    let path = mirror.commit_path(&format!("app/{PRIVATE}/x86_64/stable"));
    let good = shown(&token(session.shop(), TokenTerms::for_apps(&[PRIVATE])));
    let of_another_app = shown(&token(session.shop(), TokenTerms::for_apps(&[PAID])));
    let ended = TokenTerms { lifetime: -120, ..TokenTerms::for_apps(&[PRIVATE]) };
    assert_eq!(mirror.status(&path, &[&good]).await, 200);

    let forged = format!("Flatpak-Ref: app/{PAID}/x86_64/stable");
    let file = format!("Mirror-File: {free}");
    let (signed, _) = good.rsplit_once('.').expect("a JWT");
    let unsigned = format!("{signed}.");
    for (why, head, status) in [
        ("no token", vec![], 401),
        ("for another app", vec![&*of_another_app], 403),
        ("for another app, which the header names", vec![&*of_another_app, &forged], 403),
        ("for another app, with a file in the head", vec![&*of_another_app, &file], 403),
        ("no token, with a file in the head", vec![&*file], 401),
        ("ended", vec![&*shown(&token(session.shop(), ended))], 403),
        ("signed by another", vec![&*shown(&token(&other, TokenTerms::for_apps(&[PRIVATE])))], 403),
        ("signed with a secret", vec![&*shown(&token(&unchecked, TokenTerms::for_apps(&[PRIVATE])))], 403),
        ("not signed", vec![&*unsigned], 403),
        ("garbage", vec!["Authorization: Bearer garbage"], 403),
        ("an option", vec!["Authorization: Bearer --help"], 403),
        ("another scheme", vec!["Authorization: Basic ZGVtbzpkZW1v"], 401),
        ("empty", vec!["Authorization: Bearer "], 401),
    ] {
        assert_eq!(mirror.status(&path, &head).await, status, "{why}");
    }

    let below = path.strip_prefix("/objects/").expect("an object");
    for spelling in [
        format!("/objects//{below}"),
        format!("//objects/{below}"),
        format!("/objects/./{below}"),
        format!("/objects/00/../{below}"),
        format!("/summary/../objects/{below}"),
        format!("/%6fbjects/{below}"),
        format!("/objects/{}", below.replace('/', "%2f")),
        format!("{path}?x=y"),
        format!("{path}#{free}"),
        format!("http://mirror{path}"),
    ] {
        assert_eq!(mirror.status(&spelling, &[]).await, 401, "{spelling}");
        assert_eq!(mirror.status(&spelling, &[&of_another_app]).await, 403, "{spelling}");
    }
    for nothing in [
        format!("{path}%0a"),
        format!("{path}%0d%0aMirror-File:%20{free}"),
        format!("{path}/"),
        format!("/objects/{}", below.to_uppercase()),
        format!("/objects/{}.commit", "0".repeat(64)),
        "/check".into(),
        "/.lock".into(),
        "/../checker.py".into(),
        "/refs/heads/../../../keys.json".into(),
        "/".into(),
        "/tmp/".into(),
    ] {
        let status = mirror.status(&nothing, &[&good]).await;
        assert!([400, 404].contains(&status), "{status} for {nothing}");
    }
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn without_its_checker_a_mirror_gives_nothing_that_may_need_a_token() {
    let session = Session::start(setup()).await;
    let mirror = Mirror::open_copy(&session).await;
    let client = session.another_computer(Setup::without_display()).await;
    client.add_remote("shop").await;
    let url = format!("--url={}", mirror.address());
    client.flatpak().run(&["remote-modify", "--user", &url, "shop"]).await.expect_success();
    install(&client, FREE).await.expect_success();
    client.sign_in_to("shop", "demo").await;

    let other = another_signer(&session).await;
    set_keys(&session, &other).await;
    let refused = install(&client, PRIVATE).await;
    assert!(refused.code != 0 && refused.text.contains("HTTP 403"), "{}", refused.text);
    set_keys(&session, session.shop()).await;

    let path = mirror.commit_path(&format!("app/{PRIVATE}/x86_64/stable"));
    let good = shown(&token(session.shop(), TokenTerms::for_apps(&[PRIVATE])));
    assert_eq!(mirror.status(&path, &[&good]).await, 200);
    let programs = session.processes.of_program("python3");
    let is_checker = |arguments: &[String]| arguments.iter().any(|argument| argument.ends_with("checker.py"));
    let (checker, _) = programs.into_iter().find(|(_, arguments)| is_checker(arguments)).expect("the checker runs");
    send_signal(checker, Signal::KILL);
    wait_until("the end of the checker", async || has_ended(checker)).await;
    assert_eq!(mirror.status(&path, &[&good]).await, 500);
    assert_eq!(mirror.status("/summary", &[]).await, 200);
    let failed = install(&client, PRIVATE).await;
    assert!(failed.code != 0 && failed.text.contains("HTTP 500"), "{}", failed.text);
    assert!(!client.flatpak().is_installed(PRIVATE).await);
}

#[test]
fn the_checker_remembers_a_good_answer_for_a_minute_and_no_longer() {
    let mut command = Command::new("python3");
    command
        .arg("-B")
        .arg(workspace().join("tests/helpers/mirror_checker.py"))
        .arg(Mirror::example().join("checker.py"));
    let output = command.output().expect("python3 starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let tried = String::from_utf8_lossy(&output.stdout).lines().count();
    assert_eq!(tried, 8, "every case was tried: {said}");
}
