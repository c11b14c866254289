// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher as a Flatpak: the accounts are in a file that only the Secret portal's key opens.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use usher_demo_store::{CREDENTIAL_MARK, Publication};
use usher_tests::{AUTHENTICATOR, CallMonitor, Display, Portals, Session, Setup, Story};

const PRIVATE: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";
const FREE: &str = "org.example.Metronome";
const LOCKED: &str = "Keyring locked. Unlock it, then try again.";
/// The portal that gives the key of the file.
const PORTAL: &str = "org.freedesktop.portal.Secret";
/// The desktop's password dialog.
const DIALOG: &str = "org.gnome.keyring.internal.Prompter";

fn in_a_terminal() -> Setup {
    Setup { display: Display::None, ..Setup::with_flatpak() }
}

async fn install(session: &Session, app: &str) -> usher_tests::Outcome {
    session.flatpak().run(&["install", "--user", "--noninteractive", "demo", app]).await
}

async fn update(session: &Session) {
    session.flatpak().run(&["update", "--user", "--noninteractive"]).await;
}

/// Publishes an update of each app.
async fn publish(session: &Session, apps: &[&str]) {
    let updates = apps.iter().map(|app| Publication::Update((*app).to_owned())).collect();
    session.shop().control().publish(updates).await.expect("the shop publishes");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_outlive_every_process_and_a_locked_keyring_blocks_no_update() {
    let story = Story::begin("sandbox-2-keyring", "Usher as a Flatpak: the keyring file", in_a_terminal()).await;
    let session = &story.session;

    story.step("The account is in an encrypted file").await;
    session.sign_in_as("demo").await;
    let file = session.keyring_file();
    let bytes = fs::read(&file).expect("the file is there");
    for word in [CREDENTIAL_MARK, "127.0.0.1", "webflow", AUTHENTICATOR] {
        assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "“{word}” can be read");
    }
    assert_eq!(fs::metadata(&file).expect("the file is there").permissions().mode() & 0o777, 0o600);
    assert_eq!(session.accounts_in_file().await.len(), 1);
    assert!(session.keyring().items().await.is_empty(), "the keyring of the desktop has no account");

    story.step("After all sandboxes have ended, a new daemon reads it").await;
    for app in [PRIVATE, FREE] {
        install(session, app).await.expect_success();
    }
    session.stop_daemon().await;
    session.wait_until_no_instance().await;
    let dialogs = CallMonitor::start(&session.bus, DIALOG).await;
    publish(session, &[PRIVATE]).await;
    let before = session.flatpak().commit(PRIVATE).await;
    update(session).await;
    assert_ne!(before, session.flatpak().commit(PRIVATE).await, "the update has come");
    assert_eq!(dialogs.calls().await, [] as [&str; 0], "nobody was asked anything");

    story.step("The keyring is locked, and nobody is there to unlock it").await;
    session.stop_daemon().await;
    session.keyring().lock().await;
    session.keyring().pause_prompter();
    let portal = CallMonitor::start(&session.bus, PORTAL).await;
    install(session, PAID).await.expect_refusal(LOCKED);
    assert_eq!(portal.calls().await, ["RetrieveSecret"]);

    story.step("Somebody dismisses the question, and nobody asks again, not even another daemon").await;
    session.keyring().resume_prompter();
    install(session, PAID).await.expect_refusal(LOCKED);
    session.stop_daemon().await;
    install(session, PAID).await.expect_refusal(LOCKED);
    assert_eq!(portal.calls().await, ["RetrieveSecret"]);

    story.step("Updates go on; the protected app waits").await;
    publish(session, &[PRIVATE, FREE]).await;
    let flatpak = session.flatpak();
    let before = [flatpak.commit(PRIVATE).await, flatpak.commit(FREE).await];
    update(session).await;
    assert_eq!(before[0], flatpak.commit(PRIVATE).await, "the protected app waits");
    assert_ne!(before[1], flatpak.commit(FREE).await, "the free app is updated");
    assert_eq!(portal.calls().await, ["RetrieveSecret"]);

    story.step("A command of the person's unlocks it, and the update follows").await;
    session.keyring().answer_next_prompt();
    session.usherctl(&["status"]).await.expect_success();
    session.stop_daemon().await;
    let dialogs = CallMonitor::start(&session.bus, DIALOG).await;
    update(session).await;
    assert_ne!(before[0], flatpak.commit(PRIVATE).await, "the protected app is updated");
    assert_eq!(dialogs.calls().await, [] as [&str; 0], "nobody was asked anything");
    story.end().await;
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_portal_usher_says_so_and_stores_nothing() {
    let setup = Setup { portals: Portals::None, ..in_a_terminal() };
    let story = Story::begin("sandbox-2-no-portal", "Usher as a Flatpak: no portal, no account", setup).await;
    let session = &story.session;

    story.step("The message says why no account can be used").await;
    let doctor = format!("flatpak run --command=usherctl {AUTHENTICATOR} doctor");
    let why = "The desktop does not open the keyring for sandboxed apps, so no account can be used.";
    install(session, PRIVATE).await.expect_refusal(&format!("{why} Run “{doctor}”."));

    story.step("Signing in says so too, and creates no file").await;
    let output = session.usherctl(&["sign-in", "demo"]).await;
    assert_ne!(output.code, 0);
    assert!(output.stderr.contains("keyring"), "{}", output.stderr);
    assert!(!session.keyring_file().exists());
    let data = files(&session.folder_of_usher().join("data"));
    assert_eq!(data.iter().filter(|path| path.to_string_lossy().contains("keyring")).count(), 0, "{data:?}");
    story.end().await;
}
