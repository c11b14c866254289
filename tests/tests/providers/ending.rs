// SPDX-License-Identifier: GPL-3.0-or-later
//! Rows: a sign-in ends, at the server or by signing out; and the window and the terminal show the same account.

use usher_tests::{Node, Tree, Window};

use super::{
    kind::{Kind, Lapse, SignOut},
    row::Row,
};

/// The installed commits: of the app that needs the account, and of the other one.
async fn installed<K: Kind>(row: &Row<K>) -> [String; 2] {
    let flatpak = row.session().flatpak();
    [flatpak.commit(K::APP).await, flatpak.commit(K::OPEN_APP).await]
}

/// Only a check shows Usher that the server has ended what only flatpak gives to it.
async fn have_it_checked<K: Kind>(row: &Row<K>) {
    let doctor = row.session().usherctl(&["doctor"]).await;
    assert_eq!(doctor.code, 1, "{doctor:?}");
    assert!(doctor.stdout.contains(&format!("not accepted by {}.", row.host)), "{doctor:?}");
}

pub(crate) async fn a_lapsed_sign_in_stops_no_update_and_signing_in_again_keeps_the_account<K: Kind>(
    name: &'static str,
) {
    let row = Row::<K>::at_a_desktop(name, "the sign-in lapses, and is made again").await;
    let (screen, flatpak) = (row.screen(), row.session().flatpak());

    row.step("There is an account, and two apps are installed").await;
    row.sign_in_in_terminal().await;
    for app in [K::APP, K::OPEN_APP] {
        row.install(app).await.expect_success();
    }
    let account = row.account().await;

    row.step("The sign-in ends at the server; an update brings what needs no account, and opens no window").await;
    row.server.publish_updates().await;
    row.server.let_lapse();
    row.session().stop_daemon().await;
    let before = installed(&row).await;
    let update = flatpak.run(&["update", "--user", "-y"]).await;
    let after = installed(&row).await;
    assert_eq!(before[0], after[0], "{}", update.text);
    assert_ne!(before[1], after[1], "{}", update.text);
    assert!(screen.tree().await.nodes.is_empty(), "nobody is asked anything for an update");

    row.step("An install says in one line that the sign-in has expired").await;
    if K::LAPSE == Lapse::MetByFlatpak {
        have_it_checked(&row).await;
    }
    row.uninstall(K::APP).await;
    let expired = format!("Sign-in expired. Sign in to {} again in the Usher window, then try again.", row.host);
    row.install(K::APP).await.expect_refusal(&expired);
    assert_eq!(row.session().usherctl(&["status"]).await.code, 3, "an account is needed");

    row.step("Signing in again keeps the account and what may use it").await;
    let prompt = screen.window(&format!("Sign In to {} Again", row.host)).await;
    row.go_on(&prompt).await;
    row.sign_in_and_finish(&screen.front()).await;
    let again = row.account().await;
    for field in ["id", "user", "server", "remotes"] {
        assert_eq!(again[field], account[field], "{field} of {again}");
    }
    assert_eq!(again["state"], "signed-in");

    row.step("The install works, and brings the newest version").await;
    row.install(K::APP).await.expect_success();
    assert_ne!(flatpak.commit(K::APP).await, before[0]);
    row.end().await;
}

/// What is said of signing out, without a full stop at the end.
fn said(sign_out: SignOut, host: &str) -> String {
    match sign_out {
        SignOut::Ends(_) => format!("Signed out of {host}"),
        SignOut::Declines(_) | SignOut::KeepsNone => {
            format!("Signed out on this computer. {host} keeps no sign-ins to end")
        }
    }
}

/// Fails unless the server was asked to end one sign-in since then, or nothing at all if it is not to be asked.
fn assert_asked<K: Kind>(row: &Row<K>, before: &(SignOut, Vec<String>)) {
    match (before.0, row.server.sign_out()) {
        (SignOut::Ends(before), SignOut::Ends(now)) | (SignOut::Declines(before), SignOut::Declines(now)) => {
            assert_eq!(now, before + 1, "the server is asked once");
        }
        (SignOut::KeepsNone, SignOut::KeepsNone) => assert_eq!(row.server.requests(), before.1, "it is asked nothing"),
        (before, now) => panic!("{before:?} was {now:?}"),
    }
}

pub(crate) async fn signing_out_says_what_the_server_did_and_an_install_asks_again<K: Kind>(name: &'static str) {
    let row = Row::<K>::at_a_desktop(name, "signing out, in the window and in a terminal").await;
    let screen = row.screen();
    row.sign_in_in_terminal().await;
    row.install(K::APP).await.expect_success();

    row.step("The window says what became of it at the server, and the account stays").await;
    row.open_usher();
    let window = screen.window("Usher").await;
    window.press_row(&row.account_row()).await;
    window.ready("Sign Out").await;
    let before = (row.server.sign_out(), row.server.requests());
    window.press("Sign Out").await;
    window.mentions(&said(before.0, &row.host)).await;
    window.says("Signed out").await;
    assert_asked(&row, &before);
    assert_eq!(row.account().await["state"], "signed-out");
    let item = row.session().keyring().only_item().await.text();
    assert!(!row.server.is_credential_in(&item), "the sign-in is forgotten");
    let is_offer = |node: &&Node| node.is_control() && node.is_sensitive() && node.name.contains("Sign In");
    let tree = window.tree().await;
    assert_eq!(tree.nodes.iter().filter(is_offer).count(), 1, "signing in is offered once:\n{tree}");

    row.step("An install asks again").await;
    row.uninstall(K::APP).await;
    row.install(K::APP).await.expect_refusal(&row.account_needed());
    let title = format!("Sign In to {} Again", row.host);
    screen.window(&title).await.press("Not Now").await;
    screen.wait_until_gone(&title).await;

    row.step("Signed in again, the terminal says the same of signing out").await;
    row.sign_in_in_terminal().await;
    window.ready("Sign Out").await;
    let before = (row.server.sign_out(), row.server.requests());
    let output = row.session().usherctl(&["sign-out", &row.host]).await;
    assert_eq!(output.expect_success().stdout, format!("{}.\n", said(before.0, &row.host)));
    assert_asked(&row, &before);
    window.says("Signed out").await;

    row.step("Removed, nothing of it is in the keyring").await;
    row.session().usherctl(&["remove", &row.host, "--yes"]).await.expect_success();
    row.nothing_is_left().await;
    // The install that was put off still waits there.
    let start = row.account_row();
    let has_gone = |tree: &Tree| {
        let is_account = |node: &Node| node.is_row() && node.name.starts_with(&start);
        (tree.says("Needs Attention") && !tree.nodes.iter().any(is_account)).then_some(())
    };
    window.wait("the account to be gone", has_gone).await;
    row.end().await;
}

/// The account is in the window, and asks for nothing.
async fn is_in_order<K: Kind>(row: &Row<K>, window: &Window<'_>) {
    window.find_row(&row.account_row()).await;
    let button = format!("Sign In to {}", row.host);
    window.wait("the account in order", |tree| tree.usable(&button).is_none().then_some(())).await;
}

pub(crate) async fn window_and_terminal_show_the_same_account<K: Kind>(name: &'static str) {
    let row = Row::<K>::at_a_desktop(name, "begun in the window, gone on with in the terminal, and back").await;
    let screen = row.screen();

    row.step("Signed in in the window").await;
    row.open_usher();
    let window = screen.window("Usher").await;
    window.press(&format!("Sign In to {}", row.host)).await;
    row.go_on(&window).await;
    row.sign_in_and_finish(&screen.front()).await;
    is_in_order(&row, &window).await;

    row.step("The terminal lists it, and installs with it").await;
    let list = row.session().usherctl(&["list"]).await.expect_success().stdout.clone();
    let line = list.lines().nth(1).expect("the account is listed");
    assert!(line.starts_with(K::USER) && line.contains(&row.host) && line.contains("Signed in"), "{list}");
    assert!(line.ends_with(K::REMOTE), "the repository may use it: {list}");
    row.install(K::APP).await.expect_success();
    let account = row.account().await["id"].clone();

    row.step("Signed out in the terminal, the open window shows it").await;
    row.session().usherctl(&["sign-out", &row.host]).await.expect_success();
    window.ready(&format!("Sign In to {}", row.host)).await;

    row.step("Signed in again in the terminal, the open window shows that too").await;
    row.sign_in_in_terminal().await;
    is_in_order(&row, &window).await;
    assert_eq!(row.account().await["id"], account, "it is the same account");

    row.step("Removed in the window, the terminal lists none").await;
    window.press_row(&row.account_row()).await;
    window.press("Remove Account…").await;
    window.says(&format!("Remove {}?", K::USER)).await;
    window.press("Remove").await;
    window.says("No Accounts Yet").await;
    row.nothing_is_left().await;
    row.end().await;
}
