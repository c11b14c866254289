// SPDX-License-Identifier: GPL-3.0-or-later
//! Rows: signing in, in the window and in a terminal, with the right credential and with a wrong one.

use usher_tests::SCHEMA;

use super::{
    kind::{Credential, Kept, Kind},
    row::Row,
};

pub(crate) async fn signing_in_in_the_window_is_enough_to_install<K: Kind>(name: &'static str) {
    let row = Row::<K>::at_a_desktop(name, "the window, from “account needed” to an update").await;
    let screen = row.screen();

    row.step("flatpak says in one line that an account is needed, and a prompt says who asks").await;
    let title = row.prompt_of_an_install().await;
    let prompt = screen.window(&title).await;
    for (what, text) in [("Asked By", "flatpak in the terminal"), ("For", K::APP), ("Server", row.host.as_str())] {
        prompt.row_says(what, text).await;
    }

    row.step("Signing in shows how to go on").await;
    row.go_on(&prompt).await;
    row.server.enter_in_window(&screen.front(), Credential::Right).await;
    let done = screen.front();
    done.says("Signed In").await;
    done.says(&format!("flatpak install {} {}", K::REMOTE, K::APP)).await;
    done.press("Done").await;
    screen.wait_until_empty().await;

    row.step("The keyring holds the account, and shows only its server and its kind while locked").await;
    let item = row.session().keyring().only_item().await;
    assert_eq!(item.label, format!("Usher: {}", row.host));
    let service = format!("{}/", row.server.address().trim_end_matches('/'));
    for (attribute, value) in [("xdg:schema", SCHEMA), ("type", K::PROVIDER), ("service", &service)] {
        assert_eq!(item.attributes.get(attribute).map(String::as_str), Some(value));
    }
    assert!(row.server.is_credential_in(&item.text()));
    assert!(!item.attributes.values().any(|value| value.contains(K::USER)), "{:?}", item.attributes);

    row.step("The install works without a question, and so does an update after Usher was started anew").await;
    row.install(K::APP).await.expect_success();
    let flatpak = row.session().flatpak();
    let before = flatpak.commit(K::APP).await;
    row.server.publish_updates().await;
    row.session().stop_daemon().await;
    flatpak.run(&["update", "--user", "-y"]).await.expect_success();
    assert_ne!(flatpak.commit(K::APP).await, before);
    assert!(screen.tree().await.nodes.is_empty(), "no window has opened");
    row.end().await;
}

pub(crate) async fn signing_in_in_a_terminal_is_enough_to_install<K: Kind>(name: &'static str) {
    let row = Row::<K>::in_a_terminal(name, "a terminal alone").await;

    row.step("flatpak names the command that signs in").await;
    let needed = format!("Account needed. Run “usherctl sign-in {}”, then try again.", row.host);
    row.install(K::APP).await.expect_refusal(&needed);

    row.step("It signs in").await;
    row.sign_in_in_terminal().await;
    let account = row.account().await;
    assert_eq!((&account["provider"], &account["state"]), (&K::PROVIDER.into(), &"signed-in".into()), "{account}");

    row.step("The install works").await;
    row.install(K::APP).await.expect_success();
    row.end().await;
}

pub(crate) async fn a_wrong_credential_is_said_and_the_right_one_then_works<K: Kind>(name: &'static str) {
    let row = Row::<K>::at_a_desktop(name, "a wrong credential, and the right one").await;
    let screen = row.screen();

    row.step("The window says so, and keeps what was typed").await;
    let title = row.prompt_of_an_install().await;
    row.go_on(&screen.window(&title).await).await;
    row.server.enter_in_window(&screen.front(), Credential::Wrong).await;
    let window = screen.front();
    window.mentions(&row.server.refusal()).await;
    match row.server.kept() {
        Kept::Text(field, text) => {
            window
                .wait(&format!("“{text}” in “{field}”"), |tree| {
                    (tree.usable(field)?.text == text).then_some(())
                })
                .await;
        }
        Kept::Hidden(field, length) => assert!(window.holds(field, length).await, "“{field}” is as it was"),
    }
    row.nothing_is_left().await;

    row.step("The right one leads to the account").await;
    row.sign_in_and_finish(&screen.front()).await;
    row.account().await;
    row.session().usherctl(&["remove", &row.host, "--yes"]).await.expect_success();

    row.step("A terminal says so, and asks again").await;
    let sign_in = row.start_in_terminal().await;
    row.server.enter_in_terminal(&sign_in.terminal, Credential::Wrong, 0).await;
    row.server.refused_in_terminal(&sign_in.terminal).await;
    row.nothing_is_left().await;
    row.server.enter_in_terminal(&sign_in.terminal, Credential::Right, 1).await;
    row.finish_in_terminal(sign_in).await;
    row.install(K::APP).await.expect_success();
    row.end().await;
}
