// SPDX-License-Identifier: GPL-3.0-or-later
//! Where no service manager restarts a daemon that was killed, its clients would wait forever. So what the bus starts is, in
//! a sandbox and where it does not leave that to systemd, a supervisor: it makes the daemon its child, and restarts it unless
//! it ends by itself. The supervisor has no threads, no connections and no secrets.

use std::{
    ffi::OsString,
    io,
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Command, ExitCode, ExitStatus},
    time::{Duration, Instant},
};

use rustix::process::{
    Pid, Signal, WaitOptions, getpid, getppid, kill_process, set_parent_process_death_signal, waitpid,
};
use signal_hook::{
    consts::{SIGCHLD, SIGINT, SIGTERM},
    iterator::Signals,
};
use usher_core::names;

/// The name of the daemon's program.
const PROGRAM: &str = "usher-authenticator";
/// The argument that makes a process the supervisor, even outside a sandbox.
const AS_SUPERVISOR: &str = "--as-parent";
/// The argument that makes a process the daemon. Its value is the id of the supervisor.
const SUPERVISOR_ID: &str = "--parent";
/// The exit code of a Rust process that panicked.
const PANICKED: i32 = 101;
/// The supervisor restarts the daemon that often …
const RESTART_LIMIT: usize = 5;
/// … within that time. A daemon that is killed more often would be killed forever.
const RESTART_TIME: Duration = Duration::from_secs(60);

/// The role of a process of this program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It restarts the daemon.
    Supervisor,
    /// It is the daemon.
    Daemon,
}

impl Role {
    /// The role that these arguments give. They come without the program's name.
    pub(crate) fn of(arguments: &[OsString], in_sandbox: bool) -> Self {
        let has = |name: &str| arguments.iter().any(|argument| argument == name);
        if !has(SUPERVISOR_ID) && (in_sandbox || has(AS_SUPERVISOR)) { Self::Supervisor } else { Self::Daemon }
    }

    /// The role of this process.
    pub(crate) fn of_process() -> Self {
        Self::of(&arguments().collect::<Vec<_>>(), names::in_sandbox())
    }
}

/// Makes the daemon end with its supervisor. Returns whether the supervisor is still there.
pub(crate) fn follow(parent: i32) -> io::Result<bool> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    Ok(getppid().map(Pid::as_raw_pid) == Some(parent))
}

/// Which of the two this process has become.
pub(crate) enum Forked {
    /// The supervisor, with the daemon.
    Supervisor(Pid),
    /// The daemon, with the id of its supervisor.
    Daemon(i32),
}

/// Makes two processes of this one. To load the program once more for the daemon would be an eighth of a cold start.
#[expect(unsafe_code, reason = "the standard library has no such call")]
pub(crate) fn fork() -> io::Result<Forked> {
    let supervisor = getpid().as_raw_pid();
    // SAFETY: there is one thread, nothing is held, and nothing was set up for signals yet.
    match unsafe { libc::fork() } {
        ..0 => Err(io::Error::last_os_error()),
        id => Ok(Pid::from_raw(id).map_or(Forked::Daemon(supervisor), Forked::Supervisor)),
    }
}

/// Watches the daemon until it ends by itself or on a signal, and ends with the same code.
pub(crate) fn run(mut daemon: Pid) -> io::Result<ExitCode> {
    let mut signals = Signals::new([SIGCHLD, SIGINT, SIGTERM])?;
    let mut policy = RestartPolicy::default();
    loop {
        // It may have ended before this process heard of it.
        if let Some((_, status)) = waitpid(Some(daemon), WaitOptions::NOHANG)? {
            let status = ExitStatus::from_raw(status.as_raw());
            match policy.next(status, Instant::now()) {
                AfterEnd::Restart => {
                    tracing::warn!(%status, "the daemon was killed; restarting it");
                    daemon = start()?;
                }
                AfterEnd::End(code) => return Ok(ExitCode::from(code)),
            }
        }
        for signal in signals.wait() {
            if signal != SIGCHLD {
                policy.was_asked_to_end = true;
                ask_to_end(daemon);
            }
        }
    }
}

/// The arguments of the daemon, without the program's name.
pub(crate) fn daemon_arguments() -> impl Iterator<Item = OsString> {
    arguments().filter(|argument| argument != AS_SUPERVISOR)
}

fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os().skip(1)
}

/// Starts this same program again, even if another was installed in its place.
fn start() -> io::Result<Pid> {
    let parent = getpid().as_raw_pid().to_string();
    let mut daemon = Command::new("/proc/self/exe");
    let daemon = daemon.arg0(PROGRAM).args(daemon_arguments()).args([SUPERVISOR_ID, &parent]).spawn()?;
    let id = i32::try_from(daemon.id()).ok().and_then(Pid::from_raw);
    id.ok_or_else(|| io::Error::other("the daemon has no id"))
}

fn ask_to_end(daemon: Pid) {
    // It was not reaped yet, so no other process has its id.
    if let Err(error) = kill_process(daemon, Signal::TERM) {
        tracing::debug!(%error, "the daemon has ended already");
    }
}

/// What to do when the daemon has ended.
#[derive(Debug, PartialEq, Eq)]
enum AfterEnd {
    /// Restart it.
    Restart,
    /// End as well, with that code.
    End(u8),
}

/// Decides whether a daemon that has ended is restarted, from its history.
#[derive(Debug, Default)]
struct RestartPolicy {
    was_asked_to_end: bool,
    restarts: Vec<Instant>,
}

impl RestartPolicy {
    fn next(&mut self, status: ExitStatus, now: Instant) -> AfterEnd {
        let was_killed = status.signal().is_some() || status.code() == Some(PANICKED);
        self.restarts.retain(|restart| now.duration_since(*restart) < RESTART_TIME);
        if was_killed && !self.was_asked_to_end && self.restarts.len() < RESTART_LIMIT {
            self.restarts.push(now);
            return AfterEnd::Restart;
        }
        // A shell reports a signal in the same way.
        let signal = status.signal().map(|signal| signal + 128);
        AfterEnd::End(status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
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
        assert_eq!(role(&[], true), Role::Supervisor);
        assert_eq!(role(&["--verbose", "--parent", "2"], true), Role::Daemon);
        assert_eq!(role(&["--verbose"], false), Role::Daemon);
        assert_eq!(role(&["--as-parent"], false), Role::Supervisor);
    }

    #[test]
    fn a_daemon_that_was_killed_is_started_again_and_one_that_has_ended_is_not() {
        let next = |status| RestartPolicy::default().next(status, Instant::now());
        for status in [killed(9), killed(6), killed(15), ended(101)] {
            assert_eq!(next(status), AfterEnd::Restart, "{status}");
        }
        assert_eq!(next(ended(0)), AfterEnd::End(0));
        assert_eq!(next(ended(1)), AfterEnd::End(1));
    }

    #[test]
    fn a_daemon_that_was_told_to_end_is_not_started_again() {
        let mut policy = RestartPolicy { was_asked_to_end: true, ..RestartPolicy::default() };
        assert_eq!(policy.next(killed(15), Instant::now()), AfterEnd::End(143));
    }

    #[test]
    fn a_daemon_that_is_killed_over_and_over_is_given_up_and_one_that_is_killed_now_and_then_is_not() {
        let mut policy = RestartPolicy::default();
        let begin = Instant::now();
        for second in 0..5 {
            assert_eq!(policy.next(killed(9), begin + Duration::from_secs(second)), AfterEnd::Restart);
        }
        assert_eq!(policy.next(killed(9), begin + Duration::from_secs(5)), AfterEnd::End(137));
        let mut policy = RestartPolicy::default();
        for minute in 0..20 {
            assert_eq!(policy.next(killed(9), begin + Duration::from_secs(60 * minute)), AfterEnd::Restart);
        }
    }
}
