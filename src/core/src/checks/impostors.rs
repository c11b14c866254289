// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds what may have replaced Usher, or could (rule R23). Pure.

use super::{InstallationKind, Problem};
use crate::{installed::InstalledApp, names, remote::Remote};

/// The release's application id. A development build is installed beside it.
const RELEASE_ID: &str = "io.github.usher.Usher";
/// The branch from which flatpak installs an authenticator unasked.
const AUTO_BRANCH: &str = "autoinstall";

/// The content of the installations on this computer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstallationFacts {
    /// All installed apps.
    pub apps: Vec<InstalledApp>,
    /// All remotes.
    pub remotes: Vec<Remote>,
    /// Whether the Usher that runs this check is part of the system, not of an installation.
    pub is_native: bool,
}

/// Where something comes from. One repository may have several names, and one name may stand for several repositories.
#[derive(Debug, PartialEq, Eq)]
enum Source<'a> {
    Address(&'a str),
    /// From a remote that is gone.
    Name(&'a str, InstallationKind),
}

/// All that could have taken Usher's place, or could take another authenticator's; the most certain first.
pub fn impostors(facts: &InstallationFacts) -> Vec<Problem> {
    impostors_of(facts, names::APP_ID)
}

fn impostors_of(facts: &InstallationFacts, own_id: &str) -> Vec<Problem> {
    let ushers = facts.ushers(own_id);
    let own = ushers.first().copied().filter(|_| !facts.is_native);
    let others = ushers.iter().filter(|app| own.is_none_or(|own| !facts.is_same(own, app)));
    let mut found: Vec<Problem> = others.map(|app| facts.second_usher(app)).collect();
    let takers = facts.apps.iter().filter(|app| takes_names(app.app.id(), own_id));
    found.extend(takers.map(|app| facts.taker(app)));
    let told = found.clone();
    let installers = facts.remotes.iter().filter_map(|remote| Some((remote, installs(remote)?)));
    found.extend(installers.filter_map(|(remote, id)| {
        let is_told =
            told.iter().any(|problem| problem.is_undone_with(&remote.name, InstallationKind::of(remote.is_user)));
        if is_told { None } else { facts.may_replace(remote, id, own, own_id) }
    }));
    found
}

impl InstallationFacts {
    /// All apps with Usher's id. The one most likely to be the person's own comes first: not installed unasked, nor
    /// from a remote that would do so.
    fn ushers(&self, own_id: &str) -> Vec<&InstalledApp> {
        let mut ushers: Vec<&InstalledApp> = self.apps.iter().filter(|app| app.app.id() == own_id).collect();
        ushers.sort_by_key(|app| (app.app.branch() == AUTO_BRANCH, self.comes_again(app), app.is_user));
        ushers
    }

    /// Whether two installed apps of one id are the same program.
    fn is_same(&self, one: &InstalledApp, other: &InstalledApp) -> bool {
        self.source_of(one) == self.source_of(other) && one.app.branch() == other.app.branch()
    }

    fn second_usher(&self, app: &InstalledApp) -> Problem {
        Problem::SecondUsher {
            app: app.app.to_string(),
            place: InstallationKind::of(app.is_user),
            origin: app.origin.clone(),
            comes_again: self.comes_again(app),
        }
    }

    fn taker(&self, app: &InstalledApp) -> Problem {
        Problem::TakesNames {
            app_id: app.app.id().to_owned(),
            app: app.app.to_string(),
            place: InstallationKind::of(app.is_user),
            origin: app.origin.clone(),
            comes_again: self.comes_again(app),
        }
    }

    /// What a remote that has flatpak install the app `id` unasked could do.
    fn may_replace(&self, remote: &Remote, id: &str, own: Option<&InstalledApp>, own_id: &str) -> Option<Problem> {
        let (name, place) = (remote.name.clone(), InstallationKind::of(remote.is_user));
        let is_from_it = |app: &InstalledApp| self.source_of(app) == source(remote);
        if id == own_id && own.is_some_and(|own| own.app.branch() == AUTO_BRANCH && is_from_it(own)) {
            return Some(Problem::CameAlong { remote: name, place });
        }
        if id == own_id || takes_names(id, own_id) {
            return Some(Problem::MayReplaceUsher { remote: name, place });
        }
        let elsewhere = self.apps.iter().find(|app| app.app.id() == id && !is_from_it(app))?;
        let here = |app: &&InstalledApp| {
            app.app.id() == id
                && app.app.branch() == AUTO_BRANCH
                && app.origin == name
                && InstallationKind::of(app.is_user) == place
        };
        let replaced_by = self.apps.iter().find(here).map(|app| app.app.to_string());
        let origin = elsewhere.origin.clone();
        Some(Problem::MayReplaceApp { remote: name, place, app_id: id.to_owned(), origin, replaced_by })
    }

    /// Whether flatpak installs the app again from its remote, unasked, when it is gone.
    fn comes_again(&self, app: &InstalledApp) -> bool {
        self.remote_of(app).and_then(installs).is_some_and(|id| id == app.app.id())
    }

    fn remote_of(&self, app: &InstalledApp) -> Option<&Remote> {
        self.remotes.iter().find(|remote| remote.name == app.origin && remote.is_user == app.is_user)
    }

    fn source_of<'a>(&'a self, app: &'a InstalledApp) -> Source<'a> {
        self.remote_of(app).map_or(Source::Name(&app.origin, InstallationKind::of(app.is_user)), source)
    }
}

fn source(remote: &Remote) -> Source<'_> {
    Source::Address(remote.url.verbatim().trim_end_matches('/'))
}

/// The app that flatpak installs unasked because of this remote.
fn installs(remote: &Remote) -> Option<&String> {
    remote.authenticator.as_ref().filter(|_| remote.installs_authenticator && !remote.is_disabled)
}

/// Whether an app with this id may own one of Usher's bus names. Flatpak lets an app own all names that begin with its
/// id, and an app may bring services for its own names.
fn takes_names(app_id: &str, own_id: &str) -> bool {
    let is_sibling = |id: &str| id == RELEASE_ID || id.strip_suffix(".Devel") == Some(RELEASE_ID);
    let is_below = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'));
    app_id != own_id && !is_sibling(app_id) && (is_below(own_id, app_id) || is_below(app_id, own_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "io.github.usher.Usher";
    const MODIFY: &str = "flatpak remote-modify --user --no-authenticator-install";

    fn app(id: &str, branch: &str, origin: &str, is_user: bool) -> InstalledApp {
        InstalledApp { app: format!("app/{id}/x86_64/{branch}").parse().unwrap(), origin: origin.into(), is_user }
    }

    /// A remote of the user that has flatpak install this authenticator.
    fn installer(name: &str, authenticator: &str) -> Remote {
        Remote {
            authenticator: Some(authenticator.into()),
            options: std::collections::BTreeMap::new(),
            installs_authenticator: true,
            ..crate::testing::remote(name, &format!("https://{name}.example/repo"), "store.example.org")
        }
    }

    fn looked_at(facts: &InstallationFacts) -> Vec<(&'static str, Option<String>)> {
        impostors_of(facts, OWN).iter().map(|problem| (problem.word(), problem.fix())).collect()
    }

    fn found(apps: &[InstalledApp], remotes: &[Remote]) -> Vec<(&'static str, Option<String>)> {
        looked_at(&InstallationFacts { apps: apps.to_vec(), remotes: remotes.to_vec(), is_native: false })
    }

    fn uninstall(place: &str, id: &str, branch: &str) -> String {
        format!("flatpak uninstall {place} app/{id}/x86_64/{branch}")
    }

    #[test]
    fn one_usher_and_other_apps_are_well() {
        let apps = [app(OWN, "stable", "flathub", false), app("org.example.App", "stable", "flathub", false)];
        assert_eq!(found(&apps, &[]), []);
        let beside = [app(OWN, "stable", "flathub", false), app(&format!("{OWN}.Devel"), "master", "local", true)];
        assert_eq!(found(&beside, &[]), []);
        let off = Remote { is_disabled: true, ..installer("shop", OWN) };
        let forbidden = Remote { installs_authenticator: false, ..installer("shop", OWN) };
        assert_eq!(found(&apps, &[off, forbidden]), []);
    }

    #[test]
    fn a_second_usher_is_reported_and_the_one_installed_unasked_has_to_go() {
        let apps = [app(OWN, "autoinstall", "shop", true), app(OWN, "stable", "flathub", false)];
        assert_eq!(found(&apps, &[]), [("second-usher", Some(uninstall("--user", OWN, "autoinstall")))]);
        let apps = [app(OWN, "stable", "shop", false), app(OWN, "stable", "flathub", true)];
        let shop = Remote { is_user: false, ..installer("shop", OWN) };
        let fix = format!(
            "flatpak remote-modify --system --no-authenticator-install shop && {}",
            uninstall("--system", OWN, "stable")
        );
        assert_eq!(found(&apps, &[shop]), [("second-usher", Some(fix))]);
    }

    #[test]
    fn an_usher_that_would_come_back_is_forbidden_before_it_is_uninstalled() {
        let apps = [app(OWN, "autoinstall", "shop", true), app(OWN, "stable", "flathub", true)];
        let fix = format!("{MODIFY} shop && {}", uninstall("--user", OWN, "autoinstall"));
        assert_eq!(found(&apps, &[installer("shop", OWN)]), [("second-usher", Some(fix))]);
        let both = found(&apps, &[installer("shop", OWN), installer("other", OWN)]);
        assert_eq!(both[1..], [("may-replace-usher", Some(format!("{MODIFY} other")))]);
    }

    #[test]
    fn beside_the_systems_usher_every_other_one_is_a_second() {
        let apps = vec![app(OWN, "autoinstall", "shop", true)];
        let facts = InstallationFacts { apps, remotes: vec![installer("shop", OWN)], is_native: true };
        let fix = format!("{MODIFY} shop && {}", uninstall("--user", OWN, "autoinstall"));
        assert_eq!(looked_at(&facts), [("second-usher", Some(fix))]);
    }

    #[test]
    fn an_usher_that_came_along_and_is_the_only_one_is_no_impostor() {
        let apps = [app(OWN, "autoinstall", "shop", true)];
        let fix = Some(format!("{MODIFY} shop"));
        assert_eq!(found(&apps, &[installer("shop", OWN)]), [("came-along", fix.clone())]);
        assert_eq!(found(&apps, &[]), []);
        // Another repository could bring a different one.
        let both = [installer("shop", OWN), installer("other", OWN)];
        let other = Some(format!("{MODIFY} other"));
        assert_eq!(found(&apps, &both), [("came-along", fix), ("may-replace-usher", other)]);
    }

    #[test]
    fn a_remote_that_may_install_an_authenticator_unasked_is_reported() {
        let fix = Some(format!("{MODIFY} shop"));
        assert_eq!(found(&[], &[installer("shop", OWN)]), [("may-replace-usher", fix.clone())]);
        assert_eq!(found(&[], &[installer("shop", "io.github.usher")]), [("may-replace-usher", fix.clone())]);
        let other = [app("org.example.Auth", "stable", "flathub", false)];
        assert_eq!(found(&other, &[installer("shop", "org.example.Auth")]), [("may-replace-app", fix)]);
        assert_eq!(found(&[], &[installer("shop", "org.example.Auth")]), []);
    }

    #[test]
    fn an_app_that_a_remote_replaced_is_restored() {
        let auth = "org.example.Auth";
        let apps = [app(auth, "stable", "flathub", false), app(auth, "autoinstall", "shop", true)];
        let fix = format!("{MODIFY} shop && {}", uninstall("--user", auth, "autoinstall"));
        assert_eq!(found(&apps, &[installer("shop", auth)]), [("may-replace-app", Some(fix))]);
    }

    #[test]
    fn a_repository_is_identified_by_its_address_not_its_name() {
        let auth = [app("org.example.Auth", "stable", "flathub", false)];
        let here = installer("flathub", "org.example.Auth");
        let there = Remote { is_user: false, installs_authenticator: false, ..here.clone() };
        assert_eq!(found(&auth, &[here.clone(), there.clone()]), []);
        let elsewhere = Remote { url: "https://elsewhere.example/repo".into(), ..there };
        assert_eq!(found(&auth, &[here, elsewhere])[0].0, "may-replace-app");
    }

    #[test]
    fn an_app_that_could_own_ushers_names_is_reported() {
        for id in ["io.github.usher", "io.github.usher.Usher.Accounts", "io.github.usher.Usher.Access"] {
            let gone = uninstall("--system", id, "stable");
            assert_eq!(found(&[app(id, "stable", "shop", false)], &[]), [("takes-names", Some(gone))], "{id}");
            let fix = format!("{MODIFY} shop && {}", uninstall("--user", id, "autoinstall"));
            let again = found(&[app(id, "autoinstall", "shop", true)], &[installer("shop", id)]);
            assert_eq!(again, [("takes-names", Some(fix))], "{id}");
        }
        for id in ["io.github.usherette", "io.github.usher.UsherPlus"] {
            assert_eq!(found(&[app(id, "stable", "shop", false)], &[]), [], "{id}");
        }
    }
}
