// SPDX-License-Identifier: GPL-3.0-or-later
//! Gathers the facts of the checks: from disk, from the session bus, and from servers that the person has agreed to.

use std::collections::BTreeSet;

use super::{BusNames, InstallationFacts, Place, RemoteInstall, ServerAnswer};
use crate::{
    binding::{Binding, Provider},
    http::HttpClient,
    installed, names,
    provider::webflow,
    remote::{self, Installation, Remote},
};

/// What the installations hold of apps and of remotes that install their authenticator.
pub fn installation_facts(installations: &[Installation]) -> InstallationFacts {
    InstallationFacts {
        apps: installations.iter().flat_map(installed::apps).collect(),
        installs: remote::remotes(installations).into_iter().filter_map(install).collect(),
    }
}

fn install(remote: Remote) -> Option<RemoteInstall> {
    let authenticator = remote.authenticator.filter(|_| remote.installs_authenticator && !remote.is_disabled)?;
    Some(RemoteInstall { remote: remote.name, place: Place::of(remote.is_user), authenticator })
}

/// What of Usher can be reached on the session bus. Starts nothing. `None` without a bus.
pub async fn bus_names() -> Option<BusNames> {
    let connection = zbus::Connection::session().await.ok()?;
    let bus = zbus::fdo::DBusProxy::new(&connection).await.ok()?;
    let startable = bus.list_activatable_names().await.ok()?;
    let running = bus.list_names().await.ok()?;
    let all: BTreeSet<&str> = startable.iter().chain(&running).map(|name| name.as_str()).collect();
    Some(BusNames {
        has_helper: all.contains(names::AUTHENTICATOR_NAME),
        has_window: all.contains(names::ACCOUNTS_NAME),
    })
}

/// Asks a server whether it speaks its protocol, without a credential. Only for a server that the person has agreed to
/// (rule R25).
pub async fn ask_server(http: &HttpClient, agreed: &Binding) -> ServerAnswer {
    let answer = match agreed.provider {
        Provider::Webflow => webflow::is_spoken_at(http, &agreed.service).await,
    };
    match answer {
        Ok(true) => ServerAnswer::Speaks,
        Ok(false) => ServerAnswer::DoesNotSpeak,
        Err(error) => ServerAnswer::Failed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remotes_that_install_their_authenticator_are_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("repo")).unwrap();
        let config = "[remote \"shop\"]\nurl=x\nxa.authenticator-name=org.a.Auth\nxa.authenticator-install=true\n\
                      [remote \"other\"]\nurl=x\nxa.authenticator-name=org.a.Auth\nxa.authenticator-install=false\n\
                      [remote \"off\"]\nurl=x\nxa.disable=true\nxa.authenticator-name=org.a.Auth\nxa.authenticator-install=true\n";
        std::fs::write(folder.path().join("repo/config"), config).unwrap();
        installed::tests::deploy(folder.path(), "app/org.a.Auth/x86_64/autoinstall", "shop");
        let facts = installation_facts(&[Installation { path: folder.path().into(), is_user: false }]);
        let install = RemoteInstall { remote: "shop".into(), place: Place::System, authenticator: "org.a.Auth".into() };
        assert_eq!(facts.installs, [install]);
        assert_eq!(facts.apps[0].origin, "shop");
    }
}
