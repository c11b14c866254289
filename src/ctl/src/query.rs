// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl query` says which apps can be installed. It asks the server once for all of them, and never asks the
//! person.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use usher_core::{
    account::{Account, AccountState},
    app_state::AppState,
    ask::Ask,
    binding::Binding,
    buying,
    i18n::{gettext, gettext_f},
    lookup::{self, Lookup},
    remote::{self, Remote},
    session::SessionError,
    text,
};

use crate::{
    buy,
    context::Context,
    failure::{Failure, code},
    list, obstacle, remotes,
};

/// Most apps in one query.
const APPS_LIMIT: usize = 1024;

/// The word for a person.
fn shown(state: AppState) -> String {
    match state {
        AppState::Free => gettext("Free"),
        AppState::Owned => gettext("Owned"),
        AppState::NotOwned => gettext("Not owned"),
        AppState::AccountNeeded => gettext("Account needed"),
        AppState::LinkNeeded => gettext("Permission needed"),
        AppState::Locked => gettext("Keyring locked"),
        AppState::Unknown => gettext("Unknown"),
    }
}

/// The states of all ids, and the failure, if any, that leaves some of them unknown.
struct Answers {
    states: BTreeMap<String, AppState>,
    failure: Option<Failure>,
}

pub(crate) async fn run(context: &Context, remote: &str, apps: &[String]) -> Result<u8, Failure> {
    let all = remotes::ours();
    let remote = remotes::named(&all, remote)?;
    let ground = remotes::ground(remote)?;
    let ids = apps.iter().map(|app| buy::app_id(app)).collect::<Result<BTreeSet<_>, _>>()?;
    if ids.len() > APPS_LIMIT {
        return Err(Failure::Usage(gettext("Name at most 1,024 apps at once.")));
    }
    let free = remotes::free_apps(remote, &ids);
    let ids: BTreeSet<String> = &ids - &free;
    let unseen = unseen(&ground.binding, &ids).await;
    let ids: BTreeSet<String> = &ids - &unseen;
    let open = context.session.open_to_anybody(&ground.binding, &ids).await;
    let open = open.map_err(|error| Failure::of_session(error, &ground.host()))?;
    let ids: BTreeSet<String> = &ids - &open;
    let free = free.into_iter().chain(open).map(|id| (id, AppState::Free));
    let states = free.chain(unseen.iter().map(|id| (id.clone(), AppState::Unknown))).collect();
    let failure = unseen.first().map(|app| not_seen(remote, app));
    let before = Answers { states, failure };
    if ids.is_empty() {
        return print(context, &remote.name, ground.remote_url.as_str(), &before);
    }
    let entries = context.store.entries().await?;
    let looked_up = lookup::find(&entries, &ground.binding, &ground.remote_url);
    let without_server = |state| Answers {
        states: ids.iter().map(|id| (id.clone(), state)).collect(),
        failure: Some(obstacle::of(&looked_up, remote, &ground.binding)),
    };
    let mut answers = match &looked_up {
        Lookup::Linked(account) if account.state == AccountState::SignedIn => ask(context, account, ids).await?,
        Lookup::Nothing | Lookup::Locked if obstacle::is_refused(remote) => without_server(AppState::LinkNeeded),
        Lookup::Linked(_) | Lookup::Nothing => without_server(AppState::AccountNeeded),
        Lookup::Unlinked(_) | Lookup::Ambiguous(_) => without_server(AppState::LinkNeeded),
        Lookup::Locked => without_server(AppState::Locked),
        Lookup::Changed(_) => without_server(AppState::Unknown),
    };
    answers.states.extend(before.states);
    answers.failure = answers.failure.or(before.failure);
    print(context, &remote.name, ground.remote_url.as_str(), &answers)
}

/// Asks the server of the account.
async fn ask(context: &Context, account: &Account, ids: BTreeSet<String>) -> Result<Answers, Failure> {
    let host = account.binding.host();
    let asks: Vec<Ask> = ids.iter().map(|id| Ask::of_app(id)).collect();
    let error = match buying::ask(&context.session, account.id, &asks).await {
        Ok(grants) => return Ok(Answers { states: AppState::of_all(&asks, &grants), failure: None }),
        Err(SessionError::Store(error)) => return Err(error.into()),
        Err(error) => error,
    };
    let is_signed_in = !matches!(error, SessionError::SignedOut | SessionError::Expired);
    let state = if is_signed_in { AppState::Unknown } else { AppState::AccountNeeded };
    let states = ids.into_iter().map(|id| (id, state)).collect();
    Ok(Answers { states, failure: Some(Failure::of_session(error, &host)) })
}

/// The apps that nothing can be asked about: some servers know only refs, which flatpak has to have seen.
async fn unseen(binding: &Binding, ids: &BTreeSet<String>) -> BTreeSet<String> {
    if !binding.provider.asks_by_ref() {
        return BTreeSet::new();
    }
    let first: Vec<String> = ids.iter().cloned().collect();
    let seen = remote::samples_at(binding, &first).await.into_iter().map(|ask| ask.app_id().to_owned()).collect();
    ids - &seen
}

/// The app is not in what flatpak has read of the remote.
fn not_seen(remote: &Remote, app: &str) -> Failure {
    let command = text::command(&["flatpak", "remote-ls", &remotes::word(&remote.name, &remote.url)]);
    Failure::Other(gettext_f(
        "“{app}” is not in what flatpak has read of “{remote}”. Run “{command}”, then try again.",
        &[
            ("app", app),
            ("remote", &text::clean(&remote.name, text::NAME_LIMIT)),
            ("command", &command.unwrap_or_default()),
        ],
    ))
}

fn print(context: &Context, remote: &str, address: &str, answers: &Answers) -> Result<u8, Failure> {
    let apps: Vec<_> = answers.states.iter().map(|(id, state)| json!({ "id": id, "state": state.as_str() })).collect();
    let error = answers.failure.as_ref().map(Failure::as_json);
    context.out.json(&json!({ "remote": remote, "address": address, "apps": apps, "error": error }))?;
    let rows: Vec<_> = answers.states.iter().map(|(id, state)| [id.clone(), shown(*state)]).collect();
    for line in list::aligned(&rows) {
        context.out.line(&line)?;
    }
    if let Some(failure) = &answers.failure {
        failure.say();
        return Ok(failure.code());
    }
    let is_complete = answers.states.values().all(|state| *state != AppState::NotOwned);
    Ok(if is_complete { code::DONE } else { code::PURCHASE_NEEDED })
}
