// SPDX-License-Identifier: GPL-3.0-or-later
//! Gives a repository the permission to use an account, or takes it back, and says so.

use adw::prelude::*;
use gtk::glib;
use usher_core::{account::AccountId, binding::Link};

use crate::{
    i18n::{gettext, gettext_f},
    model::permission,
    purchase::unfinished,
    services::Services,
    text,
    widgets::toast,
};

/// Changes the permission of a repository with this title, and says so on the page. Returns whether it was changed.
pub(crate) async fn set_permission(
    page: &impl IsA<gtk::Widget>,
    services: &Services,
    account: AccountId,
    (title, link): (&str, Link),
    is_allowed: bool,
) -> bool {
    let accounts = services.accounts();
    let changed = if is_allowed {
        permission::give(accounts, account, link.clone()).await
    } else {
        permission::take_back(accounts, account, link.remote_url.clone()).await
    };
    if is_allowed && changed.is_ok() {
        unfinished::look_for_access_of(services, account, &link.remote_url);
    }
    let repository = text::within(title);
    let values = [("repository", repository.as_str())];
    match &changed {
        Err(said) => toast::show(page, said),
        Ok(()) if is_allowed => toast::show(page, &gettext_f("{repository} may use this account", &values)),
        Ok(()) => {
            let text = gettext_f("{repository} no longer uses this account", &values);
            let (weak, services) = (page.downgrade(), services.clone());
            toast::with_button(page, &text, &gettext("Undo"), move || {
                if let Some(page) = weak.upgrade() {
                    glib::spawn_future_local(give_again(page, services.clone(), account, link.clone()));
                }
            });
        }
    }
    changed.is_ok()
}

async fn give_again(page: impl IsA<gtk::Widget>, services: Services, account: AccountId, link: Link) {
    if let Err(said) = permission::give(services.accounts(), account, link).await {
        toast::show(&page, &said);
    }
}
