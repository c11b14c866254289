// SPDX-License-Identifier: GPL-3.0-or-later
//! `usher-soak`: lets one daemon answer very many requests in a throw-away session, with everything that can go wrong
//! meanwhile, and checks that nothing is answered twice or never and that nothing piles up. `build-aux/soak` runs it.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;
use usher_tests::soak::Soak;

/// Lets one daemon answer very many requests, with all kinds of trouble meanwhile.
///
/// Ends with 0 if each request had exactly one end and the daemon has grown by nothing; otherwise says what was wrong.
#[derive(Parser)]
struct Arguments {
    /// How many requests to send
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    requests: usize,
    /// Repeat what another run did, which has printed its seed
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    // Any number will do.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let seed = arguments.seed.unwrap_or(now);
    say(&format!("{} requests, --seed {seed}", arguments.requests));
    let report = Soak { requests: arguments.requests, seed }.run(say).await;
    say(&format!("\n{report}"));
}

fn say(text: &str) {
    // A closed output is no error.
    let _ = writeln!(std::io::stdout(), "{text}");
}
