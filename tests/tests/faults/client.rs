// SPDX-License-Identifier: GPL-3.0-or-later
//! The installed daemon as a process, and `usherctl sign-in`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
pub(crate) use usher_tests::Client;
use usher_tests::usherctl::BrowserCommand;
use usher_tests::{AUTHENTICATOR, Session, browser, send_signal};

pub(crate) const APP: &str = "org.example.Postcard";

/// A daemon that the test started itself.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) id: u32,
    pub(crate) log: PathBuf,
}

impl Daemon {
    /// Starts the installed daemon after the shell commands `shell`, and waits until it owns its name.
    pub(crate) async fn start(session: &Session, shell: &str, arguments: &[&str]) -> Self {
        let number = session.processes.ids().len();
        let name = format!("daemon-{number}");
        let id = session.processes.start(&name, command(session, shell, arguments));
        session.bus.wait_for_owner(AUTHENTICATOR).await;
        assert_eq!(owner(session).await, id, "the daemon is the one of the test");
        Self { id, log: session.processes.log_file(&name) }
    }

    /// Everything that it logged so far.
    pub(crate) fn log_text(&self) -> String {
        fs::read_to_string(&self.log).expect("the log is text")
    }

    /// Its peak memory so far, in KiB.
    pub(crate) fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).expect("the daemon is there");
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel reports its peak memory");
        line.trim().trim_end_matches("kB").trim().parse().expect("a number")
    }
}

/// The command of [`Daemon::start`]. The shell replaces itself with the daemon.
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

/// `usherctl sign-in demo`, which waits for the browser.
pub(crate) struct SignIn(BrowserCommand);

impl SignIn {
    pub(crate) async fn start(session: &Session) -> Self {
        Self(BrowserCommand::start(session, &["sign-in", "demo"]).await)
    }

    /// Opens the redirect with this token in a browser, whether or not anybody listens there.
    pub(crate) fn redirect(&self, token: &str) -> tokio::task::JoinHandle<()> {
        let parameter = |name| browser::parameter(&self.0.address, name);
        let address = format!("{}?token={token}&state={}", parameter("redirect_uri"), parameter("state"));
        tokio::spawn(async move {
            browser::open(&address).await;
        })
    }

    /// Waits until it says this.
    pub(crate) async fn says(&mut self, text: &str) {
        self.0.says(text).await;
    }

    /// Types Ctrl+C.
    pub(crate) fn interrupt(&self) {
        send_signal(self.0.id(), Signal::INT);
    }

    /// Waits until it ends. Returns its exit code and all that it printed.
    pub(crate) async fn end(self) -> (i32, String) {
        let output = self.0.end().await;
        (output.code, output.stdout + &output.stderr)
    }
}
