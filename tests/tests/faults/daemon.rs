// SPDX-License-Identifier: GPL-3.0-or-later
//! The daemon on a full disk, without file descriptors, suspended, killed, and inspected by another program.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use usher_demo_store::{Failure, LoggedRequest, Reply, Route};
use usher_tests::{AUTHENTICATOR, KeyringState, LIMIT, Session, Setup, send_signal, wait_until};

use crate::client::{APP, Client, Daemon, SignIn, command, owner};

fn asks_for_tokens(request: &LoggedRequest) -> bool {
    request.path == "/api/v1/get_tokens"
}

/// Usher's folder in the session's runtime folder.
fn runtime_folder(session: &Session) -> PathBuf {
    Path::new(&session.processes.environment()["XDG_RUNTIME_DIR"]).join(AUTHENTICATOR)
}

/// Shell commands after which no file can grow, as on a full disk: a write fails.
const FULL_DISK: &str = "trap '' XFSZ; ulimit -f 0";

#[tokio::test(flavor = "multi_thread")]
async fn g08_without_a_runtime_folder_the_data_folder_serves() {
    let session = Session::start(Setup::without_display()).await;
    let folder = runtime_folder(&session);
    fs::write(&folder, "in the way").expect("a file can be written");
    let sign_in = SignIn::start(&session).await;
    sign_in.redirect("credential-CANARY-e2a0").await.expect("the browser comes back");
    let (code, said) = sign_in.end().await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(session.keyring().items().await.len(), 1);
    assert_eq!(fs::read(&folder).expect("it is still there"), b"in the way");
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn g08_without_a_runtime_folder_requests_are_answered() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let folder = runtime_folder(&session);
    fs::remove_dir_all(&folder).expect("the folder was there");
    fs::write(&folder, "in the way").expect("a file can be written");
    let _daemon = Daemon::start(&session, "", &["--verbose"]).await;
    let mut client = Client::new(&session).await;
    for _ in 0..2 {
        assert_eq!(client.request(&session).await.code, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l09_on_a_full_disk_requests_are_answered_and_old_files_stay_whole() {
    // The update gets no token, so the daemon has something to write down: what it left out.
    let setup = Setup { keyring: KeyringState::Unlocked, ..Setup::without_display() };
    let session = Session::start(setup).await;
    session.sign_in_as("demo").await;
    session.flatpak().run(&["install", "--user", "--noninteractive", "demo", APP]).await.expect_success();
    session.shop().control().expire_credentials(None).expect("the shop lets sign-ins expire");
    session.stop_daemon().await;
    session.shop().control().publish_update(APP).await.expect("the shop publishes");
    session.flatpak().run(&["update", "--user", "-y"]).await;
    let files = || -> Vec<(PathBuf, Vec<u8>)> {
        let entries = fs::read_dir(runtime_folder(&session)).expect("the folder is there").flatten();
        let mut files: Vec<_> =
            entries.map(|entry| (entry.path(), fs::read(entry.path()).expect("it is readable"))).collect();
        files.sort();
        files
    };
    session.stop_daemon().await;
    let before = files();
    assert!(before.iter().any(|(path, bytes)| path.ends_with("pending.json") && !bytes.is_empty()), "{before:?}");

    // The daemon's log is on the full disk as well.
    let daemon = Daemon::start(&session, FULL_DISK, &["--verbose"]).await;
    let update = session.flatpak().run(&["update", "--user", "-y"]).await;
    assert!(!update.text.contains("Something went wrong"), "{}", update.text);
    let response = Client::new(&session).await.request(&session).await;
    assert!(!response.message.contains("Something went wrong"), "{}", response.message);
    assert_eq!(owner(&session).await, daemon.id, "the daemon is still there");
    let content = |name: &str| {
        let kept = files().into_iter().find(|(path, _)| path.ends_with(name));
        kept.map(|(_, bytes)| bytes)
    };
    let pending = content("pending.json").expect("the file is there");
    assert!(!pending.is_empty() && before.iter().any(|(_, bytes)| *bytes == pending), "the file is as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn l09_where_no_file_can_be_written_requests_are_answered() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let environment = session.processes.environment();
    let folders = ["XDG_RUNTIME_DIR", "XDG_DATA_HOME"].map(|name| Path::new(&environment[name]).join(AUTHENTICATOR));
    // In a mount namespace of its own, whoever starts it.
    let mut shell = String::from("exec unshare --mount --map-current-user --keep-caps sh -ec '");
    for folder in &folders {
        fs::create_dir_all(folder).expect("a folder can be made");
        let folder = folder.display();
        write!(shell, "mount --bind {folder} {folder}; mount -o remount,bind,ro {folder}; ")
            .expect("a string takes all");
    }
    shell.push_str("exec \"$0\" \"$@\"' \"$0\" \"$@\"");
    let daemon = Daemon::start(&session, &shell, &["--verbose"]).await;
    let mut client = Client::new(&session).await;
    assert_eq!(client.request(&session).await.code, 0, "{}", daemon.log_text());
    // An update that gets no token would be noted.
    session.shop().control().expire_credentials(None).expect("the shop lets sign-ins expire");
    client.app = "org.example.Apple";
    let response = client.request(&session).await;
    assert!(response.code == 2 && !response.message.contains("Something went wrong"), "{}", response.message);
    assert!(daemon.log_text().contains("Read-only file system"), "{}", daemon.log_text());
    assert_eq!(owner(&session).await, daemon.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn l10_a_token_that_expired_during_sleep_is_renewed() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let daemon = Daemon::start(&session, "", &[]).await;
    let mut client = Client::new(&session).await;
    // The daemon keeps a token for half of its life. That leaves time enough for two answers.
    let end = now() + 60;
    session.shop().control().fail_times(Route::GetTokens, tokens_answer(&jwt(end)), 1);
    let first = client.request(&session).await;
    let second = client.request(&session).await;
    assert_eq!((first.code, &first.tokens), (0, &second.tokens));
    assert_eq!(session.shop().requests().into_iter().filter(asks_for_tokens).count(), 1, "it is kept until it ends");

    send_signal(daemon.id, Signal::STOP);
    let asked = client.send_request(&session, session.shop().base_url().as_str());
    let sleep = async {
        wait_until("half of the token's life is over", async || now() > end - 30).await;
        send_signal(daemon.id, Signal::CONT);
    };
    tokio::join!(asked, sleep).0.expect("the request is taken");
    let third = client.response().await;
    assert_eq!(third.code, 0, "{}", third.message);
    assert_ne!(first.tokens.keys().next(), third.tokens.keys().next(), "the token is a new one");
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_flatpak_ends_when_its_daemon_is_killed() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    session.shop().control().fail(Route::GetTokens, Failure::Hang);
    let mut flatpak = tokio::process::Command::from(session.processes.command("flatpak"));
    flatpak.args(["install", "--user", "--noninteractive", "demo", APP]);
    let flatpak = flatpak.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn();
    let flatpak = flatpak.expect("flatpak starts");
    session.shop().control().wait_for_request(asks_for_tokens).await;
    send_signal(owner(&session).await, Signal::KILL);
    // Nobody else calls the daemon: whatever the bus has started restarts it.
    let ended = tokio::time::timeout(LIMIT, flatpak.wait_with_output()).await.expect("flatpak ends");
    let ended = ended.expect("flatpak ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("Usher was stopped before it could answer. Try again."), "{said}");
    session.shop().control().reset();
    assert_eq!(Client::new(&session).await.request(&session).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn l13_without_descriptors_requests_end_in_errors_and_later_ones_work() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let daemon = Daemon::start(&session, "ulimit -n 32", &["--http-seconds", "4"]).await;
    session.shop().control().fail(Route::GetTokens, Failure::Hang);
    let mut clients = [Client::new(&session).await, Client::new(&session).await];
    let url = session.shop().base_url().to_string();
    let before = cpu_ticks(daemon.id);
    for _ in 0..15 {
        for client in &clients {
            client.send_request(&session, &url).await.expect("the request is taken");
        }
    }
    for client in &mut clients {
        for _ in 0..15 {
            let response = client.response().await;
            assert_eq!(response.code, 2, "{}", response.message);
        }
    }
    let hung = session.shop().requests().into_iter().filter(asks_for_tokens).count();
    assert!(hung < 30, "some of them had no descriptor");
    // 30 short requests and 4 s of waiting. A busy loop would take 400 ticks.
    assert!(cpu_ticks(daemon.id) - before < 200, "it waits without being busy");
    session.shop().control().reset();
    assert_eq!(clients[0].request(&session).await.code, 0);
    assert_eq!(owner(&session).await, daemon.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn l13_a_daemon_that_runs_out_of_descriptors_says_so_and_recovers() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let daemon = Daemon::start(&session, "", &[]).await;
    let mut client = Client::new(&session).await;
    assert_eq!(client.request(&session).await.code, 0);
    for app in ["org.example.Apple", "org.example.Birch"] {
        session.shop().control().grant("demo", app).expect("the shop gives an app away");
    }
    let pid = i32::try_from(daemon.id).ok().and_then(Pid::from_raw);
    let limit = |count| {
        let limit = Rlimit { current: Some(count), maximum: Some(1024) };
        prlimit(pid, Resource::Nofile, limit).expect("the limits of our own processes can be changed");
    };
    // None is free, and the server closes the connection that the daemon has.
    limit(0);
    session.shop().control().fail_times(Route::GetTokens, Failure::Reset, 1);
    client.app = "org.example.Apple";
    let response = client.request(&session).await;
    assert_eq!(response.code, 2, "{response:?}");
    assert!(!response.message.contains("Something went wrong"), "{}", response.message);
    limit(1024);
    client.app = "org.example.Birch";
    let response = client.request(&session).await;
    assert_eq!(response.code, 0, "{}", response.message);
    assert_eq!(owner(&session).await, daemon.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn l14_the_daemons_memory_is_neither_dumped_nor_readable_by_others() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    let folder = session.folder().join("cores");
    fs::create_dir(&folder).expect("a folder can be made");
    let mut daemon =
        command(&session, &format!("ulimit -c unlimited; set -- \"$0\" \"$@\"\n{}", without_privileges("\"$@\"")), &[]);
    let mut daemon = daemon.current_dir(&folder).stderr(Stdio::null()).spawn().expect("the daemon starts");
    session.bus.wait_for_owner(AUTHENTICATOR).await;
    assert_eq!(Client::new(&session).await.request(&session).await.code, 0, "it has read the credential");
    let id = daemon.id();
    let limits = fs::read_to_string(format!("/proc/{id}/limits")).expect("the daemon is there");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit for core files");
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);

    let mut other = session.processes.command("sh");
    other.args(["-c", &without_privileges("sleep 600")]);
    let other = session.processes.start("other", other);
    // Wait until the process has dropped its privileges.
    wait_until("a look into another program", async || can_read_memory_of(other)).await;
    assert!(!can_read_memory_of(id), "the daemon is closed to a look that is possible elsewhere");

    send_signal(id, Signal::ABORT);
    let status = daemon.wait().expect("the daemon ends");
    assert_eq!((status.signal(), status.core_dumped()), (Some(Signal::ABORT.as_raw()), false));
    assert_eq!(fs::read_dir(&folder).expect("the folder is there").count(), 0, "no core file");
}

/// Shell lines that replace the shell with `command`, without the privileges that the tests may have.
pub(crate) fn without_privileges(command: &str) -> String {
    let drop = "--bounding-set=-all --inh-caps=-all";
    format!("[ \"$(id -u)\" = 0 ] && exec setpriv {drop} {command}\nexec {command}")
}

/// Whether a program of the same user may read the memory of that process.
pub(crate) fn can_read_memory_of(id: u32) -> bool {
    let look = without_privileges(&format!("head -c 1 /proc/{id}/environ"));
    let output = Command::new("sh").args(["-c", &look]).output().expect("sh starts");
    assert!(output.status.success() || String::from_utf8_lossy(&output.stderr).contains("denied"), "{output:?}");
    output.status.success()
}

/// User and system time of a process, in hundredths of a second.
fn cpu_ticks(id: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("the process is there");
    let fields: Vec<_> = stat.rsplit_once(')').expect("a name in parentheses").1.split_whitespace().collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

/// A token that contains its expiry time.
fn jwt(end: u64) -> String {
    let shell = format!("printf '{{\"exp\":{end}}}' | base64 -w 0 | tr '+/' '-_' | tr -d '='");
    let claims = Command::new("sh").args(["-c", &shell]).output().expect("sh starts").stdout;
    format!("eyJhbGciOiJub25lIn0.{}.x", String::from_utf8(claims).expect("base64 is text"))
}

fn tokens_answer(token: &str) -> Failure {
    let body = format!(r#"{{"tokens":{{"{APP}":"{token}"}},"denied":[]}}"#);
    Failure::Reply(Reply::new(200, body).with_header("content-type", "application/json"))
}

/// Everything in the files of a folder, one after the other.
fn content_of(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let texts = entries.map(|entry| match entry.path() {
        path if path.is_dir() => content_of(&path),
        path => fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default(),
    });
    texts.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn u01_no_log_note_or_answer_of_the_daemon_holds_the_user_info_of_an_address() {
    let session = Session::start(Setup::without_display()).await;
    session.sign_in_as("demo").await;
    session.stop_daemon().await;
    let daemon = Daemon::start(&session, "", &["--verbose"]).await;
    let mut client = Client::new(&session).await;
    let (repository, server) = (session.shop().repository_url().to_string(), session.shop().base_url().to_string());
    let with_user = |address: &str| address.replace("://", "://ada:CANARY-1f07@");
    for (address, server) in [
        (with_user(&repository), server.clone()),
        (format!("oci+{}", with_user(&repository)), server.clone()),
        (format!("{repository}?t=CANARY-1f07"), server.clone()),
        (format!("{repository}#CANARY-1f07"), server.clone()),
        (repository.clone(), with_user(&server)),
        (repository.clone(), format!("{server}#CANARY-1f07")),
        (with_user(&repository), with_user(&server)),
    ] {
        client.send_request_for("demo", &address, &server).await.expect("the request is taken");
        let answer = client.response().await;
        assert!(!answer.message.contains("CANARY-1f07"), "{}", answer.message);
    }
    let written =
        daemon.log_text() + &content_of(&runtime_folder(&session)) + &content_of(&session.folder().join("home"));
    assert!(written.contains("ended a request"), "the daemon logs what it does: {}", daemon.log_text());
    assert!(!written.contains("CANARY-1f07"), "{}", daemon.log_text());
}
