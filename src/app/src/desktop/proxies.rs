// SPDX-License-Identifier: GPL-3.0-or-later
//! The proxies that the web pages use, for Usher's own calls: GIO knows the desktop's settings, in a sandbox through the
//! portal.

use async_trait::async_trait;
use gtk::{gio, glib, prelude::*};
use usher_core::http::{DesktopProxies, NoSettings};

/// GIO's own resolver.
pub(crate) struct GioProxies;

#[async_trait]
impl DesktopProxies for GioProxies {
    async fn proxies(&self, server: &str) -> Result<Vec<String>, NoSettings> {
        let server = server.to_owned();
        // A script that chooses the proxy may take long. Whoever asks sets the limit.
        let asked = tokio::task::spawn_blocking(move || {
            let found = gio::ProxyResolver::default().lookup(&server, gio::Cancellable::NONE)?;
            Ok::<_, glib::Error>(found.iter().map(ToString::to_string).collect())
        });
        match asked.await {
            Ok(Ok(proxies)) => Ok(proxies),
            Ok(Err(error)) => {
                tracing::debug!(%error, "GIO does not say which proxy to use");
                Err(NoSettings::Failed)
            }
            Err(_) => Err(NoSettings::Failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;
    use crate::runtime;

    #[test]
    #[ignore = "is run by another, with settings"]
    fn asking_gio() {
        let asked = runtime::spawn(async { GioProxies.proxies("https://store.example.org/").await });
        println!("proxies: {:?}", glib::MainContext::default().block_on(asked));
    }

    #[test]
    fn h41_the_proxies_of_the_settings_are_those_that_pages_use() {
        let folder = glib::mkdtemp(std::env::temp_dir().join("usher-proxies-XXXXXX")).expect("a folder can be made");
        let settings = folder.join("glib-2.0/settings");
        fs::create_dir_all(&settings).expect("the folder is ours");
        let asked = |text: &str| {
            fs::write(settings.join("keyfile"), text).expect("the folder is ours");
            let output = Command::new(std::env::current_exe().expect("a test has a file"))
                .args(["--exact", "desktop::proxies::tests::asking_gio", "--ignored", "--nocapture"])
                .env("XDG_CONFIG_HOME", &folder)
                .env("GSETTINGS_BACKEND", "keyfile")
                .env("XDG_CURRENT_DESKTOP", "GNOME")
                .output()
                .expect("a test can be run");
            let output = String::from_utf8(output.stdout).expect("it is text");
            let line = output.lines().find_map(|line| line.split_once("proxies: "));
            line.map(|(_, proxies)| proxies.to_owned()).unwrap_or(output)
        };
        let group = "[system/proxy";
        assert_eq!(asked(""), r#"Ok(["direct://"])"#);
        let http = format!("{group}]\nmode='manual'\n{group}/https]\nhost='proxy.example'\nport=3128\n");
        assert_eq!(asked(&http), r#"Ok(["http://proxy.example:3128"])"#);
        let socks = format!("{group}]\nmode='manual'\n{group}/socks]\nhost='proxy.example'\nport=9050\n");
        let place = "proxy.example:9050";
        assert_eq!(asked(&socks), format!(r#"Ok(["socks5://{place}", "socks4a://{place}", "socks4://{place}"])"#));
        let except = socks.replace("mode='manual'", "mode='manual'\nignore-hosts=['*.example.org']");
        assert_eq!(asked(&except), r#"Ok(["direct://"])"#);
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }
}
