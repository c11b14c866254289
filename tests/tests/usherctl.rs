// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl` in a session without a display: a terminal, a browser somewhere, the real keyring and the real shop.

use usher_tests::usherctl::BrowserCommand;
use usher_tests::{KeyringState, Session, Setup, browser};

const INSTALL: [&str; 4] = ["install", "--user", "--noninteractive", "org.example.Postcard"];

fn terminal_only(keyring: KeyringState) -> Setup {
    Setup { keyring, ..Setup::without_display() }
}

#[tokio::test]
async fn signing_in_to_a_remote_in_a_browser_is_enough_to_install() {
    let session = Session::start(terminal_only(KeyringState::Unlocked)).await;
    let host = session.host();

    let refused = session.flatpak().run(&INSTALL).await;
    let message = format!("Account needed. Run “usherctl sign-in {host}”, then try again.");
    refused.expect_refusal(&message);

    let sign_in = BrowserCommand::start(&session, &["sign-in", "demo"]).await;
    assert_eq!(sign_in.printed, "Open this address in a browser:\n");
    let page = browser::sign_in(&sign_in.address, "demo").await;
    assert!(page.contains("Signed In") && !page.contains("token="), "{page}");
    let output = sign_in.end().await;
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(output.stdout, format!("Signed in to {host} as demo.\n“demo” may use the account of demo at {host}.\n"));

    session.flatpak().run(&INSTALL).await.expect_success();
    let list = session.usherctl(&["list"]).await.stdout;
    let row: Vec<_> = list.lines().nth(1).expect("the account is listed").split_whitespace().collect();
    assert_eq!(row, ["demo", host.as_str(), "Signed", "in", "demo"]);
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn a_repository_uses_the_account_that_was_chosen_last_and_no_other() {
    let session = Session::start(terminal_only(KeyringState::Unlocked)).await;
    for user in ["demo", "demo2"] {
        session.sign_in_as(user).await;
    }
    let list = session.usherctl(&["list"]).await.stdout;
    let mut users: Vec<_> = list.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    users.sort();
    assert_eq!(
        users.iter().map(|row| (row[0], row[row.len() - 1])).collect::<Vec<_>>(),
        [("demo", "–"), ("demo2", "demo")]
    );
    session.flatpak().run(&INSTALL).await.expect_success();
    let asked = session.shop().requests().into_iter().filter(|request| request.path == "/api/v1/get_tokens");
    assert_eq!(asked.map(|request| request.user).collect::<Vec<_>>(), [Some("demo2".to_owned())]);
}

#[tokio::test]
async fn k13_a_locked_keyring_shows_hosts_and_nothing_more() {
    let session = Session::start(terminal_only(KeyringState::Unlocked)).await;
    session.sign_in_as("demo2").await;
    let item = session.keyring().only_item().await;
    let host = session.host();
    assert_eq!(item.label, format!("Usher: {host}"));
    let mut names: Vec<_> =
        item.attributes.keys().map(String::as_str).filter(|name| *name != "xdg:content-type").collect();
    names.sort_unstable();
    assert_eq!(names, ["account", "service", "type", "xdg:schema"]);
    assert_eq!(item.attributes["service"], session.shop().base_url().as_str());

    session.keyring().lock().await;
    let list = session.usherctl(&["list"]).await.expect_success().stdout.clone();
    assert!(list.contains(&host) && list.contains("Locked") && !list.contains("demo2"), "{list}");
}

#[tokio::test]
async fn k08_an_unreadable_item_neither_hides_the_others_nor_is_deleted() {
    let session = Session::start(terminal_only(KeyringState::Unlocked)).await;
    session.sign_in_as("demo").await;
    let item = session.keyring().only_item().await;
    for secret in [&b"garbage"[..], b"\xff\xfe", b"{\"version\":99}"] {
        session.keyring().add_item("planted", &item.attributes, secret).await;
    }
    let list = session.usherctl(&["list"]).await.expect_success().stdout.clone();
    assert_eq!(list.matches("Unreadable account").count(), 3, "{list}");
    assert!(list.contains("Signed in"), "{list}");
    session.flatpak().run(&INSTALL).await.expect_success();
    assert_eq!(session.keyring().items().await.len(), 4);
}

#[tokio::test]
async fn g12_an_item_whose_attributes_name_another_server_is_not_used() {
    let session = Session::start(terminal_only(KeyringState::Unlocked)).await;
    session.sign_in_as("demo").await;
    let item = session.keyring().only_item().await;
    let id = &item.attributes["account"];
    session.keyring().delete_items().await;
    let mut elsewhere = item.attributes.clone();
    elsewhere.insert("service".into(), "https://other.example.org/".into());
    session.keyring().add_item("planted", &elsewhere, &item.secret).await;
    let list = session.usherctl(&["list"]).await.stdout;
    assert!(list.contains("Unreadable account") && !list.contains("Signed in"), "{id} {list}");
    let refused = session.flatpak().run(&INSTALL).await;
    refused.expect_refusal(&format!("Account needed. Run “usherctl sign-in {}”, then try again.", session.host()));
}

#[tokio::test]
async fn k03_without_a_keyring_nothing_is_stored_and_usherctl_says_why() {
    let session = Session::start(terminal_only(KeyringState::None)).await;
    let output = session.usherctl(&["sign-in", "demo"]).await;
    assert_eq!((output.code, output.stdout.as_str()), (5, ""));
    assert_eq!(output.stderr, "No keyring is running, so no account can be used.\n");
    let message = "No keyring is running, so no account can be used. Run “usherctl doctor”.";
    session.flatpak().run(&INSTALL).await.expect_refusal(message);
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn an_address_that_is_no_server_is_rejected() {
    let session = Session::start(terminal_only(KeyringState::Unlocked)).await;
    for (nonsense, said) in [
        ("a b", "“a b” is neither a remote that uses Usher nor the address of a server."),
        ("http://store.example.org", "Only secure addresses (https) can be used"),
        ("https://ada:hunter2@store.example.org", "Addresses with a user name are not accepted. "),
        ("hunter2@store.example.org", "Addresses with a user name are not accepted. "),
        ("https://ada:hunter2@store.example.org/a b", "“https://store.example.org/a%20b” is neither a remote "),
        ("flatpak+https://store.example.org/x.flatpakref", "This is a link to a file for app stores. "),
        ("https://store.example.org/x.flatpakrepo", "This is the address of a repository file. "),
        ("https://store.example.org/#hunter2", "Addresses with “#” are not accepted. "),
        ("https://store.example.org/?t=hunter2", "Addresses with “?” are not accepted. "),
    ] {
        let output = session.usherctl(&["sign-in", nonsense]).await;
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{}", output.stderr);
        assert!(output.stderr.starts_with(said) && !output.stderr.contains("hunter2"), "{}", output.stderr);
    }
    let list = session.usherctl(&["list"]).await;
    assert_eq!((list.code, list.stdout.as_str()), (0, "No accounts. Add one with “usherctl sign-in ADDRESS”.\n"));
}

const REPOSITORY_FILE: &str = "[Flatpak Repo]\nTitle=Shop\n";

#[tokio::test]
async fn u08_a_file_about_a_repository_leads_to_its_account_server() {
    let session = Session::start(terminal_only(KeyringState::Unlocked)).await;
    let file = session.folder().join("shop.flatpakrepo");
    let path = file.display().to_string();
    let write = |content: &str| std::fs::write(&file, content).expect("a file can be written");

    let missing = session.usherctl(&["sign-in", "missing.flatpakrepo"]).await;
    let said = "missing.flatpakrepo cannot be read: No such file or directory.\n";
    assert_eq!((missing.code, missing.stderr.as_str()), (2, said));
    for (content, code, said) in [
        ("nonsense", 2, "is not a repository file, or it is damaged."),
        ("[Flatpak Repo]\nUrl=http://store.example.org/\n", 2, "because its address is not secure (https)."),
        (
            "[Flatpak Repo]\nUrl=https://ada:hunter2@store.example.org/\n",
            2,
            "because its address has a user name in it.",
        ),
    ] {
        write(content);
        let output = session.usherctl(&["sign-in", &path]).await;
        assert_eq!((output.code, output.stdout.as_str()), (code, ""), "{output:?}");
        assert!(output.stderr.contains(said) && !output.stderr.contains("hunter2"), "{output:?}");
    }

    // Not set up yet, and nothing in it could be verified.
    write(&format!("{REPOSITORY_FILE}Url=https://new.example.org/repo/\n"));
    let output = session.usherctl(&["sign-in", &path]).await;
    assert_eq!(output.code, 3, "{output:?}");
    let lines: Vec<_> = output.stdout.lines().collect();
    assert_eq!(lines[0], "This repository has no key, so nothing from it can be verified.");
    assert_eq!(lines[1], "Set up “Shop” (https://new.example.org/repo/) with this command:");
    assert!(lines[2].starts_with("  flatpak remote-add --user "), "{output:?}");

    // The shop's own repository is set up.
    write(&format!("{REPOSITORY_FILE}Url={}\n", session.shop().repository_url()));
    let waiting = BrowserCommand::start(&session, &["sign-in", &path]).await;
    browser::sign_in(&waiting.address, "demo").await;
    let output = waiting.end().await;
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stdout.contains("“demo” may use the account of demo at "), "{}", output.stdout);
}

#[tokio::test]
async fn u09_a_server_whose_name_resembles_a_known_one_is_not_mistaken_for_it() {
    let session = Session::start(terminal_only(KeyringState::Unlocked)).await;
    session.sign_in_as("demo").await;
    let item = session.keyring().only_item().await;
    let known = "store.example.org";
    let mut attributes = item.attributes.clone();
    attributes.insert("service".into(), format!("https://{known}/"));
    let secret = item.text().replace(session.shop().base_url().as_str(), &format!("https://{known}/"));
    session.keyring().delete_items().await;
    session.keyring().add_item("Usher", &attributes, secret.as_bytes()).await;
    for (typed, is_like) in [("st0re.example.org", true), ("store.example.com", true), ("other.example.net", false)] {
        let terminal = session.in_terminal(&["usherctl", "sign-in", typed]);
        terminal.wait_for_text("Continue? [y/N] ").await;
        let warned = terminal.text().contains(&format!("{typed} is not the same as {known}, which is already in use."));
        assert_eq!(warned, is_like, "{}", terminal.text());
        terminal.enter("n");
        assert_eq!(terminal.end().await.code, 7);
    }

    // The checklist of another computer names servers too.
    let list = session.folder().join("Accounts.usher");
    session.usherctl(&["export", &list.display().to_string()]).await.expect_success();
    let taken = std::fs::read_to_string(&list).expect("the list was written");
    for (named, is_like) in [("st0re.example.org", true), ("other.example.net", false)] {
        std::fs::write(&list, taken.replace(known, named)).expect("the list can be written");
        let terminal = session.in_terminal(&["usherctl", "import", &list.display().to_string()]);
        terminal.wait_for_text(&format!("First time at {named}. Sign in as demo now? [y/N] ")).await;
        let warned = terminal.text().contains(&format!("{named} is not the same as {known}, which is already in use."));
        assert_eq!(warned, is_like, "{}", terminal.text());
        terminal.enter("n");
        assert_eq!(terminal.end().await.code, 0);
    }
}

#[tokio::test]
async fn u10_settings_are_shown_and_changed() {
    let session = Session::start(terminal_only(KeyringState::None)).await;
    let off = "continue-installs: off (Continue installs after signing in)\n\
               activity-log: on (Keep an activity log)\n\
               activity-log-apps: off (Include the names of apps in it)\n";
    assert_eq!(session.usherctl(&["settings"]).await.expect_success().stdout, off);
    let on = session.usherctl(&["settings", "continue-installs", "on"]).await;
    assert_eq!(on.expect_success().stdout, off.replace("installs: off", "installs: on"));
    session.usherctl(&["settings", "activity-log", "off"]).await.expect_success();
    let apps = session.usherctl(&["settings", "activity-log-apps", "on"]).await;
    let changed =
        off.replace("log: on", "log: off").replace("installs: off", "installs: on").replace("apps: off", "apps: on");
    assert_eq!(apps.expect_success().stdout, changed);
    let again = session.usherctl(&["settings", "--json"]).await;
    assert!(again.expect_success().stdout.contains("\"continue-installs\": true"), "{again:?}");
    for wrong in [
        &["settings", "nonsense", "on"][..],
        &["settings", "continue-installs", "maybe"],
        &["settings", "continue-installs"],
    ] {
        assert_eq!(session.usherctl(wrong).await.code, 2, "{wrong:?}");
    }
}

#[tokio::test]
async fn u02_an_account_that_is_here_is_signed_in_to_again_by_its_name() {
    let session = Session::start(terminal_only(KeyringState::Unlocked)).await;
    session.sign_in_as("demo").await;
    let host = session.host();
    let waiting = BrowserCommand::start(&session, &["sign-in", &format!("demo@{host}")]).await;
    browser::sign_in(&waiting.address, "demo").await;
    let output = waiting.end().await;
    assert_eq!((output.code, output.stdout), (0, format!("Signed in to {host} as demo.\n")));
    assert_eq!(session.keyring().items().await.len(), 1, "the account is renewed");
    let nobody = session.usherctl(&["sign-in", &format!("nobody@{host}")]).await;
    assert!(nobody.stderr.starts_with("Addresses with a user name are not accepted. "), "{}", nobody.stderr);
}
