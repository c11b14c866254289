// SPDX-License-Identifier: GPL-3.0-or-later
//! The process that owns a bus name: ending it, and measuring its memory.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use usher_tests::{has_ended, number_in, wait_until};

use crate::caller::Caller;
use crate::report::Line;

/// How long after its last answer a process counts as idle: the threads for files and name lookups end after a second.
const IDLE_TIME: Duration = Duration::from_secs(2);

/// The private memory of a process, in kB.
pub(crate) struct Memory {
    clean: u64,
    dirty: u64,
}

impl Memory {
    /// Returns `None` where the system does not permit it.
    pub(crate) fn of(process: u32) -> Option<Self> {
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        Some(Self { clean: number_in(&rollup, "Private_Clean:")?, dirty: number_in(&rollup, "Private_Dirty:")? })
    }

    /// The sum, in kB.
    pub(crate) fn private(&self) -> u64 {
        self.clean + self.dirty
    }
}

/// Ends the service that owns a name, and waits until its process is gone and the bus has seen that.
pub(crate) async fn end(caller: &Caller, name: &str) {
    let Some(process) = caller.process_of(name).await else {
        return;
    };
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process has an id");
    kill_process(pid, Signal::TERM).expect("the process can be ended");
    wait_until(&format!("the end of {name}"), async || has_ended(process) && caller.process_of(name).await.is_none())
        .await;
}

/// The private memory of an idle service.
pub(crate) async fn memory_of(caller: &Caller, name: &str, what: &str, goal: &str) -> Line {
    let process = caller.process_of(name).await.expect("the service runs");
    // A program that was just installed and is not on the disk yet would count as dirty.
    rustix::fs::sync();
    // This waits for nothing: it is the definition of “idle”.
    tokio::time::sleep(IDLE_TIME).await;
    let (figure, notes) = match Memory::of(process) {
        Some(memory) => (
            format!("{} kB", memory.private()),
            format!(
                "dirty {} kB + clean {} kB, {} s after the last answer",
                memory.dirty,
                memory.clean,
                IDLE_TIME.as_secs()
            ),
        ),
        None => ("?".to_owned(), "the daemon lets nobody but root look at its memory".to_owned()),
    };
    let what = format!("private memory {what}");
    Line { what, figure, baseline: String::new(), ratio: None, goal: goal.to_owned(), notes }
}
