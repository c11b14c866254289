// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether this Usher is whole: whether what runs is still what is installed, and whether flatpak can reach the helper that
//! it asks for accounts.

use std::path::{Path, PathBuf};

use gtk::{glib, prelude::*, subclass::prelude::*};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use usher_core::{checks, file_watch::FileWatch, names};

use super::Changes;
use crate::runtime;

/// What has become of the files that this process was started from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Deployment {
    /// They are what is installed.
    #[default]
    Current,
    /// Another version is installed now.
    Updated,
    /// Usher was uninstalled.
    Removed,
}

impl Deployment {
    fn of(folder: &Path) -> Self {
        if folder.join(names::DEPLOYMENT_REMOVED).exists() {
            Self::Removed
        } else if folder.join(names::DEPLOYMENT_UPDATED).exists() {
            Self::Updated
        } else {
            Self::Current
        }
    }
}

mod imp {
    use std::cell::Cell;

    use super::*;

    #[derive(Default)]
    pub struct OwnInstallation {
        pub(super) changes: Changes,
        pub(super) deployment: Cell<Deployment>,
        pub(super) lacks_helper: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for OwnInstallation {
        const NAME: &'static str = "UsherOwnInstallation";
        type Type = super::OwnInstallation;
    }

    impl ObjectImpl for OwnInstallation {}
}

glib::wrapper! {
    pub struct OwnInstallation(ObjectSubclass<imp::OwnInstallation>);
}

impl OwnInstallation {
    /// Begins to follow it.
    pub(crate) fn new() -> Self {
        let own: Self = glib::Object::new();
        if names::in_sandbox() {
            own.follow(Path::new(names::DEPLOYMENT));
        }
        own
    }

    /// What has become of the files that this process was started from.
    pub(crate) fn deployment(&self) -> Deployment {
        self.imp().deployment.get()
    }

    /// Whether flatpak cannot reach the helper.
    pub(crate) fn lacks_helper(&self) -> bool {
        self.imp().lacks_helper.get()
    }

    /// Looks whether the helper runs or could be started. Starts nothing.
    pub(crate) fn look_for_helper(&self) {
        let weak = self.downgrade();
        glib::spawn_future_local(async move {
            let found = runtime::spawn(checks::reachable_processes()).await;
            if let Some(own) = weak.upgrade()
                // Without a bus there is nobody who could ask, either.
                && let Some(names) = found
                && own.imp().lacks_helper.replace(!names.has_helper) == names.has_helper
            {
                own.changes().announce();
            }
        });
    }

    /// Announces that something else is known.
    pub(crate) fn changes(&self) -> &Changes {
        &self.imp().changes
    }

    fn follow(&self, folder: &Path) {
        let (weak, folder) = (self.downgrade(), folder.to_owned());
        let mut chances = follow_changes(folder.clone());
        glib::spawn_future_local(async move {
            while chances.recv().await.is_some() {
                let Some(own) = weak.upgrade() else { return };
                let now = Deployment::of(&folder);
                if own.imp().deployment.replace(now) != now {
                    own.changes().announce();
                }
            }
        });
    }
}

/// Tells when to look into a folder: now, whenever something has changed there, and when it is gone.
fn follow_changes(folder: PathBuf) -> UnboundedReceiver<()> {
    let (sender, chances) = unbounded_channel();
    glib::spawn_future_local(runtime::spawn(async move {
        let mut watch = match FileWatch::of_folder(&folder) {
            Ok(watch) => watch,
            Err(error) => {
                tracing::warn!(%error, "cannot follow updates of Usher itself");
                return;
            }
        };
        let mut is_there = true;
        while sender.send(()).is_ok() && is_there {
            is_there = watch.next().await.is_some();
        }
    }));
    chances
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, fs, process::Command, rc::Rc, time::Duration};

    use super::*;

    #[test]
    fn an_update_and_an_uninstallation_are_seen_when_they_happen() {
        let name = format!("usher-own-installation-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let context = glib::MainContext::new();
        let seen = context.with_thread_default(|| {
            let own: OwnInstallation = glib::Object::new();
            own.follow(&folder);
            let mut seen = vec![own.deployment()];
            for file in [names::DEPLOYMENT_UPDATED, names::DEPLOYMENT_REMOVED] {
                fs::write(folder.join(file), "").unwrap();
                wait_for_change(&own, &context);
                seen.push(own.deployment());
            }
            seen
        });
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(seen.unwrap(), [Deployment::Current, Deployment::Updated, Deployment::Removed]);
    }

    #[test]
    fn they_are_seen_where_the_system_has_no_watches_to_give() {
        const SHELL: &str = "echo 0 >/proc/sys/user/max_inotify_instances && exec \"$0\" \"$@\"";
        let test = "model::own_installation::tests::an_update_and_an_uninstallation_are_seen_when_they_happen";
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-current-user", "--keep-caps", "sh", "-ec", SHELL]);
        let output = command.arg(std::env::current_exe().unwrap()).args(["--exact", test]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }

    fn wait_for_change(own: &OwnInstallation, context: &glib::MainContext) {
        let is_told = Rc::new(Cell::new(false));
        let told = is_told.clone();
        own.changes().follow(own, move |_| told.set(true));
        let limit = glib::timeout_source_new(Duration::from_secs(30), None, glib::Priority::DEFAULT, || {
            panic!("the change is seen")
        });
        limit.attach(Some(context));
        while !is_told.get() {
            context.iteration(true);
        }
        limit.destroy();
    }
}
