// SPDX-License-Identifier: GPL-3.0-or-later
//! Asks the server again about purchases, when the person wants it: what an account has, and what became of a purchase
//! that was begun and not finished. Begins nothing.

use std::collections::BTreeSet;

use gtk::glib;
use usher_core::{
    account::{Account, AccountId},
    buying,
    error_text::UserFacing,
    ground::Ground,
    pending::Pending,
    provider::Access,
    service::RemoteUrl,
    session::SessionError,
};

use crate::{
    i18n::{gettext, gettext_f},
    model::App,
    navigation,
    services::Services,
    text,
    widgets::{MenuEntry, toast},
};

/// A purchase whose outcome is not known, or an app that an account has no access to any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnfinishedPurchase {
    /// With which account.
    pub(crate) account: AccountId,
    /// The host of its server.
    pub(crate) host: String,
    /// Of what.
    pub(crate) app: App,
    /// The update that waits for it, where no purchase was begun.
    pub(crate) update: Option<Ground>,
}

/// Asks the server which of these apps an account has, and saves what it says.
pub(crate) async fn ask(
    services: &Services,
    account: AccountId,
    app_ids: BTreeSet<String>,
    ground: Option<Ground>,
) -> Result<Access, SessionError> {
    let session = services.session.clone();
    services.accounts().write(async move { buying::check(&session, account, &app_ids, ground.as_ref()).await }).await
}

/// Asks the server which of the apps that waited for an account it has, so that none is called ready that it has not. Does so
/// for those of a repository, now that it may use the account; without one, of all that may.
pub(crate) fn look_for_access(services: &Services, account: &Account, repository: Option<&RemoteUrl>) {
    let may_use = |address: &RemoteUrl| match repository {
        Some(repository) => repository == address,
        None => account.is_linked_to(address),
    };
    let notes = services.notes().all();
    let is_meant = |note: &&Pending| {
        note.waits_for_account() && note.ground.binding == account.binding && may_use(&note.ground.remote_url)
    };
    // What an install and an update of the same repository lacked is one question.
    let mut wanted: Vec<(&Ground, BTreeSet<String>)> = Vec::new();
    for note in notes.iter().filter(is_meant) {
        match wanted.iter_mut().find(|(ground, _)| *ground == &note.ground) {
            Some((_, app_ids)) => app_ids.extend(note.app_ids()),
            None => wanted.push((&note.ground, note.app_ids().into_iter().collect())),
        }
    }
    for (ground, app_ids) in wanted {
        glib::spawn_future_local(look_into(services.clone(), account.id, app_ids, ground.clone()));
    }
}

/// The same for an account that is known, and a repository that was just allowed to use it.
pub(crate) fn look_for_access_of(services: &Services, account: AccountId, repository: &RemoteUrl) {
    if let Some(account) = services.accounts().find(account) {
        look_for_access(services, &account, Some(repository));
    }
}

async fn look_into(services: Services, account: AccountId, app_ids: BTreeSet<String>, ground: Ground) {
    match ask(&services, account, app_ids, Some(ground.clone())).await {
        Ok(access) if access.denied.is_empty() => {}
        Ok(access) => {
            let denied: Vec<String> = access.denied.into_iter().collect();
            services.notes().deny(&ground.remote_uri, &denied, account);
        }
        Err(error) => tracing::warn!(%error, "cannot find out what an account has"),
    }
}

/// What the person is told where no answer came.
pub(crate) fn problem(error: &SessionError, host: &str) -> String {
    let host = text::within(host);
    match error {
        SessionError::SignedOut | SessionError::Expired | SessionError::Moved => gettext("Sign-in has expired"),
        SessionError::NotPossible => SessionError::not_possible(&host),
        SessionError::MayHaveEnded => gettext("Sign-in may have ended"),
        SessionError::NotSavedYet => gettext("The keyring has not saved the renewed sign-in yet"),
        SessionError::Store(_) => gettext("The keyring is not responding"),
        SessionError::Http(_) | SessionError::Unexpected | SessionError::NotRenewed { .. } => {
            error.at_server(&host).map(|at| at.reason()).unwrap_or_default()
        }
    }
}

impl UnfinishedPurchase {
    /// Asks the server what became of it, and returns what is to be said.
    pub(crate) async fn check(&self, services: &Services) -> String {
        match ask(services, self.account, BTreeSet::from([self.app.id.clone()]), self.update.clone()).await {
            Ok(access) if access.granted.contains(&self.app.id) => self.granted(),
            Ok(_) => gettext("Nothing has changed"),
            Err(error) => {
                tracing::warn!(%error, "cannot check a purchase");
                problem(&error, &self.host)
            }
        }
    }

    /// The account has access now. Says what the person can do with it.
    fn granted(&self) -> String {
        let app = text::within(&self.app.title());
        let app = [("app", app.as_str())];
        if self.update.is_some() {
            gettext_f("“{app}” can be updated now", &app)
        } else {
            gettext_f("“{app}” can be installed now", &app)
        }
    }

    /// What only the person knows.
    pub(crate) fn not_paid_entry(&self, services: &Services) -> MenuEntry {
        let (unfinished, services) = (self.clone(), services.clone());
        MenuEntry::new(gettext("Not Paid"), move |button| {
            if let Some(stack) = navigation::stack_of(button) {
                glib::spawn_future_local(unfinished.clone().not_paid(services.clone(), stack));
            }
        })
    }

    /// Forgets the purchase, so that it can begin again.
    async fn not_paid(self, services: Services, stack: adw::NavigationView) {
        let session = services.session.clone();
        let forgotten = services
            .accounts()
            .write(async move { buying::not_paid(&session, self.account, &self.app.id).await })
            .await;
        if let Err(error) = forgotten {
            tracing::warn!(%error, "cannot forget a purchase that was not paid");
            toast::show(&stack, &gettext("The keyring is not responding"));
        }
    }
}
