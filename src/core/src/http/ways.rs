// SPDX-License-Identifier: GPL-3.0-or-later
//! The ways to a server: directly, or through a proxy that the environment or the desktop names. Each way has a client
//! of the HTTP library, made when it is first used.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::Client;
use tokio::sync::OnceCell;
use url::Url;

use super::{
    HttpError,
    address::CheckingResolver,
    desktop::{Desktop, DesktopProxies, Settings},
    fault::{ProxyFault, classify},
    proxy::{self, Environment, PageProxies, Proxy, ProxySource},
};

/// How many clients to keep. Few people have more than one proxy; a script may name many.
const CLIENTS: usize = 8;

/// One way to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// To this computer itself, not encrypted (rule R2).
    Local,
    /// To the server.
    Direct,
    /// Through a proxy.
    Through(Proxy),
}

/// Whether a server is reached through a proxy. Never says through which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyUse {
    /// Directly.
    None,
    /// Through one that the environment names.
    Environment,
    /// Through one that the desktop names.
    Desktop,
    /// Not at all, since nobody understands what is named.
    NotUnderstood,
}

/// All ways, and their clients.
pub(super) struct Ways {
    desktop: Desktop,
    clients: Mutex<Vec<(Way, Arc<OnceCell<Client>>)>>,
}

impl Ways {
    pub(super) fn new(desktop: Option<Arc<dyn DesktopProxies>>) -> Self {
        Self { desktop: Desktop::new(desktop), clients: Mutex::default() }
    }

    /// The ways to a server, in the order in which to try them; never none. The environment counts before the desktop:
    /// it is what somebody set for this very program, and what flatpak's own downloads follow.
    pub(super) async fn to(&self, url: &Url) -> Result<Vec<Way>, HttpError> {
        let not_understood = |source| Err(HttpError::Proxy(ProxyFault::NotUnderstood(source)));
        let through = |way: Option<Proxy>| way.map_or(Way::Direct, Way::Through);
        match proxy::from_environment(url, |name| std::env::var_os(name)) {
            Environment::Direct => Ok(vec![Way::Direct]),
            Environment::Proxies(proxies) => Ok(proxies.into_iter().map(Way::Through).collect()),
            Environment::NotUnderstood(source) => not_understood(source),
            Environment::Silent => match self.desktop.settings(url).await {
                Settings::Ways(ways) => Ok(ways.into_iter().map(through).collect()),
                Settings::NotUnderstood => not_understood(ProxySource::Settings),
            },
        }
    }

    /// Makes the client of the way to a server that is most likely the first: the desktop is not asked yet, and most
    /// have no proxy.
    pub(super) async fn prepare(&self, url: &Url, is_local: bool) {
        let way = match proxy::from_environment(url, |name| std::env::var_os(name)) {
            _ if is_local => Some(Way::Local),
            Environment::Direct | Environment::Silent => Some(Way::Direct),
            Environment::Proxies(proxies) => proxies.into_iter().next().map(Way::Through),
            Environment::NotUnderstood(_) => None,
        };
        if let Some(way) = way
            && let Err(error) = self.client(&way).await
        {
            // The call itself says so to whoever waits for it.
            tracing::debug!(%error, "cannot make a client");
        }
    }

    /// Whether one of the ways to a server leads through a proxy.
    pub(super) async fn proxy_use(&self, url: &Url) -> ProxyUse {
        let is_through = |way: &Way| matches!(way, Way::Through(_));
        let is_environment = matches!(
            proxy::from_environment(url, |name| std::env::var_os(name)),
            Environment::Proxies(_) | Environment::NotUnderstood(_)
        );
        match self.to(url).await {
            Err(_) => ProxyUse::NotUnderstood,
            Ok(ways) if !ways.iter().any(is_through) => ProxyUse::None,
            Ok(_) if is_environment => ProxyUse::Environment,
            Ok(_) => ProxyUse::Desktop,
        }
    }

    pub(super) fn is_desktop_silent(&self) -> bool {
        self.desktop.is_silent()
    }

    /// The client of one way.
    pub(super) async fn client(&self, way: &Way) -> Result<Client, HttpError> {
        let cell = self.cell(way);
        let client = cell.get_or_try_init(|| async {
            let way = way.clone();
            // Reading the platform's certificates is file work of many milliseconds.
            let built = tokio::task::spawn_blocking(move || build(&way)).await;
            built.map_err(|_| HttpError::Unexpected)?.map_err(|error| classify(&error))
        });
        client.await.cloned()
    }

    fn cell(&self, way: &Way) -> Arc<OnceCell<Client>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cell)) = clients.iter().find(|(known, _)| known == way) {
            return cell.clone();
        }
        if clients.len() >= CLIENTS {
            clients.remove(0);
        }
        let cell = Arc::<OnceCell<Client>>::default();
        clients.push((way.clone(), cell.clone()));
        cell
    }
}

impl Way {
    /// What it means that this way led nowhere.
    pub(super) fn fault(&self, error: &reqwest::Error) -> HttpError {
        match (self, classify(error)) {
            // Only the proxy's own name is looked up here.
            (Self::Through(proxy), HttpError::NoSuchHost) if !proxy.looks_up_here() => {
                HttpError::Proxy(ProxyFault::Unreachable)
            }
            (Self::Through(_), HttpError::Unreachable | HttpError::TimedOut) if error.is_connect() => {
                HttpError::Proxy(ProxyFault::Unreachable)
            }
            (_, fault) => fault,
        }
    }
}

/// A proxy in the environment that is not understood: no server can be reached.
pub fn environment_fault() -> Option<ProxySource> {
    let any = Url::parse("https://invalid./").expect("it is an address");
    match proxy::from_environment(&any, |name| std::env::var_os(name)) {
        Environment::NotUnderstood(source) => Some(source),
        Environment::Silent | Environment::Direct | Environment::Proxies(_) => None,
    }
}

/// How web pages are to follow the environment.
pub fn page_proxies() -> PageProxies {
    proxy::pages_from_environment(|name| std::env::var_os(name))
}

fn build(way: &Way) -> reqwest::Result<Client> {
    // Fails only if a provider is installed already, which is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let host = match way {
        Way::Through(proxy) => Some(proxy.host()),
        Way::Local | Way::Direct => None,
    };
    let builder = Client::builder()
        .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(Duration::from_secs(15))
        // Successive calls share a connection. One idle for longer may be dead after sleep or a change of network,
        // without notice.
        .pool_idle_timeout(Duration::from_secs(10))
        .https_only(*way != Way::Local)
        .dns_resolver(Arc::new(CheckingResolver { proxy: host }))
        // The library's own reading of the environment skips what it does not understand.
        .no_proxy();
    match way {
        // Connections to this computer are never encrypted, so they need no certificates.
        Way::Local => builder.tls_certs_only([]).build(),
        Way::Direct => builder.build(),
        Way::Through(proxy) => builder.proxy(reqwest::Proxy::all(proxy.to_secret_url().as_str())?).build(),
    }
}
