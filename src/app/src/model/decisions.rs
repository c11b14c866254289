// SPDX-License-Identifier: GPL-3.0-or-later
//! What the person decided about repositories: which stay blocked, and which may not use an account.

use gtk::{gio, glib, subclass::prelude::*};
use usher_core::{
    clock,
    decisions::{DecisionFile, Decisions as Decided, Subject},
    pending::PendingFile,
    store::AccountStore,
};

use super::{Changes, Notes, Repository, file_watch::FileWatch};
use crate::runtime;

mod imp {
    use std::cell::{OnceCell, RefCell};

    use super::*;

    #[derive(Default)]
    pub struct Decisions {
        pub(super) changes: Changes,
        pub(super) all: RefCell<Decided>,
        /// What was kept blocked here holds even if it could not be written.
        pub(super) blocked_here: RefCell<Decided>,
        pub(super) file: OnceCell<DecisionFile>,
        pub(super) watch: OnceCell<FileWatch>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Decisions {
        const NAME: &'static str = "UsherDecisions";
        type Type = super::Decisions;
    }

    impl ObjectImpl for Decisions {}
}

glib::wrapper! {
    pub struct Decisions(ObjectSubclass<imp::Decisions>);
}

impl Decisions {
    /// Reads the decisions and begins to follow them. Without a data folder there are none.
    pub(crate) fn new(file: Option<DecisionFile>) -> Self {
        let decisions: Self = glib::Object::new();
        let Some(file) = file else { return decisions };
        decisions.imp().all.replace(file.load());
        let changed = glib::clone!(
            #[weak]
            decisions,
            move |_| decisions.reload()
        );
        let _ = decisions.imp().watch.set(FileWatch::new(file.path(), changed));
        let _ = decisions.imp().file.set(file);
        decisions
    }

    /// Tells when a decision was made or taken back, here or elsewhere.
    pub(crate) fn changes(&self) -> &Changes {
        &self.imp().changes
    }

    /// Whether the repository may not use an account at the server that it names. A permission that an account holds is
    /// newer, and wins.
    pub(crate) fn is_refused(&self, subject: &Subject) -> bool {
        self.imp().all.borrow().is_refused(subject)
    }

    /// Remembers that the repository may not use an account at the server that it names, and takes from it what permission
    /// it has there. `remote` is flatpak's name for it. `false` if that could not be saved.
    pub(crate) async fn refuse(&self, store: &AccountStore, subject: Subject, remote: &str) -> bool {
        let (store, remote) = (store.clone(), remote.to_owned());
        let refused = runtime::spawn(async move {
            store.refuse(&subject, &remote, PendingFile::of_session().as_ref(), clock::now()).await
        });
        self.is_saved(refused.await)
    }

    /// Lets the repository ask again. `false` if that could not be saved. A permission that is given takes the refusal
    /// back by itself.
    pub(crate) async fn take_back(&self, subject: Subject) -> bool {
        let Some(file) = self.imp().file.get().cloned() else { return false };
        let taken = runtime::spawn(async move { file.take_back(&subject).await.map(drop) });
        self.is_saved(taken.await)
    }

    /// Keeps a repository blocked from the server that it names: forgets what it asked for, and shows it again only when it
    /// asks once more or names yet another server.
    pub(crate) fn keep_blocked(&self, repository: &Repository) {
        let subject = repository.subject();
        self.imp().blocked_here.borrow_mut().keep_blocked(subject.clone());
        if let Some(file) = self.imp().file.get().cloned() {
            glib::spawn_future_local(runtime::spawn(async move {
                let notes = PendingFile::of_session();
                if let Err(error) = file.keep_blocked(&subject, notes.as_ref(), clock::now()).await {
                    tracing::warn!(%error, "cannot remember that a repository stays blocked");
                }
            }));
        }
        self.changes().announce();
    }

    /// Whether the person has decided that a repository stays blocked, and it has asked for nothing since.
    pub(crate) fn is_kept_blocked(&self, repository: &Repository, notes: &Notes) -> bool {
        let (imp, subject, notes) = (self.imp(), repository.subject(), notes.all());
        [&imp.all, &imp.blocked_here].iter().any(|known| known.borrow().is_kept_blocked(&subject, &notes))
    }

    /// The monitor may come late: what was just saved is shown at once.
    fn is_saved(&self, written: std::io::Result<()>) -> bool {
        match written {
            Ok(()) => {
                self.reload();
                true
            }
            Err(error) => {
                tracing::warn!(%error, "cannot save a decision about a repository");
                false
            }
        }
    }

    fn reload(&self) {
        let Some(file) = self.imp().file.get().cloned() else { return };
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = decisions)]
            self,
            async move {
                let Ok(read) = gio::spawn_blocking(move || file.load()).await else { return };
                if *decisions.imp().all.borrow() != read {
                    decisions.imp().all.replace(read);
                    decisions.changes().announce();
                }
            }
        ));
    }
}
