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
    http::HttpError,
    provider::Access,
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

/// Asks the server which of the apps that waited for an account it has, so that none is called ready that it has not.
pub(crate) async fn look_for_access(services: &Services, account: &Account) {
    for note in services.notes().all().iter() {
        let ground = &note.ground;
        let is_own = account.binding == ground.binding && account.is_linked_to(&ground.remote_url);
        if !is_own || !note.waits_for_account() {
            continue;
        }
        let app_ids = note.app_ids().into_iter().collect();
        match ask(services, account.id, app_ids, Some(ground.clone())).await {
            Ok(access) if access.denied.is_empty() => {}
            Ok(access) => {
                let denied: Vec<String> = access.denied.into_iter().collect();
                services.notes().deny(&ground.remote_uri, &denied, account.id);
            }
            Err(error) => tracing::warn!(%error, "cannot find out what an account has"),
        }
    }
}

/// What the person is told where no answer came.
pub(crate) fn problem(error: &SessionError, host: &str) -> String {
    let host = text::within(host);
    match error {
        SessionError::SignedOut | SessionError::Expired => gettext("Sign-in has expired"),
        SessionError::MayHaveEnded => gettext("Sign-in may have ended"),
        SessionError::Http(error) => error.at(&host).reason(),
        SessionError::Unexpected => HttpError::Unexpected.at(&host).reason(),
        SessionError::Store(_) => gettext("The keyring is not responding"),
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
