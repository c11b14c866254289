// SPDX-License-Identifier: GPL-3.0-or-later

use super::*;
use crate::{
    pending::{Obstacle, Operation},
    testing,
};

fn subject(remote: &str, server: &str) -> Subject {
    Subject { remote_url: testing::remote_url(remote), binding: testing::binding(server) }
}

fn note(remote: &str, server: &str) -> Pending {
    Pending {
        operation: Operation::Update,
        obstacle: Obstacle::ServerChanged { agreed: testing::binding("old.example") },
        ground: testing::ground(remote, server),
        account: None,
        refs: vec!["app/org.a.A/x86_64/stable".into()],
        client: String::new(),
        at: 0,
    }
}

#[tokio::test]
async fn a_repository_is_kept_blocked_from_the_server_that_was_decided_last() {
    let folder = tempfile::tempdir().unwrap();
    let file = || DecisionFile::in_folder(&folder.path().join("new"));
    assert_eq!(file().load(), Decisions::default());
    for decided in [subject("https://a.example/", "one.example"), subject("https://b.example/", "one.example")] {
        file().keep_blocked(&decided, None, 0).await.unwrap();
        file().keep_blocked(&decided, None, 0).await.unwrap();
    }
    file().keep_blocked(&subject("https://a.example/", "two.example"), None, 0).await.unwrap();
    let read = file().load();
    let blocked: Vec<_> = read.of(Verdict::KeptBlocked).cloned().collect();
    assert_eq!(blocked, [subject("https://b.example/", "one.example"), subject("https://a.example/", "two.example")]);
}

#[tokio::test]
async fn a_block_holds_until_the_repository_asks_again_and_forgets_what_it_asked_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = || DecisionFile::in_folder(folder.path());
    let notes = || PendingFile::at(folder.path().join("pending.json"));
    let asked = [
        note("https://a.example/", "one.example"),
        note("https://a.example/", "two.example"),
        note("https://b.example/", "one.example"),
    ];
    notes().change(0, |all| all.extend(asked.clone())).await.unwrap();
    let decided = subject("https://a.example/", "one.example");
    assert!(!file().load().is_kept_blocked(&decided, &notes().load(0)));
    file().keep_blocked(&decided, Some(&notes()), 0).await.unwrap();
    assert_eq!(notes().load(0), asked[1..]);
    let read = file().load();
    assert!(read.is_kept_blocked(&decided, &notes().load(0)));
    for (other, server) in [("https://a.example/", "two.example"), ("https://b.example/", "one.example")] {
        assert!(!read.is_kept_blocked(&subject(other, server), &[]), "{other} {server}");
    }
    assert!(!read.is_kept_blocked(&decided, &asked));
}

#[tokio::test]
async fn g14_a_refusal_holds_whatever_the_repository_asks_until_it_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = || DecisionFile::in_folder(folder.path());
    let notes = || PendingFile::at(folder.path().join("pending.json"));
    let asked = note("https://a.example/", "one.example");
    notes().change(0, |all| all.push(asked.clone())).await.unwrap();
    let refused = subject("https://a.example/", "one.example");
    assert!(!file().take_back(&refused).await.unwrap());
    assert!(!file().path().exists(), "what was not refused leaves no file");
    file().refuse(&refused, Some(&notes()), 0).await.unwrap();
    assert_eq!(notes().load(0), []);
    notes().change(0, |all| all.push(asked)).await.unwrap();
    assert!(file().load().is_refused(&refused), "asking anew changes nothing");
    assert!(file().take_back(&refused).await.unwrap());
    assert!(!file().load().is_refused(&refused));
}

#[test]
fn g14_a_refusal_is_about_one_repository_and_one_server() {
    let mut decisions = Decisions::default();
    decisions.refuse(subject("https://a.example/repo", "https://one.example/shop"));
    let mut other_way = subject("https://a.example/repo", "https://one.example/shop");
    other_way.binding.terms.insert("scope".into(), "apps".into());
    assert!(decisions.is_refused(&other_way), "another way to sign in at the same server");
    for (remote, server, is_refused) in [
        ("https://a.example/repo", "https://one.example/shop", true),
        ("https://a.example/repo/", "https://ONE.example:443/other", true),
        ("https://a.example/repo", "https://two.example/shop", false),
        ("https://a.example/repo", "https://one.example:8443/shop", false),
        ("https://a.example/other", "https://one.example/shop", false),
        ("https://b.example/repo", "https://one.example/shop", false),
    ] {
        assert_eq!(decisions.is_refused(&subject(remote, server)), is_refused, "{remote} {server}");
    }
    decisions.refuse(other_way.clone());
    assert_eq!(decisions.decisions.len(), 1);
    decisions.take_back(&other_way);
    assert_eq!(decisions, Decisions::default());
}

#[test]
fn a_repository_that_names_one_server_after_another_stays_refused_at_each() {
    let mut decisions = Decisions::default();
    let servers = ["one.example", "two.example", "one.example"].map(|server| subject("https://a.example/", server));
    for refused in &servers {
        decisions.refuse(refused.clone());
        decisions.keep_blocked(refused.clone());
    }
    assert!(servers.iter().all(|refused| decisions.is_refused(refused)));
    decisions.take_back(&servers[0]);
    assert_eq!([0, 1].map(|at| decisions.is_refused(&servers[at])), [false, true]);
    assert!(decisions.is_kept_blocked(&servers[0], &[]), "the other kind of decision stays");
}

#[tokio::test]
async fn g07_a_file_of_other_content_holds_nothing_and_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = DecisionFile::in_folder(folder.path());
    for content in [&b"{"[..], b"\xff", br#"{"version":2,"decisions":[]}"#] {
        files::write(file.path(), content).unwrap();
        assert_eq!(file.load(), Decisions::default());
    }
    let refused = subject("https://a.example/", "one.example");
    file.refuse(&refused, None, 0).await.unwrap();
    assert!(file.load().is_refused(&refused));
}
