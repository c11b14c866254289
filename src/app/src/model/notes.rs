// SPDX-License-Identifier: GPL-3.0-or-later
//! What clients asked for and did not get, as the daemon notes it down.

use std::{path::Path, rc::Rc};

use gtk::{gio, glib, prelude::*, subclass::prelude::*};
use usher_core::{
    account::AccountId,
    clock,
    pending::{self, Operation, Pending, PendingFile, UnusableRemote},
    refs::FlatpakRef,
    remote::{self, Installation, Remote},
};

use super::{Changes, Repositories, Repository, attention::is_from, file_watch::FileWatch};
use crate::runtime;

mod imp {
    use std::cell::{OnceCell, RefCell};

    use super::*;

    #[derive(Default)]
    pub struct Notes {
        pub(super) changes: Changes,
        pub(super) all: RefCell<Rc<[Pending]>>,
        pub(super) unusable: RefCell<Rc<[UnusableRemote]>>,
        pub(super) file: OnceCell<PendingFile>,
        pub(super) watch: OnceCell<FileWatch>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Notes {
        const NAME: &'static str = "UsherNotes";
        type Type = super::Notes;
    }

    impl ObjectImpl for Notes {}
}

glib::wrapper! {
    pub struct Notes(ObjectSubclass<imp::Notes>);
}

impl Notes {
    /// Begins to read and to follow the notes. Without a runtime folder there are none.
    pub(crate) fn new(file: Option<PendingFile>, repositories: &Repositories) -> Self {
        let notes: Self = glib::Object::new();
        if let Some(file) = file {
            notes.watch(file.path());
            let _ = notes.imp().file.set(file);
            notes.reload();
            // Something may have been installed: its note is done.
            repositories.changes().follow(&notes, Self::reload);
        }
        notes
    }

    /// The notes, oldest first. What has been installed since is left out.
    pub(crate) fn all(&self) -> Rc<[Pending]> {
        self.imp().all.borrow().clone()
    }

    /// Those about what a repository asks for now.
    pub(crate) fn of(&self, repository: &Repository) -> Vec<Pending> {
        self.all().iter().filter(|note| is_from(note, repository)).cloned().collect()
    }

    /// The repositories whose options cannot be used, although a client needed them.
    pub(crate) fn unusable(&self) -> Rc<[UnusableRemote]> {
        self.imp().unusable.borrow().clone()
    }

    /// Forgets what clients needed of a repository whose options cannot be used.
    pub(crate) fn forget_unusable(&self, remote: &Remote) {
        let Some(file) = self.imp().file.get().cloned() else { return };
        let (name, url) = (remote.name.clone(), remote.url.clone());
        glib::spawn_future_local(runtime::spawn(async move {
            let is_other = |note: &pending::Unusable| note.remote != name || url != *note.remote_uri;
            if let Err(error) = file.change_unusable(clock::now(), |notes| notes.retain(is_other)).await {
                tracing::warn!(%error, "cannot forget a repository whose options cannot be used");
            }
        }));
    }

    /// Forgets refs of a remote.
    pub(crate) fn forget(&self, remote_uri: &str, refs: &[String]) {
        let Some(file) = self.imp().file.get().cloned() else {
            return;
        };
        let (remote_uri, refs) = (remote_uri.to_owned(), refs.to_vec());
        glib::spawn_future_local(runtime::spawn(async move {
            let forgotten = file.change(clock::now(), |notes| pending::forget(notes, &remote_uri, &refs)).await;
            if let Err(error) = forgotten {
                tracing::warn!(%error, "cannot forget what a client asked for");
            }
        }));
    }

    /// Notes that an account has no access to these apps of a repository, as its server says.
    pub(crate) fn deny(&self, remote_uri: &str, app_ids: &[String], account: AccountId) {
        let Some(file) = self.imp().file.get().cloned() else { return };
        let (remote_uri, app_ids) = (remote_uri.to_owned(), app_ids.to_vec());
        glib::spawn_future_local(runtime::spawn(async move {
            let deny = |notes: &mut Vec<Pending>| pending::deny(notes, &remote_uri, &app_ids, account);
            if let Err(error) = file.change(clock::now(), deny).await {
                tracing::warn!(%error, "cannot note what an account has no access to");
            }
        }));
    }

    /// Forgets what was asked for of a repository: all of it, or these apps.
    pub(crate) fn dismiss(&self, repository: &Repository, app_ids: Option<&[String]>) {
        for note in self.all().iter().filter(|note| is_from(note, repository)) {
            let refs = refs_of(note, app_ids);
            if !refs.is_empty() {
                self.forget(&note.ground.remote_uri, &refs);
            }
        }
    }

    /// Tells when the notes have changed.
    pub(crate) fn changes(&self) -> &Changes {
        &self.imp().changes
    }

    fn watch(&self, path: &Path) {
        let changed = glib::clone!(
            #[weak(rename_to = notes)]
            self,
            move |_| notes.reload()
        );
        let _ = self.imp().watch.set(FileWatch::new(path, changed));
    }

    fn reload(&self) {
        let Some(file) = self.imp().file.get().cloned() else { return };
        let weak = self.downgrade();
        glib::spawn_future_local(async move {
            let Ok((fresh, unusable)) = gio::spawn_blocking(move || read(&file)).await else {
                return;
            };
            let Some(notes) = weak.upgrade() else {
                return;
            };
            if **notes.imp().all.borrow() != *fresh || **notes.imp().unusable.borrow() != *unusable {
                notes.imp().all.replace(fresh.into());
                notes.imp().unusable.replace(unusable.into());
                notes.changes().announce();
            }
        });
    }
}

/// The refs of a note that belong to these apps; all of them if none are named.
fn refs_of(note: &Pending, app_ids: Option<&[String]>) -> Vec<String> {
    let is_meant = |text: &&String| {
        let parsed = text.parse::<FlatpakRef>();
        app_ids.is_none_or(|ids| parsed.is_ok_and(|parsed| ids.iter().any(|id| id == parsed.app_id())))
    };
    note.refs.iter().filter(is_meant).cloned().collect()
}

fn read(file: &PendingFile) -> (Vec<Pending>, Vec<UnusableRemote>) {
    let (now, installations) = (clock::now(), remote::installations());
    let unusable = pending::unusable_remotes(&file.load_unusable(now), &remote::remotes(&installations));
    (not_installed(file.load(now), &installations), unusable)
}

/// Leaves out refs of installs that are installed by now.
fn not_installed(mut notes: Vec<Pending>, installations: &[Installation]) -> Vec<Pending> {
    for note in notes.iter_mut().filter(|note| note.operation == Operation::Install) {
        note.refs.retain(|wanted| {
            let parsed = wanted.parse::<FlatpakRef>();
            !parsed.is_ok_and(|wanted| remote::is_installed(installations, &wanted))
        });
    }
    notes.retain(|note| !note.refs.is_empty());
    notes
}

#[cfg(test)]
mod tests {
    use usher_core::{pending::Obstacle, testing};

    use super::*;

    #[test]
    fn what_is_dismissed_goes_with_all_its_parts_and_nothing_else() {
        let note = Pending {
            operation: Operation::Install,
            obstacle: Obstacle::NotBought,
            ground: testing::ground("https://r.example/", "https://s.example"),
            account: None,
            refs: ["app/org.a.A/x86_64/stable", "runtime/org.a.A.Locale/x86_64/stable", "app/org.b.B/x86_64/stable"]
                .map(ToOwned::to_owned)
                .into(),
            client: String::new(),
            at: 0,
        };
        assert_eq!(refs_of(&note, Some(&["org.a.A".to_owned()])), note.refs[..2]);
        assert_eq!(refs_of(&note, Some(&["org.c.C".to_owned()])), [] as [String; 0]);
        assert_eq!(refs_of(&note, None), note.refs);
    }
}
