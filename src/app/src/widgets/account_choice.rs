// SPDX-License-Identifier: GPL-3.0-or-later
//! Accounts to choose one from, for a repository.

use adw::prelude::*;
use gtk::accessible::Property;
use usher_core::{account::Account, binding::Link, clock};

use crate::{i18n::gettext_f, model::Repository, text, widgets::labels};

/// Rows of which one can be chosen; calls back with the account that is.
pub(crate) fn account_choices(
    accounts: &[Account],
    repositories: &[Repository],
    chosen: impl Fn(&Account) + Clone + 'static,
) -> Vec<adw::ActionRow> {
    let mut group: Option<gtk::CheckButton> = None;
    let mut rows = Vec::new();
    let names = text::users_apart(&accounts.iter().collect::<Vec<_>>());
    for (account, name) in accounts.iter().zip(names) {
        let radio = gtk::CheckButton::builder().valign(gtk::Align::Center).build();
        radio.set_group(group.as_ref());
        group.get_or_insert_with(|| radio.clone());
        radio.update_property(&[Property::Label(&name)]);
        let row = adw::ActionRow::builder()
            .use_markup(false)
            .title(name)
            .subtitle(last_use(account, repositories))
            .activatable_widget(&radio)
            .build();
        row.add_prefix(&radio);
        labels::settle(&row);
        let (account, chosen) = (account.clone(), chosen.clone());
        radio.connect_toggled(move |radio| {
            if radio.is_active() {
                chosen(&account);
            }
        });
        rows.push(row);
    }
    rows
}

/// What an account is used for, or when it was used last.
fn last_use(account: &Account, repositories: &[Repository]) -> String {
    let titles: Vec<String> = account.links.iter().map(|link| title_of(link, repositories)).collect();
    match &account.last_use {
        _ if !titles.is_empty() => gettext_f("Used for {repository}", &[("repository", &titles.join(", "))]),
        Some(last) => text::moment(last.at, clock::now()),
        None => String::new(),
    }
}

fn title_of(link: &Link, repositories: &[Repository]) -> String {
    let known = repositories.iter().find(|repository| repository.address == link.remote_url);
    text::within(&known.map_or_else(|| link.remote.clone(), Repository::title))
}
