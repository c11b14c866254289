// SPDX-License-Identifier: GPL-3.0-or-later
//! A FIFO at the place of each file that the daemon reads or locks: whoever opens one that nobody writes to waits for ever.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use usher_tests::{AUTHENTICATOR, Session, Setup, has_ended, send_signal, wait_until};
use zbus::fdo::DBusProxy;

use crate::client::{Client, Daemon, owner};

/// Adds an installation of the administrator's, and returns its folder.
fn custom_installation(session: &Session) -> PathBuf {
    let folder = session.folder().join("custom");
    let list = Path::new(&session.processes.environment()["FLATPAK_CONFIG_DIR"]).join("installations.d");
    for folder in [&folder.join("repo"), &list] {
        fs::create_dir_all(folder).expect("a folder can be made");
    }
    let text = format!("[Installation \"custom\"]\nPath={}\n", folder.display());
    fs::write(list.join("custom.conf"), text).expect("a file can be written");
    folder
}

/// The files that the daemon reads or locks.
async fn files(session: &Session) -> Vec<PathBuf> {
    let environment = session.processes.environment();
    let folder = |name: &str| PathBuf::from(&environment[name]);
    let bus = DBusProxy::new(&session.bus.connection).await.expect("the bus has its own interface");
    let bus = bus.get_id().await.expect("the bus has an id");
    let custom = custom_installation(session);
    let (run, data) = (folder("XDG_RUNTIME_DIR").join(AUTHENTICATOR), folder("XDG_DATA_HOME").join(AUTHENTICATOR));
    let mut files = vec![
        custom.join("repo/config"),
        custom.join("repo"),
        folder("FLATPAK_CONFIG_DIR").join("installations.d/custom.conf"),
        folder("FLATPAK_CONFIG_DIR").join("installations.d"),
        folder("FLATPAK_USER_DIR").join("repo/config"),
        folder("FLATPAK_USER_DIR").join("app"),
        folder("FLATPAK_SYSTEM_DIR").join("repo/config"),
        run.join(format!("requests-{bus}.json")),
        run.join("requests-of-another-bus.json"),
        run.join("pending.json"),
        run.join("pending.lock"),
        run.join("dismissed.json"),
        data.join("notices.json"),
        data.join("notices.lock"),
        data.join("without-reminders"),
    ];
    let known = |name: &str| files.iter().any(|path| path.ends_with(name));
    let locks = fs::read_dir(&run).expect("the folder is there").flatten().map(|entry| entry.path());
    let locks: Vec<_> = locks.filter(|path| path.extension().is_some_and(|end| end == "lock")).collect();
    let more: Vec<_> =
        locks.into_iter().filter(|path| !known(&path.file_name().unwrap_or_default().to_string_lossy())).collect();
    files.extend(more);
    files
}

/// Puts a FIFO in the place of a file or a folder, runs `meanwhile`, and puts back what was there.
async fn with_fifo(path: &Path, meanwhile: impl AsyncFnOnce()) {
    let folder = path.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).expect("a folder can be made");
    let aside = folder.join("aside");
    let was_there = fs::rename(path, &aside).is_ok();
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a FIFO can be made");
    meanwhile().await;
    // It may have been replaced.
    let _ = fs::remove_file(path);
    if was_there {
        fs::rename(&aside, path).expect("it can be put back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g13_no_file_that_is_read_holds_up_answers_other_peers_or_the_end() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    for path in files(&session).await {
        eprintln!("a FIFO at {}", path.display());
        with_fifo(&path, async || {
            let daemon = Daemon::start(&session, "", &["--verbose"]).await;
            let mut client = Client::new(&session).await;
            // With an account, and without one, which the daemon notes down.
            client.request(&session).await;
            let response = client.request_at(&session, "https://elsewhere.example.org/").await;
            assert_eq!(response.code, 2, "{}", response.message);
            let connection = &session.bus.connection;
            let ping = connection.call_method(Some(AUTHENTICATOR), "/", Some("org.freedesktop.DBus.Peer"), "Ping", &());
            ping.await.expect("the daemon answers");
            assert_eq!(owner(&session).await, daemon.id);
            send_signal(daemon.id, Signal::TERM);
            wait_until("the end of the daemon", async || has_ended(daemon.id)).await;
            session.bus.wait_until_free(AUTHENTICATOR).await;
        })
        .await;
    }
    let mut client = Client::new(&session).await;
    assert_eq!(client.request(&session).await.code, 0, "all is as it was");
}
