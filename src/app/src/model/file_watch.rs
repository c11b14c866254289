// SPDX-License-Identifier: GPL-3.0-or-later
//! Follows a file without waking up. GLib looks every four seconds for a file whose folder is missing; so the nearest folder
//! above that is there is followed instead, until the next one is made in it.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    rc::Rc,
};

use gtk::{
    gio::{self, FileMonitorEvent},
    glib,
    prelude::*,
};

/// Follows one file for as long as it lives.
pub(super) struct FileWatch {
    _followed: Rc<Followed>,
}

struct Followed {
    path: PathBuf,
    monitor: RefCell<Option<gio::FileMonitor>>,
    changed: Box<dyn Fn(FileMonitorEvent)>,
}

impl FileWatch {
    /// Calls back whenever something happens to the file. A file that comes with its folder was created.
    pub(super) fn new(path: impl Into<PathBuf>, changed: impl Fn(FileMonitorEvent) + 'static) -> Self {
        let followed = Followed { path: path.into(), monitor: RefCell::default(), changed: Box::new(changed) };
        let followed = Rc::new(followed);
        followed.follow();
        Self { _followed: followed }
    }
}

impl Followed {
    /// Follows the file where its folder is there, else that folder which comes nearest.
    fn follow(self: &Rc<Self>) {
        loop {
            let Some(folder) = nearest_folder(&self.path) else { return };
            let has_folder = self.path.parent() == Some(folder);
            let monitor = if has_folder {
                gio::File::for_path(&self.path).monitor_file(gio::FileMonitorFlags::NONE, gio::Cancellable::NONE)
            } else {
                gio::File::for_path(folder).monitor_directory(gio::FileMonitorFlags::NONE, gio::Cancellable::NONE)
            };
            let Ok(monitor) = monitor else { return };
            let weak = Rc::downgrade(self);
            let folder_then = folder.to_owned();
            monitor.connect_changed(move |_, _, _, event| {
                if let Some(followed) = weak.upgrade() {
                    followed.on_event(&folder_then, event);
                }
            });
            self.monitor.replace(Some(monitor));
            // A folder may have come or gone meanwhile.
            if nearest_folder(&self.path) == Some(folder) {
                return;
            }
        }
    }

    fn on_event(self: &Rc<Self>, folder_then: &Path, event: FileMonitorEvent) {
        let had_folder = self.path.parent() == Some(folder_then);
        if nearest_folder(&self.path) != Some(folder_then) {
            // The monitor that has just told of it goes when it is done.
            let followed = self.clone();
            glib::spawn_future_local(async move {
                followed.follow();
                // It may have been made before it was followed.
                if followed.path.exists() {
                    (followed.changed)(FileMonitorEvent::Created);
                }
            });
        }
        if had_folder {
            (self.changed)(event);
        }
    }
}

/// The folder of a file, or the nearest one above that is there.
fn nearest_folder(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|folder| folder.is_dir())
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, fs, time::Duration};

    use super::*;

    /// A folder among temporary files, which goes with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("usher-file-watch-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_nearest_folder_is_the_one_that_is_there() {
        let folder = Folder::new("nearest");
        fs::create_dir(folder.0.join("a")).unwrap();
        for (path, nearest) in [("a/file", "a"), ("a/b/file", "a"), ("b/c/file", ""), ("file", "")] {
            assert_eq!(nearest_folder(&folder.0.join(path)), Some(folder.0.join(nearest).as_path()), "{path}");
        }
    }

    #[test]
    fn a_file_is_seen_whenever_its_folders_are_made_and_when_they_go_and_come_again() {
        let folder = Folder::new("made");
        let path = folder.0.join("a/b/file");
        let context = glib::MainContext::new();
        context
            .with_thread_default(|| {
                let seen = Rc::new(Cell::new(0));
                let count = seen.clone();
                let _watch = FileWatch::new(&path, move |_| count.set(count.get() + 1));
                for _ in 0..2 {
                    let before = seen.get();
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(&path, "").unwrap();
                    wait(&context, || seen.get() > before);
                    let before = seen.get();
                    fs::write(&path, "more").unwrap();
                    wait(&context, || seen.get() > before);
                    let before = seen.get();
                    fs::remove_dir_all(folder.0.join("a")).unwrap();
                    wait(&context, || seen.get() > before);
                }
            })
            .unwrap();
    }

    fn wait(context: &glib::MainContext, is_seen: impl Fn() -> bool) {
        let limit = glib::timeout_source_new(Duration::from_secs(30), None, glib::Priority::DEFAULT, || {
            panic!("the change is seen")
        });
        limit.attach(Some(context));
        while !is_seen() {
            context.iteration(true);
        }
        limit.destroy();
    }
}
