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
    log.write(entry(1)).await;
    log.write(bought(2)).await;
    assert_eq!(log.read(), [entry(1), bought(2)]);
    assert_eq!(fs::metadata(log.path()).unwrap().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn apps_are_named_only_where_the_person_wants_that() {
    let (_folder, log) = log();
    for (names_apps, is_there) in [(false, false), (true, true), (false, false)] {
        log.settings().name_apps(names_apps).unwrap();
        log.write(entry(1)).await;
        log.write(bought(2)).await;
        let written = fs::read_to_string(log.path()).unwrap();
        assert_eq!(written.contains("org.example.App"), is_there, "{written}");
        log.remove(|_| true).await.unwrap();
    }
}

#[tokio::test]
async fn a_log_that_is_switched_off_keeps_what_it_has_and_gets_nothing() {
    let (_folder, log) = log();
    log.write(entry(1)).await;
    log.settings().keep(false).unwrap();
    log.write(entry(2)).await;
    assert_eq!(log.read().len(), 1);
    log.settings().keep(true).unwrap();
    log.write(entry(3)).await;
    assert_eq!(log.read().iter().map(|entry| entry.at).collect::<Vec<_>>(), [1, 3]);
}

#[tokio::test]
async fn the_oldest_go_where_there_is_no_room_and_after_ninety_days() {
    let (_folder, log) = log();
    let count = 5000;
    log.put_back((0..count).map(entry).collect()).await.unwrap();
    log.write(entry(count)).await;
    assert!(fs::metadata(log.path()).unwrap().len() <= SIZE_LIMIT);
    let kept = log.read();
    assert!(kept[0].at > 0 && kept.last().unwrap().at == count, "{}", kept.len());
    log.write(entry(count + 90 * DAY)).await;
    assert_eq!(log.read().iter().map(|entry| entry.at).collect::<Vec<_>>(), [count, count + 90 * DAY]);
}

#[tokio::test]
async fn what_was_removed_can_be_put_back() {
    let (_folder, log) = log();
    for at in [1, 3] {
        log.write(entry(at)).await;
    }
    let removed = log.remove(|entry| entry.at == 1).await.unwrap();
    log.write(entry(4)).await;
    log.put_back(removed).await.unwrap();
    assert_eq!(log.read().iter().map(|entry| entry.at).collect::<Vec<_>>(), [1, 3, 4]);
    log.remove(|_| true).await.unwrap();
    assert!(log.read().is_empty() && !log.path().exists());
}

#[tokio::test]
async fn a_line_that_was_cut_short_spoils_no_other() {
    let (_folder, log) = log();
    log.write(entry(1)).await;
    let written = fs::read(log.path()).unwrap();
    fs::write(log.path(), &written[..written.len() - 5]).unwrap();
    log.write(entry(2)).await;
    log.write(entry(3)).await;
    assert_eq!(log.read().iter().map(|entry| entry.at).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn all_writers_at_once_lose_nothing() {
    let (_folder, log) = log();
    let writers = (0..50).map(|at| {
        let log = log.clone();
        tokio::spawn(async move { log.write(entry(at)).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(log.read().len(), 50);
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
