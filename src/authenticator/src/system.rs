// SPDX-License-Identifier: GPL-3.0-or-later
//! The flow's traits for the real world, as far as they only call into the library.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use usher_core::{
    clock,
    refs::FlatpakRef,
    remote::{self, Remote},
};

use crate::flow::{Clock, Installations};

/// The installations on disk.
pub(crate) struct DiskInstallations;

impl Installations for DiskInstallations {
    fn remotes(&self) -> Vec<Remote> {
        remote::remotes(&remote::installations())
    }

    fn is_update(&self, refs: &[&FlatpakRef]) -> bool {
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
