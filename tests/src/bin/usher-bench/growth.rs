// SPDX-License-Identifier: GPL-3.0-or-later
//! What takes longer the more there is: refs in a request, accounts in the keyring, remotes in flatpak's configuration, apps
//! in a repository's AppStream data. A line for each step says how much longer twice as much takes.

mod fill;

use std::time::Instant;

use usher_tests::{AUTHENTICATOR, KeyringState, Session, Setup};

use crate::bench::Bench;
use crate::caller::{PEER, TokenRequest};
use crate::daemon::end;
use crate::report::{Line, Milliseconds, Samples};
use crate::say;

const REFS: [usize; 6] = [10, 32, 128, 512, 2048, 4096];
const ACCOUNTS: [usize; 4] = [1, 10, 100, 1000];
const REMOTES: [usize; 4] = [2, 5, 15, 50];
const APPS: [usize; 3] = [30, 300, 3000];
/// From here on something takes more than its share: the rest is chance, and what the memory of a computer is slower at.
const LINEAR: f64 = 2.2;
const GOAL: &str = "at most × 2.2";

/// What was measured, from step to step.
#[derive(Default)]
struct Series {
    what: &'static str,
    of: &'static str,
    steps: Vec<(usize, Milliseconds)>,
}

impl Series {
    fn new(what: &'static str, of: &'static str) -> Self {
        Self { what, of, steps: Vec::new() }
    }

    fn add(&mut self, size: usize, samples: &Samples) {
        self.steps.push((size, samples.median()));
    }

    fn lines(&self) -> Vec<Line> {
        let previous = [None].into_iter().chain(self.steps.iter().map(Some));
        self.steps.iter().zip(previous).map(|(step, previous)| self.line(*step, previous.copied())).collect()
    }

    fn line(&self, (size, time): (usize, Milliseconds), previous: Option<(usize, Milliseconds)>) -> Line {
        let factor = previous.map(|previous| per_doubling(previous, (size, time)));
        let notes = match (factor, previous) {
            (Some(factor), Some((size, _))) => {
                let word = if factor > LINEAR { "FASTER THAN LINEAR" } else { "no faster than linear" };
                format!("twice as many take × {factor:.2} as long, from {size} on: {word}")
            }
            _ => "the first step".to_owned(),
        };
        Line {
            what: format!("{}, {size} {}", self.what, self.of),
            figure: time.to_string(),
            baseline: factor.map(|factor| format!("× {factor:.2}")).unwrap_or_default(),
            ratio: None,
            goal: GOAL.to_owned(),
            notes,
        }
    }
}

/// How much longer twice as much takes: 2 where the time is proportional to the size, 4 where it is to the square.
fn per_doubling((size, time): (usize, Milliseconds), (later_size, later): (usize, Milliseconds)) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "no size is that large")]
    let doublings = (later_size as f64 / size as f64).log2();
    (later.0 / time.0).powf(1.0 / doublings)
}

/// Measures all of it.
pub(crate) async fn measure(runs: usize) -> Vec<Line> {
    let mut all = said(of_refs(runs).await);
    all.extend(said(of_accounts(runs).await));
    all.extend(said(of_remotes(runs).await));
    all.extend(said(of_apps(runs).await));
    all
}

/// Says lines before the whole table is there, which takes long.
fn said(lines: Vec<Line>) -> Vec<Line> {
    for line in &lines {
        say(&format!("{}: {}; {}", line.what, line.figure, line.notes));
    }
    lines
}

/// Refs in one request, asked of the server and from the cache; and what the server and the bus alone take.
async fn of_refs(runs: usize) -> Vec<Line> {
    say("More and more refs…");
    let mut bench = Bench::set_up(&REFS).await;
    let client = bench.short_lived.client(true);
    let [mut warm, mut alone, mut cached] =
        ["warm request", "POST + D-Bus alone", "from the cache"].map(|what| Series::new(what, "refs"));
    for size in REFS {
        let (asked, kept) = (bench.short_lived.token_request(size), bench.long_lived.token_request(size));
        let caller = &mut bench.caller;
        caller.ask_usher(&kept).await;
        let (_, tokens) = caller.ask_usher(&asked).await;
        caller.set_peer_tokens(&tokens).await;
        let [mut usher, mut others, mut again] = std::array::from_fn(|_| Samples::default());
        for _ in 0..runs {
            usher.add(caller.ask_usher(&asked).await.0);
            others.add(client.ask(&asked).await + caller.ask(PEER, &asked).await.0);
            again.add(caller.ask_usher(&kept).await.0);
        }
        for (series, samples) in [(&mut warm, usher), (&mut alone, others), (&mut cached, again)] {
            series.add(size, &samples);
        }
    }
    [warm, alone, cached].iter().flat_map(Series::lines).collect()
}

/// A session with one shop and one account, and what is measured there at each step.
struct Small {
    bench: Bench,
    wanted: TokenRequest,
    of: &'static str,
    command: [&'static str; 1],
    runs: usize,
    series: [Series; 3],
}

impl Small {
    async fn new(of: &'static str, command: &'static str, series: &'static str, runs: usize) -> Self {
        let bench = Bench::set_up(&[1]).await;
        let wanted = bench.short_lived.token_request(1);
        let series = ["warm request", "cold activation to Response", series].map(|what| Series::new(what, of));
        Self { bench, wanted, of, command: [command], runs, series }
    }

    async fn step(&mut self, size: usize) {
        say(&format!("{size} {}…", self.of));
        let [mut warm, mut cold, mut command] = std::array::from_fn(|_| Samples::default());
        let caller = &mut self.bench.caller;
        for run in 0..=self.runs {
            end(caller, AUTHENTICATOR).await;
            let times = [
                caller.ask_usher(&self.wanted).await.0,
                caller.ask_usher(&self.wanted).await.0,
                time_of(&self.bench.session, &self.command, 0).await,
            ];
            if run > 0 {
                for (samples, time) in [&mut cold, &mut warm, &mut command].into_iter().zip(times) {
                    samples.add(time);
                }
            }
        }
        for (series, samples) in self.series.iter_mut().zip([warm, cold, command]) {
            series.add(size, &samples);
        }
    }

    fn lines(&self) -> Vec<Line> {
        self.series.iter().flat_map(Series::lines).collect()
    }
}

/// Accounts in the keyring, all but two at servers that nobody asks.
async fn of_accounts(runs: usize) -> Vec<Line> {
    let mut small = Small::new("accounts", "list", "usherctl list", runs).await;
    let mut filled = small.bench.accounts.len();
    for size in ACCOUNTS {
        fill::accounts(&small.bench.session, &mut filled, size).await;
        small.step(size).await;
    }
    small.lines()
}

/// Remotes in flatpak's configuration.
async fn of_remotes(runs: usize) -> Vec<Line> {
    let mut small = Small::new("remotes", "remotes", "usherctl remotes", runs).await;
    // Two are the shops'.
    let mut filled = 2;
    for size in REMOTES {
        fill::remotes(&small.bench.session, &mut filled, size).await;
        small.step(size).await;
    }
    small.lines()
}

/// How a listing ends that has apps to buy.
const SOME_TO_BUY: i32 = 4;

/// Apps in the AppStream data of a remote that lists four.
async fn of_apps(runs: usize) -> Vec<Line> {
    let setup =
        Setup { signed: true, private_listing: true, keyring: KeyringState::Unlocked, ..Setup::without_display() };
    let session = Session::start(setup).await;
    session.sign_in_as("demo").await;
    let mut series = Series::new("usherctl listing", "apps with names");
    for size in APPS {
        say(&format!("{size} apps with names…"));
        fill::names(&session, "demo", size);
        let mut samples = Samples::default();
        for run in 0..=runs {
            let time = time_of(&session, &["listing", "demo"], SOME_TO_BUY).await;
            if run > 0 {
                samples.add(time);
            }
        }
        series.add(size, &samples);
    }
    series.lines()
}

/// The time that a command of `usherctl` takes, which ends with `code`.
async fn time_of(session: &Session, arguments: &[&str], code: i32) -> Milliseconds {
    let begin = Instant::now();
    let output = session.usherctl(arguments).await;
    let time = begin.elapsed().into();
    assert_eq!(output.code, code, "{arguments:?}: {output:?}");
    time
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_much_takes_twice_as_long_where_time_is_proportional() {
        let factor = |(a, b), (c, d)| per_doubling((a, Milliseconds(b)), (c, Milliseconds(d)));
        let close = |factor: f64, wanted: f64| (factor - wanted).abs() < 1e-9;
        assert!(close(factor((10, 1.0), (80, 8.0)), 2.0));
        assert!(close(factor((10, 1.0), (40, 16.0)), 4.0));
        assert!(close(factor((10, 5.0), (1000, 5.0)), 1.0));
    }

    #[test]
    fn a_step_that_grows_with_the_square_is_named() {
        let mut series = Series::new("x", "y");
        for (size, time) in [(1, 1.0), (2, 2.0), (4, 8.0)] {
            series.steps.push((size, Milliseconds(time)));
        }
        let lines = series.lines();
        assert_eq!(lines[0].notes, "the first step");
        assert!(lines[1].notes.ends_with("no faster than linear") && lines[2].notes.ends_with("FASTER THAN LINEAR"));
    }
}
