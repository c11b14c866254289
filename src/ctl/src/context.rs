// SPDX-License-Identifier: GPL-3.0-or-later
//! The context of every command.

use std::{cell::Cell, sync::Arc, time::Duration};

use usher_core::{
    activity_log::ActivityLog,
    http::{HttpClient, HttpLimits, PortalProxies},
    session::Session,
    store::AccountStore,
};

use crate::terminal::Output;

/// Longest wait for the keyring.
const KEYRING_LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Context {
    pub(crate) store: AccountStore,
    pub(crate) session: Session,
    pub(crate) out: Output,
    /// Whether a command is saving a result that it has not printed yet, so that Ctrl+C comes too late.
    pub(crate) is_too_late: Cell<bool>,
    /// Whether a finished sign-in would be lost, so that Ctrl+C warns before it stops.
    pub(crate) is_unsaved: Cell<bool>,
    /// Whether Ctrl+C is the way to end the command, so that it is no failure.
    pub(crate) ends_by_ctrl_c: Cell<bool>,
}

impl Context {
    pub(crate) fn new(out: Output) -> Self {
        let store = AccountStore::new(KEYRING_LIMIT).logging_to(ActivityLog::of_user());
        let http = HttpClient::with_desktop(HttpLimits::default(), Arc::new(PortalProxies::new(None)));
        let session = Session::new(store.clone(), http);
        let [is_too_late, is_unsaved, ends_by_ctrl_c] = [false; 3].map(Cell::new);
        Self { store, session, out, is_too_late, is_unsaved, ends_by_ctrl_c }
    }
}
