// SPDX-License-Identifier: GPL-3.0-or-later
//! The proxies in the settings of the desktop: asked for one server at a time, with a limit, and remembered for a
//! moment.

mod portal;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use url::{Origin, Url};

pub use portal::PortalProxies;

use super::proxy::{self, Proxy};
use crate::patience::within;

/// Longest wait for the desktop.
const LIMIT: Duration = Duration::from_secs(3);
/// How long an answer counts. A person who changes the settings and tries again is to find them changed.
const FRESH: Duration = Duration::from_secs(10);
/// How long a desktop that gave no answer is left alone, so that not every call waits for it.
const PAUSE: Duration = Duration::from_secs(60);
/// How many servers to remember.
const PLACES: usize = 64;
/// How the desktop says that no proxy is needed.
const DIRECT: &str = "direct:";

/// Somebody who knows the settings of the desktop.
#[async_trait]
pub trait DesktopProxies: Send + Sync {
    /// The proxies for the server at this address, in the order in which to try them: addresses, or `direct://`. The
    /// address has no path and no secret.
    async fn proxies(&self, server: &str) -> Result<Vec<String>, NoSettings>;
}

/// Why nothing is known about the settings of a desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSettings {
    /// There is no desktop, or it has no such settings.
    #[error("there is no desktop with such settings")]
    Absent,
    /// It gives no answer.
    #[error("the desktop gives no answer")]
    Failed,
}

/// What the settings say about one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Settings {
    /// These ways, to be tried in this order; `None` is the direct one.
    Ways(Vec<Option<Proxy>>),
    /// A proxy that is not understood.
    NotUnderstood,
}

/// The settings, asked through somebody who knows them.
pub(super) struct Desktop {
    source: Option<Arc<dyn DesktopProxies>>,
    limit: Duration,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    answers: HashMap<Origin, (Instant, Settings)>,
    silent_since: Option<Instant>,
}

impl Desktop {
    /// Settings that this source knows; without one there are none.
    pub(super) fn new(source: Option<Arc<dyn DesktopProxies>>) -> Self {
        Self { source, limit: LIMIT, known: Mutex::default() }
    }

    /// What the settings say about a server. A desktop that gives no answer is believed to mean what it meant before,
    /// or else no proxy: most have none, and no account may fail because a portal hangs.
    pub(super) async fn settings(&self, url: &Url) -> Settings {
        let direct = Settings::Ways(vec![None]);
        let Some(source) = &self.source else { return direct };
        let origin = url.origin();
        let before = {
            let known = self.known();
            let before = known.answers.get(&origin);
            if let Some((_, settings)) = before.filter(|(at, _)| at.elapsed() < FRESH) {
                return settings.clone();
            }
            let before = before.map(|(_, settings)| settings.clone());
            if known.silent_since.is_some_and(|since| since.elapsed() < PAUSE) {
                return before.unwrap_or(direct);
            }
            before
        };
        let server = format!("{}/", origin.ascii_serialization());
        let answer = within(self.limit, source.proxies(&server)).await.unwrap_or(Err(NoSettings::Failed));
        let settings = match answer {
            Ok(texts) => understood(&texts),
            Err(NoSettings::Absent) => direct,
            Err(NoSettings::Failed) => {
                tracing::warn!("the desktop does not say which proxy to use");
                self.known().silent_since = Some(Instant::now());
                return before.unwrap_or(direct);
            }
        };
        let mut known = self.known();
        known.silent_since = None;
        if known.answers.len() >= PLACES {
            known.answers.clear();
        }
        known.answers.insert(origin, (Instant::now(), settings.clone()));
        settings
    }

    /// Whether the desktop gave no answer when it was last asked.
    pub(super) fn is_silent(&self) -> bool {
        self.known().silent_since.is_some()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the answer of a desktop. What follows a proxy that is not understood does not count either: it was meant for
/// when that proxy fails.
fn understood(texts: &[String]) -> Settings {
    let mut ways = Vec::new();
    for text in texts {
        if text.get(..DIRECT.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(DIRECT)) {
            ways.push(None);
        } else if let Ok(proxies) = proxy::parse(text) {
            ways.extend(proxies.into_iter().map(|proxy| Some(proxy.looking_up_there())));
        } else {
            break;
        }
    }
    if ways.is_empty() { Settings::NotUnderstood } else { Settings::Ways(ways) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn read(texts: &[&str]) -> String {
        match understood(&texts.iter().map(ToString::to_string).collect::<Vec<_>>()) {
            Settings::Ways(ways) => format!("{ways:?}"),
            Settings::NotUnderstood => "?".into(),
        }
    }

    #[test]
    fn h41_the_answers_of_desktops_are_understood() {
        assert_eq!(read(&["direct://"]), "[None]");
        assert_eq!(read(&["http://p:8080"]), "[Some(http://p:8080)]");
        assert_eq!(read(&["http://user:CANARY@p:8080"]), "[Some(http://p:8080)]");
        let three = "[Some(socks5h://p:1), Some(socks4a://p:1), Some(socks4://p:1)]";
        assert_eq!(read(&["socks5://p:1", "socks4a://p:1", "socks4://p:1"]), three);
        assert_eq!(read(&["socks://p:1/"]), three);
        assert_eq!(read(&["http://p:1", "http://q:2", "direct://"]), "[Some(http://p:1), Some(http://q:2), None]");
    }

    #[test]
    fn h41_nothing_takes_the_place_of_a_proxy_that_is_not_understood() {
        assert_eq!(read(&[]), "?");
        assert_eq!(read(&["quic://p:1", "direct://"]), "?");
        assert_eq!(read(&["http://p:1", "quic://p:1", "direct://"]), "[Some(http://p:1)]");
    }

    /// A desktop that answers so, and counts how often it was asked.
    struct Scripted(Mutex<Vec<Result<Vec<String>, NoSettings>>>, AtomicUsize);

    #[async_trait]
    impl DesktopProxies for Scripted {
        async fn proxies(&self, server: &str) -> Result<Vec<String>, NoSettings> {
            assert_eq!(server, "https://store.example.org:8443/");
            self.1.fetch_add(1, Ordering::Relaxed);
            let next = self.0.lock().unwrap().pop();
            match next {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        }
    }

    fn desktop(answers: Vec<Result<Vec<String>, NoSettings>>) -> (Desktop, Arc<Scripted>) {
        let source = Arc::new(Scripted(Mutex::new(answers), AtomicUsize::new(0)));
        let limit = Duration::from_millis(100);
        (Desktop { source: Some(source.clone()), limit, known: Mutex::default() }, source)
    }

    async fn said(desktop: &Desktop) -> Settings {
        desktop.settings(&Url::parse("https://store.example.org:8443/a/secret?path#x").unwrap()).await
    }

    fn proxy() -> Settings {
        understood(&["http://p:1".to_owned()])
    }

    #[tokio::test]
    async fn h41_an_answer_counts_for_a_moment() {
        let (desktop, source) = desktop(vec![Ok(vec!["http://p:1".into()])]);
        assert_eq!((said(&desktop).await, said(&desktop).await), (proxy(), proxy()));
        assert_eq!((source.1.load(Ordering::Relaxed), desktop.is_silent()), (1, false));
    }

    #[tokio::test]
    async fn h41_a_silent_desktop_delays_one_call_and_means_no_proxy() {
        for answers in [vec![], vec![Err(NoSettings::Failed)]] {
            let (desktop, source) = desktop(answers);
            let direct = Settings::Ways(vec![None]);
            assert_eq!((said(&desktop).await, said(&desktop).await), (direct.clone(), direct));
            assert_eq!((source.1.load(Ordering::Relaxed), desktop.is_silent()), (1, true));
        }
    }

    #[tokio::test]
    async fn h41_a_desktop_that_falls_silent_means_what_it_meant_before() {
        let (desktop, source) = desktop(vec![Err(NoSettings::Failed), Ok(vec!["http://p:1".into()])]);
        assert_eq!(said(&desktop).await, proxy());
        for (at, _) in desktop.known().answers.values_mut() {
            *at = at.checked_sub(FRESH).unwrap();
        }
        assert_eq!((said(&desktop).await, said(&desktop).await), (proxy(), proxy()));
        assert_eq!(source.1.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn h41_where_there_is_no_desktop_nothing_is_silent() {
        let (desktop, _) = desktop(vec![Err(NoSettings::Absent)]);
        assert_eq!((said(&desktop).await, desktop.is_silent()), (Settings::Ways(vec![None]), false));
    }
}
