// SPDX-License-Identifier: GPL-3.0-or-later
//! The same requests to the daemon on the system and to the daemon in the Flatpak's sandbox, side by side. Both are
//! development builds without optimisation: only the difference counts.

use std::fs;

use usher_tests::{AUTHENTICATOR, Display, KeyringState, Package, Session, Setup, wait_for};

use crate::WARM_UP;
use crate::bench::{LONG_LIFETIME, SHORT_LIFETIME, Shop};
use crate::caller::{Caller, TokenRequest};
use crate::daemon::Memory;
use crate::report::{Line, Samples};

/// Two computers with accounts at the same shops: on one, Usher is on the system; on the other, it is a Flatpak.
struct Both {
    outside: Session,
    inside: Session,
    callers: [Caller; 2],
    short_lived: Shop,
    long_lived: Shop,
}

impl Both {
    async fn set_up() -> Self {
        let setup =
            Setup { keyring: KeyringState::Unlocked, display: Display::None, without_shop: true, ..Setup::default() };
        let outside = Session::start(Setup { stage: Some("stage"), ..setup.clone() }).await;
        let inside = Session::start(Setup { package: Package::Flatpak, ..setup }).await;
        let (short_lived, long_lived) = (
            Shop::open(&outside, "short_lived", SHORT_LIFETIME, 1).await,
            Shop::open(&outside, "long_lived", LONG_LIFETIME, 1).await,
        );
        for session in [&outside, &inside] {
            short_lived.join(session).await;
            long_lived.join(session).await;
        }
        let callers = [Caller::connect(&outside.bus.address).await, Caller::connect(&inside.bus.address).await];
        Self { outside, inside, callers, short_lived, long_lived }
    }

    /// Asks both in turn, `count` times.
    async fn warm(&mut self, what: &str, wanted: &TokenRequest, count: usize) -> Line {
        let [mut outside, mut inside] = std::array::from_fn(|_| Samples::default());
        for run in 0..WARM_UP + count {
            let [(out, _), (within, _)] =
                [self.callers[0].ask_usher(wanted).await, self.callers[1].ask_usher(wanted).await];
            if run >= WARM_UP {
                outside.add(out);
                inside.add(within);
            }
        }
        let notes = format!("the baseline is the daemon on the system; N = {}", inside.len());
        Line::compare(&format!("in the sandbox: {what}"), inside.median(), outside.median(), "", notes)
    }

    /// Asks both while neither runs.
    async fn cold(&mut self, count: usize) -> Line {
        let wanted = self.short_lived.token_request(1);
        let [mut outside, mut inside] = std::array::from_fn(|_| Samples::default());
        for run in 0..=count {
            self.outside.stop_daemon().await;
            self.end_inside().await;
            let [(out, _), (within, _)] =
                [self.callers[0].ask_usher(&wanted).await, self.callers[1].ask_usher(&wanted).await];
            if run > 0 {
                outside.add(out);
                inside.add(within);
            }
        }
        let notes = format!(
            "the baseline is the daemon on the system; the sandbox, the portal and the file's key included; N = {}",
            inside.len()
        );
        Line::compare("in the sandbox: cold activation to Response", inside.median(), outside.median(), "", notes)
    }

    async fn end_inside(&self) {
        self.inside.flatpak().run(&["kill", AUTHENTICATOR]).await;
        self.inside.wait_until_no_instance().await;
    }

    /// The private memory of everything in the daemon's sandbox.
    async fn memory(&mut self) -> Line {
        self.end_inside().await;
        let wanted = self.long_lived.token_request(1);
        self.callers[1].ask_usher(&wanted).await;
        let instance = async || self.inside.instances().await.into_iter().next();
        let instance = wait_for("the daemon's sandbox", instance, async || String::new()).await;
        let mut total = 0;
        let mut parts = Vec::new();
        // The sandbox's bus proxy counts as well, but is no child of it.
        let proxies = self.inside.processes.of_program("xdg-dbus-proxy").into_iter().map(|(process, _)| process);
        for process in process_tree(instance.outer).into_iter().chain(proxies) {
            if let (Some(memory), Some(name)) = (Memory::of(process), name(process)) {
                total += memory.private();
                parts.push(format!("{name} {}", memory.private()));
            }
        }
        Line {
            what: "in the sandbox: private memory of all of it".to_owned(),
            figure: format!("{total} kB"),
            baseline: String::new(),
            ratio: None,
            goal: String::new(),
            notes: format!("after 1 request, in kB: {}", parts.join(", ")),
        }
    }
}

/// Measures both side by side.
pub(crate) async fn compare(warm: usize, cold: usize) -> Vec<Line> {
    let mut both = Both::set_up().await;
    let (short_lived, long_lived) = (both.short_lived.token_request(1), both.long_lived.token_request(1));
    vec![
        both.warm("warm request, 1 ref", &short_lived, warm).await,
        both.warm("from the cache, 1 ref", &long_lived, warm).await,
        both.cold(cold).await,
        both.memory().await,
    ]
}

/// A process and its descendants.
fn process_tree(root: u32) -> Vec<u32> {
    let processes: Vec<(u32, u32)> = fs::read_dir("/proc")
        .expect("there are processes")
        .filter_map(|entry| {
            let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
            let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()?;
            Some((process, parent))
        })
        .collect();
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(processes.iter().filter(|(_, of)| *of == parent).map(|(process, _)| *process));
        next += 1;
    }
    family
}

fn name(process: u32) -> Option<String> {
    Some(fs::read_to_string(format!("/proc/{process}/comm")).ok()?.trim().to_owned())
}
