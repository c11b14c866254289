// SPDX-License-Identifier: GPL-3.0-or-later
//! Gathers the facts for the checks: from disk, from the session bus, and from servers that the person agreed to.

use std::collections::BTreeSet;

use super::{InstallationFacts, Problem, ReachableProcesses, ServerAnswer};
use crate::{
    binding::Binding,
    folders,
    http::{self, HttpClient, ProxySource},
    installed, names,
    remote::{self, Installation},
};

/// The apps and remotes in the installations, as this process sees them.
pub fn installation_facts(installations: &[Installation]) -> InstallationFacts {
    InstallationFacts {
        apps: installations.iter().flat_map(installed::apps).collect(),
        remotes: remote::remotes(installations),
        is_native: !names::in_sandbox(),
    }
}

/// What is wrong with the folder for what belongs to the login session.
pub fn folder_problem() -> Option<Problem> {
    let Some(folder) = folders::session() else {
        return Some(Problem::NoFolder);
    };
    let shown = folder.path.display().to_string();
    Some(Problem::NoSessionFolder { fault: folder.fault?, folder: shown, is_usable: folder.is_usable })
}

/// Which parts of Usher are on the session bus. Starts nothing. `None` without a bus.
pub async fn reachable_processes() -> Option<ReachableProcesses> {
    let connection = zbus::Connection::session().await.ok()?;
    let bus = zbus::fdo::DBusProxy::new(&connection).await.ok()?;
    let startable = bus.list_activatable_names().await.ok()?;
    let running = bus.list_names().await.ok()?;
    let all: BTreeSet<&str> = startable.iter().chain(&running).map(|name| name.as_str()).collect();
    Some(ReachableProcesses {
        has_helper: all.contains(names::AUTHENTICATOR_NAME),
        has_window: all.contains(names::ACCOUNTS_NAME),
    })
}

/// Asks a server, without a credential, whether it speaks its protocol. Only for a server that the person agreed to
/// (rule R25).
pub async fn ask_server(http: &HttpClient, agreed: &Binding) -> ServerAnswer {
    match agreed.provider.probe(http, &agreed.service).await {
        Ok(true) => ServerAnswer::Speaks,
        Ok(false) => ServerAnswer::DoesNotSpeak,
        Err(error) => ServerAnswer::Failed(error),
    }
}

/// What is wrong with the way to every server, as this process sees it. To be called after servers were asked.
pub fn proxy_problems(http: &HttpClient) -> Vec<Problem> {
    let variable = http::environment_fault().and_then(|source| match source {
        ProxySource::Variable(variable) => Some(Problem::ProxyNotUnderstood { variable }),
        ProxySource::Settings => None,
    });
    let silent = http.is_desktop_silent().then_some(Problem::ProxySettingsSilent);
    variable.into_iter().chain(silent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{InstallationKind, impostors};

    #[test]
    fn the_disk_shows_who_may_have_replaced_usher() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("repo")).unwrap();
        let config = format!(
            "[remote \"shop\"]\nurl=x\nxa.authenticator-name={}\nxa.authenticator-install=true\n",
            names::APP_ID
        );
        std::fs::write(folder.path().join("repo/config"), config).unwrap();
        let app = format!("app/{}/x86_64/autoinstall", names::APP_ID);
        installed::tests::deploy(folder.path(), &app, "shop");
        let facts = installation_facts(&[Installation { path: folder.path().into(), is_user: false, name: None }]);
        // No test runs in a Flatpak: the Usher that runs the check is not the installed one.
        let (place, origin) = (InstallationKind::System, "shop".into());
        assert_eq!(impostors(&facts), [Problem::SecondUsher { app, place, origin, comes_again: true }]);
    }
}
