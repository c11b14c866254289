// SPDX-License-Identifier: GPL-3.0-or-later
//! `usher-bench`: measures what Usher costs, compared with a minimal baseline, in one run. Prints medians of
//! interleaved runs and their ratios; asserts nothing about time. `build-aux/bench` builds what it needs and runs it.
//!
//! ```text
//! bench      a session with two shops and an account at each
//! caller     a bus client, and an HTTP client of the shop
//! daemon     its process: activates, measures and ends it
//! registry   a container registry, beside flatpak's own authenticator
//! renewal    64 requests while a sign-in lapses
//! window     the screen, until a window is painted
//! sandboxed  in and out of the Flatpak's sandbox
//! report     medians and the table
//! ```

mod bench;
mod caller;
mod daemon;
mod registry;
mod renewal;
mod report;
mod sandboxed;
mod window;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use usher_tests::AUTHENTICATOR;

use self::bench::{Bench, Shop};
use self::caller::{PEER, Service, ShopClient, TokenRequest};
use self::report::{Line, Milliseconds, Samples, Table};

/// Runs before the measured ones.
const WARM_UP: usize = 10;
/// How many refs a measured request has.
const SIZES: [usize; 2] = [1, 1000];
const WARM_GOAL: &str = "at most 1.25";
const COLD_GOAL: &str = "at most 1.5";
const MEMORY_GOAL: &str = "2.5 MB";
const FRAME_GOAL: &str = "at most 1.3";

/// Measures Usher.
#[derive(Parser)]
struct Arguments {
    /// Runs of a warm request
    #[arg(long, value_name = "N", default_value_t = 200)]
    warm: usize,
    /// Runs of a cold start
    #[arg(long, value_name = "N", default_value_t = 25)]
    cold: usize,
    /// Runs of a request for a container registry
    #[arg(long, value_name = "N", default_value_t = 15)]
    registry: usize,
    /// Runs of requests while a sign-in lapses
    #[arg(long, value_name = "N", default_value_t = 15)]
    renewal: usize,
    /// Measure this part, and nothing else
    #[arg(long, value_name = "PART")]
    only: Option<Part>,
    /// Runs of a window
    #[arg(long, value_name = "N", default_value_t = 15)]
    frames: usize,
    /// The program with the empty window; without it no window is measured
    #[arg(long, value_name = "PROGRAM")]
    empty_window: Option<PathBuf>,
    /// Compare the Flatpak with the development build on the system as well
    #[arg(long)]
    sandbox: bool,
}

/// A part of what is measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Shops,
    Renewal,
    Registry,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments = Arguments::parse();
    let mut table = Table::default();
    let measures = |part| arguments.only.is_none_or(|only| only == part);
    if measures(Part::Shops) {
        measure_shops(&arguments, &mut table).await;
    }
    if measures(Part::Renewal) {
        say("A sign-in that is renewed…");
        table.add(renewal::compare(arguments.renewal).await);
    }
    if measures(Part::Registry) {
        say("A container registry, beside flatpak’s own authenticator…");
        for line in registry::compare(arguments.registry).await {
            table.add(line);
        }
    }
    let mut output = std::io::stdout();
    write!(output, "\n{table}").expect("the table can be printed");
}

/// Measures everything but container registries.
async fn measure_shops(arguments: &Arguments, table: &mut Table) {
    say("Setting up: a session, two shops, an account at each…");
    let mut bench = Bench::set_up(&SIZES).await;
    for size in SIZES {
        say(&format!("Warm requests for {size}…"));
        table.add(uncached(&mut bench, size, arguments.warm).await);
    }
    for size in SIZES {
        say(&format!("Requests for {size} from the cache…"));
        table.add(cached(&mut bench, size, arguments.warm).await);
    }
    say("Cold starts…");
    table.add(cold(&mut bench, arguments.cold).await);
    say("Memory…");
    for line in memory(&mut bench).await {
        table.add(line);
    }
    if let Some(program) = &arguments.empty_window {
        say("Windows…");
        table.add(first_frame(&bench, program, arguments.frames).await);
    }
    if arguments.sandbox {
        say("In and out of the sandbox…");
        for line in sandboxed::compare(arguments.warm, arguments.cold).await {
            table.add(line);
        }
    }
}

fn say(what: &str) {
    writeln!(std::io::stderr(), "bench: {what}").expect("the error output can be written");
}

/// A request for which the daemon asks the account server.
async fn uncached(bench: &mut Bench, size: usize, runs: usize) -> Line {
    let shop = &bench.short_lived;
    let wanted = shop.token_request(size);
    let client = shop.client(true);
    let caller = &mut bench.caller;
    let (_, tokens) = caller.ask_usher(&wanted).await;
    caller.set_peer_tokens(&tokens).await;
    shop.forget_requests();
    let [mut request, mut question, mut call, mut sum] = std::array::from_fn(|_| Samples::default());
    for run in 0..WARM_UP + runs {
        let (all, _) = caller.ask_usher(&wanted).await;
        let http = client.ask(&wanted).await;
        let (bus, _) = caller.ask(PEER, &wanted).await;
        if run >= WARM_UP {
            request.add(all);
            question.add(http);
            call.add(bus);
            sum.add(http + bus);
        }
    }
    assert_eq!(shop.requests(), 2 * (WARM_UP + runs), "every request of either kind went to the shop");
    let notes = format!(
        "POST {} + D-Bus {}; N = {}; nothing is cached, for the shop's tokens end at once",
        question.median(),
        call.median(),
        request.len()
    );
    Line::compare(&format!("warm request, {}", refs(size)), request.median(), sum.median(), WARM_GOAL, notes)
}

/// A request that the daemon answers from its cache.
async fn cached(bench: &mut Bench, size: usize, runs: usize) -> Line {
    let shop = &bench.long_lived;
    let wanted = shop.token_request(size);
    let caller = &mut bench.caller;
    let (_, tokens) = caller.ask_usher(&wanted).await;
    caller.set_peer_tokens(&tokens).await;
    shop.forget_requests();
    let [mut request, mut call] = std::array::from_fn(|_| Samples::default());
    for run in 0..WARM_UP + runs {
        let (all, _) = caller.ask_usher(&wanted).await;
        let (bus, _) = caller.ask(PEER, &wanted).await;
        if run >= WARM_UP {
            request.add(all);
            call.add(bus);
        }
    }
    let notes = format!("D-Bus alone; N = {}; HTTP requests meanwhile: {} (goal 0)", request.len(), shop.requests());
    Line::compare(&format!("from the cache, {}", refs(size)), request.median(), call.median(), "", notes)
}

/// A request that starts the daemon.
async fn cold(bench: &mut Bench, runs: usize) -> Line {
    let wanted = bench.short_lived.token_request(1);
    let client = bench.short_lived.client(false);
    let [mut request, mut call, mut question, mut sum] = std::array::from_fn(|_| Samples::default());
    for run in 0..=runs {
        bench.end(AUTHENTICATOR).await;
        // So that the daemon has to note the account's use, like a daemon that starts after a while.
        bench.restore_accounts().await;
        let (all, _) = bench.caller.ask_usher(&wanted).await;
        bench.end(PEER).await;
        let (bus, _) = bench.caller.ask(PEER, &wanted).await;
        let http = client.ask(&wanted).await;
        if run > 0 {
            request.add(all);
            call.add(bus);
            question.add(http);
            sum.add(http + bus);
        }
    }
    let notes = format!(
        "empty zbus daemon {} + POST {} (connection included); N = {}",
        call.median(),
        question.median(),
        request.len()
    );
    Line::compare("cold activation to Response, 1 ref", request.median(), sum.median(), COLD_GOAL, notes)
}

/// The daemon's private memory while it is idle.
async fn memory(bench: &mut Bench) -> Vec<Line> {
    let wanted = bench.short_lived.token_request(1);
    let mut lines = Vec::new();
    for (what, requests) in [("after activation", 0), ("after 1 request", 1), ("after 100 requests", 99)] {
        if requests == 0 {
            bench.end(AUTHENTICATOR).await;
            bench.restore_accounts().await;
            bench.caller.activate(AUTHENTICATOR).await;
        }
        for _ in 0..requests {
            bench.caller.ask_usher(&wanted).await;
        }
        lines.push(bench.memory_of(AUTHENTICATOR, what, MEMORY_GOAL).await);
    }
    bench.end(PEER).await;
    bench.caller.activate(PEER).await;
    lines.push(bench.memory_of(PEER, "of the empty zbus daemon", "").await);
    lines
}

/// The time until the first frame of the main window.
async fn first_frame(bench: &Bench, empty: &std::path::Path, runs: usize) -> Line {
    let screen = bench.screen();
    let empty = empty.display().to_string();
    let [mut usher, mut nothing] = std::array::from_fn(|_| Samples::default());
    for run in 0..=runs {
        let ours: Milliseconds = screen.first_frame(&bench.session, "usher").await;
        let theirs = screen.first_frame(&bench.session, &empty).await;
        if run > 0 {
            usher.add(ours);
            nothing.add(theirs);
        }
    }
    let notes = format!(
        "from the start of the process until the middle of its window is painted on Xvfb; N = {}; {} accounts listed",
        usher.len(),
        bench.accounts.len()
    );
    Line::compare("first frame, against an empty Adw window", usher.median(), nothing.median(), FRAME_GOAL, notes)
}

pub(crate) fn refs(count: usize) -> String {
    if count == 1 { "1 ref".to_owned() } else { format!("{count} refs") }
}

impl Shop {
    fn token_request(&self, size: usize) -> TokenRequest {
        TokenRequest {
            remote: self.name.to_owned(),
            remote_url: self.store.repository_url().to_string(),
            service: Service::AccountServer(self.store.base_url().to_string()),
            ids: self.ids[..size].to_vec(),
        }
    }

    fn client(&self, kept: bool) -> ShopClient {
        let credential = self.store.control().issue_credential("demo").expect("the shop knows its user");
        ShopClient::new(self.store.base_url().as_str(), credential, kept)
    }

    fn forget_requests(&self) {
        self.store.control().clear_requests();
    }

    fn requests(&self) -> usize {
        self.store.requests().len()
    }
}
