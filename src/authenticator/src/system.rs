// SPDX-License-Identifier: GPL-3.0-or-later
//! The flow's traits for the real world, as far as they only call into the library.

use std::{
    collections::{BTreeSet, HashSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::join_all;

use rustix::time::{ClockId, clock_gettime};
use url::Url;
use usher_core::{
    clock,
    decisions::{DecisionFile, Subject},
    files,
    ground::Ground,
    http::{HttpClient, HttpError},
    names,
    refs::FlatpakRef,
    remote::{self, Installation, Remote},
    token_check::{KeptKeys, KeySet},
};

use crate::flow::{Clock, Decisions, Installations, TokenKeys};

/// The installations on disk.
pub(crate) struct DiskInstallations;

#[async_trait]
impl Installations for DiskInstallations {
    async fn remotes(&self) -> Vec<Remote> {
        of_each(|installation| remote::remotes(std::slice::from_ref(installation))).await
    }

    async fn is_update(&self, remote: &str, remote_uri: &str, refs: &[&FlatpakRef]) -> bool {
        let wanted: Vec<FlatpakRef> = refs.iter().map(|&wanted| wanted.clone()).collect();
        let (name, uri) = (remote.to_owned(), remote_uri.to_owned());
        let installed = of_each(move |installation| remote::held(installation, &name, &uri, &wanted));
        let installed: HashSet<FlatpakRef> = installed.await.into_iter().collect();
        remote::is_update(refs, |wanted| installed.contains(wanted))
    }

    async fn free_apps(&self, ground: &Ground, app_ids: &BTreeSet<String>) -> BTreeSet<String> {
        let (name, uri, app_ids) = (ground.remote.clone(), ground.remote_uri.clone(), app_ids.clone());
        remote::free_apps(of_each(move |installation| remote::needs_token(installation, &name, &uri, &app_ids)).await)
    }
}

/// What the installations hold, in their order. Leaves out those whose disk does not answer: the others count all the
/// same.
async fn of_each<T: Send + 'static>(look: impl Fn(&Installation) -> Vec<T> + Clone + Send + 'static) -> Vec<T> {
    // Only a sandbox has to look where they are.
    let usual = async {
        if !names::in_sandbox() {
            return remote::usual_installations();
        }
        files::apart(Path::new("the usual installations"), remote::usual_installations).await.unwrap_or_default()
    };
    let custom = files::apart(Path::new("the list of installations"), remote::custom_installations);
    let (usual, custom) = tokio::join!(usual, custom);
    let all = usual.into_iter().chain(custom.unwrap_or_default());
    let held = join_all(all.map(|installation| {
        let (place, look) = (installation.path.clone(), look.clone());
        async move { files::apart(&place, move || look(&installation)).await.unwrap_or_default() }
    }));
    held.await.into_iter().flatten().collect()
}

/// The decisions on disk, read for each request, because the window and `usherctl` change them.
pub(crate) struct DiskDecisions(pub(crate) Option<DecisionFile>);

#[async_trait]
impl Decisions for DiskDecisions {
    async fn is_refused(&self, ground: &Ground) -> bool {
        match &self.0 {
            Some(file) => file.read().await.is_refused(&Subject::of(ground)),
            None => false,
        }
    }
}

/// The keys of servers, fetched over HTTP and kept for a while.
pub(crate) struct HttpKeys {
    http: HttpClient,
    kept: KeptKeys,
}

impl HttpKeys {
    pub(crate) fn new(http: HttpClient) -> Self {
        Self { http, kept: KeptKeys::default() }
    }
}

#[async_trait]
impl TokenKeys for HttpKeys {
    async fn at(&self, address: &Url, ids: &BTreeSet<String>, now: Duration) -> Result<Arc<KeySet>, HttpError> {
        self.kept.at(&self.http, address, ids, now).await
    }
}

/// This computer's clocks.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        clock::now()
    }

    fn elapsed(&self) -> Duration {
        let time = clock_gettime(ClockId::Boottime);
        Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
    }
}
