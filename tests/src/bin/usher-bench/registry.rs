// SPDX-License-Identifier: GPL-3.0-or-later
//! Tokens of a container registry: Usher beside flatpak's own authenticator, at the same registry, one after the other.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use usher_demo_store::DemoRegistry;
use usher_tests::{AUTHENTICATOR, KeyringState, Session, Setup};

use crate::caller::{Caller, Service, TokenRequest};
use crate::daemon::end;
use crate::refs;
use crate::report::{Line, Samples};

/// The authenticator that comes with flatpak.
const FLATPAKS_OWN: &str = "org.flatpak.Authenticator.Oci";
/// `demo:demo` in base64.
const LOGIN: &str = "ZGVtbzpkZW1v";
const REMOTE: &str = "acme";
/// How many refs a measured request has, and the ratio to reach.
const SIZES: [(usize, &str); 3] = [(1, ""), (100, "at most 0.2"), (1000, "at most 0.1")];
/// The same for requests that start the authenticator.
const COLD_SIZES: [(usize, &str); 2] = [(1, ""), (100, "at most 0.2")];
const AUTHENTICATORS: [&str; 2] = [AUTHENTICATOR, FLATPAKS_OWN];
/// Fewer runs of the largest request, which takes flatpak's own authenticator seconds.
const LARGE: usize = 1000;

/// Compares both authenticators.
pub(crate) async fn compare(runs: usize) -> Vec<Line> {
    let setup = Setup { keyring: KeyringState::Unlocked, without_shop: true, ..Setup::default() };
    let session = Session::start(setup).await;
    let registry = session.open_registry(REMOTE).await;
    session.sign_in_to_registry(REMOTE, &registry, "demo").await;
    save_login(&session, &registry);
    let mut caller = Caller::connect(&session.bus.address).await;
    let mut lines = Vec::new();
    for (size, goal) in SIZES {
        let runs = if size < LARGE { runs } else { runs.div_ceil(3) };
        lines.extend(measure(&registry, &mut caller, (size, runs), goal).await);
    }
    for (size, goal) in COLD_SIZES {
        lines.push(measure_cold(&registry, &mut caller, (size, runs), goal).await);
    }
    lines
}

/// A request for repositories that nobody has asked for before.
fn unheard_of(registry: &DemoRegistry, size: usize, when: &str) -> TokenRequest {
    TokenRequest {
        remote: REMOTE.to_owned(),
        remote_url: registry.remote_url(),
        service: Service::Registry(registry.registry_url().to_string()),
        ids: (0..size).map(|number| format!("org.example.{when}Of{size}App{number:04}")).collect(),
    }
}

/// Measures requests that start the authenticator.
async fn measure_cold(registry: &DemoRegistry, caller: &mut Caller, (size, runs): (usize, usize), goal: &str) -> Line {
    let mut samples: [Samples; 2] = std::array::from_fn(|_| Samples::default());
    for run in 0..=runs {
        let wanted = unheard_of(registry, size, &format!("Cold{run}"));
        for (samples, name) in samples.iter_mut().zip(AUTHENTICATORS) {
            end(caller, name).await;
            let (time, _) = caller.ask_for_tokens(name, &wanted).await;
            if run > 0 {
                samples.add(time);
            }
        }
    }
    let [usher, own] = samples;
    let notes = format!("against flatpak’s own authenticator, both started by the bus; N = {}", usher.len());
    Line::compare(&format!("registry, {}, cold", refs(size)), usher.median(), own.median(), goal, notes)
}

/// Measures requests for repositories that nobody asked for before, and the same requests once more.
async fn measure(registry: &DemoRegistry, caller: &mut Caller, (size, runs): (usize, usize), goal: &str) -> [Line; 2] {
    let [mut first, mut again]: [[Samples; 2]; 2] =
        std::array::from_fn(|_| std::array::from_fn(|_| Samples::default()));
    let [mut first_requests, mut again_requests] = [[0; 2]; 2];
    for run in 0..=runs {
        let wanted = unheard_of(registry, size, &format!("Run{run}"));
        for (samples, requests) in [(&mut first, &mut first_requests), (&mut again, &mut again_requests)] {
            for (index, name) in AUTHENTICATORS.into_iter().enumerate() {
                registry.control().clear_requests();
                let (time, _) = caller.ask_for_tokens(name, &wanted).await;
                requests[index] = registry.requests().len();
                if run > 0 {
                    samples[index].add(time);
                }
            }
        }
    }
    let line = |when: &str, [usher, own]: &[Samples; 2], [asked, own_asked]: [usize; 2]| {
        let notes = format!(
            "against flatpak’s own authenticator; N = {}; HTTP requests: {asked} against {own_asked}",
            usher.len()
        );
        Line::compare(&format!("registry, {}, {when}", refs(size)), usher.median(), own.median(), goal, notes)
    };
    [line("first time", &first, first_requests), line("again", &again, again_requests)]
}

/// Gives flatpak's own authenticator the login, in the file that it reads.
fn save_login(session: &Session, registry: &DemoRegistry) {
    let file = session.folder().join("home/.config/flatpak/oci-auth.json");
    let folder = file.parent().expect("the file is in a folder");
    fs::create_dir_all(folder).expect("a folder of the session can be made");
    let logins = json!({ "auths": { registry.host(): { "auth": LOGIN } } });
    fs::write(&file, logins.to_string()).expect("a file of the session can be written");
    fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a file of the session can be closed to others");
}
