// SPDX-License-Identifier: GPL-3.0-or-later
//! Removing an account, after asking.

use adw::prelude::*;
use gtk::glib;
use usher_core::{
    account::{Account, AccountId},
    sign_out,
};

use super::uses;
use crate::{
    i18n::{gettext, gettext_f},
    navigation::{self, Destination},
    runtime,
    services::Services,
    text,
    widgets::toast,
};

/// Asks whether an account is to be removed, and does it. `stack` is what the question is shown above.
pub(crate) fn ask(stack: &adw::NavigationView, services: &Services, id: AccountId) {
    let Some(account) = services.accounts().find(id) else {
        return;
    };
    let alert = adw::AlertDialog::builder()
        .heading(gettext_f("Remove {user}?", &[("user", &text::within(&account.label()))]))
        .body(uses::consequence(&account, &services.repositories().all()))
        .default_response("cancel")
        .close_response("cancel")
        .build();
    alert.add_responses(&[("cancel", &gettext("Cancel")), ("remove", &gettext("Remove"))]);
    alert.set_response_appearance("remove", adw::ResponseAppearance::Destructive);
    let (stack, services) = (stack.clone(), services.clone());
    glib::spawn_future_local(async move {
        if alert.choose_future(Some(&stack)).await == "remove" {
            remove(&stack, &services, &account).await;
        }
    });
}

/// Leaves the page as soon as the account is gone here. The message waits for the server, which decides nothing.
async fn remove(stack: &adw::NavigationView, services: &Services, account: &Account) {
    let (session, id) = (services.session.clone(), account.id);
    match services.accounts().write(async move { sign_out::remove(&session, id).await }).await {
        Ok(forgotten) => {
            navigation::go_to(stack, &Destination::FirstPage);
            let session = services.session.clone();
            let ending = runtime::spawn(async move { forgotten.end(session.http()).await }).await;
            toast::show(stack, &ending.removed(&text::within(&account.binding.host())));
        }
        Err(error) => {
            tracing::warn!(%error, "cannot remove an account");
            toast::show(stack, &gettext("The account could not be removed"));
        }
    }
}
