// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl query` says which apps can be installed.

use std::collections::BTreeSet;

use serde_json::json;
use usher_core::{
    app_state::AppState,
    ask::Ask,
    binding::Binding,
    i18n::{gettext, gettext_f},
    remote::{self, Remote},
    text,
};

use crate::{
    buy,
    context::Context,
    failure::Failure,
    list, remotes,
    states::{self, APPS_LIMIT, Answers},
};

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
    let failure = unseen.first().map(|app| not_seen(remote, app));
    let asks = (&ids - &unseen).iter().map(|id| Ask::of_app(id)).collect();
    let free = Answers::all(free, AppState::Free);
    let unseen = Answers { failure, ..Answers::all(unseen, AppState::Unknown) };
    let answers = states::ask(context, remote, &ground, asks).await?.and(free).and(unseen);
    print(context, &remote.name, ground.remote_url.as_str(), &answers)
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
    let rows: Vec<_> = answers.states.iter().map(|(id, state)| [id.clone(), states::shown(*state)]).collect();
    for line in list::aligned(&rows) {
        context.out.line(&line)?;
    }
    Ok(answers.end())
}
