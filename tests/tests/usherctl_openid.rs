// SPDX-License-Identifier: GPL-3.0-or-later
//! Single sign-on in the terminal: a code on another device, a browser, and the two servers that a person agrees to.

use serde_json::{Value, json};
use usher_tests::usherctl::{BrowserCommand, CommandOutput};
use usher_tests::{IssuerBrowser, Session, Setup, Terminal, browser, wait_for};

const POSTCARD: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// An account server that leaves signing in to another one. Nothing of it exists.
const ELSEWHERE: [&str; 7] = [
    "usherctl",
    "sign-in",
    "https://store.example.org",
    "--issuer",
    "https://login.example.net",
    "--client-id",
    "usher",
];

/// Somebody at this computer, without a display.
async fn here() -> Session {
    Session::start(Setup { single_sign_on: true, ..Setup::without_display() }).await
}

/// Somebody who has come over ssh.
async fn over_ssh() -> Session {
    let environment = vec![("SSH_TTY", "/dev/pts/7".to_owned())];
    Session::start(Setup { single_sign_on: true, environment, ..Setup::without_display() }).await
}

/// The page and the code that were printed last.
fn printed_code(text: &str) -> (String, String) {
    let line = text.lines().rfind(|line| line.contains(" and enter ")).expect("a code is printed");
    let (page, rest) = line.split_once(" and enter ").expect("the line has both");
    let page = page.rsplit_once("Open ").expect("the line begins with the page").1;
    let code = rest.split_once(". Valid for ").expect("the line says how long the code is good").0;
    (page.to_owned(), code.to_owned())
}

/// Agrees to both servers, and comes to the code.
async fn at_the_code(session: &Session, terminal: &Terminal) -> (String, String) {
    let (host, issuer) = (session.host(), session.issuer().host().to_owned());
    terminal.wait_for_text(&format!("{host} leaves signing in to {issuer}.\n")).await;
    terminal.wait_for_text(&format!("First time at {host} and at {issuer}. Continue? [y/N] ")).await;
    assert_eq!(session.issuer().requests(), [], "nobody is asked before a yes");
    terminal.enter("y");
    terminal.wait_for_text("Waiting… (Ctrl+C to stop)").await;
    printed_code(&terminal.text())
}

fn polls(session: &Session) -> usize {
    session.issuer().count_grant(DEVICE_GRANT)
}

/// Waits until the issuer has been asked about the code this many times.
async fn wait_for_polls(session: &Session, count: usize) {
    let asked = async || (polls(session) >= count).then_some(());
    wait_for("a question about the code", asked, async || format!("{:?}", session.issuer().requests())).await;
}

fn is_signed_in(output: &CommandOutput, session: &Session) -> bool {
    output.code == 0 && output.stdout.starts_with(&format!("Signed in to {} as demo.\n", session.host()))
}

#[tokio::test]
async fn over_ssh_a_code_on_another_device_comes_first_and_is_enough() {
    let session = over_ssh().await;
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    let (page, code) = printed_code(&waiting.printed);
    assert_eq!(page, format!("{}/device", session.issuer().address()));
    assert!(waiting.printed.contains(". Valid for 10 minutes.\n"), "{}", waiting.printed);
    assert_eq!(waiting.address, format!("{page}?user_code={code}"), "the other address has the code in it");
    IssuerBrowser::default().enter_code(&page, &code, "demo").await;
    let output = waiting.end().await;
    assert!(is_signed_in(&output, &session), "{output:?}");

    let query = session.usherctl(&["query", "demo", POSTCARD]).await;
    assert_eq!(query.expect_success().stdout, format!("{POSTCARD}  Owned\n"));
    let stored = session.keyring().only_item().await.text();
    assert!(!stored.contains("\"way\""), "where one sits is no choice: {stored}");
    let status = session.usherctl(&["status"]).await.expect_success().stdout.clone();
    assert!(status.contains(&format!("\n  Signs in at: {}\n", session.issuer().host())), "{status}");
    assert!(status.contains("\n  Sign-in: Single sign-on\n"), "{status}");
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn with_json_the_code_stays_beside_the_result() {
    let session = over_ssh().await;
    let waiting = BrowserCommand::start(&session, &["--json", "sign-in", "demo"]).await;
    let (page, code) = printed_code(&waiting.printed);
    IssuerBrowser::default().enter_code(&page, &code, "demo").await;
    let output = waiting.end().await;
    assert_eq!(output.code, 0, "{}", output.stderr);
    let result: Value = serde_json::from_str(&output.stdout).expect("the result is one JSON value");
    let account = &result["account"];
    let said = ["provider", "server", "signs_in_at", "user", "state"].map(|key| account[key].as_str());
    let (host, issuer) = (session.host(), session.issuer().host().to_owned());
    assert_eq!(said, [Some("oauth2"), Some(&*host), Some(&*issuer), Some("demo"), Some("signed-in")]);
    assert!(!output.stdout.contains(&code), "{}", output.stdout);
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn a_browser_comes_back_and_its_last_page_says_that_one_can_go_back() {
    let session = here().await;
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    assert!(waiting.address.starts_with(&format!("{}/auth?", session.issuer().address())), "{}", waiting.address);
    let page = IssuerBrowser::default().sign_in(&waiting.address, "demo").await;
    assert!(page.contains("Signed In") && page.contains("Usher has taken over. This tab can be closed."), "{page}");
    assert!(is_signed_in(&waiting.end().await, &session));
    assert_eq!(polls(&session), 0);
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn a_browser_or_a_code_that_was_asked_for_is_used_again_the_next_time() {
    let session = here().await;
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo", "--code"]).await;
    let (page, code) = printed_code(&waiting.printed);
    IssuerBrowser::default().enter_code(&page, &code, "demo").await;
    waiting.end().await.expect_success();
    session.usherctl(&["sign-out", "demo"]).await.expect_success();
    // The account has chosen a code before.
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    printed_code(&waiting.printed);
    drop(waiting);
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo", "--browser"]).await;
    IssuerBrowser::default().sign_in(&waiting.address, "demo").await;
    waiting.end().await.expect_success();
    session.usherctl(&["sign-out", "demo"]).await.expect_success();
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    assert!(waiting.address.contains("/auth?"), "{}", waiting.address);
}

#[tokio::test]
async fn over_ssh_a_browser_is_waited_for_where_somebody_wants_that() {
    let session = over_ssh().await;
    for option in ["--browser", "--listen"] {
        let waiting = BrowserCommand::start(&session, &["sign-in", "demo", option]).await;
        let page = IssuerBrowser::default().sign_in(&waiting.address, "demo").await;
        assert!(page.contains("Signed In"), "{page}");
        assert!(is_signed_in(&waiting.end().await, &session), "{option}");
        session.usherctl(&["sign-out", "demo"]).await.expect_success();
    }
    // Without codes, the address is pasted.
    session.issuer().set(&json!({ "device": false }));
    let terminal = session.in_terminal(&["usherctl", "sign-in", "demo"]);
    terminal.wait_for_text("Paste that address (it stays hidden):").await;
    terminal.enter(&IssuerBrowser::default().redirect_of_sign_in(&terminal.address(), "demo").await);
    assert_eq!(terminal.end().await.code, 0);
    session.usherctl(&["sign-out", "demo"]).await.expect_success();
    let refused = session.usherctl(&["sign-in", "demo", "--code"]).await;
    assert_eq!(refused.code, 2);
    let said =
        format!("{} has no codes for signing in on another device. Leave out “--code”.\n", session.issuer().host());
    assert!(refused.stderr.ends_with(&said), "{}", refused.stderr);
}

#[tokio::test]
async fn a_sign_in_that_is_declined_or_cancelled_elsewhere_says_where() {
    let session = here().await;
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo", "--code"]).await;
    let (page, code) = printed_code(&waiting.printed);
    IssuerBrowser::default().decline_code(&page, &code).await;
    let declined = waiting.end().await;
    assert_eq!((declined.code, declined.stdout.as_str()), (7, ""), "{}", declined.stderr);
    assert_eq!(declined.stderr, "Not signed in: it was declined on the other device.\n");

    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    let redirect = IssuerBrowser::default().redirect_of_refusal(&waiting.address, "demo").await;
    let page = browser::open(&redirect).await;
    assert!(page.contains("Not Signed In") && page.contains("This tab can be closed."), "{page}");
    let cancelled = waiting.end().await;
    assert_eq!((cancelled.code, cancelled.stdout.as_str()), (7, ""));
    assert!(cancelled.stderr.ends_with("Not signed in: cancelled.\n"), "{}", cancelled.stderr);
    assert_eq!(session.keyring().items().await.len(), 0);
}

#[tokio::test]
async fn a_code_that_has_expired_is_replaced_by_a_new_one_after_a_question() {
    let session = over_ssh().await;
    session.issuer().set(&json!({ "device_code_seconds": 2 }));
    let expired = session.usherctl(&["sign-in", "demo"]).await;
    assert_eq!(expired.code, 1);
    assert!(expired.stderr.contains(". Valid for 1 minute.\n"), "{}", expired.stderr);
    let said = "Not signed in: the code has expired. Try again to get a new one.\n";
    assert!(expired.stderr.ends_with(said), "{}", expired.stderr);

    let terminal = session.in_terminal(&["usherctl", "sign-in", "demo"]);
    terminal.wait_for_text("Continue? [y/N] ").await;
    terminal.enter("y");
    terminal.wait_for_text("The code has expired.\nGet a new code? [Y/n] ").await;
    session.issuer().set(&json!({ "device_code_seconds": 600 }));
    let first = printed_code(&terminal.text());
    terminal.enter("");
    terminal.wait_for_nth("Waiting… (Ctrl+C to stop)", 2).await;
    let (page, code) = printed_code(&terminal.text());
    assert_ne!(first.1, code);
    IssuerBrowser::default().enter_code(&page, &code, "demo").await;
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    let end = terminal.end().await;
    assert!(end.code == 0 && end.text.contains("Signed in to"), "{}", end.text);
}

#[tokio::test]
async fn ctrl_c_ends_the_questions_about_a_code() {
    let session = over_ssh().await;
    let terminal = session.in_terminal(&["usherctl", "sign-in", "demo"]);
    at_the_code(&session, &terminal).await;
    wait_for_polls(&session, 1).await;
    terminal.interrupt();
    let end = terminal.end().await;
    assert!(end.code == 7 && end.text.ends_with("Cancelled.\n"), "{}", end.text);
    let asked = polls(&session);
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo", "--browser"]).await;
    IssuerBrowser::default().sign_in(&waiting.address, "demo").await;
    waiting.end().await.expect_success();
    assert_eq!(polls(&session), asked, "nobody asks any more");
}

#[tokio::test]
async fn a_wait_for_a_code_outlasts_a_server_that_is_away() {
    let session = over_ssh().await;
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    let (page, code) = printed_code(&waiting.printed);
    session.issuer().fail("token", 503, &json!("<h1>Away</h1>"));
    wait_for_polls(&session, 2).await;
    session.issuer().succeed();
    IssuerBrowser::default().enter_code(&page, &code, "demo").await;
    assert!(is_signed_in(&waiting.end().await, &session));
}

#[tokio::test]
async fn r24_two_servers_that_a_person_names_are_both_agreed_to() {
    let session = over_ssh().await;
    let shop = session.shop().base_url().to_string();
    let issuer = session.issuer().address().to_owned();
    let words = ["usherctl", "sign-in", &shop, "--type", "oauth2", "--issuer", &issuer, "--client-id", "usher"];
    let terminal = session.in_terminal(&words);
    let (page, code) = at_the_code(&session, &terminal).await;
    IssuerBrowser::default().enter_code(&page, &code, "demo").await;
    terminal.wait_for_text("“demo” (").await;
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    let end = terminal.end().await;
    assert_eq!(end.code, 0, "{}", end.text);
    session.flatpak().run(&["install", "--user", "--noninteractive", "demo", POSTCARD]).await.expect_success();
}

#[tokio::test]
async fn r24_what_another_host_gets_is_said_before_anybody_is_asked() {
    let session = over_ssh().await;
    let terminal = session.in_terminal(&[&ELSEWHERE[..], &["--scope", "read_api"]].concat());
    terminal
        .wait_for_text(
            "store.example.org leaves signing in to login.example.net.\n\
             What store.example.org does with a sign-in there:\n  \
             Learns the user name and e-mail address\n  \
             Stays signed in until the account is signed out\n  \
             Also gets what the server calls “read_api”\n\
             First time at store.example.org and at login.example.net. Continue? [y/N] ",
        )
        .await;
    terminal.enter("n");
    assert_eq!(terminal.end().await.code, 7);

    // A remote says the same, but nobody has said that it is right.
    let options =
        ["type=oauth2", "url=https://store.example.org", "issuer=https://login.example.net", "client-id=usher"];
    let options = options.map(|option| format!("--authenticator-option={option}"));
    let mut words = vec!["remote-modify", "--user"];
    words.extend(options.iter().map(String::as_str));
    session.flatpak().run(&[&words[..], &["demo"]].concat()).await.expect_success();
    let refused = session.usherctl(&["sign-in", "demo", "--code"]).await;
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("A code is not used here, because store.example.org leaves"), "{}", refused.stderr);
}

#[tokio::test]
async fn options_that_do_not_fit_together_are_explained() {
    let session = here().await;
    let shop = session.shop().base_url().to_string();
    let issuer = session.issuer().address().to_owned();
    let pair = ["--issuer", issuer.as_str(), "--client-id", "usher"];
    for (words, said) in [
        (&["--issuer", &issuer][..], "“--client-id” is needed as well. The people who run the server know it."),
        (&["--type", "oauth2"], "“--issuer” is needed as well. The people who run the server know it."),
        (&[&pair[..], &["--type", "basic"]].concat(), "Servers of the type “basic” do not leave signing in to others."),
        (&["--issuer", "login", "--client-id", "usher"], "“login” is not the address of a server."),
        (&["--code", "--paste"], "cannot be used with"),
    ] {
        let output = session.usherctl(&[&["sign-in", &shop], words].concat()).await;
        assert!(output.code == 2 && output.stderr.contains(said), "{words:?}: {}", output.stderr);
    }
    let output = session.usherctl(&[&["sign-in", "demo"][..], &pair].concat()).await;
    assert!(output.code == 2 && output.stderr.starts_with("The remote “demo” says itself"), "{}", output.stderr);
    assert_eq!(session.issuer().requests(), []);
}

#[tokio::test]
async fn it_is_the_server_of_the_sign_in_that_is_named_when_it_fails() {
    let session = here().await;
    let issuer = session.issuer().host().to_owned();
    session.issuer().fail("metadata", 500, &json!({}));
    let output = session.usherctl(&["sign-in", "demo", "--no-browser"]).await;
    assert_eq!(output.code, 6);
    assert!(
        output
            .stderr
            .ends_with(&format!("{issuer} answered in an unexpected way. Try again later; nothing was changed.\n")),
        "{}",
        output.stderr
    );
    session.issuer().succeed();

    session.issuer().set(&json!({ "redirect_issuer": "https://evil.example" }));
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    let page = IssuerBrowser::default().sign_in(&waiting.address, "demo").await;
    assert!(page.contains("Not Signed In") && page.contains("Go back to Usher to see why."), "{page}");
    let output = waiting.end().await;
    assert_eq!((output.code, output.stdout.as_str()), (1, ""));
    let said =
        "Not signed in: the answer came from another server than the one that was asked. Nothing of it was used.";
    assert!(output.stderr.contains(said), "{}", output.stderr);
    assert_eq!(session.keyring().items().await.len(), 0);
}

#[tokio::test]
async fn an_account_of_single_sign_on_buys_and_moves_to_another_computer() {
    let session = here().await;
    session.sign_in_at_the_issuer("demo").await;
    session.buy(PAID).await;
    let file = session.folder().join("Accounts.usher").display().to_string();
    session.usherctl(&["export", &file]).await.expect_success();

    let other = session.another_computer(Setup::without_display()).await;
    let list = other.usherctl(&["import", &file]).await.expect_success().stdout.clone();
    let (shop, issuer) = (session.shop().base_url().to_string(), session.issuer().address().to_owned());
    for option in ["type=oauth2", &format!("issuer={issuer}"), "client-id=usher", &format!("url={shop}")] {
        assert!(list.contains(&format!("--authenticator-option={option} ")), "{option}: {list}");
    }
    let command = format!("usherctl sign-in {shop} --type oauth2 --issuer {issuer} --client-id usher\n");
    assert!(list.contains(&command), "{list}");

    let terminal = other.in_terminal(&["usherctl", "import", &file, "--code"]);
    let question =
        format!("First time at {} by way of {}. Sign in as demo now? [y/N] ", session.host(), session.issuer().host());
    terminal.wait_for_text(&question).await;
    terminal.enter("y");
    terminal.wait_for_text("Waiting… (Ctrl+C to stop)").await;
    let (page, code) = printed_code(&terminal.text());
    IssuerBrowser::default().enter_code(&page, &code, "demo").await;
    let end = terminal.end().await;
    assert!(end.code == 0 && end.text.contains("Signed in to"), "{}", end.text);
}
