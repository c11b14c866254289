// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing out, after asking where a program would stop.

use adw::prelude::*;
use usher_core::{
    account::{Account, AccountId},
    sign_out::{self, SignedOut},
};

use crate::{
    i18n::{gettext, gettext_f},
    prompt::Prompter,
    services::Services,
    text,
    widgets::toast,
};

/// Ends the sign-in of an account; `page` shows what came of it.
pub(super) async fn sign_out(page: gtk::Widget, services: Services, prompter: Option<Prompter>, id: AccountId) {
    let Some(account) = services.accounts().find(id) else {
        return;
    };
    if let Some(client) = prompter.as_ref().and_then(|prompter| prompter.waiting_for(&account))
        && !may_stop(&page, &account, &client).await
    {
        return;
    }
    let session = services.session.clone();
    let signed_out = services.accounts().write(async move { sign_out::sign_out(&session, id).await }).await;
    match signed_out {
        Ok(Some(SignedOut { account, ending })) => {
            if let Some(prompter) = &prompter {
                prompter.stop_waiting_for(&account);
            }
            // The page has the button that signs in again.
            toast::show(&page, &ending.signed_out(&text::within(&account.binding.host())));
        }
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(%error, "cannot sign out of an account");
            toast::show(&page, &gettext("The account could not be signed out"));
        }
    }
}

/// Asks whether the program that waits for the account may be stopped.
async fn may_stop(page: &gtk::Widget, account: &Account, client: &str) -> bool {
    let host = text::within(&account.binding.host());
    let program = text::place_first(client);
    let alert = adw::AlertDialog::builder()
        .heading(gettext_f("Sign Out of {host}?", &[("host", &host)]))
        .body(gettext_f("{program} is waiting for this account and would stop.", &[("program", &program)]))
        .default_response("cancel")
        .close_response("cancel")
        .build();
    alert.add_responses(&[("cancel", &gettext("Cancel")), ("sign-out", &gettext("Sign Out"))]);
    alert.set_response_appearance("sign-out", adw::ResponseAppearance::Destructive);
    alert.choose_future(Some(page)).await == "sign-out"
}
