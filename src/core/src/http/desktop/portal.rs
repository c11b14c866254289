// SPDX-License-Identifier: GPL-3.0-or-later
//! The portal for proxies (`org.freedesktop.portal.ProxyResolver`): knows every desktop's settings, and scripts that
//! choose a proxy, for programs in a sandbox and outside.

use async_trait::async_trait;
use zbus::{
    Connection, Proxy,
    proxy::{Builder, CacheProperties, MethodFlags},
};

use super::{DesktopProxies, NoSettings};
use crate::{names, store::absent};

const BUS_NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const INTERFACE: &str = "org.freedesktop.portal.ProxyResolver";

/// The portal of the session.
pub struct PortalProxies {
    connection: Option<Connection>,
    may_start: bool,
}

impl PortalProxies {
    /// The portal, asked on this connection; without one, on a connection to the session bus made for it.
    pub fn new(connection: Option<Connection>) -> Self {
        // Where there is no desktop, starting its portal would only cost time.
        let has_desktop = std::env::var_os("XDG_CURRENT_DESKTOP").is_some_and(|name| !name.is_empty());
        Self { connection, may_start: names::in_sandbox() || has_desktop }
    }

    async fn lookup(&self, server: &str) -> zbus::Result<Option<Vec<String>>> {
        let connection = match &self.connection {
            Some(connection) => connection.clone(),
            None => Connection::session().await?,
        };
        let portal: Proxy<'_> = Builder::new(&connection)
            .destination(BUS_NAME)?
            .path(PATH)?
            .interface(INTERFACE)?
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let flags = [MethodFlags::NoAutoStart].into_iter().filter(|_| !self.may_start).collect();
        portal.call_with_flags("Lookup", flags, &(server,)).await
    }
}

#[async_trait]
impl DesktopProxies for PortalProxies {
    async fn proxies(&self, server: &str) -> Result<Vec<String>, NoSettings> {
        match self.lookup(server).await {
            Ok(Some(proxies)) => Ok(proxies),
            Ok(None) => Err(NoSettings::Failed),
            Err(error) if absent::is_absent(&error) || absent::is_unknown(&error) => Err(NoSettings::Absent),
            Err(error) => {
                tracing::debug!(%error, "the portal for proxies fails");
                Err(NoSettings::Failed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    use url::Url;

    use super::*;
    use crate::{
        http::desktop::{Desktop, Settings},
        testing::Bus,
    };

    /// A portal that gives this answer, or none, and what it was asked.
    struct Portal {
        answer: Option<Vec<String>>,
        asked: Arc<Mutex<Vec<String>>>,
    }

    #[zbus::interface(name = "org.freedesktop.portal.ProxyResolver")]
    impl Portal {
        async fn lookup(&self, uri: String) -> zbus::fdo::Result<Vec<String>> {
            self.asked.lock().unwrap().push(uri);
            match &self.answer {
                Some(answer) => Ok(answer.clone()),
                None => std::future::pending().await,
            }
        }
    }

    struct OtherPortal(u32);

    #[zbus::interface(name = "org.freedesktop.portal.Trash")]
    impl OtherPortal {
        fn trash(&self) -> u32 {
            self.0
        }
    }

    async fn source(bus: &Bus) -> PortalProxies {
        PortalProxies { connection: Some(bus.connect().build().await.unwrap()), may_start: true }
    }

    async fn serve(bus: &Bus, portal: impl zbus::object_server::Interface) -> Connection {
        bus.connect().serve_at(PATH, portal).unwrap().name(BUS_NAME).unwrap().build().await.unwrap()
    }

    #[tokio::test]
    async fn h41_the_portal_is_asked_for_the_server_and_nothing_more() {
        let (bus, asked) = (Bus::start(), Arc::default());
        let answer = vec!["socks5://proxy.example:9050".to_owned()];
        let _portal = serve(&bus, Portal { answer: Some(answer), asked: Arc::clone(&asked) }).await;
        let desktop = Desktop::new(Some(Arc::new(source(&bus).await)));
        let url = Url::parse("https://store.example.org/login?state=CANARY").unwrap();
        let Settings::Ways(ways) = desktop.settings(&url).await else { panic!("it is understood") };
        assert_eq!(format!("{ways:?}"), "[Some(socks5h://proxy.example:9050)]");
        assert_eq!(*asked.lock().unwrap(), ["https://store.example.org/"]);
    }

    #[tokio::test]
    async fn h41_no_portal_and_one_without_proxies_mean_that_there_are_no_settings() {
        let bus = Bus::start();
        for may_start in [true, false] {
            let source = PortalProxies { may_start, ..source(&bus).await };
            assert_eq!(source.proxies("https://store.example.org/").await, Err(NoSettings::Absent), "{may_start}");
        }
        let _portal = serve(&bus, OtherPortal(1)).await;
        assert_eq!(source(&bus).await.proxies("https://store.example.org/").await, Err(NoSettings::Absent));
    }

    #[tokio::test]
    async fn h41_a_mute_portal_is_waited_for_within_a_limit() {
        let bus = Bus::start();
        let _portal = serve(&bus, Portal { answer: None, asked: Arc::default() }).await;
        let mut desktop = Desktop::new(Some(Arc::new(source(&bus).await)));
        desktop.limit = Duration::from_millis(200);
        let url = Url::parse("https://store.example.org/").unwrap();
        assert_eq!(desktop.settings(&url).await, Settings::Ways(vec![None]));
        assert!(desktop.is_silent());
    }
}
