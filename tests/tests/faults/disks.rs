// SPDX-License-Identifier: GPL-3.0-or-later
//! A FIFO at the place of each file that the daemon reads or locks: whoever opens one that nobody writes to waits for
//! ever. And disks that do not answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use usher_tests::{AUTHENTICATOR, Session, Setup, has_ended, send_signal, wait_until, workspace};
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

/// Starts the daemon after these shell commands, asks it for tokens with an account and without one, and ends it.
async fn ask_and_end(session: &Session, shell: &str) -> (u32, Daemon) {
    let daemon = Daemon::start(session, shell, &["--verbose"]).await;
    let (mut client, mut stranger) = (Client::new(session).await, Client::new(session).await);
    client.send_request(session, session.shop().base_url().as_str()).await.expect("the request is taken");
    stranger.send_request(session, "https://elsewhere.example.org/").await.expect("the request is taken");
    let connection = &session.bus.connection;
    let ping = connection.call_method(Some(AUTHENTICATOR), "/", Some("org.freedesktop.DBus.Peer"), "Ping", &());
    ping.await.expect("the daemon answers");
    let response = stranger.response().await;
    assert_eq!(response.code, 2, "{}", response.message);
    let code = client.response().await.code;
    assert_eq!(owner(session).await, daemon.id);
    send_signal(daemon.id, Signal::TERM);
    wait_until("the end of the daemon", async || has_ended(daemon.id)).await;
    session.bus.wait_until_free(AUTHENTICATOR).await;
    (code, daemon)
}

#[tokio::test(flavor = "multi_thread")]
async fn g13_no_file_that_is_read_holds_up_answers_other_peers_or_the_end() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    for path in files(&session).await {
        eprintln!("a FIFO at {}", path.display());
        with_fifo(&path, async || {
            ask_and_end(&session, "").await;
        })
        .await;
    }
    assert_eq!(ask_and_end(&session, "").await.0, 0, "all is as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn g13_no_disk_that_hangs_holds_up_answers_other_peers_or_the_end() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let custom = custom_installation(&session);
    let hang = session.folder().join("dead_disk.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&hang);
    let compiled = compiler.arg(workspace().join("tests/helpers/dead_disk.c")).status().expect("a compiler is there");
    assert!(compiled.success());
    let environment = session.processes.environment();
    let folder = |name: &str| PathBuf::from(&environment[name]);
    for dead in [
        custom.join("repo"),
        folder("FLATPAK_CONFIG_DIR"),
        folder("FLATPAK_SYSTEM_DIR"),
        folder("FLATPAK_USER_DIR"),
        folder("XDG_RUNTIME_DIR").join(AUTHENTICATOR),
        folder("XDG_DATA_HOME").join(AUTHENTICATOR),
    ] {
        eprintln!("a dead disk at {}", dead.display());
        let shell = format!("export LD_PRELOAD='{}' DEAD_DISK='{}'", hang.display(), dead.display());
        let (code, daemon) = ask_and_end(&session, &shell).await;
        assert_eq!(code, 0, "the account is on another disk");
        assert!(daemon.log_text().contains("a disk does not answer"), "{}", daemon.log_text());
    }
}
