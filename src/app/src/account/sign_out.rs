// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing out, after asking where a program would stop.

use adw::prelude::*;
use usher_core::{
    account::{Account, AccountId},
    sign_in::{self, SignedOut},
};

use crate::{
    application::Application,
    i18n::{gettext, gettext_f},
    main_window::Window,
    runtime, text,
    widgets::toast,
};

/// Ends the sign-in of an account; `page` shows what came of it.
pub(super) async fn sign_out(page: gtk::Widget, id: AccountId) {
    let application = Application::current();
    let Some(account) = application.accounts().find(id) else {
        return;
    };
    if let Some(client) = application.prompter().and_then(|prompter| prompter.waiting_for(&account))
        && !is_wanted(&page, &account, &client).await
    {
        return;
    }
    let session = application.services().session.clone();
    let signed_out = runtime::spawn(async move { sign_in::sign_out(&session, id).await }).await;
    application.accounts().reload();
    match signed_out {
        Ok(Some(SignedOut { account, .. })) => {
            if let Some(prompter) = application.prompter() {
                prompter.stop_waiting_for(&account);
            }
            tell(&page, &account);
        }
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(%error, "an account cannot be signed out");
            toast::show(&page, &gettext("The account could not be signed out"));
        }
    }
}

/// Asks whether a program may be stopped by it.
async fn is_wanted(page: &gtk::Widget, account: &Account, client: &str) -> bool {
    let host = text::within(&account.binding.host());
    let program = text::program(client);
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

fn tell(page: &gtk::Widget, account: &Account) {
    let (id, host) = (account.id, text::within(&account.binding.host()));
    let weak = page.downgrade();
    toast::with_button(
        page,
        &gettext_f("Signed out of {host}", &[("host", &host)]),
        &gettext("Sign In…"),
        move || {
            if let Some(window) = weak.upgrade().and_then(|page| Window::of(&page)) {
                window.sign_in_again(id);
            }
        },
    );
}
