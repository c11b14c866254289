// SPDX-License-Identifier: GPL-3.0-or-later
//! Which repositories may use an account that was added by hand.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::{
    account::{Account, AccountId},
    binding::Link,
    names,
};

use super::imp;
use crate::{
    i18n::gettext,
    model::{Repository, permission},
    purchase::unfinished,
    runtime, text,
    widgets::{labels, toast},
};

impl imp::DonePage {
    /// The repositories here that name this server, each with a switch.
    pub(super) fn show_repositories(&self) {
        let Some((id, binding)) = self.account.get().cloned() else {
            return;
        };
        let mut here = self.services().repositories().all().to_vec();
        here.retain(|repository| repository.binding == binding);
        let store = self.services().store.clone();
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            async move {
                let entries = runtime::spawn(async move { store.entries().await }).await.unwrap_or_default();
                let account = entries.iter().filter_map(|entry| entry.account()).find(|account| account.id == id);
                if let Some(account) = account {
                    imp.add_switches(&here, account);
                }
            }
        ));
    }

    fn add_switches(&self, repositories: &[Repository], account: &Account) {
        for repository in repositories {
            let row = adw::SwitchRow::builder()
                .use_markup(false)
                .title(repository.title())
                .subtitle(text::plain(repository.address.as_str()))
                .active(account.is_linked_to(&repository.address))
                .build();
            let id = account.id;
            let link = Link { remote_url: repository.address.clone(), remote: repository.remote.name.clone() };
            row.connect_active_notify(glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move |row| imp.set_permission(id, link.clone(), row.is_active())
            ));
            labels::settle(&row);
            self.used_by_group.add(&row);
        }
        self.obj().set_has_repositories(!repositories.is_empty());
        if let (true, Some(command)) = (repositories.is_empty() && names::in_sandbox(), elsewhere(account)) {
            self.show_command(
                &gettext(
                    "System-wide repositories cannot be seen from inside the Flatpak. This command lets one of them use the account. Replace ADDRESS with its address.",
                ),
                &command,
            );
        }
    }

    /// Gives a repository's permission, or takes it back.
    fn set_permission(&self, id: AccountId, link: Link, is_allowed: bool) {
        let (page, services) = (self.obj().downgrade(), self.services().clone());
        glib::spawn_future_local(async move {
            let address = link.remote_url.clone();
            let changed = if is_allowed {
                permission::give(services.accounts(), id, link).await
            } else {
                permission::take_back(services.accounts(), id, link.remote_url).await
            };
            if is_allowed && changed.is_ok() {
                unfinished::look_for_access_of(&services, id, &address);
            }
            if let (Err(said), Some(page)) = (changed, page.upgrade()) {
                toast::show(&page, &said);
            }
        });
    }
}

/// The command that lets a repository use an account, wherever that repository is.
fn elsewhere(account: &Account) -> Option<String> {
    usher_core::text::usherctl(&["allow", "ADDRESS", &account.id.to_string()])
}
