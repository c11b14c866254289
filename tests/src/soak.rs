// SPDX-License-Identifier: GPL-3.0-or-later
//! A soak: one daemon answers very many requests, while clients close them and vanish, the shop is slow, fails or is silent,
//! accounts come and go, and windows open. Nothing may be answered twice or never, and nothing may pile up.
//!
//! ```text
//! plan     what happens next, from a seed
//! trouble  what is the matter during a round
//! crowd    the clients of a round, and what they do
//! figures  what the daemon holds: memory, threads, descriptors
//! ```

mod crowd;
mod figures;
mod plan;
mod trouble;

use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use self::crowd::{APPS, Tally};
pub use self::figures::Figures;
use self::plan::Random;
use self::trouble::Trouble;
use crate::client::Client;
use crate::processes::{wait_until, zombies_of};
use crate::session::{AUTHENTICATOR, Session, Setup};

/// Requests of a lap, in which every trouble has its round. Longer soaks have longer laps: signing in and windows take long.
const LAP: usize = 250;
const MOST_LAPS: usize = 100;
/// How often the daemon is measured, at the end of a lap.
const MEASUREMENTS: usize = 8;
/// The daemon keeps a token for half of its life. So some requests find one, and others one that has expired.
const TOKEN_LIFETIME: Duration = Duration::from_secs(2);
/// How many measurements make a plateau: the first ones and the last ones. The allocator's own untidiness comes and goes between
/// measurements; what piles up is in the least of the last ones as well.
const PLATEAU: usize = 3;
/// The most that the daemon may grow by from the most of the first plateau to the least of the last one, in KiB: less than 17
/// bytes for each request of 100,000. Whoever keeps anything of a request or of a client, be it its name alone, keeps more.
const GROWTH: u64 = 1024;
/// The size that the activity log keeps to, in bytes.
const LOG_LIMIT: u64 = 256 << 10;

/// How to soak the daemon.
#[derive(Clone, Debug)]
pub struct Soak {
    /// How many requests to send.
    pub requests: usize,
    /// Decides what happens, though not which of two processes is faster.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    laps: usize,
    time: Duration,
    tally: Tally,
    measured: Vec<(usize, Figures)>,
}

impl Soak {
    /// Soaks the daemon. Panics at the first thing that is wrong; `say` hears how far it has come.
    pub async fn run(&self, mut say: impl FnMut(&str)) -> Report {
        let begin = Instant::now();
        let setup = Setup { token_lifetime: Some(TOKEN_LIFETIME), ..Setup::default() };
        let session = Session::start(setup).await;
        for app in APPS {
            session.shop().control().grant("demo", app).expect("the shop gives an app away");
        }
        session.sign_in_as("demo").await;
        let mut random = Random::new(self.seed);
        let mut report = Report { laps: 0, time: Duration::ZERO, tally: Tally::default(), measured: Vec::new() };
        let laps = (self.requests / LAP).clamp(MEASUREMENTS, MOST_LAPS);
        assert_is_well(&session).await;
        let daemon = session.bus.process_of(AUTHENTICATOR).await;
        for lap in 0..laps {
            let requests = share(self.requests, laps, lap);
            for (round, trouble) in Trouble::all(&mut random).into_iter().enumerate() {
                let round_requests = share(requests, Trouble::COUNT, round);
                report.tally += trouble.round(&session, round_requests, &mut random).await;
                session.shop().control().clear_requests();
            }
            report.laps += 1;
            assert_eq!(session.bus.process_of(AUTHENTICATOR).await, daemon, "it is the same daemon");
            assert_eq!(zombies_of(daemon), 0, "the daemon leaves no zombie");
            // Not in the first lap, in which the daemon takes what it needs.
            if (lap + 1) * MEASUREMENTS / laps > lap * MEASUREMENTS / laps && lap > 0 {
                let figures = Figures::of_idle(daemon, report.measured.first().map(|(_, first)| first)).await;
                say(&format!("{} requests, {} s: {figures}", report.tally.sent, begin.elapsed().as_secs()));
                report.measured.push((report.tally.sent, figures));
            }
        }
        assert_is_well(&session).await;
        assert_left_nothing(&session).await;
        report.assert_flat();
        report.time = begin.elapsed();
        report
    }
}

/// The part of `whole` for this one of `parts`.
fn share(whole: usize, parts: usize, part: usize) -> usize {
    whole * (part + 1) / parts - whole * part / parts
}

/// A plain request gets its token.
async fn assert_is_well(session: &Session) {
    let response = Client::new(session).await.request(session).await;
    assert_eq!(response.code, 0, "{}", response.message);
}

/// No request is left in the journal, and the log keeps to its size.
async fn assert_left_nothing(session: &Session) {
    let client = Client::new(session).await;
    let environment = session.processes.environment();
    let folder = |name: &str| Path::new(&environment[name]).join(AUTHENTICATOR);
    let journals = || -> Vec<PathBuf> {
        let entries = fs::read_dir(folder("XDG_RUNTIME_DIR")).expect("the folder is there").flatten();
        let is_journal =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("requests-"));
        entries.map(|entry| entry.path()).filter(is_journal).collect()
    };
    wait_until("an empty journal", async || journals().is_empty()).await;
    let client_left = async || client.object_names("/org/freedesktop/Flatpak/Authenticator/request").await.is_empty();
    wait_until("no object of a client that has left", client_left).await;
    let log = fs::metadata(folder("XDG_DATA_HOME").join("activity.jsonl")).expect("there is a log");
    assert!(log.len() <= LOG_LIMIT, "the log has {} bytes", log.len());
}

impl Report {
    fn assert_flat(&self) {
        assert!(self.measured.len() >= 2 * PLATEAU, "{self}");
        let measured = |what: fn(&Figures) -> Option<u64>| self.measured.iter().map(move |(_, figures)| what(figures));
        for what in [|figures: &Figures| Some(figures.resident), |figures: &Figures| figures.dirty] {
            let first = measured(what).take(PLATEAU).max().flatten();
            let last = measured(what).rev().take(PLATEAU).min().flatten();
            assert!(last <= first.map(|first| first + GROWTH), "the daemon grows\n{self}");
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = format!("{} laps, {} s\n{}", self.laps, self.time.as_secs(), self.tally);
        for (sent, figures) in &self.measured {
            writeln!(lines, "after {sent:6} requests: {figures}")?;
        }
        f.write_str(&lines)
    }
}
