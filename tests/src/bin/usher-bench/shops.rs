// SPDX-License-Identifier: GPL-3.0-or-later
//! Requests for two shops' apps, warm, from the cache and cold, beside a minimal service and a plain HTTP client; and what
//! the daemon takes of memory and disk.

use std::fs;
use std::path::Path;

use usher_tests::AUTHENTICATOR;

use crate::bench::{Bench, Shop};
use crate::caller::{PEER, Service, ShopClient, TokenRequest, peer_program};
use crate::daemon::{end, memory_of};
use crate::parts::{self, Parts};
use crate::report::{Line, Samples};
use crate::{Arguments, WARM_UP, refs, say};

/// How many refs a measured request has, and the ratios to reach: asking the server, and from the cache.
const SIZES: [(usize, [&str; 2]); 2] =
    [(1, ["at most 1.25, then 1.15", "at most 1.2"]), (1000, ["at most 1.15", "at most 1.3"])];
const COLD_GOAL: &str = "at most 2.0";
const PROGRAM_GOAL: &str = "at most 6 MB";
/// Of private memory, by the number of requests before.
pub(crate) const MEMORY: [(&str, usize, &str); 3] = [
    ("after activation", 0, "4 MB, dirty under 0.8 MB"),
    ("after 1 request", 1, "5 MB, dirty under 0.8 MB"),
    ("after 100 requests", 99, "5 MB, dirty under 0.8 MB"),
];

/// Measures all of it.
pub(crate) async fn measure(arguments: &Arguments) -> Vec<Line> {
    let mut bench = Bench::set_up(&SIZES.map(|(size, _)| size)).await;
    let mut lines = Vec::new();
    for (size, [goal, _]) in SIZES {
        say(&format!("Warm requests for {}…", refs(size)));
        lines.push(uncached(&mut bench, size, arguments.warm, goal).await);
    }
    for (size, [_, goal]) in SIZES {
        say(&format!("Requests for {} from the cache…", refs(size)));
        lines.push(cached(&mut bench, size, arguments.warm, goal).await);
    }
    say("Cold starts…");
    lines.push(cold(&mut bench, arguments.cold).await);
    say("Memory…");
    lines.extend(memory(&mut bench).await);
    lines.push(size_of_program(&bench));
    lines
}

/// A request for which the daemon asks the account server.
pub(crate) async fn uncached(bench: &mut Bench, size: usize, runs: usize, goal: &str) -> Line {
    let shop = &bench.short_lived;
    let wanted = shop.token_request(size);
    let client = shop.client(true);
    let caller = &mut bench.caller;
    let (_, tokens) = caller.ask_usher(&wanted).await;
    caller.set_peer_tokens(&tokens).await;
    shop.forget_requests();
    let parts = Parts::warm(caller, &client, &wanted, runs).await;
    assert_eq!(shop.requests().len(), 2 * (WARM_UP + runs), "every request of either kind went to the shop");
    let notes = "; nothing is cached, for the shop's tokens end at once";
    parts.line(&format!("warm request, {}", refs(size)), goal, parts::WARM, notes)
}

/// A request that the daemon answers from its cache.
pub(crate) async fn cached(bench: &mut Bench, size: usize, runs: usize, goal: &str) -> Line {
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
    let notes =
        format!("D-Bus alone; N = {}; HTTP requests meanwhile: {:?} (goal: none)", request.len(), shop.requests());
    Line::compare(&format!("from the cache, {}", refs(size)), request.median(), call.median(), goal, notes)
}

/// A request that starts the daemon.
async fn cold(bench: &mut Bench, runs: usize) -> Line {
    let wanted = bench.short_lived.token_request(1);
    let client = || bench.short_lived.client(false);
    let parts = Parts::cold((&mut bench.caller, &bench.session), &bench.accounts, client, &wanted, runs).await;
    parts.line("cold activation to Response, 1 ref", COLD_GOAL, parts::COLD, "")
}

/// The daemon's private memory while it is idle.
async fn memory(bench: &mut Bench) -> Vec<Line> {
    let wanted = bench.short_lived.token_request(1);
    let mut lines = Vec::new();
    for (what, requests, goal) in MEMORY {
        if requests == 0 {
            end(&bench.caller, AUTHENTICATOR).await;
            bench.accounts.restore(&bench.session).await;
            bench.caller.activate(AUTHENTICATOR).await;
        }
        for _ in 0..requests {
            bench.caller.ask_usher(&wanted).await;
        }
        lines.push(memory_of(&bench.caller, AUTHENTICATOR, what, goal).await);
    }
    end(&bench.caller, PEER).await;
    bench.caller.activate(PEER).await;
    lines.push(memory_of(&bench.caller, PEER, "of the empty zbus daemon", "").await);
    lines
}

/// The size of the daemon's program.
fn size_of_program(bench: &Bench) -> Line {
    let size = |program: &Path| fs::metadata(program).map_or(0, |file| file.len());
    let path = bench.session.processes.environment()["PATH"].clone();
    let stage = path.split(':').next().and_then(|bin| Path::new(bin).parent()).expect("the stage comes first");
    let [ours, peers] = [size(&stage.join("libexec/usher-authenticator")), size(&peer_program())];
    #[expect(clippy::cast_precision_loss, reason = "no program is that large")]
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    Line {
        what: "the daemon's program".to_owned(),
        figure: format!("{:.1} MB", megabytes(ours)),
        baseline: format!("{:.1} MB", megabytes(peers)),
        ratio: Some(megabytes(ours) / megabytes(peers)),
        goal: PROGRAM_GOAL.to_owned(),
        notes: "the baseline is the empty zbus daemon".to_owned(),
    }
}

impl Shop {
    pub(crate) fn token_request(&self, size: usize) -> TokenRequest {
        TokenRequest {
            remote: self.name.to_owned(),
            remote_url: self.store.repository_url().to_string(),
            service: Service::AccountServer(self.store.base_url().to_string()),
            ids: self.ids[..size].to_vec(),
        }
    }

    pub(crate) fn client(&self, kept: bool) -> ShopClient {
        let credential = self.store.control().issue_credential("demo").expect("the shop knows its user");
        ShopClient::new(self.store.base_url().as_str(), credential, kept)
    }

    pub(crate) fn forget_requests(&self) {
        self.store.control().clear_requests();
    }

    /// What was asked of it, each with its method.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.store.requests().into_iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }
}
