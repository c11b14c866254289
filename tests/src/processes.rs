// SPDX-License-Identifier: GPL-3.0-or-later
//! The processes of a session: starts them with its environment, logs them into its folder, finds and ends them by id.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use memchr::memmem;
use rustix::process::{Pid, Signal, kill_process};

/// How long a test waits for anything. Long enough that no test fails because the computer is busy.
pub const LIMIT: Duration = Duration::from_secs(90);
/// The variable that marks the processes of a session: its value is the session's folder.
pub const MARK: &str = "USHER_SESSION";

/// Starts the programs of a session, and ends whatever is left of them.
#[derive(Debug)]
pub struct Processes {
    mark: String,
    logs: PathBuf,
    environment: Mutex<BTreeMap<String, String>>,
    children: Mutex<Vec<Child>>,
    transcript: Transcript,
}

/// What commands have printed, as a person saw it in a terminal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transcript(Arc<Mutex<String>>);

impl Transcript {
    /// Adds a command and its output.
    pub(crate) fn add(&self, command: &str, text: &str) {
        let mut transcript = self.0.lock().expect("nobody panics with the lock");
        transcript.extend(["$ ", command, "\n", text.trim_end(), "\n"]);
    }

    /// Takes everything since the last call.
    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().expect("nobody panics with the lock"))
    }
}

impl Processes {
    pub(crate) fn new(folder: &Path, environment: BTreeMap<String, String>) -> Self {
        let logs = folder.join("logs");
        fs::create_dir_all(&logs).expect("the folder for logs can be made");
        let mark = folder.display().to_string();
        let mut environment = environment;
        environment.insert(MARK.to_owned(), mark.clone());
        Self {
            mark,
            logs,
            environment: Mutex::new(environment),
            children: Mutex::default(),
            transcript: Transcript::default(),
        }
    }

    pub(crate) fn set(&self, name: &str, value: &str) {
        self.environment.lock().expect("nobody panics with the lock").insert(name.to_owned(), value.to_owned());
    }

    /// What its commands have printed.
    pub(crate) fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// The environment of everything that runs in the session.
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.environment.lock().expect("nobody panics with the lock").clone()
    }

    /// A command with the session's environment and nothing else.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment());
        command.stdin(Stdio::null());
        command
    }

    /// The log of `name`.
    pub fn log_file(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    /// The folder that holds every log of the session.
    pub fn log_folder(&self) -> &Path {
        &self.logs
    }

    /// Starts `command` in a process group of its own, which ends with the session. Its output goes to a log.
    pub fn start(&self, name: &str, mut command: Command) -> u32 {
        let log = fs::File::create(self.log_file(name)).expect("a log can be made");
        let errors = log.try_clone().expect("a log can be written twice");
        command.stdout(log).stderr(errors).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let id = child.id();
        self.adopt(child);
        id
    }

    /// Ends `child` with the session.
    pub(crate) fn adopt(&self, child: Child) {
        self.children.lock().expect("nobody panics with the lock").push(child);
    }

    /// The ids of all processes of the session: those that carry its mark and their descendants.
    pub fn ids(&self) -> BTreeSet<u32> {
        let all_processes: Vec<(u32, u32)> = process_ids().filter_map(|id| Some((id, parent_of(id)?))).collect();
        let mut ours: BTreeSet<u32> =
            self.children.lock().expect("nobody panics with the lock").iter().map(Child::id).collect();
        ours.extend(all_processes.iter().map(|(id, _)| *id).filter(|id| self.is_marked(*id)));
        loop {
            let more: Vec<u32> = all_processes
                .iter()
                .filter(|(id, parent)| ours.contains(parent) && !ours.contains(id))
                .map(|(id, _)| *id)
                .collect();
            if more.is_empty() {
                ours.remove(&std::process::id());
                return ours;
            }
            ours.extend(more);
        }
    }

    /// The processes of the program `name`, with their arguments.
    pub fn of_program(&self, name: &str) -> Vec<(u32, Vec<String>)> {
        let arguments = |id: u32| {
            let text = String::from_utf8(fs::read(format!("/proc/{id}/cmdline")).ok()?).ok()?;
            let mut words = text.split_terminator('\0').map(str::to_owned);
            let program = words.next()?;
            (Path::new(&program).file_name()? == name).then(|| words.collect())
        };
        self.ids().into_iter().filter_map(|id| Some((id, arguments(id)?))).collect()
    }

    fn is_marked(&self, id: u32) -> bool {
        let wanted = format!("{MARK}={}\0", self.mark);
        is_in(wanted.as_bytes(), &environment_of(id))
    }

    /// The processes of the session, and those with a mount from its folder: the program that opens a sandbox may carry
    /// no mark, but its home is the session's.
    fn all(&self) -> BTreeSet<u32> {
        // Most processes share their mounts with others, and to list mounts costs much.
        let mut known: BTreeMap<Option<PathBuf>, bool> = BTreeMap::new();
        let mut has_mount = |id: &u32| {
            let read = || fs::read(format!("/proc/{id}/mountinfo"));
            let space = fs::read_link(format!("/proc/{id}/ns/mnt")).ok();
            *known.entry(space).or_insert_with(|| read().is_ok_and(|mounts| is_in(self.mark.as_bytes(), &mounts)))
        };
        let mut all = self.ids();
        all.extend(process_ids().filter(|id| has_mount(id)));
        all.retain(|id| parent_of(*id).is_some());
        all
    }

    /// The processes of the session that still run.
    pub(crate) fn remaining(&self) -> Vec<String> {
        let command = |id| fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let describe = |id| format!("{id}: {}", String::from_utf8_lossy(&command(id)).replace('\0', " "));
        self.all().into_iter().map(describe).collect()
    }

    /// Ends every process of the session: first with SIGTERM, then with SIGKILL.
    pub(crate) fn end_all(&self) {
        for (signal, limit) in [(Signal::TERM, Duration::from_secs(3)), (Signal::KILL, LIMIT)] {
            let until = Instant::now() + limit;
            // Those that come meanwhile end as well.
            while self.end_those_there(signal, until) && Instant::now() < until {}
        }
    }

    /// Sends the signal to all processes of the session, and waits until these have ended. Says whether there were any.
    fn end_those_there(&self, signal: Signal, until: Instant) -> bool {
        let all = self.all();
        for id in &all {
            send_signal(*id, signal);
        }
        // To look for all costs much more than to look after these.
        let mut left = all.clone();
        while !left.is_empty() && Instant::now() < until {
            thread::sleep(Duration::from_millis(10));
            self.reap();
            left.retain(|id| parent_of(*id).is_some());
        }
        !all.is_empty()
    }

    /// Reaps children that have ended.
    fn reap(&self) {
        self.children
            .lock()
            .expect("nobody panics with the lock")
            .retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    }
}

impl Drop for Processes {
    /// A session that could not be started has nobody else to end them.
    fn drop(&mut self) {
        if thread::panicking() {
            self.end_all();
        }
    }
}

/// Sends `signal` to a process, if it is still there.
pub fn send_signal(id: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Whether `bytes` hold those that are sought. Stories look through much, which wants a library that is optimised.
pub(crate) fn is_in(sought: &[u8], bytes: &[u8]) -> bool {
    memmem::find(bytes, sought).is_some()
}

/// Whether a process has ended, even if nobody has asked yet how.
pub fn has_ended(id: u32) -> bool {
    parent_of(id).is_none()
}

/// The processes whose parent is `parent`.
pub fn children_of(parent: u32) -> Vec<u32> {
    process_ids().filter(|id| parent_of(*id) == Some(parent)).collect()
}

/// How many children of `parent` have ended and were not asked how.
pub(crate) fn zombies_of(parent: u32) -> usize {
    process_ids().filter(|id| state_of(*id).is_some_and(|(is_zombie, of)| is_zombie && of == parent)).count()
}

/// The environment with which a process was started. While it goes over into another program it shows none for a moment.
fn environment_of(id: u32) -> Vec<u8> {
    let file = |name| format!("/proc/{id}/{name}");
    let read = |name| fs::read(file(name)).unwrap_or_default();
    loop {
        let arguments = read("cmdline");
        let environment = read("environ");
        let is_settled = !arguments.is_empty() && arguments == read("cmdline");
        // Neither a thread of the system nor a process that has ended has a program.
        if !environment.is_empty() || is_settled || fs::read_link(file("exe")).is_err() {
            return environment;
        }
        thread::yield_now();
    }
}

fn process_ids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").expect("/proc is readable").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// The parent of a process, unless that process has ended.
fn parent_of(id: u32) -> Option<u32> {
    state_of(id).and_then(|(is_zombie, parent)| (!is_zombie).then_some(parent))
}

/// Whether a process has ended and nobody has asked how, and its parent.
fn state_of(id: u32) -> Option<(bool, u32)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in parentheses may hold anything, so count from its end: state, then the parent.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()? == "Z", fields.next()?.parse().ok()?))
}

/// A number in a file of `/proc`, behind this name.
pub fn number_in(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// The longest pause between two looks.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The pause after a look that took this long. Each look slows down the program that the test waits for, so a long one is
/// followed by a long pause.
fn pause_after(look: Duration) -> Duration {
    (2 * look).clamp(Duration::from_millis(50), LONGEST_PAUSE)
}

/// Polls `check` until it returns something. Fails after [`LIMIT`] with `what` and the text of `seen`.
pub async fn wait_for<T>(what: &str, check: impl AsyncFnMut() -> Option<T>, seen: impl AsyncFnOnce() -> String) -> T {
    wait_between(what, check, seen, tokio::time::sleep).await
}

/// The same with a pause of the caller's, which is told how long it is at least.
pub(crate) async fn wait_between<T>(
    what: &str,
    mut check: impl AsyncFnMut() -> Option<T>,
    seen: impl AsyncFnOnce() -> String,
    mut pause: impl AsyncFnMut(Duration),
) -> T {
    let until = Instant::now() + LIMIT;
    loop {
        let began = Instant::now();
        if let Some(found) = check().await {
            return found;
        }
        let shortest = pause_after(began.elapsed());
        if Instant::now() > until {
            let seen = seen().await;
            panic!("waited {} s in vain for {what}\n{seen}", LIMIT.as_secs());
        }
        pause(shortest).await;
    }
}

/// Polls `check` until it is true. Fails after [`LIMIT`] with `what`.
pub async fn wait_until(what: &str, mut check: impl AsyncFnMut() -> bool) {
    wait_for(what, async || check().await.then_some(()), async || String::new()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processes(folder: &Path) -> Processes {
        Processes::new(folder, BTreeMap::from([("PATH".to_owned(), "/usr/bin".to_owned())]))
    }

    #[test]
    fn a_session_that_cannot_be_started_leaves_no_process() {
        let folder = tempfile::tempdir().unwrap();
        let started = std::panic::catch_unwind::<_, ()>(|| {
            let processes = processes(folder.path());
            let mut command = processes.command("sleep");
            command.arg("600");
            std::panic::panic_any(processes.start("sleep", command))
        });
        let id: Box<u32> = started.unwrap_err().downcast().unwrap();
        assert!(has_ended(*id));
    }

    #[test]
    fn a_process_that_goes_over_into_another_program_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let processes = processes(folder.path());
        let script = "exec sh -c \"$0\" \"$0\" $(($1 + 1))";
        let mut child = processes.command("sh").args(["-c", "exec sh -c \"$0\" \"$0\" 1", script]).spawn().unwrap();
        let missed = (0..10_000).filter(|_| !processes.is_marked(child.id())).count();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(missed, 0);
    }
}
