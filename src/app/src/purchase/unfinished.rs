// SPDX-License-Identifier: GPL-3.0-or-later
//! Purchases are asked for again at their server, when the person wants it: what an account has, and what became of a
//! purchase that was begun and not finished. Nothing is begun here.

use std::collections::BTreeSet;

use gtk::glib;
use usher_core::{
    account::AccountId, buying, error_text::UserFacing, ground::Ground, http::HttpError, provider::Access,
    session::SessionError,
};

use crate::{
    application::Application,
    i18n::{gettext, gettext_f},
    main_window::Window,
    model::App,
    runtime, text,
    widgets::{row_menu, toast},
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
pub(crate) async fn ask(account: AccountId, app_ids: BTreeSet<String>) -> Result<Access, SessionError> {
    let application = Application::current();
    let session = application.services().session.clone();
    let asking = async move { buying::check(&session, account, &app_ids).await };
    let answer = runtime::spawn(asking).await;
    application.accounts().reload();
    answer
}

/// What the person is told of an answer that did not come.
pub(crate) fn problem(error: &SessionError, host: &str) -> String {
    let host = text::within(host);
    match error {
        SessionError::SignedOut | SessionError::Expired => gettext("Sign-in has expired"),
        SessionError::Http(error) => error.at(&host).reason(),
        SessionError::Unexpected => HttpError::Unexpected.at(&host).reason(),
        SessionError::Store(_) => gettext("The keyring does not answer as it should"),
    }
}

impl UnfinishedPurchase {
    /// Asks the server what became of it, and tells in that window.
    pub(crate) async fn check(&self, window: &Window) {
        let told = match ask(self.account, BTreeSet::from([self.app.id.clone()])).await {
            Ok(access) if access.granted.contains(&self.app.id) => self.granted().await,
            Ok(_) => gettext("Nothing has changed"),
            Err(error) => {
                tracing::warn!(%error, "a purchase cannot be checked");
                problem(&error, &self.host)
            }
        };
        toast::show(&window.content_widget(), &told);
    }

    /// There is access now. Says what can be done with it.
    async fn granted(&self) -> String {
        let app = text::within(&self.app.title());
        let app = [("app", app.as_str())];
        let Some(ground) = self.update.clone() else {
            return gettext_f("“{app}” can be installed now", &app);
        };
        let application = Application::current();
        let (session, account) = (application.services().session.clone(), self.account);
        let owned = BTreeSet::from([self.app.id.clone()]);
        let kept = runtime::spawn(async move { buying::remember(&session, account, &ground, &owned).await }).await;
        application.accounts().reload();
        if let Err(error) = kept {
            tracing::warn!(%error, "what an account has is not remembered");
        }
        gettext_f("“{app}” can be updated now", &app)
    }

    /// A menu with what the person alone can say.
    pub(crate) fn menu_button(&self) -> gtk::MenuButton {
        let unfinished = self.clone();
        row_menu(&self.app.title(), &gettext("It Was Not Paid"), move |button| {
            if let Some(window) = Window::of(button) {
                glib::spawn_future_local(unfinished.clone().not_paid(window));
            }
        })
    }

    /// It is forgotten, and can be begun again.
    async fn not_paid(self, window: Window) {
        let application = Application::current();
        let (session, account, app_id) = (application.services().session.clone(), self.account, self.app.id);
        let saved = runtime::spawn(async move { buying::not_paid(&session, account, &app_id).await }).await;
        application.accounts().reload();
        if let Err(error) = saved {
            tracing::warn!(%error, "a purchase cannot be dropped");
            toast::show(&window.content_widget(), &gettext("The keyring does not answer as it should"));
        }
    }
}
