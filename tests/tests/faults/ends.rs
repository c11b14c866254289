// SPDX-License-Identifier: GPL-3.0-or-later
//! What the window and `usherctl` stand on ends beneath them: the session bus, the display, the keyring. They end with a
//! code and never by a signal, or go on.

use std::fs;
use std::process::ExitStatus;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use usher_tests::usherctl::BrowserCommand;
use usher_tests::{AUTHENTICATOR, LIMIT, Session, Setup, Terminal, browser, has_ended, send_signal, wait_until};

use crate::client::APP;

/// An app that has to be bought.
const PAID: &str = "org.example.Sketchbook";

/// What the window shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Main,
    AddAccount,
    Prompt,
    Web,
}

/// What ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    Bus,
    Display,
}

/// A window process of the test's own that shows a page, and the install that waits for it.
struct Shown {
    usher: Child,
    install: Option<Terminal>,
}

impl Shown {
    async fn start(session: &Session, page: Page) -> Self {
        let log = fs::File::create(session.processes.log_file("usher")).expect("a log can be made");
        let mut usher = Command::from(session.command("usher"));
        let usher = usher.stderr(log).kill_on_drop(true).spawn().expect("usher starts");
        let screen = session.screen();
        let window = screen.window("Usher").await;
        window.ready("Add Account").await;
        let mut install = None;
        match page {
            Page::Main => {}
            Page::AddAccount => {
                window.press("Add Account").await;
                window.fill("Address", "store.example.org").await;
            }
            Page::Prompt | Page::Web => {
                install = Some(session.flatpak().install(APP));
                let prompt = screen.window(&format!("Sign In to {}", session.host())).await;
                if page == Page::Web {
                    prompt.press(&format!("Continue to {}", session.host())).await;
                    screen.front().ready("User name").await;
                }
            }
        }
        Self { usher, install }
    }

    fn is_running(&mut self) -> bool {
        self.usher.try_wait().expect("a child can be waited for").is_none()
    }

    async fn end(&mut self) -> ExitStatus {
        timeout(LIMIT, self.usher.wait()).await.expect("the window process ends").expect("a child can be waited for")
    }
}

impl Lost {
    /// Kills it.
    fn kill(self, session: &Session) {
        let (program, argument) = match self {
            Self::Bus => ("dbus-daemon", "session.conf"),
            Self::Display => ("Xvfb", "-displayfd"),
        };
        let processes = session.processes.of_program(program).into_iter();
        let mut found = processes.filter(|(_, words)| words.iter().any(|word| word.ends_with(argument)));
        let (id, _) = found.next().expect("it runs");
        send_signal(id, Signal::KILL);
    }
}

async fn start() -> Session {
    let session = Session::start(Setup::default()).await;
    session.change_setting("continue-installs", "true").await;
    session
}

/// Ends each thing beneath a window process that shows this page.
async fn lose_all(page: Page) {
    for lost in [Lost::Bus, Lost::Display] {
        let session = start().await;
        let mut shown = Shown::start(&session, page).await;
        lost.kill(&session);
        let status = shown.end().await;
        let log = fs::read_to_string(session.processes.log_file("usher")).expect("the log is text");
        assert_eq!(status.code(), Some(1), "{page:?} without {lost:?}: {status}\n{log}");
        wait_until("the end of all pages", async || session.processes.of_program("WebKitWebProcess").is_empty()).await;
        let Some(install) = shown.install else { continue };
        let outcome = install.end().await;
        assert_ne!(outcome.code, 134, "flatpak does not abort: {}", outcome.text);
        if lost == Lost::Display {
            let advice = format!("Run “usherctl sign-in {}”", session.host());
            assert!(outcome.text.contains(&advice), "{}", outcome.text);
            assert!(session.bus.has_owner(AUTHENTICATOR).await, "the daemon is there");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_main_window_ends_with_a_code_when_bus_or_display_end() {
    lose_all(Page::Main).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_ends_with_a_code_when_bus_or_display_end() {
    lose_all(Page::AddAccount).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_ends_with_a_code_when_bus_or_display_end() {
    lose_all(Page::Prompt).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page_ends_with_a_code_when_bus_or_display_end() {
    lose_all(Page::Web).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_is_killed_ends_no_window_and_loses_nothing_of_it() {
    for page in [Page::Main, Page::AddAccount, Page::Prompt, Page::Web] {
        let session = start().await;
        let mut shown = Shown::start(&session, page).await;
        session.keyring().kill(&session.bus).await;
        let screen = session.screen();
        match page {
            Page::Main => {}
            // What was typed is still there.
            Page::AddAccount => {
                screen.window("Usher").await.press("Continue").await;
                screen.window("Usher").await.mentions("store.example.org").await;
            }
            Page::Prompt => {
                let prompt = screen.window(&format!("Sign In to {}", session.host())).await;
                prompt.press(&format!("Continue to {}", session.host())).await;
                screen.front().says("Sign-Ins Cannot Be Saved").await;
            }
            Page::Web => {
                screen.front().sign_in_on_the_page("demo").await;
                screen.front().says("Sign-In Was Not Saved").await;
            }
        }
        assert!(shown.is_running(), "{page:?}");
        session.keyring().restart(&session.processes, &session.bus).await;
        if page == Page::Prompt {
            screen.window(&session.host()).await.press("Try Again").await;
            screen.front().sign_in_on_the_page("demo").await;
        }
        if let Some(install) = shown.install.take() {
            // The sign-in is saved now, and what waited for it goes on.
            install.end().await.expect_success();
            assert_eq!(session.keyring().items().await.len(), 1);
        }
        assert!(shown.is_running(), "{page:?}");
    }
}

/// Takes all memory from a process that it does not have yet.
fn starve(id: u32) {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
    prlimit(pid, Resource::As, none).expect("the limits of our own processes can be changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_process_without_memory_ends_an_install_with_the_command_that_helps_and_the_daemon_stays() {
    // The system kills it, or gives it no more.
    for is_killed in [true, false] {
        let session = start().await;
        let mut shown = Shown::start(&session, Page::Prompt).await;
        let daemon = session.bus.process_of(AUTHENTICATOR).await;
        let id = shown.usher.id().expect("it runs");
        if is_killed {
            send_signal(id, Signal::KILL);
        } else {
            starve(id);
            let prompt = session.screen();
            let prompt = prompt.window(&format!("Sign In to {}", session.host())).await;
            // Whether the press still gets an answer is of no interest.
            let press = format!("Continue to {}", session.host());
            let pressing = prompt.press(&press);
            tokio::select! {
                () = pressing => {}
                _ = shown.usher.wait() => {}
            }
        }
        shown.end().await;
        let outcome = shown.install.take().expect("there is an install").end().await;
        assert_ne!(outcome.code, 0);
        let advice = format!("Run “usherctl sign-in {}”", session.host());
        assert!(outcome.text.contains(&advice), "{is_killed}: {}", outcome.text);
        assert_eq!(session.bus.process_of(AUTHENTICATOR).await, daemon, "{is_killed}: the daemon stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_end_with_a_code_when_the_bus_ends() {
    for arguments in [&["sign-in", "demo", "--no-browser"][..], &["buy", "demo", PAID, "--yes", "--no-browser"]] {
        let session = Session::start(Setup::without_display()).await;
        if arguments[0] == "buy" {
            session.sign_in_as("demo").await;
        }
        let mut command = BrowserCommand::start(&session, arguments).await;
        Lost::Bus.kill(&session);
        if arguments[0] == "buy" {
            browser::buy(&command.address).await;
        } else {
            browser::sign_in(&command.address, "demo").await;
            // The server will not issue it again, so that is for the person to say.
            command.says("It will be saved once the keyring responds.").await;
            command.says("Waiting for the keyring…").await;
            send_signal(command.id(), Signal::INT);
            command.says("Press Ctrl+C to discard it.").await;
            send_signal(command.id(), Signal::INT);
        }
        let output = command.end().await;
        assert_ne!(output.code, 0, "{arguments:?}: {}{}", output.stdout, output.stderr);
        assert!(!output.stderr.contains("panicked"), "{arguments:?}: {}", output.stderr);
        // So does one that begins without a bus.
        for arguments in [&["list"][..], &["status", "demo"], &["doctor"], &["sign-out", "demo"]] {
            let output = session.usherctl(arguments).await;
            assert!(!output.stderr.contains("panicked"), "{arguments:?}: {}", output.stderr);
            assert_ne!(output.code, 0, "{arguments:?}: {}", output.stdout);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_and_its_parent_end_with_a_code_when_the_bus_ends() {
    for arguments in [&["--verbose"][..], &["--verbose", "--as-parent"]] {
        let session = Session::start(Setup::without_display()).await;
        session.sign_in_as("demo").await;
        let mut daemon = Command::from(crate::client::command(&session, "", arguments));
        let log = fs::File::create(session.processes.log_file("the-daemon")).expect("a log can be made");
        let mut daemon = daemon.stderr(log).kill_on_drop(true).spawn().expect("the daemon starts");
        session.bus.wait_for_owner(AUTHENTICATOR).await;
        let owner = crate::client::owner(&session).await;
        Lost::Bus.kill(&session);
        let status = timeout(LIMIT, daemon.wait()).await.expect("it ends").expect("a child can be waited for");
        let log = fs::read_to_string(session.processes.log_file("the-daemon")).expect("the log is text");
        assert_eq!(status.code(), Some(1), "{arguments:?}: {status}\n{log}");
        assert!(has_ended(owner), "{arguments:?}: the daemon does not stay behind");
        assert_eq!(log.matches("the connection to the bus is lost").count(), 1, "it is not started again: {log}");
    }
}
