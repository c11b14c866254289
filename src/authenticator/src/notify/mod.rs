// SPDX-License-Identifier: GPL-3.0-or-later
//! Notifications: sent only if wanted and if no window shows the same, at most once a day for the same reason, and
//! withdrawn when it no longer applies.
//!
//! ```text
//! text      texts, and the actions of clicks         date      dates for people
//! services  chooses the desktop's service            desktop   the service that reports clicks by signals
//! windows   what the windows show already
//! ```

mod date;
mod desktop;
mod services;
mod text;
pub(crate) mod windows;

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, task::AbortHandle};
use usher_core::{
    account::AccountId,
    lookup::{self, Lookup},
    notices::{self, Cause, Notice, NoticeFile},
    patience::within,
    pending::{Operation, Pending, PendingFile},
    refs::FlatpakRef,
    remote::Remote,
    store::Entry,
};
use zbus::Connection;

use self::{services::NotificationServices, text::NotificationText};
use crate::{
    activity::Activity,
    delivery::BusAccess,
    flow::{Accounts, Clock, Installations, NotificationEvent, Reading},
    request::Request,
};

/// Longest wait for the desktop.
const LIMIT: Duration = Duration::from_secs(3);
/// One change of an account causes several signals of the keyring. Wait this long to handle them together.
const GATHER: Duration = Duration::from_millis(100);

/// Sends and withdraws notifications. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Notifier(Arc<Inner>);

/// The parts of a notifier.
pub(crate) struct Parts {
    pub(crate) connection: Connection,
    pub(crate) activity: Activity,
    pub(crate) bus_access: BusAccess,
    pub(crate) has_display: bool,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) installations: Arc<dyn Installations>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pending: Option<PendingFile>,
    /// The record of sent notifications. Without it, none is sent.
    pub(crate) file: Option<NoticeFile>,
}

struct Inner {
    parts: Parts,
    services: NotificationServices,
    /// Held while sending or withdrawing.
    turn: tokio::sync::Mutex<()>,
    following: Mutex<Option<AbortHandle>>,
}

impl Notifier {
    pub(crate) fn new(parts: Parts) -> Self {
        let services = NotificationServices::new(
            parts.connection.clone(),
            parts.activity.clone(),
            parts.bus_access,
            parts.has_display,
        );
        let turn = tokio::sync::Mutex::default();
        Self(Arc::new(Inner { parts, services, turn, following: Mutex::default() }))
    }

    /// Sends a notification, if it is due and wanted. Without a notification service, does nothing.
    pub(crate) async fn notify(&self, event: &NotificationEvent) {
        let Inner { parts, turn, .. } = &*self.0;
        let Some(file) = &parts.file else { return };
        let cause = event.cause;
        if cause.is_reminder() && !file.reminders().are_wanted_now().await {
            tracing::debug!(?cause, "no notification: account reminders are switched off");
            return;
        }
        let _turn = turn.lock().await;
        if windows::show(&parts.connection, &event.ground.binding).await {
            tracing::debug!(?cause, "no notification: a window shows the same");
            return;
        }
        let now = parts.clock.now();
        let notice = Notice { id: event.id(), cause, at: now, end: event.end, shown: None };
        match self.show_once(file, &notice, event).await {
            Ok(false) => {}
            Ok(true) => {
                self.follow();
                // A window that has opened meanwhile could not withdraw it yet.
                if windows::show(&parts.connection, &event.ground.binding).await {
                    self.withdraw(file, now, |known| known.id == notice.id).await;
                }
            }
            Err(error) => tracing::warn!(%error, "cannot record a notification"),
        }
    }

    /// Shows a notification once, and returns whether it is shown. Records it first: otherwise it would be repeated while the
    /// disk fails.
    async fn show_once(&self, file: &NoticeFile, notice: &Notice, event: &NotificationEvent) -> io::Result<bool> {
        let mut known = None;
        let claim = |sent: &mut Vec<Notice>| {
            if notices::may_send(sent, notice) {
                known = Some(notices::add(sent, notice.clone()));
            }
        };
        file.change(notice.at, claim).await?;
        let Some(known) = known else {
            tracing::debug!(cause = ?notice.cause, "no notification: one was sent already");
            return Ok(false);
        };
        let replaced = known.iter().find_map(|known| known.shown.clone());
        let text = self.text(event).await;
        let shown = self.0.services.show(&notice.id, &text, replaced);
        let shown = within(LIMIT, shown).await.ok().flatten();
        let is_shown = shown.is_some();
        let note = |sent: &mut Vec<Notice>| {
            if shown.is_none() {
                notices::take_back(sent, notice, known);
            } else if let Some(sent) = sent.iter_mut().find(|sent| *sent == notice) {
                sent.shown = shown;
            }
        };
        file.change(notice.at, note).await?;
        Ok(is_shown)
    }

    /// Withdraws notifications that no longer apply. Call it only where reading the accounts asks nobody. `covered` is
    /// a request that got all its tokens.
    pub(crate) async fn settle(&self, covered: Option<&Request>) {
        let Inner { parts, turn, .. } = &*self.0;
        let Some(file) = &parts.file else { return };
        let now = parts.clock.now();
        let mut shown = file.read(now).await;
        shown.retain(|known| known.shown.is_some());
        if shown.is_empty() {
            return;
        }
        let is_finished = shown.iter().any(|known| known.cause == Cause::Finished);
        let installing = match covered.filter(|_| is_finished) {
            Some(request) if !is_update(parts, request).await => Some(request),
            _ => None,
        };
        self.follow();
        let _turn = turn.lock().await;
        let reading = Reading { afresh: false, interactive: false };
        let Ok(entries) = parts.accounts.entries(reading).await else { return };
        let mut still_valid = notices::still_valid(&entries, &self.notes().await, now);
        // The bought app is being installed.
        if let Some(account) = installing.and_then(|request| account_of(request, &entries)) {
            still_valid.remove(&(notices::id_of_account(account), Cause::Finished));
        }
        let is_over = |known: &Notice| !still_valid.contains(&(known.id.clone(), known.cause));
        self.withdraw(file, now, is_over).await;
    }

    async fn withdraw(&self, file: &NoticeFile, now: i64, is_over: impl Fn(&Notice) -> bool) {
        if let Err(error) = notices::withdraw(file, &self.0.parts.connection, now, is_over).await {
            tracing::warn!(%error, "cannot record that a notification was withdrawn");
        }
    }

    /// Lets the daemon end.
    pub(crate) fn stop(&self) {
        self.0.services.stop();
        let following = self.0.following.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(following) = following {
            following.abort();
        }
    }

    /// While a notification is shown, follows the accounts, whose changes may settle it.
    fn follow(&self) {
        let mut following = self.0.following.lock().unwrap_or_else(PoisonError::into_inner);
        if following.is_none() {
            let inner = Arc::downgrade(&self.0);
            let accounts = self.0.parts.accounts.clone();
            let follow = async move {
                let mut heard = accounts.changes().await;
                while changed(&mut heard).await {
                    let Some(inner) = inner.upgrade() else { return };
                    // The daemon must not end in the middle of this.
                    let _busy = inner.parts.activity.begin();
                    Box::pin(Self(inner.clone()).settle(None)).await;
                }
            };
            *following = Some(tokio::spawn(follow).abort_handle());
        }
    }

    async fn text(&self, event: &NotificationEvent) -> NotificationText {
        let remotes = self.0.parts.installations.remotes().await;
        let is_it = |remote: &&Remote| remote.name == event.ground.remote && remote.url == *event.ground.remote_uri;
        let title = remotes.iter().find(is_it).map_or(event.ground.remote.as_str(), |remote| remote.display_name());
        NotificationText::of(event, title, waiting(&self.notes().await, &event.ground.remote_uri))
    }

    async fn notes(&self) -> Vec<Pending> {
        let Parts { pending, clock, .. } = &self.0.parts;
        match pending {
            Some(file) => file.read(clock.now()).await,
            None => Vec::new(),
        }
    }
}

async fn changed(heard: &mut watch::Receiver<()>) -> bool {
    let is_heard = heard.changed().await.is_ok();
    tokio::time::sleep(GATHER).await;
    heard.mark_unchanged();
    is_heard
}

async fn is_update(parts: &Parts, request: &Request) -> bool {
    parts.installations.is_update(&request.remote, &request.remote_uri, &request.refs()).await
}

/// The account that covered a request.
fn account_of(request: &Request, entries: &[Entry]) -> Option<AccountId> {
    let ground = request.ground().ok()?;
    match lookup::find(entries, &ground.binding, &ground.remote_url) {
        Lookup::Linked(account) => Some(account.id),
        _ => None,
    }
}

/// How many apps of a remote wait for an update.
fn waiting(notes: &[Pending], remote_uri: &str) -> usize {
    let updates =
        notes.iter().filter(|note| note.operation == Operation::Update && note.ground.remote_uri == remote_uri);
    let refs = updates.flat_map(|note| &note.refs).filter_map(|text| text.parse::<FlatpakRef>().ok());
    refs.map(|wanted| wanted.app_id().to_owned()).collect::<BTreeSet<_>>().len()
}
