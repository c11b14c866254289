// SPDX-License-Identifier: GPL-3.0-or-later
//! Rows: the server is down, a sign-in is left half way, and two happen at once.

use usher_tests::Tree;

use super::{
    kind::{Credential, Install, Kind, Meets},
    row::Row,
};

/// How usherctl ends where a server cannot be reached.
const NETWORK: i32 = 6;
/// How usherctl ends when it is interrupted.
const CANCELLED: i32 = 7;

pub(crate) async fn a_server_that_is_down_is_named_and_nothing_is_lost<K: Kind>(name: &'static str) {
    let row = Row::<K>::at_a_desktop(name, "the server is down").await;
    let screen = row.screen();
    let unreachable = format!("{} cannot be reached", row.server.sign_in_host());

    row.step("Whoever signs in in the window is told which server is down").await;
    let title = row.prompt_of_an_install().await;
    let prompt = screen.window(&title).await;
    if K::MEETS == Meets::UsherThen {
        row.go_on(&prompt).await;
        row.server.go_down();
        row.server.enter_in_window(&screen.front(), Credential::Right).await;
    } else {
        row.server.go_down();
        row.go_on(&prompt).await;
    }
    // In a line, or as the heading of a page.
    let heading = format!("{} Cannot Be Reached", row.server.sign_in_host());
    let is_named = |tree: &Tree| (tree.mentions(&unreachable) || tree.says(&heading)).then_some(());
    screen.wait(&format!("“{unreachable}”"), is_named).await;
    row.nothing_is_left().await;

    row.step("So is whoever signs in in a terminal").await;
    down_in_terminal(&row, &unreachable).await;

    row.step("Once it is back, the window goes on").await;
    row.server.come_back();
    screen.front().press("Try Again").await;
    if K::MEETS == Meets::UsherThen {
        // What was typed is sent again.
        screen.front().says("Signed In").await;
        screen.front().press("Done").await;
    } else {
        row.sign_in_and_finish(&screen.front()).await;
    }
    screen.wait_until_empty().await;
    let account = row.account().await;

    row.step("An install says which server is down, and costs no account").await;
    row.server.go_down();
    row.session().stop_daemon().await;
    let install = row.install(K::APP).await;
    assert_eq!(install.code, 1, "{}", install.text);
    let said = match K::INSTALL {
        Install::AsksTheServer => format!("{} cannot be reached", row.host),
        // flatpak's own message.
        Install::AsksNobody => row.host.clone(),
    };
    assert!(install.text.contains(&said), "{}", install.text);
    assert!(screen.tree().await.nodes.is_empty(), "nobody is asked to sign in");
    assert_eq!(row.account().await, account, "the account is as it was");

    row.step("Once it is back, the install works").await;
    row.server.come_back();
    row.install(K::APP).await.expect_success();
    row.end().await;
}

/// Signs in in a terminal while the server is down.
async fn down_in_terminal<K: Kind>(row: &Row<K>, unreachable: &str) {
    let sign_in = row.start_in_terminal().await;
    match K::MEETS {
        Meets::UsherFirst => {}
        Meets::UsherThen => row.server.enter_in_terminal(&sign_in.terminal, Credential::Right, 0).await,
        Meets::Browser => {
            sign_in.terminal.wait_for_text(K::FIRST_QUESTION).await;
            sign_in.terminal.interrupt();
            assert_eq!(sign_in.terminal.end().await.code, CANCELLED);
            return row.nothing_is_left().await;
        }
    }
    let end = sign_in.terminal.end().await;
    assert_eq!(end.code, NETWORK, "{}", end.text);
    assert!(end.text.contains(unreachable), "{}", end.text);
    row.nothing_is_left().await;
}

pub(crate) async fn what_is_left_half_way_leaves_nothing_and_the_next_try_works<K: Kind>(name: &'static str) {
    let row = Row::<K>::at_a_desktop(name, "left half way").await;
    let screen = row.screen();

    row.step("Where the window asks for the credential, Cancel leads back to the prompt, which is put off").await;
    let title = row.prompt_of_an_install().await;
    row.go_on(&screen.window(&title).await).await;
    screen.front().ready(K::FIRST_FIELD).await;
    screen.front().press("Cancel").await;
    screen.window(&title).await.press("Not Now").await;
    screen.wait_until_empty().await;
    row.nothing_is_left().await;

    row.step("An install shortly afterwards opens no window").await;
    let said = format!("Account needed. Sign in to {} in Usher, then try again.", row.host);
    row.install(K::APP).await.expect_refusal(&said);
    assert!(screen.tree().await.nodes.is_empty(), "no window has opened");

    row.step("Usher’s window is closed where it asks").await;
    begin_in_usher(&row).await;
    screen.front().close().await;
    screen.wait_until_empty().await;
    row.nothing_is_left().await;

    row.step("The command in the terminal is interrupted where it asks").await;
    let sign_in = row.start_in_terminal().await;
    sign_in.terminal.wait_for_text(K::FIRST_QUESTION).await;
    sign_in.terminal.interrupt();
    let end = sign_in.terminal.end().await;
    assert_eq!(end.code, CANCELLED, "{}", end.text);
    assert!(end.text.ends_with("Cancelled.\n"), "{}", end.text);
    row.nothing_is_left().await;

    row.step("The next try works, in the terminal and in the window").await;
    row.sign_in_in_terminal().await;
    row.session().usherctl(&["remove", &row.host, "--yes"]).await.expect_success();
    begin_in_usher(&row).await;
    row.sign_in_and_finish(&screen.front()).await;
    row.install(K::APP).await.expect_success();
    row.end().await;
}

/// Opens Usher, and goes on to where it asks for the credential.
async fn begin_in_usher<K: Kind>(row: &Row<K>) {
    row.open_usher();
    let screen = row.screen();
    let window = screen.window("Usher").await;
    window.press(&format!("Sign In to {}", row.host)).await;
    row.go_on(&window).await;
    screen.front().ready(K::FIRST_FIELD).await;
}

pub(crate) async fn two_at_once_are_one_account<K: Kind>(name: &'static str) {
    let row = Row::<K>::at_a_desktop(name, "two at once").await;
    let screen = row.screen();

    row.step("Window and terminal ask for the same sign-in").await;
    let title = row.prompt_of_an_install().await;
    row.go_on(&screen.window(&title).await).await;
    screen.front().ready(K::FIRST_FIELD).await;
    let sign_in = row.start_in_terminal().await;
    sign_in.terminal.wait_for_text(K::FIRST_QUESTION).await;

    row.step("Both are answered at the same time, and there is one account").await;
    let window = screen.front();
    tokio::join!(
        row.server.enter_in_window(&window, Credential::Right),
        row.server.enter_in_terminal(&sign_in.terminal, Credential::Right, 0)
    );
    window.says("Signed In").await;
    row.finish_in_terminal(sign_in).await;
    window.press("Done").await;
    screen.wait_until_empty().await;
    assert_eq!(row.account().await["state"], "signed-in");
    row.session().keyring().only_item().await;

    row.step("Two installs at once, which both need the account, ask nobody anything").await;
    let apps = [K::APP, row.server.another_app()];
    row.session().stop_daemon().await;
    let installs = apps.map(|app| row.start_install(app));
    for install in installs {
        install.end().await.expect_success();
    }
    assert!(screen.tree().await.nodes.is_empty(), "no window has opened");
    row.end().await;
}
