// SPDX-License-Identifier: GPL-3.0-or-later

use std::{fs, os::unix::fs::MetadataExt};

use proptest::prelude::*;

use super::*;

const DAY: i64 = 24 * 60 * 60;

fn log() -> (tempfile::TempDir, ActivityLog) {
    let folder = tempfile::tempdir().unwrap();
    let log = ActivityLog::in_folder(&folder.path().join("not there yet"));
    (folder, log)
}

fn entry(at: i64) -> Entry {
    let request = Request {
        program: "flatpak".to_owned(),
        purpose: Purpose::Install,
        apps: 1,
        app_ids: ["org.example.App".to_owned()].into(),
        result: RequestResult::Granted,
        asked: vec![],
    };
    let remote = Some("demo".to_owned());
    Entry { at, host: "store.example".to_owned(), remote, account: None, event: Event::Request(request) }
}

fn bought(at: i64) -> Entry {
    let purchase = Purchase { app_id: Some("org.example.App".to_owned()) };
    Entry { event: Event::PurchaseEnded { purchase, is_owned: true }, ..entry(at) }
}

#[tokio::test]
async fn what_is_written_is_read_again_and_private() {
    let (_folder, log) = log();
    log.settings().name_apps(true).unwrap();
    log.write(vec![entry(1)]).await;
    log.write(vec![bought(2)]).await;
    assert_eq!(log.read(), [entry(1), bought(2)]);
    assert_eq!(fs::metadata(log.path()).unwrap().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn apps_are_named_only_where_the_person_wants_that() {
    let (_folder, log) = log();
    for (names_apps, is_there) in [(false, false), (true, true), (false, false)] {
        log.settings().name_apps(names_apps).unwrap();
        log.write(vec![entry(1)]).await;
        log.write(vec![bought(2)]).await;
        let written = fs::read_to_string(log.path()).unwrap();
        assert_eq!(written.contains("org.example.App"), is_there, "{written}");
        log.remove(|_| true).await.unwrap();
    }
}

#[tokio::test]
async fn a_log_that_is_switched_off_keeps_what_it_has_and_gets_nothing() {
    let (_folder, log) = log();
    log.write(vec![bought(1)]).await;
    log.settings().keep(false).unwrap();
    log.write(vec![bought(2)]).await;
    assert_eq!(log.read().len(), 1);
    log.settings().keep(true).unwrap();
    log.write(vec![bought(3)]).await;
    assert_eq!(log.read().iter().map(|entry| entry.at).collect::<Vec<_>>(), [1, 3]);
}

#[tokio::test]
async fn the_oldest_go_where_there_is_no_room_and_after_ninety_days() {
    let (_folder, log) = log();
    let count = 5000;
    log.put_back((0..count).map(bought).collect()).await.unwrap();
    log.write(vec![bought(count)]).await;
    assert!(fs::metadata(log.path()).unwrap().len() <= SIZE_LIMIT);
    let kept = log.read();
    assert!(kept[0].at > 0 && kept.last().unwrap().at == count, "{}", kept.len());
    log.write(vec![bought(count + 90 * DAY)]).await;
    assert_eq!(log.read().iter().map(|entry| entry.at).collect::<Vec<_>>(), [count, count + 90 * DAY]);
}

#[tokio::test]
async fn what_was_removed_can_be_put_back() {
    let (_folder, log) = log();
    for at in [1, 3] {
        log.write(vec![bought(at)]).await;
    }
    let removed = log.remove(|entry| entry.at == 1).await.unwrap();
    log.write(vec![bought(4)]).await;
    log.put_back(removed).await.unwrap();
    assert_eq!(log.read().iter().map(|entry| entry.at).collect::<Vec<_>>(), [1, 3, 4]);
    log.remove(|_| true).await.unwrap();
    assert!(log.read().is_empty() && !log.path().exists());
}

#[tokio::test]
async fn a_line_that_was_cut_short_spoils_no_other() {
    let (_folder, log) = log();
    log.write(vec![bought(1)]).await;
    let written = fs::read(log.path()).unwrap();
    fs::write(log.path(), &written[..written.len() - 5]).unwrap();
    log.write(vec![bought(2)]).await;
    log.write(vec![bought(3)]).await;
    assert_eq!(log.read().iter().map(|entry| entry.at).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn all_writers_at_once_lose_nothing() {
    let (_folder, log) = log();
    let writers = (0..50).map(|at| {
        let log = log.clone();
        tokio::spawn(async move { log.write(vec![bought(at)]).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(log.read().len(), 50);
}

/// Runs a test on this folder in a process of its own.
fn process(test: &str, folder: &std::path::Path) -> std::process::Child {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("activity_log::tests::{test}"), "--ignored"])
        .env("USHER_TEST_DATA", folder)
        .spawn()
        .unwrap()
}

#[tokio::test]
#[ignore = "is run by others, with a folder"]
async fn writing_many() {
    let Some(folder) = std::env::var_os("USHER_TEST_DATA") else { return };
    let log = ActivityLog::in_folder(folder.as_ref());
    for at in 0..40 {
        log.write(vec![bought(at)]).await;
    }
}

#[tokio::test]
async fn three_processes_that_write_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for mut process in [(); 3].map(|()| process("writing_many", folder.path())) {
        assert!(process.wait().unwrap().success());
    }
    let log = ActivityLog::in_folder(folder.path());
    assert_eq!(log.read().len(), 120);
    assert_eq!(fs::read_to_string(log.path()).unwrap().lines().count(), 120);
}

#[tokio::test]
async fn a_clock_that_was_set_back_costs_no_entry() {
    let (_folder, log) = log();
    let future = 1000 * DAY;
    for at in [future, 5, 6, 6 + 91 * DAY] {
        log.write(vec![bought(at)]).await;
    }
    // The oldest by the clock goes with its time, what seems to be of the future stays.
    let left: Vec<_> = log.read().iter().map(|entry| entry.at).collect();
    assert!(left.contains(&future) && left.contains(&(6 + 91 * DAY)), "{left:?}");
}

#[tokio::test]
async fn a_lock_that_somebody_holds_delays_the_entry_and_not_its_writer() {
    let (_folder, log) = log();
    let held = files::lock(&log.path().with_extension("lock"), LOCK_LIMIT).await.unwrap();
    log.write(vec![bought(1)]).await;
    assert!(log.read().is_empty());
    drop(held);
    within(Duration::from_secs(30), async {
        while log.read().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("it is written later");
}

#[tokio::test]
async fn a_file_of_somebody_elses_making_is_not_followed_and_fails_nothing() {
    for kind in ["link", "folder", "readable"] {
        let (folder, log) = log();
        fs::create_dir(log.path().parent().unwrap()).unwrap();
        let elsewhere = folder.path().join("elsewhere");
        match kind {
            "link" => std::os::unix::fs::symlink(&elsewhere, log.path()).unwrap(),
            "folder" => fs::create_dir(log.path()).unwrap(),
            _ => fs::write(log.path(), b"").unwrap(),
        }
        log.write(vec![bought(1)]).await;
        assert!(!elsewhere.exists(), "{kind}");
        assert_eq!(log.read().len(), usize::from(kind != "folder"), "what is not ours is replaced: {kind}");
    }
}

#[tokio::test]
async fn requests_without_end_leave_room_for_what_a_person_did() {
    let (_folder, log) = log();
    log.write((0..500).map(|at| Entry { host: format!("{at}.example"), ..entry(at) }).collect()).await;
    log.write(vec![bought(500)]).await;
    assert_eq!(log.read().len(), 101);
}

#[test]
fn names_of_any_length_make_no_long_entry() {
    let Event::Request(request) = entry(1).event else { unreachable!() };
    let request = Request { program: format!("claimed:{}", "p".repeat(5000)), app_ids: [].into(), ..request };
    let long = Entry { remote: Some("r".repeat(5000)), event: Event::Request(request), ..entry(1) };
    assert!(line(&long.cut()).unwrap().len() < 512);
}

#[test]
fn an_entry_names_no_more_apps_than_some() {
    let Event::Request(request) = entry(1).event else { unreachable!() };
    let app_ids = (0..4096).map(|number| format!("org.example.A{number}")).collect();
    let many = Entry { event: Event::Request(Request { app_ids, ..request }), ..entry(1) };
    assert!(line(&many.with_some_apps()).unwrap().len() < 4096);
}

proptest! {
    #[test]
    fn any_file_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (_folder, log) = log();
        files::write(log.path(), &bytes).unwrap();
        let _ = log.read();
    }
}
