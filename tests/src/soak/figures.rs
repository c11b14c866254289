// SPDX-License-Identifier: GPL-3.0-or-later
//! What an idle daemon holds.

use std::fmt;
use std::fs;
use std::time::Duration;

use crate::processes::{number_in, wait_for};

/// How long an idle daemon keeps what it may need again: connections to servers for 10 to 20 s, threads for 1 s.
const KEPT: Duration = Duration::from_secs(25);
/// How long nobody has asked before an idle daemon is measured. It gives back free memory after half a second.
const REST: Duration = Duration::from_secs(2);
/// How often to look meanwhile.
const STEP: Duration = Duration::from_millis(250);

/// What a process holds.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Resident memory, in KiB.
    pub resident: u64,
    /// Memory that it shares with nobody and has written to, in KiB. `None` where the system does not permit a look.
    pub dirty: Option<u64>,
    /// Its threads.
    pub threads: u64,
    /// Its open descriptors. `None` where the system does not permit a look.
    pub descriptors: Option<usize>,
}

impl Figures {
    fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the daemon is there");
        let field = |name| number_in(&status, name).expect("the kernel reports it");
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok();
        Self {
            resident: field("VmRSS:"),
            threads: field("Threads:"),
            dirty: rollup.and_then(|text| number_in(&text, "Private_Dirty:")),
            descriptors: fs::read_dir(format!("/proc/{process}/fd")).ok().map(Iterator::count),
        }
    }

    /// The figures once the process has let go of what it keeps for a while. Given earlier ones, waits until it has no more
    /// threads and descriptors than then.
    pub(super) async fn of_idle(process: u32, earlier: Option<&Self>) -> Self {
        if let Some(earlier) = earlier {
            let is_idle = |now: &Self| now.threads <= earlier.threads && now.descriptors <= earlier.descriptors;
            wait_for(
                "as few threads and descriptors as before",
                async || is_idle(&Self::of(process)).then_some(()),
                async || format!("{} instead of {earlier}", Self::of(process)),
            )
            .await;
            // This waits for nothing: it is when free memory was given back.
            tokio::time::sleep(REST).await;
            return Self::of(process);
        }
        // The fewest within that time are those of rest: a busy computer lets go of them late.
        let mut fewest = Self::of(process);
        for _ in 0..KEPT.as_millis() / STEP.as_millis() {
            tokio::time::sleep(STEP).await;
            let now = Self::of(process);
            if now.descriptors <= fewest.descriptors && now.threads <= fewest.threads {
                fewest = now;
            }
        }
        fewest
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = |figure: Option<u64>| figure.map_or_else(|| "?".to_owned(), |figure| figure.to_string());
        write!(
            f,
            "{} KiB resident, {} KiB private dirty, {} threads, {} descriptors",
            self.resident,
            known(self.dirty),
            self.threads,
            known(self.descriptors.and_then(|count| u64::try_from(count).ok()))
        )
    }
}
