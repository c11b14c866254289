// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether the computer did something else while it was measured (`proc_stat(5)`, `proc_pid_stat(5)`, and the kernel's
//! “PSI”): figures of a busy one say less.

use std::fmt;
use std::fs;
use std::thread;
use std::time::Instant;

use rustix::process::{WaitOptions, getpid, set_child_subreaper, wait};

/// The part of all processors that others may use on a quiet computer, in percent.
const OTHERS: f64 = 5.0;
/// The part that the host may take away from a quiet virtual machine, in percent.
const STOLEN: f64 = 1.0;

/// The kernel counts in hundredths of a second.
const TICKS: f64 = 100.0;

/// Time of processors so far, in seconds.
struct Times {
    /// Of everything that ran.
    busy: f64,
    /// Taken away by the host of a virtual machine.
    stolen: f64,
    /// In which a process had to wait for a processor, by the clock; unknown on a kernel without PSI.
    waited: Option<f64>,
    /// Of this program and what it started.
    own: f64,
}

/// Looks at the computer from the beginning of the measurements.
pub(crate) struct Watch {
    begin: Instant,
    times: Times,
    load: String,
}

/// What the computer did.
pub(crate) struct Machine {
    processors: usize,
    others: f64,
    stolen: f64,
    waited: Option<f64>,
    load: String,
    governor: Option<String>,
}

impl Watch {
    pub(crate) fn begin() -> Self {
        // Services whose bus ends first become children of this program, so that their time counts as its own.
        let _ = set_child_subreaper(Some(getpid()));
        Self { begin: Instant::now(), times: Times::now(), load: load_average() }
    }

    pub(crate) fn end(&self) -> Machine {
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        let (before, now, elapsed) = (&self.times, Times::now(), self.begin.elapsed().as_secs_f64());
        let processors = thread::available_parallelism().map_or(1, usize::from);
        #[expect(clippy::cast_precision_loss, reason = "no computer has so many processors")]
        let percent = |seconds: f64, of: usize| (100.0 * seconds / (elapsed * of as f64)).max(0.0);
        Machine {
            processors,
            others: percent((now.busy - before.busy) - (now.own - before.own), processors),
            stolen: percent(now.stolen - before.stolen, processors),
            waited: now.waited.zip(before.waited).map(|(now, before)| percent(now - before, 1)),
            load: self.load.clone(),
            governor: read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        }
    }
}

impl Machine {
    pub(crate) fn is_quiet(&self) -> bool {
        self.others < OTHERS && self.stolen < STOLEN
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_quiet() { "quiet" } else { "busy" };
        write!(f, "{word}: {:.0} % of {} processors used by others", self.others, self.processors)?;
        write!(f, ", {:.1} % taken by the host", self.stolen)?;
        if let Some(waited) = self.waited {
            write!(f, ", something waited for a processor {waited:.0} % of the time (this program's own included)")?;
        }
        write!(f, "; load average before: {}", self.load)?;
        match &self.governor {
            Some(governor) => write!(f, "; frequency governor: {governor}"),
            None => Ok(()),
        }
    }
}

impl Times {
    fn now() -> Self {
        let fields =
            |text: &str| -> Vec<f64> { text.split_whitespace().filter_map(|word| word.parse().ok()).collect() };
        let all = read("/proc/stat").unwrap_or_default();
        // user, nice, system, idle, iowait, irq, softirq, steal; what guests use is in the first two as well.
        let all = fields(all.lines().next().unwrap_or_default());
        let sum = |indices: &[usize]| indices.iter().filter_map(|index| all.get(*index)).sum::<f64>() / TICKS;
        let own = read("/proc/self/stat").unwrap_or_default();
        // From the field after the state on: utime, stime, cutime and cstime are the 14th to the 17th of all.
        let own = fields(own.rsplit_once(')').map_or("", |(_, rest)| rest.trim_start_matches([' ', 'R', 'S', 'D'])));
        Self {
            busy: sum(&[0, 1, 2, 5, 6]),
            stolen: sum(&[7]),
            waited: read("/proc/pressure/cpu").as_deref().and_then(waited),
            own: own.iter().skip(10).take(4).sum::<f64>() / TICKS,
        }
    }
}

/// The total of the line `some avg10=0.00 avg60=0.00 avg300=0.00 total=MICROSECONDS`, in seconds.
fn waited(pressure: &str) -> Option<f64> {
    let total = pressure.lines().find_map(|line| line.strip_prefix("some "))?.rsplit_once("total=")?.1;
    Some(total.trim().parse::<f64>().ok()? / 1e6)
}

fn load_average() -> String {
    let load = read("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

fn read(file: &str) -> Option<String> {
    Some(fs::read_to_string(file).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use usher_tests::LIMIT;

    use super::*;

    #[test]
    fn the_time_that_processes_waited_is_read_from_the_first_line() {
        let text =
            "some avg10=1.00 avg60=0.50 avg300=0.10 total=2500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9";
        assert_eq!(waited(text), Some(2.5));
        assert_eq!(waited(""), None);
    }

    #[test]
    fn a_computer_is_quiet_while_others_use_little_of_it() {
        let machine = |others, stolen| Machine {
            processors: 2,
            others,
            stolen,
            waited: Some(3.0),
            load: "0.10 0.10 0.10".to_owned(),
            governor: None,
        };
        assert!(machine(1.0, 0.0).to_string().starts_with("quiet: 1 % of 2 processors used by others"));
        assert!(machine(40.0, 0.0).to_string().starts_with("busy: 40 % of 2 processors used by others"));
        assert!(!machine(0.0, 2.0).is_quiet());
    }

    #[test]
    fn this_programs_own_time_grows_while_it_computes() {
        let before = Times::now();
        let limit = Instant::now() + LIMIT;
        let mut sum = 0_u64;
        while Times::now().own <= before.own {
            assert!(Instant::now() < limit, "this program computes");
            sum = std::hint::black_box(sum + 1);
        }
        assert!(Times::now().busy >= before.busy);
    }
}
