// SPDX-License-Identifier: GPL-3.0-or-later

use std::collections::BTreeSet;

use super::*;
use crate::{
    account::AccountId,
    activity_log::{Event, Purpose, Request, RequestResult},
    pending::Waiting,
    testing,
};

const STORE: &str = "https://store.example.org/";

fn surroundings() -> Surroundings {
    Surroundings {
        program: "usherctl",
        libraries: vec![("GTK", "4.18.0".to_owned())],
        flatpak: Some("1.16.0".to_owned()),
        distribution: Some("Debian GNU/Linux 13 (trixie)".to_owned()),
        display: Some("wayland".to_owned()),
        keyring: KeyringState {
            program: Some("gnome-keyring-daemon".to_owned()),
            state: Some("open"),
            ..KeyringState::default()
        },
        proxy: Some(ProxyUse::Environment),
        ..Surroundings::default()
    }
}

fn remote() -> Remote {
    let mut remote =
        testing::remote("shop", "https://ada:hunter2@repo.example.org/ada/repo?token=hunter2", "store.example.org");
    remote.options.insert("auth".into(), "hunter2".into());
    remote
}

fn findings() -> Findings {
    let expired = Problem::Expired {
        remote: "shop".into(),
        user: "ada@lovelace.example".into(),
        host: "store.example.org".into(),
    };
    let examined = ExaminedRemote {
        remote: remote(),
        problems: vec![expired],
        notes: Vec::new(),
        is_whole: true,
        waiting: Waiting { installs: 0, updates: 2 },
        is_kept_blocked: false,
    };
    Findings { problems: vec![Problem::NoBus], notes: Vec::new(), remotes: vec![examined] }
}

fn request(at: i64) -> activity_log::Entry {
    activity_log::Entry {
        at,
        host: "store.example.org".into(),
        remote: Some("shop".into()),
        account: AccountId::parse("3fa85f64-5717-4562-b3fc-2c963f66afa6"),
        event: Event::Request(Request {
            program: "claimed:/home/ada/bin/store".into(),
            purpose: Purpose::Update,
            apps: 2,
            app_ids: BTreeSet::from(["org.example.Secret".to_owned()]),
            result: RequestResult::AccountNeeded,
            asked: Vec::new(),
        }),
    }
}

fn redaction(accounts: &[Entry]) -> Redaction {
    Redaction::default().and_home("/home/ada").and_user("ada").and_accounts(accounts)
}

#[test]
fn a_report_says_what_helps_and_nothing_private() {
    let accounts = [testing::entry(STORE, "ada@lovelace.example"), testing::entry(STORE, "countess")];
    let error = ShownError {
        title: "store.example.org Cannot Be Reached".into(),
        text: "The server did not answer.".into(),
        details: "GET https://ada:hunter2@store.example.org/?code=hunter2 for countess".into(),
    };
    let (surroundings, findings, log) = (surroundings(), findings(), Log::Entries(vec![request(1_796_083_199)]));
    let parts = Parts {
        error: Some(&error),
        surroundings: &surroundings,
        findings: Some(&findings),
        accounts: Some(Ok(&accounts)),
        log: &log,
    };
    let expected = format!(
        "## Message

- Title: store.example.org Cannot Be Reached
- Text: The server did not answer.
- Details: GET https://store.example.org/ for [account]

## Versions

- Usher: {} ({}, usherctl)
- In a Flatpak: no
- flatpak: 1.16.0
- Distribution: Debian GNU/Linux 13 (trixie)
- Desktop: unknown
- Session: wayland
- GTK: 4.18.0
- Keyring: Secret Service of gnome-keyring-daemon, open
- Proxy: yes, by the environment

## Repositories

- Remote: shop
  - Address: https://repo.example.org/[user]/repo
  - For: current user
  - Authenticator: {}
  - Provider: webflow
  - Server: https://store.example.org/
  - Option: auth
  - Option: url = https://store.example.org/

## Findings

- Usher: no-bus: There is no session bus, so flatpak cannot ask for accounts.
- shop: expired: The sign-in of [e-mail] at store.example.org has expired.
  - Waiting: installs 0, updates 2

## Accounts

- store.example.org: 2 signed-in

## Activity

- 2026-11-30T23:59:59Z request account=3fa85f64 apps=2 host=store.example.org program=claimed:~/bin/store purpose=update remote=shop result=account-needed
",
        names::VERSION,
        names::APP_ID,
        names::AUTHENTICATOR_NAME,
    );
    assert_eq!(write(&parts, &redaction(&accounts)), expected);
}

#[test]
fn what_cannot_be_found_is_said_to_be_unknown() {
    let surroundings = Surroundings::default();
    let parts = Parts {
        error: None,
        surroundings: &surroundings,
        findings: None,
        accounts: Some(Err(&StoreError::NoKeyring)),
        log: &Log::Off,
    };
    let text = write(&parts, &redaction(&[]));
    for line in [
        "flatpak: unknown",
        "Distribution: unknown",
        "Keyring: Secret Service, unknown",
        "Proxy: unknown",
        "not known, the disk does not answer",
        "not known, the keyring cannot be read",
        "no log is kept",
    ] {
        assert!(text.contains(&format!("- {line}\n")), "{line}\n{text}");
    }
    assert!(text.starts_with("## Versions\n"), "{text}");
}

#[test]
fn no_more_than_the_last_of_the_log_is_in_it() {
    let log = Log::Entries((0..30).map(request).collect());
    let surroundings = surroundings();
    let parts = Parts { error: None, surroundings: &surroundings, findings: None, accounts: None, log: &log };
    let text = write(&parts, &redaction(&[]));
    assert_eq!(text.matches(" request ").count(), LOG_LINES);
    assert!(text.contains("1970-01-01T00:00:29Z") && !text.contains("1970-01-01T00:00:09Z"), "{text}");
}

#[test]
fn what_an_about_dialog_shows_names_no_host() {
    let text = write_surroundings(&surroundings(), &redaction(&[]));
    assert!(text.contains("- GTK: 4.18.0\n") && !text.contains("example"), "{text}");
}
