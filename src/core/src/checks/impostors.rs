// SPDX-License-Identifier: GPL-3.0-or-later
//! Who may have replaced Usher, or could (rule R23). Pure.

use super::{Place, Problem};
use crate::{installed::InstalledApp, names};

/// The release's application id, which a development build stands beside.
const RELEASE_ID: &str = "io.github.usher.Usher";
/// The branch from which flatpak installs an authenticator by itself.
const AUTO_BRANCH: &str = "autoinstall";

/// A remote that lets flatpak install its authenticator by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteInstall {
    /// Name of the remote.
    pub remote: String,
    /// Where it is.
    pub place: Place,
    /// Its authenticator: the id of the app that is installed.
    pub authenticator: String,
}

/// What the installations on this computer hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstallationFacts {
    /// All apps that are installed.
    pub apps: Vec<InstalledApp>,
    /// All remotes that let flatpak install their authenticator.
    pub installs: Vec<RemoteInstall>,
}

/// All that could have taken Usher's place, or could take that of another authenticator, the surest first.
pub fn impostors(facts: &InstallationFacts) -> Vec<Problem> {
    impostors_of(facts, names::APP_ID)
}

fn impostors_of(facts: &InstallationFacts, own_id: &str) -> Vec<Problem> {
    let mut found = second_ushers(facts, own_id);
    found.extend(facts.installs.iter().filter_map(|install| may_replace(install, facts, own_id)));
    let takers = facts.apps.iter().filter(|app| takes_names(&app.app.id, own_id)).map(|app| Problem::TakesNames {
        app_id: app.app.id.clone(),
        place: Place::of(app.is_user),
        origin: app.origin.clone(),
    });
    found.extend(takers);
    found.dedup();
    found
}

/// All of Usher but the one that is most likely the person's own: not installed by itself, not from a remote that would.
fn second_ushers(facts: &InstallationFacts, own_id: &str) -> Vec<Problem> {
    let is_suspect = |app: &InstalledApp| {
        let installs = |install: &&RemoteInstall| install.authenticator == own_id && install.remote == app.origin;
        (app.app.branch == AUTO_BRANCH, facts.installs.iter().any(|install| installs(&install)), app.is_user)
    };
    let mut ushers: Vec<&InstalledApp> = facts.apps.iter().filter(|app| app.app.id == own_id).collect();
    ushers.sort_by_key(|app| is_suspect(app));
    let first = ushers.first().map(|app| (app.origin.clone(), app.app.branch.clone()));
    ushers.retain(|app| {
        first.as_ref().is_some_and(|(origin, branch)| (&app.origin, &app.app.branch) != (origin, branch))
    });
    ushers
        .into_iter()
        .map(|app| Problem::SecondUsher {
            app: app.app.to_string(),
            place: Place::of(app.is_user),
            origin: app.origin.clone(),
        })
        .collect()
}

fn may_replace(install: &RemoteInstall, facts: &InstallationFacts, own_id: &str) -> Option<Problem> {
    let RemoteInstall { remote, place, authenticator } = install.clone();
    if authenticator == own_id {
        return Some(Problem::MayReplaceUsher { remote, place });
    }
    let elsewhere = facts.apps.iter().find(|app| app.app.id == authenticator && app.origin != remote)?;
    Some(Problem::MayReplaceApp { remote, place, app_id: authenticator, origin: elsewhere.origin.clone() })
}

/// Whether an app of that id may own a bus name of Usher's: flatpak lets each app own all names that begin with its id, and
/// an app may bring services for names of its own.
fn takes_names(app_id: &str, own_id: &str) -> bool {
    let is_sibling = |id: &str| id == RELEASE_ID || id.strip_suffix(".Devel") == Some(RELEASE_ID);
    let is_below = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'));
    app_id != own_id && !is_sibling(app_id) && (is_below(own_id, app_id) || is_below(app_id, own_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "io.github.usher.Usher";

    fn app(id: &str, branch: &str, origin: &str, is_user: bool) -> InstalledApp {
        InstalledApp { app: format!("app/{id}/x86_64/{branch}").parse().unwrap(), origin: origin.into(), is_user }
    }

    fn install(remote: &str, authenticator: &str) -> RemoteInstall {
        RemoteInstall { remote: remote.into(), place: Place::User, authenticator: authenticator.into() }
    }

    fn found(apps: &[InstalledApp], installs: &[RemoteInstall]) -> Vec<(&'static str, Option<String>)> {
        let facts = InstallationFacts { apps: apps.to_vec(), installs: installs.to_vec() };
        impostors_of(&facts, OWN).iter().map(|problem| (problem.word(), problem.fix())).collect()
    }

    #[test]
    fn one_usher_and_other_apps_are_well() {
        let apps = [app(OWN, "stable", "flathub", false), app("org.example.App", "stable", "flathub", false)];
        assert_eq!(found(&apps, &[]), []);
        let beside = [app(OWN, "stable", "flathub", false), app(&format!("{OWN}.Devel"), "master", "local", true)];
        assert_eq!(found(&beside, &[]), []);
    }

    #[test]
    fn a_second_usher_is_told_and_the_one_that_came_by_itself_is_the_one_to_go() {
        let apps = [app(OWN, "autoinstall", "shop", true), app(OWN, "stable", "flathub", false)];
        let fix = "flatpak uninstall --user app/io.github.usher.Usher/x86_64/autoinstall".to_owned();
        assert_eq!(found(&apps, &[]), [("second-usher", Some(fix))]);
        let apps = [app(OWN, "stable", "shop", false), app(OWN, "stable", "flathub", true)];
        let problems = found(&apps, &[install("shop", OWN)]);
        let fix = "flatpak uninstall --system app/io.github.usher.Usher/x86_64/stable".to_owned();
        assert_eq!(problems[0], ("second-usher", Some(fix)));
        assert_eq!(problems[1].0, "may-replace-usher");
    }

    #[test]
    fn a_remote_that_may_install_an_authenticator_by_itself_is_told() {
        let fix = Some("flatpak remote-modify --user --no-authenticator-install shop".to_owned());
        assert_eq!(found(&[], &[install("shop", OWN)]), [("may-replace-usher", fix.clone())]);
        let other = [app("org.example.Auth", "stable", "flathub", false)];
        assert_eq!(found(&other, &[install("shop", "org.example.Auth")]), [("may-replace-app", fix)]);
        assert_eq!(found(&other, &[install("flathub", "org.example.Auth")]), []);
    }

    #[test]
    fn an_app_that_could_own_names_of_usher_is_told() {
        for id in ["io.github.usher", "io.github.usher.Usher.Accounts", "io.github.usher.Usher.Access"] {
            let fix = Some(format!("flatpak uninstall --system {id}"));
            assert_eq!(found(&[app(id, "stable", "shop", false)], &[]), [("takes-names", fix)], "{id}");
        }
        for id in ["io.github.usherette", "io.github.usher.UsherPlus"] {
            assert_eq!(found(&[app(id, "stable", "shop", false)], &[]), [], "{id}");
        }
    }
}
