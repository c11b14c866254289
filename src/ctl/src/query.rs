// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl query`: which of some apps could be installed. The server is asked once for all of them; nobody is asked
//! anything.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use usher_core::{
    account::{Account, AccountState},
    clock,
    i18n::gettext,
    lookup::{self, Lookup},
    provider::{self, Grant, TokensError},
    purchase,
};

use crate::{
    buy,
    context::Context,
    failure::{Failure, code},
    list, remotes,
};

/// Most apps that are asked for at once.
const APPS_LIMIT: usize = 1024;

/// What is known of an app for a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Owned,
    NotOwned,
    AccountNeeded,
    LinkNeeded,
    Locked,
    Unknown,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Owned => "owned",
            Self::NotOwned => "not-owned",
            Self::AccountNeeded => "account-needed",
            Self::LinkNeeded => "link-needed",
            Self::Locked => "locked",
            Self::Unknown => "unknown",
        }
    }

    fn shown(self) -> String {
        match self {
            Self::Free => gettext("Free"),
            Self::Owned => gettext("Owned"),
            Self::NotOwned => gettext("Not owned"),
            Self::AccountNeeded => gettext("Account needed"),
            Self::LinkNeeded => gettext("Permission needed"),
            Self::Locked => gettext("Keyring locked"),
            Self::Unknown => gettext("Unknown"),
        }
    }
}

/// The states of all ids, and why they are no better.
struct Found {
    states: BTreeMap<String, State>,
    failure: Option<Failure>,
}

pub(crate) async fn run(context: &Context, remote: &str, apps: &[String]) -> Result<u8, Failure> {
    let all = remotes::ours();
    let remote = remotes::named(&all, remote)?;
    let (binding, address) = remotes::claims(remote)?;
    let ids = apps.iter().map(|app| buy::app_id(app)).collect::<Result<BTreeSet<_>, _>>()?;
    if ids.len() > APPS_LIMIT {
        return Err(Failure::Usage(gettext("At most 1,024 apps can be asked for at once.")));
    }
    let entries = context.store.entries().await?;
    let looked_up = lookup::find(&entries, &binding, &address);
    let without_server = |state| Found {
        states: ids.iter().map(|id| (id.clone(), state)).collect(),
        failure: Some(buy::obstacle(&looked_up, remote, &binding)),
    };
    let found = match &looked_up {
        Lookup::Linked(account) if account.state == AccountState::SignedIn => ask(context, account, ids).await?,
        Lookup::Linked(_) | Lookup::Nothing => without_server(State::AccountNeeded),
        Lookup::Unlinked(_) | Lookup::Ambiguous(_) => without_server(State::LinkNeeded),
        Lookup::Locked => without_server(State::Locked),
        Lookup::Changed(_) => without_server(State::Unknown),
    };
    tell(context, &remote.name, address.as_str(), &found)
}

/// Asks the server of the account.
async fn ask(context: &Context, account: &Account, ids: BTreeSet<String>) -> Result<Found, Failure> {
    let Some(credential) = account.credential.clone() else {
        return Err(buy::expired(account));
    };
    let all = |state| ids.iter().map(|id| (id.clone(), state)).collect();
    let host = account.binding.host();
    match provider::get_tokens(&context.http, &account.binding, &credential, &ids).await {
        Ok(grants) => {
            let granted = grants.granted.iter().map(|(id, grant)| {
                let state = if matches!(grant, Grant::Free) { State::Free } else { State::Owned };
                (id.clone(), state)
            });
            let denied = grants.denied.iter().map(|id| (id.clone(), State::NotOwned));
            let states = granted.chain(denied).collect();
            let granted: BTreeSet<_> = grants.granted.into_keys().collect();
            let change = move |account: &mut Account| {
                purchase::settle(&mut account.purchases, &granted, &grants.denied, clock::now());
            };
            context.store.change(account.id, change).await?;
            Ok(Found { states, failure: None })
        }
        Err(TokensError::Rejected) => {
            context.store.change(account.id, move |account| account.reject(&credential)).await?;
            Ok(Found { states: all(State::AccountNeeded), failure: Some(buy::expired(account)) })
        }
        Err(TokensError::Http(error)) => {
            Ok(Found { states: all(State::Unknown), failure: Some(Failure::of_server(&host, &error)) })
        }
        Err(TokensError::Unexpected) => {
            Ok(Found { states: all(State::Unknown), failure: Some(Failure::bad_answer(&host)) })
        }
    }
}

fn tell(context: &Context, remote: &str, address: &str, found: &Found) -> Result<u8, Failure> {
    let apps: Vec<_> = found.states.iter().map(|(id, state)| json!({ "id": id, "state": state.word() })).collect();
    let error = found.failure.as_ref().map(Failure::as_json);
    context.out.json(&json!({ "remote": remote, "address": address, "apps": apps, "error": error }))?;
    let rows: Vec<_> = found.states.iter().map(|(id, state)| [id.clone(), state.shown()]).collect();
    for line in list::aligned(&rows) {
        context.out.line(&line)?;
    }
    if let Some(failure) = &found.failure {
        failure.say();
        return Ok(failure.code());
    }
    let is_complete = found.states.values().all(|state| *state != State::NotOwned);
    Ok(if is_complete { code::DONE } else { code::PURCHASE_NEEDED })
}
