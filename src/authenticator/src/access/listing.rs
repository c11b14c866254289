// SPDX-License-Identifier: GPL-3.0-or-later
//! The accounts as other programs may see them: without secrets.

use std::collections::HashMap;

use usher_core::{account::AccountState, provider::Provider, store::Entry, text};
use zbus::zvariant::Value;

/// An account as `ListAccounts` gives it.
pub(super) type Listed = HashMap<&'static str, Value<'static>>;

/// The entry for an account. `None` if it cannot be read.
pub(super) fn listed(entry: &Entry) -> Option<Listed> {
    match entry {
        Entry::Open(account) => {
            let state = match account.state {
                AccountState::SignedIn => "signed-in",
                AccountState::Expired => "expired",
                AccountState::SignedOut => "signed-out",
            };
            let links = account.links.iter().map(|link| link.remote_url.as_str().to_owned()).collect();
            let user = text::clean(&account.label(), text::NAME_LIMIT);
            let binding = &account.binding;
            Some(fields(account.id.to_string(), binding.provider, binding.service.as_str(), user, state, links))
        }
        Entry::Locked(outline) => {
            let id = outline.id.to_string();
            Some(fields(id, outline.provider, outline.service.as_str(), String::new(), "locked", Vec::new()))
        }
        Entry::Broken(_) => None,
    }
}

fn fields(
    id: String,
    provider: Provider,
    service: &str,
    user: String,
    state: &'static str,
    links: Vec<String>,
) -> Listed {
    HashMap::from([
        ("id", id.into()),
        ("provider", provider.name().into()),
        ("service", service.to_owned().into()),
        ("user", user.into()),
        ("state", state.into()),
        ("links", links.into()),
    ])
}
