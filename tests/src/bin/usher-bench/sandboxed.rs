// SPDX-License-Identifier: GPL-3.0-or-later
//! The same requests to the daemon on the system and to the daemon in the Flatpak's sandbox, side by side. Both are
//! development builds without optimisation: only the difference counts.

use std::fs;

use usher_tests::{AUTHENTICATOR, Display, KeyringState, Package, Session, Setup, wait_for};

use crate::daemon::Memory;
use crate::pair::Pair;
use crate::report::{Line, Samples};

/// Two computers with accounts at the same shops: on the first, Usher is on the system; on the second, it is a Flatpak.
struct Both(Pair);

impl Both {
    async fn set_up() -> Self {
        let setup =
            Setup { keyring: KeyringState::Unlocked, display: Display::None, without_shop: true, ..Setup::default() };
        let outside = Session::start(Setup { stage: Some("stage"), ..setup.clone() }).await;
        let inside = Session::start(Setup { package: Package::Flatpak, ..setup }).await;
        Self(Pair::new([outside, inside], 1).await)
    }

    fn inside(&self) -> &Session {
        &self.0.sessions[1]
    }

    fn compare([outside, inside]: &[Samples; 2], what: &str, notes: &str) -> Line {
        let notes = format!("the baseline is the daemon on the system{notes}; N = {}", inside.len());
        Line::compare(&format!("in the sandbox: {what}"), inside.median(), outside.median(), "", notes)
    }

    async fn end_inside(session: &Session) {
        session.flatpak().run(&["kill", AUTHENTICATOR]).await;
        session.wait_until_no_instance().await;
    }

    /// Asks both while neither runs.
    async fn cold(&mut self, count: usize) -> Line {
        let wanted = self.0.short_lived.token_request(1);
        let end = async |index, session: &Session| match index {
            0 => session.stop_daemon().await,
            _ => Self::end_inside(session).await,
        };
        let samples = self.0.cold(&wanted, count, end).await;
        Self::compare(&samples, "cold activation to Response", "; the sandbox, the portal and the file's key included")
    }

    /// The private memory of everything in the daemon's sandbox.
    async fn memory(&mut self) -> Line {
        Self::end_inside(self.inside()).await;
        let wanted = self.0.long_lived.token_request(1);
        self.0.callers[1].ask_usher(&wanted).await;
        let instance = async || self.inside().instances().await.into_iter().next();
        let instance = wait_for("the daemon's sandbox", instance, async || String::new()).await;
        let mut total = 0;
        let mut parts = Vec::new();
        // The sandbox's bus proxy counts as well, but is no child of it.
        let proxies = self.inside().processes.of_program("xdg-dbus-proxy").into_iter().map(|(process, _)| process);
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
    let (short_lived, long_lived) = (both.0.short_lived.token_request(1), both.0.long_lived.token_request(1));
    vec![
        Both::compare(&both.0.warm(&short_lived, warm).await, "warm request, 1 ref", ""),
        Both::compare(&both.0.warm(&long_lived, warm).await, "from the cache, 1 ref", ""),
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
