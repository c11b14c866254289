// SPDX-License-Identifier: GPL-3.0-or-later
//! The repositories of this computer whose authenticator is Usher.

use std::rc::Rc;

use gtk::{gio, glib, prelude::*, subclass::prelude::*};
use usher_core::{
    binding::Binding,
    decisions::Subject,
    remote::{self, Installation, Remote},
    service::RemoteUrl,
};

use super::{Changes, Impostor, file_watch::FileWatch};
use crate::text;

/// A remote that names Usher and a server, at an address that may be given tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    /// As flatpak has it.
    pub(crate) remote: Remote,
    /// Its address.
    pub(crate) address: RemoteUrl,
    /// The account server that it names.
    pub(crate) binding: Binding,
}

impl Repository {
    /// `None` if the remote does not name Usher, is switched off, or cannot be used with accounts.
    pub(crate) fn of(remote: Remote) -> Option<Self> {
        if !remote.is_ours() {
            return None;
        }
        let (address, binding) = (remote.address().ok()?, remote.claimed().ok()?);
        Some(Self { remote, address, binding })
    }

    /// What a decision about it is about.
    pub(crate) fn subject(&self) -> Subject {
        Subject { remote_url: self.address.clone(), binding: self.binding.clone() }
    }

    /// Its title in a window.
    pub(crate) fn title(&self) -> String {
        text::plain(self.remote.display_name())
    }

    /// Host of its account server.
    pub(crate) fn host(&self) -> String {
        self.binding.host()
    }
}

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default)]
    pub struct Repositories {
        pub(super) changes: Changes,
        pub(super) all: RefCell<Rc<[Repository]>>,
        pub(super) remotes: RefCell<Rc<[Remote]>>,
        pub(super) others: RefCell<Rc<[Remote]>>,
        pub(super) here: RefCell<Rc<[Remote]>>,
        pub(super) impostors: RefCell<Rc<[Impostor]>>,
        pub(super) watches: RefCell<Vec<FileWatch>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Repositories {
        const NAME: &'static str = "UsherRepositories";
        type Type = super::Repositories;
    }

    impl ObjectImpl for Repositories {}
}

glib::wrapper! {
    pub struct Repositories(ObjectSubclass<imp::Repositories>);
}

impl Repositories {
    /// Begins to read and to follow the installations.
    pub(crate) fn new() -> Self {
        let repositories: Self = glib::Object::new();
        for installation in remote::installations() {
            // Flatpak touches `.changed` at every change of apps, and writes `repo/config` for remotes.
            repositories.watch(&installation, ".changed");
            repositories.watch(&installation, "repo/config");
        }
        repositories.reload();
        repositories
    }

    /// The repositories, each address and server once.
    pub(crate) fn all(&self) -> Rc<[Repository]> {
        self.imp().all.borrow().clone()
    }

    /// All remotes that name Usher, also those that cannot be used with accounts.
    pub(crate) fn remotes(&self) -> Rc<[Remote]> {
        self.imp().remotes.borrow().clone()
    }

    /// The remotes that do not use Usher, but could.
    pub(crate) fn others(&self) -> Rc<[Remote]> {
        self.imp().others.borrow().clone()
    }

    /// A remote as it is now, whether it names Usher or not.
    pub(crate) fn here(&self, known: &Remote) -> Option<Remote> {
        find_again(&self.imp().here.borrow(), known).cloned()
    }

    /// A remote that names Usher, as it is now. It has gone if none has its name in the same place.
    pub(crate) fn now(&self, known: &Remote) -> Option<Remote> {
        find_again(&self.remotes(), known).cloned()
    }

    /// What on this computer may stand in for Usher (rule R23).
    pub(crate) fn impostors(&self) -> Rc<[Impostor]> {
        self.imp().impostors.borrow().clone()
    }

    /// The repository at that address, by the name it has now.
    pub(crate) fn at(&self, address: &RemoteUrl) -> Option<Repository> {
        self.all().iter().find(|repository| &repository.address == address).cloned()
    }

    /// Reads the installations again.
    pub(crate) fn reload(&self) {
        let weak = self.downgrade();
        glib::spawn_future_local(async move {
            let reading = gio::spawn_blocking(|| {
                let installations = remote::installations();
                let here = remote::remotes(&installations);
                let others = sorted(remote::without_usher(&installations));
                (here, others, Impostor::all(&installations))
            });
            let Ok((here, others, impostors)) = reading.await else {
                return;
            };
            if let Some(repositories) = weak.upgrade() {
                let remotes = sorted(here.iter().filter(|remote| remote.is_ours()).cloned().collect());
                repositories.imp().here.replace(here.into());
                repositories.imp().others.replace(others.into());
                repositories.imp().all.replace(usable(&remotes).into());
                repositories.imp().remotes.replace(remotes.into());
                repositories.imp().impostors.replace(impostors.into());
                repositories.changes().announce();
            }
        });
    }

    /// Tells when the repositories were read again, which is also when something was installed or removed.
    pub(crate) fn changes(&self) -> &Changes {
        &self.imp().changes
    }

    fn watch(&self, installation: &Installation, file: &str) {
        let weak = self.downgrade();
        let watch = FileWatch::new(installation.path.join(file), move |event| {
            use gio::FileMonitorEvent::{AttributeChanged, ChangesDoneHint, Created, Deleted};
            if let (true, Some(repositories)) =
                (matches!(event, AttributeChanged | ChangesDoneHint | Created | Deleted), weak.upgrade())
            {
                repositories.reload();
            }
        });
        self.imp().watches.borrow_mut().push(watch);
    }
}

/// Remotes by their titles.
fn sorted(mut remotes: Vec<Remote>) -> Vec<Remote> {
    remotes.sort_by_cached_key(|remote| (text::plain(remote.display_name()).to_lowercase(), remote.url.to_string()));
    remotes
}

/// The repositories among remotes, each address and server once.
fn usable(remotes: &[Remote]) -> Vec<Repository> {
    let mut all: Vec<Repository> = Vec::new();
    for repository in remotes.iter().cloned().filter_map(Repository::of) {
        let is_known =
            all.iter().any(|known| known.address == repository.address && known.binding == repository.binding);
        if !is_known {
            all.push(repository);
        }
    }
    all
}

/// The same remote, whatever has been changed of it. Several installations for all users may have remotes of one name; then
/// only an equal address tells them apart.
fn find_again<'a>(remotes: &'a [Remote], known: &Remote) -> Option<&'a Remote> {
    let place = |remote: &Remote| (remote.name.clone(), remote.is_user, remote.installation.clone());
    let named: Vec<&Remote> = remotes.iter().filter(|remote| place(remote) == place(known)).collect();
    let equal = named.iter().copied().find(|remote| remote.url == known.url);
    equal.or_else(|| <[&Remote; 1]>::try_from(named).ok().map(|[one]| one))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use usher_core::testing::remote;

    use super::*;

    #[test]
    fn only_remotes_that_may_be_given_tokens_are_repositories() {
        let good = remote("demo", "https://repo.example/", "https://store.example");
        assert!(Repository::of(good.clone()).is_some());
        assert!(Repository::of(Remote { authenticator: None, ..good.clone() }).is_none());
        assert!(Repository::of(Remote { is_disabled: true, ..good.clone() }).is_none());
        assert!(Repository::of(Remote { url: "http://repo.example/".into(), ..good.clone() }).is_none());
        assert!(Repository::of(Remote { options: BTreeMap::new(), ..good }).is_none());
    }

    #[test]
    fn a_remote_is_found_again_by_its_name_and_place() {
        let known = remote("demo", "https://repo.example/", "https://store.example");
        let moved = Remote { url: "https://new.example/".into(), ..known.clone() };
        let elsewhere = Remote { is_user: !known.is_user, ..known.clone() };
        let other = Remote { name: "other".into(), ..known.clone() };
        for (remotes, found) in [
            (vec![known.clone(), elsewhere.clone()], Some(&known)),
            (vec![moved.clone(), other.clone()], Some(&moved)),
            (vec![moved.clone(), known.clone()], Some(&known)),
            (vec![moved.clone(), Remote { title: Some("x".into()), ..moved.clone() }], None),
            (vec![elsewhere, other], None),
        ] {
            assert_eq!(find_again(&remotes, &known), found, "{remotes:?}");
        }
    }

    #[test]
    fn remotes_that_are_one_repository_are_it_once() {
        let user = remote("demo", "https://repo.example/", "https://store.example");
        let system = Remote { name: "shop".into(), is_user: !user.is_user, ..user.clone() };
        let unsafe_one = Remote { url: "http://repo.example/".into(), ..user.clone() };
        assert_eq!(usable(&[user, system, unsafe_one]).len(), 1);
    }
}
