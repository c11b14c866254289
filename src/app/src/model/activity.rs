// SPDX-License-Identifier: GPL-3.0-or-later
//! The activity log, as all processes write it.

use std::{io, path::Path, rc::Rc};

use gtk::{glib, subclass::prelude::*};
use usher_core::{
    activity_log::{ActivityLog, Entry, Settings},
    files,
};

use super::{Changes, file_watch::FileWatch};
use crate::runtime;

mod imp {
    use std::cell::{Cell, OnceCell, RefCell};

    use super::*;

    #[derive(Default)]
    pub struct Activity {
        pub(super) changes: Changes,
        pub(super) entries: RefCell<Rc<[Entry]>>,
        pub(super) is_kept: Cell<bool>,
        /// Whether it was read, or could not be.
        pub(super) is_read: Cell<bool>,
        /// Whether it could not be read when that was tried last.
        pub(super) has_failed: Cell<bool>,
        /// Whether it is being read.
        pub(super) is_reading: Cell<bool>,
        /// Whether it has changed since the reading began.
        pub(super) is_late: Cell<bool>,
        pub(super) log: OnceCell<ActivityLog>,
        pub(super) watches: RefCell<Vec<FileWatch>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for Activity {
        const NAME: &'static str = "UsherActivity";
        type Type = super::Activity;
    }

    impl ObjectImpl for Activity {}
}

glib::wrapper! {
    pub struct Activity(ObjectSubclass<imp::Activity>);
}

impl Activity {
    /// Begins to read and to follow the log. Without a data folder there is none.
    pub(crate) fn new(log: Option<ActivityLog>) -> Self {
        let activity: Self = glib::Object::new();
        let Some(log) = log else {
            activity.imp().is_read.set(true);
            return activity;
        };
        activity.watch(log.path());
        activity.watch(log.settings().switch());
        let _ = activity.imp().log.set(log);
        activity.reload();
        activity
    }

    /// Tells when there is something new, and when the log was switched on or off.
    pub(crate) fn changes(&self) -> &Changes {
        &self.imp().changes
    }

    /// What is in the log, in the order in which it was written.
    pub(crate) fn entries(&self) -> Rc<[Entry]> {
        self.imp().entries.borrow().clone()
    }

    /// Whether the log was read, or could not be.
    pub(crate) fn is_read(&self) -> bool {
        self.imp().is_read.get()
    }

    /// Whether the log could not be read when that was tried last.
    pub(crate) fn has_failed(&self) -> bool {
        self.imp().has_failed.get()
    }

    /// Whether a log is kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.imp().is_kept.get()
    }

    /// The person's settings of the log, where there can be one.
    pub(crate) fn settings(&self) -> Option<Settings> {
        self.imp().log.get().map(ActivityLog::settings)
    }

    /// Removes some entries, and gives them.
    pub(crate) async fn remove(&self, is_meant: impl Fn(&Entry) -> bool + Send + 'static) -> io::Result<Vec<Entry>> {
        let Some(log) = self.imp().log.get().cloned() else { return Ok(Vec::new()) };
        let removed = runtime::spawn(async move { log.remove(is_meant).await }).await;
        // The monitor may come late.
        self.reload();
        removed
    }

    /// Puts entries back that were removed.
    pub(crate) async fn put_back(&self, entries: Vec<Entry>) -> io::Result<()> {
        let Some(log) = self.imp().log.get().cloned() else { return Ok(()) };
        let done = runtime::spawn(async move { log.put_back(entries).await }).await;
        self.reload();
        done
    }

    fn watch(&self, path: &Path) {
        let changed = glib::clone!(
            #[weak(rename_to = activity)]
            self,
            move |_| activity.reload()
        );
        self.imp().watches.borrow_mut().push(FileWatch::new(path, changed));
    }

    /// Reads the log again. While it is being read, asks for one more reading afterwards.
    pub(crate) fn reload(&self) {
        let imp = self.imp();
        let Some(log) = imp.log.get().cloned() else { return };
        if imp.is_reading.replace(true) {
            imp.is_late.set(true);
            return;
        }
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = activity)]
            self,
            async move {
                let place = log.path().to_owned();
                let work = move || (log.read(), log.settings().is_kept());
                let read = runtime::spawn(async move { files::apart(&place, work).await }).await;
                activity.show(read);
            }
        ));
    }

    fn show(&self, read: io::Result<(Vec<Entry>, bool)>) {
        let imp = self.imp();
        imp.is_reading.set(false);
        let mut is_news = !imp.is_read.replace(true);
        is_news |= imp.has_failed.replace(read.is_err()) != read.is_err();
        match read {
            Ok((entries, is_kept)) => {
                is_news |= imp.is_kept.replace(is_kept) != is_kept;
                if **imp.entries.borrow() != *entries {
                    imp.entries.replace(entries.into());
                    is_news = true;
                }
            }
            // What was read before stays.
            Err(error) => tracing::warn!(%error, "cannot read the activity log"),
        }
        if is_news {
            self.changes().announce();
        }
        if imp.is_late.take() {
            self.reload();
        }
    }
}
