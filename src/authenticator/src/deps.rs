// SPDX-License-Identifier: GPL-3.0-or-later
//! The real world behind the flow's traits, where it is but a call into the library.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use rustix::time::{ClockId, clock_gettime};
use usher_core::{
    binding::Binding,
    clock,
    http::HttpClient,
    provider::{self, Grants, TokensError},
    refs::FlatpakRef,
    remote::{self, Remote},
    secret::Token,
};

use crate::flow::{Clock, Installations, Tokens};

/// Servers over HTTP.
pub(crate) struct HttpTokens(pub(crate) HttpClient);

#[async_trait]
impl Tokens for HttpTokens {
    async fn get(&self, binding: &Binding, credential: &Token, ids: &BTreeSet<String>) -> Result<Grants, TokensError> {
        provider::get_tokens(&self.0, binding, credential, ids).await
    }
}

/// The installations on this computer's disk.
pub(crate) struct DiskInstallations;

impl Installations for DiskInstallations {
    fn remotes(&self) -> Vec<Remote> {
        remote::remotes(&remote::installations())
    }

    fn is_update(&self, refs: &[FlatpakRef]) -> bool {
        let installations = remote::installations();
        remote::is_update(refs, |wanted| remote::is_installed(&installations, wanted))
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
