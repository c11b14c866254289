// SPDX-License-Identifier: GPL-3.0-or-later
//! A sandbox shows the system as it was when the sandbox opened. If that is out of date, the daemon ends as soon as it
//! is idle, and the bus starts the next one in a new sandbox.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use usher_core::{file_watch::FileWatch, files, names, remote};

/// The files that flatpak adds to a running application that was updated or uninstalled.
const MARKS: [&str; 2] = [names::DEPLOYMENT_UPDATED, names::DEPLOYMENT_REMOVED];
/// How long an idle daemon stays if it cannot see every installation: just long enough for calls in quick succession.
const SHORT: Duration = Duration::from_secs(2);

/// The files of this program's deployment.
#[derive(Debug)]
pub(crate) struct Deployment(PathBuf);

impl Deployment {
    /// The deployment of this process. `None` outside a sandbox, where packages restart running services.
    pub(crate) fn of_process() -> Option<Self> {
        names::in_sandbox().then(|| Self::at(names::DEPLOYMENT.into()))
    }

    /// The deployment in that folder.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Returns when the deployment was replaced or removed.
    pub(crate) async fn ended(&self) {
        if let Err(error) = self.follow().await {
            tracing::warn!(%error, "cannot watch for updates of Usher");
            std::future::pending::<()>().await;
        }
    }

    async fn follow(&self) -> io::Result<()> {
        let mut changes = FileWatch::of_folder(&self.0)?;
        while !self.has_ended() && changes.next().await.is_some() {}
        Ok(())
    }

    fn has_ended(&self) -> bool {
        MARKS.iter().any(|mark| self.0.join(mark).exists())
    }
}

/// How long an idle daemon stays.
pub(crate) async fn idle_time(wanted: Duration) -> Duration {
    if !names::in_sandbox() {
        return wanted;
    }
    // A sandbox sees the user's installation from its start or never.
    let looked = files::apart(Path::new("the user's installation"), remote::is_user_installation_seen);
    let is_blind = !looked.await.unwrap_or_default();
    if is_blind { wanted.min(SHORT) } else { wanted }
}

#[cfg(test)]
mod tests {
    use usher_core::patience::within;

    use super::*;

    #[tokio::test]
    async fn an_update_and_a_removal_are_noticed_and_nothing_else_is() {
        for mark in MARKS {
            let folder = tempfile::tempdir().unwrap();
            let deployment = Deployment::at(folder.path().into());
            let ended = tokio::spawn(async move { deployment.ended().await });
            for number in 0..10 {
                std::fs::write(folder.path().join(number.to_string()), "").unwrap();
                tokio::task::yield_now().await;
            }
            assert!(!ended.is_finished());
            std::fs::write(folder.path().join(mark), "").unwrap();
            within(Duration::from_secs(30), ended).await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn an_update_from_before_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".updated"), "").unwrap();
        within(Duration::from_secs(30), Deployment::at(folder.path().into()).ended()).await.unwrap();
    }
}
