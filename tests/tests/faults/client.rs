// SPDX-License-Identifier: GPL-3.0-or-later
//! A client of the installed daemon on the bus of a session, and the daemon as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
pub(crate) use usher_tests::Client;
use usher_tests::usherctl::Waiting;
use usher_tests::{AUTHENTICATOR, Display, Session, Setup, send};

pub(crate) const APP: &str = "org.example.Private";

/// A session without a screen.
pub(crate) fn terminal_only() -> Setup {
    Setup { display: Display::None, ..Setup::default() }
}

/// A daemon that the test itself has started.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) id: u32,
    pub(crate) log: PathBuf,
}

impl Daemon {
    /// Starts the installed daemon after `shell` has prepared its process, and waits for its name.
    pub(crate) async fn start(session: &Session, shell: &str, arguments: &[&str]) -> Self {
        let number = session.processes.ids().len();
        let name = format!("daemon-{number}");
        let id = session.processes.start(&name, command(session, shell, arguments));
        session.bus.wait_for_owner(AUTHENTICATOR).await;
        assert_eq!(owner(session).await, id, "the daemon is the one of the test");
        Self { id, log: session.processes.log(&name) }
    }

    /// What it has logged so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).expect("the log is text")
    }

    /// The most memory that it has had so far, in KiB.
    pub(crate) fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).expect("the daemon is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its memory is told");
        line.trim().trim_end_matches("kB").trim().parse().expect("a number")
    }
}

/// The command of [`Daemon::start`]; the process is the daemon itself in the end.
pub(crate) fn command(session: &Session, shell: &str, arguments: &[&str]) -> Command {
    let folders = &session.processes.environment()["XDG_DATA_DIRS"];
    let stage = Path::new(folders.split(':').next().expect("there is a folder")).parent().expect("it is in the stage");
    let mut command = session.processes.command("sh");
    command.args(["-c", &format!("{shell}\nexec \"$0\" \"$@\"")]);
    command.arg(stage.join("libexec/usher-authenticator")).args(arguments);
    command
}

/// The process that owns the daemon's name.
pub(crate) async fn owner(session: &Session) -> u32 {
    session.bus.process_of(AUTHENTICATOR).await
}

/// `usherctl sign-in demo`, up to where it waits for the browser.
pub(crate) struct SignIn {
    waiting: Waiting,
    redirect: String,
    state: String,
}

impl SignIn {
    pub(crate) async fn start(session: &Session) -> Self {
        let waiting = Waiting::start(session, &["sign-in", "demo"]).await;
        let parameter = |name: &str| {
            let query = waiting.address.split_once('?').expect("the address has parameters").1;
            let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            value.expect("the parameter is there").replace("%3A", ":").replace("%2F", "/")
        };
        Self { redirect: parameter("redirect_uri"), state: parameter("state"), waiting }
    }

    /// What a browser does that comes back with this token, to its end. Whether anybody listens is another matter.
    pub(crate) fn come_back(&self, token: &str) -> tokio::task::JoinHandle<()> {
        let address = format!("{}?token={token}&state={}", self.redirect, self.state);
        let mut curl = tokio::process::Command::new("curl");
        curl.args(["--silent", "--location", "--max-time", "20", "--output", "/dev/null", &address]);
        tokio::spawn(async move {
            curl.status().await.expect("curl starts");
        })
    }

    /// Types Ctrl+C.
    pub(crate) fn interrupt(&self) {
        send(self.waiting.id(), Signal::INT);
    }

    /// Its exit code, and what it said.
    pub(crate) async fn end(self) -> (i32, String) {
        let told = self.waiting.end().await;
        (told.code, told.output + &told.errors)
    }
}
