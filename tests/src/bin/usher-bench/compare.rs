// SPDX-License-Identifier: GPL-3.0-or-later
//! Another build of Usher beside this one: two sessions, asked in turn.

use std::path::Path;

use usher_tests::{AUTHENTICATOR, Session, Setup};

use crate::bench::{Accounts, setup_for_windows};
use crate::daemon::memory_of;
use crate::pair::{Pair, in_turn};
use crate::report::{Line, Samples, Table};
use crate::shops::MEMORY;
use crate::window::Screen;
use crate::{Arguments, refs, say};

/// How many refs a measured request has.
const SIZES: [usize; 2] = [1, 1000];

/// Measures the build in `stage` and this one.
pub(crate) async fn measure(stage: &Path, arguments: &Arguments) -> Table {
    let stage = stage.canonicalize().unwrap_or_else(|error| panic!("no stage is at {}: {error}", stage.display()));
    assert!(stage.join("libexec/usher-authenticator").exists(), "{} is no stage of Usher", stage.display());
    let setup = setup_for_windows();
    say("Setting up: a session for each build, two shops, an account at each…");
    let stage: &'static str = stage.display().to_string().leak();
    let before = Session::start(Setup { stage: Some(stage), ..setup.clone() }).await;
    let mut pair = Pair::new([before, Session::start(setup).await], SIZES[1]).await;
    let mut table = Table::with_columns(["now", "before"]);
    let requests =
        [(pair.short_lived.token_request(SIZES[1]), "warm"), (pair.long_lived.token_request(SIZES[1]), "cached")];
    for (all, what) in requests {
        for size in SIZES {
            let what = format!("{what} request, {}", refs(size));
            say(&format!("{what}…"));
            let wanted = all.first(size);
            table.add(line(&what, &pair.warm(&wanted, arguments.warm).await));
        }
    }
    say("Cold starts…");
    table.add(line("cold activation to Response, 1 ref", &cold(&mut pair, arguments.cold).await));
    say("Memory…");
    for line in memory(&mut pair).await {
        table.add(line);
    }
    if arguments.frames > 0 {
        say("Windows…");
        table.add(line("first frame of the main window", &frames(&pair, arguments.frames).await));
    }
    table
}

fn line(what: &str, [before, now]: &[Samples; 2]) -> Line {
    Line::compare(what, now.median(), before.median(), "", format!("N = {}", now.len()))
}

/// Asks both while neither runs. Their accounts look unused, so that both have to note the use.
async fn cold(pair: &mut Pair, count: usize) -> [Samples; 2] {
    let wanted = pair.short_lived.token_request(1);
    let accounts = [Accounts::of(&pair.sessions[0]).await, Accounts::of(&pair.sessions[1]).await];
    let end = async |index: usize, session: &Session| {
        session.stop_daemon().await;
        accounts[index].restore(session).await;
    };
    pair.cold(&wanted, count, end).await
}

/// The private memory of both daemons while they are idle.
async fn memory(pair: &mut Pair) -> Vec<Line> {
    let wanted = pair.short_lived.token_request(1);
    let mut lines = Vec::new();
    for (what, requests, _) in MEMORY {
        let mut figures = Vec::new();
        for (session, caller) in pair.sessions.iter().zip(&mut pair.callers) {
            if requests == 0 {
                session.stop_daemon().await;
                caller.activate(AUTHENTICATOR).await;
            }
            for _ in 0..requests {
                caller.ask_usher(&wanted).await;
            }
            figures.push(memory_of(caller, AUTHENTICATOR, what, "").await);
        }
        let [before, now] = figures.try_into().unwrap_or_else(|_| unreachable!("two sessions have two figures"));
        let ratio = before.kilobytes().zip(now.kilobytes()).map(|(before, now)| now / before);
        let notes = format!("now {}; before {}", now.notes, before.notes);
        lines.push(Line { baseline: before.figure.clone(), ratio, notes, ..now });
    }
    lines
}

/// The time until the main window is painted.
async fn frames(pair: &Pair, count: usize) -> [Samples; 2] {
    let screens = pair.sessions.each_ref().map(Screen::of);
    let mut samples: [Samples; 2] = std::array::from_fn(|_| Samples::default());
    for run in 0..=count {
        for index in in_turn(run) {
            let time = screens[index].first_frame(&pair.sessions[index], "usher").await;
            if run > 0 {
                samples[index].add(time);
            }
        }
    }
    samples
}
