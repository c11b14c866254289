// SPDX-License-Identifier: GPL-3.0-or-later
//! Inside a sandbox no service manager starts a daemon again that was killed, and the clients that wait for it would wait
//! for ever. So what the bus starts there is this: it runs the daemon as its child, and again if that does not end by
//! itself. It has no threads, no connections and no secrets.

use std::{
    ffi::OsString,
    io,
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, Command, ExitCode, ExitStatus},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, getpid, getppid, kill_process, set_parent_process_death_signal};
use signal_hook::{
    consts::{SIGCHLD, SIGINT, SIGTERM},
    iterator::Signals,
};
use usher_core::names;

/// What the program of the daemon is known by.
const PROGRAM: &str = "usher-authenticator";
/// Makes a process the parent wherever it runs.
const AS_PARENT: &str = "--as-parent";
/// Makes a process the daemon itself; its value is the process that looks after it.
const PARENT: &str = "--parent";
/// What Rust ends a process with that has panicked.
const PANICKED: i32 = 101;
/// The daemon is started again that often …
const RESTART_LIMIT: usize = 5;
/// … within that time. What is killed more often would be killed for ever.
const RESTART_TIME: Duration = Duration::from_secs(60);

/// What a process of this program is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The one that looks after the daemon.
    Parent,
    /// The daemon.
    Daemon,
}

impl Role {
    /// What these arguments, without the program's name, make of a process.
    pub(crate) fn of(arguments: &[OsString], in_sandbox: bool) -> Self {
        let has = |name: &str| arguments.iter().any(|argument| argument == name);
        if !has(PARENT) && (in_sandbox || has(AS_PARENT)) { Self::Parent } else { Self::Daemon }
    }

    /// What this process is.
    pub(crate) fn of_process() -> Self {
        Self::of(&arguments(), names::in_sandbox())
    }
}

/// The daemon ends with the process that looks after it. Returns whether that is still there.
pub(crate) fn follow(parent: i32) -> io::Result<bool> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    Ok(getppid().map(Pid::as_raw_pid) == Some(parent))
}

/// Runs the daemon until it ends by itself or is told to, and ends as it does.
pub(crate) fn run() -> io::Result<ExitCode> {
    let mut signals = Signals::new([SIGCHLD, SIGINT, SIGTERM])?;
    let mut watch = Watch::default();
    let mut daemon = start()?;
    loop {
        for signal in signals.wait() {
            if signal != SIGCHLD {
                watch.is_told_to_end = true;
                tell_to_end(&daemon);
            }
        }
        let Some(status) = daemon.try_wait()? else {
            continue;
        };
        match watch.next(status, Instant::now()) {
            Next::Restart => {
                tracing::warn!(%status, "the daemon was killed, and is started again");
                daemon = start()?;
            }
            Next::End(code) => return Ok(ExitCode::from(code)),
        }
    }
}

fn arguments() -> Vec<OsString> {
    std::env::args_os().skip(1).collect()
}

/// This very program, even if another was installed in its place.
fn start() -> io::Result<Child> {
    let own = arguments().into_iter().filter(|argument| argument != AS_PARENT);
    let parent = getpid().as_raw_pid().to_string();
    Command::new("/proc/self/exe").arg0(PROGRAM).args(own).args([PARENT, &parent]).spawn()
}

fn tell_to_end(daemon: &Child) {
    let id = i32::try_from(daemon.id()).ok().and_then(Pid::from_raw);
    // It has not been waited for, so nobody else has its id.
    if let Some(Err(error)) = id.map(|id| kill_process(id, Signal::TERM)) {
        tracing::debug!(%error, "the daemon has ended already");
    }
}

/// What is done when the daemon has ended.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// It is started again.
    Restart,
    /// So is this process, with that code.
    End(u8),
}

/// What became of the daemon so far.
#[derive(Debug, Default)]
struct Watch {
    is_told_to_end: bool,
    restarts: Vec<Instant>,
}

impl Watch {
    fn next(&mut self, status: ExitStatus, now: Instant) -> Next {
        let was_killed = status.signal().is_some() || status.code() == Some(PANICKED);
        self.restarts.retain(|restart| now.duration_since(*restart) < RESTART_TIME);
        if was_killed && !self.is_told_to_end && self.restarts.len() < RESTART_LIMIT {
            self.restarts.push(now);
            return Next::Restart;
        }
        // A shell tells of a signal in the same way.
        let signal = status.signal().map(|signal| signal + 128);
        Next::End(status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    fn killed(signal: i32) -> ExitStatus {
        ExitStatus::from_raw(signal)
    }

    #[test]
    fn in_a_sandbox_the_first_process_is_the_parent_and_its_child_the_daemon() {
        let role = |arguments: &[&str], in_sandbox| {
            Role::of(&arguments.iter().map(OsString::from).collect::<Vec<_>>(), in_sandbox)
        };
        assert_eq!(role(&[], true), Role::Parent);
        assert_eq!(role(&["--verbose", "--parent", "2"], true), Role::Daemon);
        assert_eq!(role(&["--verbose"], false), Role::Daemon);
        assert_eq!(role(&["--as-parent"], false), Role::Parent);
    }

    #[test]
    fn a_daemon_that_was_killed_is_started_again_and_one_that_has_ended_is_not() {
        let next = |status| Watch::default().next(status, Instant::now());
        for status in [killed(9), killed(6), killed(15), ended(101)] {
            assert_eq!(next(status), Next::Restart, "{status}");
        }
        assert_eq!(next(ended(0)), Next::End(0));
        assert_eq!(next(ended(1)), Next::End(1));
    }

    #[test]
    fn a_daemon_that_was_told_to_end_is_not_started_again() {
        let mut watch = Watch { is_told_to_end: true, ..Watch::default() };
        assert_eq!(watch.next(killed(15), Instant::now()), Next::End(143));
    }

    #[test]
    fn a_daemon_that_is_killed_over_and_over_is_given_up_and_one_that_is_killed_now_and_then_is_not() {
        let mut watch = Watch::default();
        let begin = Instant::now();
        for second in 0..5 {
            assert_eq!(watch.next(killed(9), begin + Duration::from_secs(second)), Next::Restart);
        }
        assert_eq!(watch.next(killed(9), begin + Duration::from_secs(5)), Next::End(137));
        let mut watch = Watch::default();
        for minute in 0..20 {
            assert_eq!(watch.next(killed(9), begin + Duration::from_secs(60 * minute)), Next::Restart);
        }
    }
}
