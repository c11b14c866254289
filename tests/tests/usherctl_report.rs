// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl doctor --report`: it helps those who read it, and tells them nothing of the person.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use usher_tests::usherctl::{BrowserCommand, CommandOutput};
use usher_tests::{AUTHENTICATOR, Session, Setup, browser};

/// A user of the shop, and the name of the person on this computer.
const USER: &str = "countess@lovelace.example";
const PERSON: &str = "augusta";
/// What stands in addresses, the user's password, and a proxy's.
const PASSWORDS: [&str; 3] = ["hunter2", "password-CANARY-77", "password-CANARY-78"];
/// An app that is in the log of somebody who wants apps in it.
const APP: &str = "org.example.Postcard";

/// A session of that person, with an account and a repository whose address cannot be used.
async fn session() -> Session {
    let environment = vec![("USER", PERSON.to_owned()), ("XDG_CURRENT_DESKTOP", "GNOME".to_owned())];
    let session = Session::start(Setup { environment, ..Setup::without_display() }).await;
    session.shop().control().add_user(USER, PASSWORDS[1]).expect("the shop takes a user");
    let command = BrowserCommand::start(&session, &["sign-in", "demo", "--no-browser"]).await;
    browser::sign_in_with(&command.address, USER, PASSWORDS[1]).await;
    command.end().await.expect_success();
    session.add_remote("broken").await;
    let address = format!("--url=https://{PERSON}:hunter2@127.0.0.1:1/{PERSON}/repo?token=hunter2");
    session.flatpak().run(&["remote-modify", "--user", &address, "broken"]).await.expect_success();
    session
}

/// Writes an entry of a request into the activity log.
fn log_a_request(session: &Session) {
    let folder = session.folder().join("home/.local/share").join(AUTHENTICATOR);
    fs::create_dir_all(&folder).expect("the folder can be made");
    let entry = format!(
        r#"{{"at":1796083199,"host":"{}","remote":"demo","account":"3fa85f64-5717-4562-b3fc-2c963f66afa6","event":"request","program":"flatpak","purpose":"install","apps":1,"app_ids":["{APP}"],"result":"granted"}}"#,
        session.host(),
    );
    let file = folder.join("activity.jsonl");
    fs::write(&file, entry + "\n").expect("the log can be written");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("the log can be closed to others");
}

#[tokio::test]
async fn a_report_names_what_helps_and_nothing_private() {
    let session = session().await;
    log_a_request(&session);
    let mut command = session.command("usherctl");
    command.args(["doctor", "--report"]);
    command.env("https_proxy", format!("http://porter:{}@proxy.example:1", PASSWORDS[2]));
    let output = CommandOutput::from(command.output().expect("usherctl starts"));
    let report = &output.stdout;
    let host = session.host();
    for line in [
        "## Versions\n".to_owned(),
        "- Desktop: GNOME\n".to_owned(),
        ", open\n- Proxy: yes, by the environment\n".to_owned(),
        "- Remote: broken\n  - Address: https://127.0.0.1:1/[user]/repo\n".to_owned(),
        format!("  - Provider: webflow\n  - Server: http://{host}/\n"),
        "- broken: address-unusable: No account is used for “broken”".to_owned(),
        format!("## Accounts\n\n- {host}: 1 signed-in\n"),
        format!("- 2026-11-30T23:59:59Z request account=3fa85f64 apps=1 host={host} program=flatpak"),
    ] {
        assert!(report.contains(&line), "“{line}” is in the report:\n{report}");
    }
    assert!(!report.contains("flatpak: unknown"), "{report}");
    let folder = session.folder().display().to_string();
    let mut private = vec![USER, "countess", "lovelace", PERSON, "porter", "proxy.example", APP, &folder];
    private.extend(PASSWORDS);
    let issued = session.shop().control().issued_secrets();
    assert!(!issued.is_empty(), "the shop knows what it has issued");
    private.extend(issued.iter().map(String::as_str));
    for word in private {
        assert!(!report.contains(word) && !output.stderr.contains(word), "“{word}” is private:\n{report}");
    }
    assert_eq!(output.code, session.usherctl(&["doctor"]).await.code);
    assert_eq!(session.leaks(), []);
}

#[tokio::test]
async fn a_report_ends_as_doctor_does_and_is_text_in_json_too() {
    let session = Session::start(Setup::without_display()).await;
    assert_eq!(session.usherctl(&["doctor", "--report"]).await.code, 1, "there is no account yet");
    session.sign_in_as("demo2").await;
    let plain = session.usherctl(&["doctor", "--report"]).await;
    assert_eq!(plain.code, 0, "{}", plain.stdout);
    assert!(plain.stdout.contains("\n- demo: all good\n"), "{}", plain.stdout);
    let json = session.usherctl(&["doctor", "--report", "--json"]).await;
    assert_eq!(json.code, 0);
    let value: Value = serde_json::from_str(&json.stdout).expect("it is JSON");
    assert_eq!(value["report"].as_str(), Some(plain.stdout.as_str()));
}

#[tokio::test]
async fn a_report_says_what_it_cannot_find_without_bus_and_flatpak() {
    let session = Session::start(Setup::without_display()).await;
    let path = session.processes.environment().remove("PATH").expect("programs are found");
    let stage = path.split(':').next().expect("Usher's own folder comes first");
    let mut command = session.command("usherctl");
    command.args(["doctor", "--report"]).env("PATH", stage).env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
    let output = CommandOutput::from(command.output().expect("usherctl starts"));
    assert_eq!(output.code, 1);
    for line in [
        "- flatpak: unknown\n",
        "- Desktop: unknown\n",
        "- Session: unknown\n",
        "- Keyring: Secret Service, none is running\n",
        "- Remote: demo\n",
        "- Usher: no-bus: ",
        "## Accounts\n\n- not known, the keyring cannot be read\n",
    ] {
        assert!(output.stdout.contains(line), "“{line}” is in the report:\n{}", output.stdout);
    }
}
