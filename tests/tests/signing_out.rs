// SPDX-License-Identifier: GPL-3.0-or-later
//! What is said of signing out and of removing an account is what was done, here and at the server.

use serde_json::Value;
use usher_demo_store::{Authorization, CREDENTIAL_MARK, Control, Failure, Reply, Route};
use usher_tests::{Session, Setup, Story};

const SIGN_OUT: &str = "/api/v1/sign_out";

/// What a server does with the wish to end a sign-in, and what is said then.
struct Case {
    prepare: fn(&Control),
    /// The status of its answer, if it answers.
    status: Option<u16>,
    signed_out: &'static str,
    removed: &'static str,
    word: &'static str,
}

const CASES: [Case; 5] = [
    Case {
        prepare: |_| {},
        status: Some(204),
        signed_out: "Signed out of {host}.",
        removed: "Account removed.",
        word: "ended",
    },
    // Ended already, from another computer or on the server's own page.
    Case {
        prepare: |shop| {
            shop.revoke_credentials(None).expect("they can be revoked");
        },
        status: Some(401),
        signed_out: "Signed out of {host}.",
        removed: "Account removed.",
        word: "ended",
    },
    Case {
        prepare: |shop| shop.offer_sign_out(false),
        status: Some(404),
        signed_out: "Signed out on this computer. {host} keeps no sign-ins to end.",
        removed: "Account removed. {host} keeps no sign-ins to end.",
        word: "not-offered",
    },
    Case {
        prepare: |shop| shop.fail(Route::SignOut, Failure::Reply(Reply::new(503, "<h1>Maintenance</h1>"))),
        status: Some(503),
        signed_out: "Signed out on this computer only. {host} did not say that it ended the sign-in.",
        removed: "Account removed on this computer only. {host} did not say that it ended the sign-in.",
        word: "not-ended",
    },
    Case {
        prepare: |shop| shop.fail(Route::SignOut, Failure::Reset),
        status: None,
        signed_out: "Signed out on this computer only. {host} could not be reached.",
        removed: "Account removed on this computer only. {host} could not be reached.",
        word: "not-ended",
    },
];

/// Runs usherctl for people and, on a second sign-in, for programs.
async fn run(session: &Session, case: &Case, arguments: &[&str]) -> (String, Value) {
    let control = session.shop().control();
    let mut outputs = Vec::new();
    for format in [None, Some("--json")] {
        control.reset();
        session.sign_in_as("demo").await;
        (case.prepare)(control);
        control.clear_requests();
        let arguments: Vec<&str> = arguments.iter().copied().chain(format).collect();
        outputs.push(session.usherctl(&arguments).await.expect_success().stdout.clone());
        let asked = session.requests_for(SIGN_OUT);
        assert_eq!(asked.len(), 1, "{arguments:?}: {asked:?}");
        assert_eq!(asked[0].authorization, Authorization::Bearer);
        assert!(case.status.is_none_or(|status| asked[0].status() == Some(status)), "{asked:?}");
        for item in session.keyring().items().await {
            assert!(!item.text().contains(CREDENTIAL_MARK), "the sign-in is forgotten here in any case");
        }
    }
    let json = serde_json::from_str(&outputs[1]).expect("JSON");
    (outputs.swap_remove(0), json)
}

#[tokio::test]
async fn usherctl_says_what_became_of_a_sign_in_at_its_server() {
    let session = Session::start(Setup::without_display()).await;
    let host = session.host();
    for case in CASES {
        let said = |text: &str| format!("{}\n", text.replace("{host}", &host));
        let (signed_out, json) = run(&session, &case, &["sign-out", &host]).await;
        assert_eq!(signed_out, said(case.signed_out));
        assert_eq!((&json["at_server"], &json["account"]["state"]), (&case.word.into(), &"signed-out".into()));

        let (removed, json) = run(&session, &case, &["remove", "--yes", &host]).await;
        assert_eq!(removed, said(case.removed));
        assert_eq!(json["at_server"], case.word);
        assert!(session.keyring().items().await.is_empty(), "removed, whatever the server does");
    }
}

#[tokio::test]
async fn signing_out_twice_says_nothing_of_the_server() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let host = session.host();
    session.usherctl(&["sign-out", &host]).await.expect_success();
    session.shop().control().clear_requests();
    let again = session.usherctl(&["sign-out", &host]).await;
    assert_eq!(again.expect_success().stdout, "Signed out on this computer.\n");
    assert!(session.shop().requests().is_empty(), "there is nothing to end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_says_what_became_of_a_sign_in_at_its_server() {
    let story = Story::begin("signing-out", "Signing out, as the server answers it", Setup::default()).await;
    let (session, host) = (&story.session, story.session.host());
    let control = session.shop().control();
    session.sign_in_as("demo").await;
    session.open_usher();
    let screen = session.screen();
    let window = screen.window("Usher").await;
    window.press_row(&format!("demo, {host}")).await;

    for (step, case) in ["The server cannot end it", "The server is out of order", "The server is not reached"]
        .into_iter()
        .zip(&CASES[2..])
    {
        story.step(step).await;
        (case.prepare)(control);
        window.press("Sign Out").await;
        window.mentions(&case.signed_out.replace("{host}", &host)).await;
        window.says("Signed out").await;
        story.finish_step().await;
        control.reset();
        session.sign_in_as("demo").await;
        window.ready("Sign Out").await;
    }

    story.step("Removed, while the server is not reached").await;
    control.fail(Route::SignOut, Failure::Reset);
    window.press("Remove Account…").await;
    window.says("Remove demo?").await;
    window.press("Remove").await;
    window.mentions(&CASES[4].removed.replace("{host}", &host)).await;
    window.says("No Accounts Yet").await;
    assert!(session.keyring().items().await.is_empty());
    story.end().await;
}
