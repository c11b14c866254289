// SPDX-License-Identifier: GPL-3.0-or-later
//! What clients asked for and did not get, as the daemon notes it down.

use std::rc::Rc;

use gtk::{gio, glib, prelude::*, subclass::prelude::*};
use usher_core::{
    binding::Binding,
    clock,
    pending::{self, Operation, Pending, PendingFile},
    refs::FlatpakRef,
    remote,
    service::RemoteUrl,
};

use super::{Changes, Repositories, Repository, attention::is_from};
use crate::runtime;

mod imp {
    use std::cell::{OnceCell, RefCell};

    use super::*;

    #[derive(Default)]
    pub struct Notes {
        pub(super) changes: Changes,
        pub(super) all: RefCell<Rc<[Pending]>>,
        pub(super) file: OnceCell<PendingFile>,
        pub(super) monitor: OnceCell<gio::FileMonitor>,
        /// Repositories with the servers that the person does not want them to lead to.
        pub(super) blocked: RefCell<Vec<(RemoteUrl, Binding)>>,
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
            notes.watch(&file);
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

    /// Keeps a repository blocked from the server that it names: forgets what it asked for, and shows it again only when it
    /// asks once more or names yet another server.
    pub(crate) fn keep_blocked(&self, repository: &Repository) {
        let decided = (repository.address.clone(), repository.binding.clone());
        if !self.imp().blocked.borrow().contains(&decided) {
            self.imp().blocked.borrow_mut().push(decided);
        }
        for note in self.all().iter().filter(|note| is_from(note, repository)) {
            self.forget(&note.ground.remote_uri, &note.refs);
        }
        self.changes().announce();
    }

    /// Whether the person has decided that a repository stays blocked, and it has asked for nothing since.
    pub(crate) fn is_kept_blocked(&self, repository: &Repository) -> bool {
        let blocked = self.imp().blocked.borrow();
        let is_decided =
            blocked.iter().any(|(address, binding)| address == &repository.address && binding == &repository.binding);
        is_decided && !self.all().iter().any(|note| is_from(note, repository))
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

    /// Tells when the notes have changed.
    pub(crate) fn changes(&self) -> &Changes {
        &self.imp().changes
    }

    fn watch(&self, file: &PendingFile) {
        let monitored = gio::File::for_path(file.path());
        let Ok(monitor) = monitored.monitor_file(gio::FileMonitorFlags::NONE, gio::Cancellable::NONE) else {
            return;
        };
        let weak = self.downgrade();
        monitor.connect_changed(move |_, _, _, _| {
            if let Some(notes) = weak.upgrade() {
                notes.reload();
            }
        });
        let _ = self.imp().monitor.set(monitor);
    }

    fn reload(&self) {
        let Some(file) = self.imp().file.get().cloned() else {
            return;
        };
        let weak = self.downgrade();
        glib::spawn_future_local(async move {
            let Ok(fresh) = gio::spawn_blocking(move || not_installed(file.load(clock::now()))).await else {
                return;
            };
            let Some(notes) = weak.upgrade() else {
                return;
            };
            if **notes.imp().all.borrow() != *fresh {
                notes.imp().all.replace(fresh.into());
                notes.changes().announce();
            }
        });
    }
}

/// Leaves out refs of installs that are installed by now.
fn not_installed(mut notes: Vec<Pending>) -> Vec<Pending> {
    let installations = remote::installations();
    for note in notes.iter_mut().filter(|note| note.operation == Operation::Install) {
        note.refs.retain(|wanted| {
            let parsed = wanted.parse::<FlatpakRef>();
            !parsed.is_ok_and(|wanted| remote::is_installed(&installations, &wanted))
        });
    }
    notes.retain(|note| !note.refs.is_empty());
    notes
}
