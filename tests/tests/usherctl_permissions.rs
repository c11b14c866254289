// SPDX-License-Identifier: GPL-3.0-or-later
//! Deciding in a terminal which remote may use which account, and renaming accounts.

use usher_demo_store::DemoStore;
use usher_tests::{AUTHENTICATOR, Session, Setup, browser};

const APP: &str = "org.example.Postcard";

async fn session() -> Session {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    session
}

/// The users whose accounts a remote may use.
async fn users_of(session: &Session, remote: &str) -> Vec<String> {
    let output = session.usherctl(&["list", "--json"]).await;
    let list: serde_json::Value = serde_json::from_str(&output.stdout).expect("the list is JSON");
    let accounts = list["accounts"].as_array().expect("there are accounts").iter();
    let uses = |account: &&serde_json::Value| {
        account["used_by"].as_array().expect("it tells who uses it").iter().any(|link| link["remote"] == remote)
    };
    accounts.filter(uses).map(|account| account["user"].as_str().expect("it has a user").to_owned()).collect()
}

#[tokio::test]
async fn a_permission_is_revoked_and_granted_again_without_signing_in() {
    let session = session().await;
    let host = session.host();
    let install = ["install", "--user", "--noninteractive", "demo", APP];
    let output = session.usherctl(&["revoke", "demo"]).await;
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (0, format!("“demo” no longer uses the account of demo at {host}.\n").as_str())
    );
    session
        .flatpak()
        .run(&install)
        .await
        .expect_refusal("Permission needed. Run “usherctl sign-in demo”, then try again.");

    let again = session.usherctl(&["revoke", "demo"]).await;
    assert_eq!((again.code, again.stdout.as_str()), (0, ""));
    assert_eq!(again.stderr, "Nothing has changed: “demo” did not use it.\n");

    let output = session.usherctl(&["allow", "demo"]).await;
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (0, format!("“demo” may use the account of demo at {host}.\n").as_str())
    );
    session.flatpak().run(&install).await.expect_success();
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn a_remote_that_was_refused_for_good_is_told_no_everywhere_until_it_is_allowed() {
    let session = session().await;
    let (host, flatpak) = (session.host(), session.flatpak());
    flatpak.run(&["install", "--user", "--noninteractive", "demo", APP]).await.expect_success();
    session.shop().control().publish_update(APP).await.expect("the shop publishes");
    let output = session.usherctl(&["revoke", "--for-good", "demo"]).await;
    let done = format!("“demo” may not use an account at {host}, and does not ask again.\n");
    assert_eq!((output.code, output.stdout), (0, done));
    assert_eq!(users_of(&session, "demo").await, Vec::<String>::new());

    let no = format!("Not allowed: “demo” may not use an account at {host}. “usherctl allow demo” changes that.");
    let other_app = ["install", "--user", "--noninteractive", "demo", "org.example.Sketchbook"];
    flatpak.run(&other_app).await.expect_refusal(&no);
    // The update of the app alone fails, and not by a word of ours.
    let update = flatpak.run(&["update", "--user", "-y"]).await;
    assert!(update.text.contains("HTTP 403") && !update.text.contains("Not allowed"), "{}", update.text);
    for command in [&["query", "demo", APP][..], &["buy", "--yes", "demo", "org.example.Sketchbook"]] {
        let output = session.usherctl(command).await;
        assert_eq!((output.code, output.stderr), (3, format!("{no}\n")), "{command:?}");
    }
    let status = session.usherctl(&["status"]).await;
    assert!(status.stdout.contains("  Not allowed: demo\n"), "{}", status.stdout);
    let doctor = session.usherctl(&["doctor"]).await;
    let block =
        format!("demo: Not allowed: “demo” may not use an account at {host}.\n  To allow it: usherctl allow demo\n");
    assert!(doctor.code == 1 && doctor.stdout.contains(&block), "{}", doctor.stdout);
    let usage = session.usherctl(&["revoke", "--for-good", "demo", &host]).await;
    assert_eq!(usage.code, 2, "a refusal is not about one account");

    // To sign in at the server is no answer to what this remote asked: nobody is asked again.
    let outcome = session.in_terminal(&["usherctl", "sign-in", &host]).end().await;
    assert!(!outcome.text.contains("[y/N]") && outcome.text.contains("“demo” may not use it yet."), "{}", outcome.text);
    assert_eq!(users_of(&session, "demo").await, Vec::<String>::new());

    session.usherctl(&["allow", "demo"]).await.expect_success();
    let status = session.usherctl(&["status"]).await;
    assert!(!status.stdout.contains("Not allowed"), "{}", status.stdout);
    flatpak.run(&["update", "--user", "-y"]).await.expect_success();
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn the_permission_of_a_missing_remote_is_revoked_by_name_or_address() {
    let session = session().await;
    let address = session.shop().repository_url().to_string();
    for wanted in ["demo", &address] {
        session.flatpak().run(&["remote-delete", "--user", "--force", "demo"]).await.expect_success();
        let output = session.usherctl(&["revoke", wanted]).await;
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(output.stdout.starts_with("“demo” no longer uses the account of demo at "), "{}", output.stdout);
        assert_eq!(users_of(&session, "demo").await, Vec::<String>::new());
        session.add_remote("demo").await;
        assert_eq!(session.usherctl(&["allow", "demo"]).await.code, 0);
    }
    let output = session.usherctl(&["revoke", "none"]).await;
    assert_eq!(output.code, 2);
    assert_eq!(output.stderr, "There is no remote “none”. “usherctl list” lists those that may use an account.\n");
}

#[tokio::test]
async fn remotes_at_one_address_lose_their_permission_together_and_each_is_named() {
    let session = session().await;
    session.add_remote("again").await;
    let host = session.host();
    let output = session.usherctl(&["revoke", "again"]).await;
    let lines = ["again", "demo"].map(|remote| format!("“{remote}” no longer uses the account of demo at {host}.\n"));
    assert_eq!((output.code, output.stdout), (0, lines.concat()));
}

#[tokio::test]
async fn of_several_accounts_a_remote_uses_the_one_that_is_named() {
    let session = session().await;
    session.sign_in_as("demo2").await;
    let host = session.host();
    let unnamed = session.usherctl(&["allow", "demo"]).await;
    assert_eq!(unnamed.code, 2);
    for user in ["demo", "demo2"] {
        assert!(unnamed.stderr.contains(&format!("  {user}@{host}\n")), "{}", unnamed.stderr);
    }
    assert_eq!(session.usherctl(&["allow", "demo", &format!("demo@{host}")]).await.code, 0);
    assert_eq!(users_of(&session, "demo").await, ["demo"]);

    let other = session.usherctl(&["revoke", "demo", &format!("demo2@{host}")]).await;
    assert_eq!((other.code, other.stdout.as_str()), (0, ""));
    assert_eq!(users_of(&session, "demo").await, ["demo"]);
    assert_eq!(session.usherctl(&["revoke", "demo", &format!("demo@{host}")]).await.code, 0);
    assert_eq!(users_of(&session, "demo").await, Vec::<String>::new());
    let output = session.usherctl(&["allow", "demo", "nobody@nowhere"]).await;
    assert!(
        output.code == 2 && output.stderr.starts_with("There is no account “nobody@nowhere”."),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn an_account_is_found_by_its_custom_name() {
    let session = session().await;
    let host = session.host();
    let output = session.usherctl(&["rename", &host, "At \u{1b}[31mwork\u{202e}"]).await;
    assert_eq!(
        (output.code, output.stdout),
        (0, format!("The account of demo at {host} is called “At [31mwork” now.\n"))
    );
    assert_eq!(session.usherctl(&["rename", &host, "At work"]).await.code, 0);
    let list = session.usherctl(&["list"]).await;
    assert!(list.stdout.lines().any(|line| line.starts_with("At work")), "{}", list.stdout);
    assert_eq!(session.usherctl(&["status", &format!("At work@{host}")]).await.code, 0);
    let output = session.usherctl(&["rename", &format!("At work@{host}"), ""]).await;
    assert_eq!(
        (output.code, output.stdout),
        (0, format!("The account of demo at {host} no longer has a name of its own.\n"))
    );
    assert_eq!(session.usherctl(&["status", &format!("At work@{host}")]).await.code, 3);
    assert_eq!(session.usherctl(&["rename", "nobody@nowhere", "x"]).await.code, 2);
}

#[tokio::test]
async fn a_locked_keyring_is_left_as_it_is() {
    let session = session().await;
    session.keyring().lock().await;
    for arguments in [&["revoke", "demo"][..], &["allow", "demo"], &["rename", &session.host(), "x"]] {
        session.keyring().dismiss_next_prompt();
        let output = session.usherctl(arguments).await;
        assert_eq!((output.code, output.stdout.as_str()), (5, ""), "{arguments:?}");
        assert_eq!(output.stderr, "The keyring is locked. Unlock it, then try again.\n");
    }
    session.keyring().answer_next_prompt();
    assert!(session.keyring().ask_to_unlock().await);
    assert_eq!(users_of(&session, "demo").await, ["demo"]);
}

/// Lets the remote `demo` name another shop as its account server. Returns that shop and its host.
async fn change_server(session: &Session) -> (DemoStore, String) {
    let other = session.open_another_shop("other").await;
    let option = format!("--authenticator-option=url={}", other.base_url());
    let change = ["remote-modify", "--user", &format!("--authenticator-name={AUTHENTICATOR}"), &option, "demo"];
    session.flatpak().run(&change).await.expect_success();
    other.control().clear_requests();
    let url = other.base_url();
    let host = format!("127.0.0.1:{}", url.port().expect("it has a port of its own"));
    (other, host)
}

#[tokio::test]
async fn g01_a_changed_server_is_accepted_by_a_person_who_was_told_and_by_no_script() {
    let session = session().await;
    let old_host = session.host();
    let (other, host) = change_server(&session).await;
    let output = session.usherctl(&["sign-in", "demo", "--no-browser"]).await;
    assert_eq!((output.code, output.stdout.as_str()), (1, ""));
    let blocked = format!(
        "Blocked: “demo” now asks for an account at {host} instead of {old_host}. Run “usherctl review demo”.\n"
    );
    assert_eq!(output.stderr, blocked);
    assert_eq!(other.requests(), []);

    let warning = format!(
        "“demo” used {old_host} and now asks for an account at {host}. If this is not expected, do not continue."
    );
    let question = format!("First time at {host}. Continue? [y/N] ");
    let terminal = session.in_terminal(&["usherctl", "sign-in", "demo", "--no-browser"]);
    terminal.wait_for_text(&question).await;
    terminal.enter("n");
    let end = terminal.end().await;
    assert!(end.code == 7 && end.text.contains(&warning), "{}", end.text);
    assert_eq!(other.requests(), []);

    let terminal = session.in_terminal(&["usherctl", "sign-in", "demo", "--no-browser"]);
    terminal.wait_for_text(&question).await;
    terminal.enter("y");
    terminal.wait_for_text("Waiting… (Ctrl+C to stop)").await;
    browser::sign_in(&terminal.address(), "demo2").await;
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    terminal.end().await.expect_success();
    assert_eq!(users_of(&session, "demo").await, ["demo2"]);
}

#[tokio::test]
async fn g01_a_changed_server_is_a_question_though_there_is_an_account_at_it() {
    let session = session().await;
    session.add_remote("old").await;
    let (other, host) = change_server(&session).await;
    let option = format!("--authenticator-option=url={}", other.base_url());
    let name = format!("--authenticator-name={AUTHENTICATOR}");
    session.flatpak().run(&["remote-modify", "--user", &name, &option, "other"]).await.expect_success();
    session.sign_in_to("other", "demo2").await;

    assert_eq!(session.usherctl(&["allow", "demo"]).await.code, 1);
    let terminal = session.in_terminal(&["usherctl", "allow", "demo"]);
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("n");
    let end = terminal.end().await;
    assert!(end.code == 7 && end.text.contains("If this is not expected, do not continue."), "{}", end.text);
    assert_eq!(users_of(&session, "demo").await, ["demo"]);
    let refused = session.usherctl(&["allow", "demo", &format!("demo@{}", session.host())]).await;
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.starts_with(&format!("“demo” needs an account at {host}, which ")), "{}", refused.stderr);

    let terminal = session.in_terminal(&["usherctl", "allow", "demo"]);
    terminal.wait_for_text("Allow? [y/N] ").await;
    terminal.enter("y");
    terminal.end().await.expect_success();
    assert_eq!(users_of(&session, "demo").await, ["demo2"]);
}

#[tokio::test]
async fn u07_a_changed_server_is_accepted_in_a_terminal_or_stays_blocked() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let unchanged = session.usherctl(&["review", "demo"]).await;
    assert_eq!((unchanged.code, unchanged.stdout.as_str()), (0, "“demo” has not changed its server.\n"));

    // The same shop under another name of this computer is another server.
    let old = session.host();
    let other = session.open_another_shop("other").await;
    let new = format!("127.0.0.1:{}", other.base_url().port().expect("the shop is at a port of its own"));
    let option = format!("--authenticator-option=url={}", other.base_url());
    session.flatpak().run(&["remote-modify", "--user", &option, "demo"]).await.expect_success();

    let refused = session.usherctl(&["review", "demo"]).await;
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("A terminal is needed to answer."), "{}", refused.stderr);
    let shown = format!("“demo” used {old} and now asks for an account at {new}.");
    let question = format!("Use {new} from now on? [y/N] ");

    other.control().clear_requests();
    let terminal = session.in_terminal(&["usherctl", "review", "demo"]);
    terminal.wait_for_text(&question).await;
    assert!(terminal.text().contains(&shown), "{}", terminal.text());
    terminal.enter("n");
    let ended = terminal.end().await;
    assert_eq!(ended.code, 7);
    assert!(ended.text.contains("“demo” stays blocked."), "{}", ended.text);
    assert_eq!(other.requests(), [], "nothing was asked of the new server");
    let install = ["install", "--user", "--noninteractive", "demo", "org.example.Postcard"];
    assert!(session.flatpak().run(&install).await.text.contains("Blocked: "));

    let terminal = session.in_terminal(&["usherctl", "review", "demo"]);
    terminal.wait_for_text(&question).await;
    terminal.enter("y");
    terminal.wait_for_text("Waiting… (Ctrl+C to stop)").await;
    browser::sign_in(&terminal.address(), "demo2").await;
    let ended = terminal.end().await;
    assert_eq!(ended.code, 0, "{}", ended.text);
    let granted = format!("“demo” may use the account of demo2 at {new}.");
    assert!(ended.text.contains(&granted), "{}", ended.text);
    let doctor = session.usherctl(&["doctor"]).await;
    assert!(!doctor.stdout.contains("Blocked"), "{}", doctor.stdout);
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn a_remote_of_the_same_name_that_is_switched_off_counts_for_nothing() {
    let session = session().await;
    let repo = session.folder().join("flatpak/system/repo");
    std::fs::create_dir_all(&repo).expect("a folder can be made");
    for (is_off, code) in [(true, 0), (false, 2)] {
        let other = format!(
            "[core]\nrepo_version=1\nmode=bare-user-only\n[remote \"demo\"]\nurl=https://other.example.org/\nxa.disable={is_off}\n\
             xa.authenticator-name={AUTHENTICATOR}\nxa.authenticator-options.url=https://other.example.org/\n"
        );
        std::fs::write(repo.join("config"), other).expect("a file can be written");
        for command in [&["query", "demo", "org.example.Postcard"][..], &["allow", "demo"]] {
            let output = session.usherctl(command).await;
            assert_eq!(output.code, code, "{command:?}: {}", output.stderr);
        }
        let output = session.usherctl(&["doctor"]).await;
        assert_eq!(output.stdout.contains("other.example.org"), !is_off, "{}", output.stdout);
    }
}
