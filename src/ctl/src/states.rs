// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether apps can be installed, for `usherctl query` and `usherctl listing` alike. Asks the server once for all of them,
//! and never asks the person.

use std::collections::{BTreeMap, BTreeSet};

use usher_core::{
    account::{Account, AccountState},
    app_state::AppState,
    ask::Ask,
    buying,
    ground::Ground,
    i18n::gettext,
    lookup::{self, Lookup},
    remote::Remote,
    session::SessionError,
};

use crate::{
    context::Context,
    failure::{Failure, code},
    obstacle,
};

/// Most apps in one call.
pub(crate) const APPS_LIMIT: usize = 1024;

/// The states of all apps, and the failure, if any, that leaves some of them unknown.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) states: BTreeMap<String, AppState>,
    pub(crate) failure: Option<Failure>,
}

impl Answers {
    /// The same state for all of these.
    pub(crate) fn all(ids: impl IntoIterator<Item = String>, state: AppState) -> Self {
        Self { states: ids.into_iter().map(|id| (id, state)).collect(), failure: None }
    }

    /// Adds what else is known. The first failure counts.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.states.extend(other.states);
        Self { states: self.states, failure: self.failure.or(other.failure) }
    }

    /// Says why some are unknown, and returns the exit code.
    pub(crate) fn end(&self) -> u8 {
        if let Some(failure) = &self.failure {
            failure.say();
            return failure.code();
        }
        let is_complete = self.states.values().all(|state| *state != AppState::NotOwned);
        if is_complete { code::DONE } else { code::PURCHASE_NEEDED }
    }
}

/// The word for a person.
pub(crate) fn shown(state: AppState) -> String {
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

/// Asks for apps that may need a token.
pub(crate) async fn ask(
    context: &Context,
    remote: &Remote,
    ground: &Ground,
    asks: Vec<Ask>,
) -> Result<Answers, Failure> {
    let mut open = BTreeSet::new();
    if ground.binding.provider.serves_anybody() {
        for some in asks.chunks(APPS_LIMIT) {
            let grants = context.session.tokens_for_anybody(&ground.binding, some).await;
            let grants = grants.map_err(|error| Failure::of_session(error, &ground.host()))?;
            open.extend(grants.access(some).granted);
        }
    }
    let asks: Vec<Ask> = asks.into_iter().filter(|ask| !open.contains(ask.app_id())).collect();
    let free = Answers::all(open, AppState::Free);
    if asks.is_empty() {
        return Ok(free);
    }
    let entries = context.store.entries().await?;
    let looked_up = lookup::find(&entries, &ground.binding, &ground.remote_url);
    if let Lookup::Linked(account) = &looked_up
        && account.state == AccountState::SignedIn
    {
        return Ok(ask_account(context, account, &asks).await?.and(free));
    }
    let state = match &looked_up {
        Lookup::Nothing | Lookup::Locked if obstacle::is_refused(remote) => AppState::LinkNeeded,
        Lookup::Linked(_) | Lookup::Nothing => AppState::AccountNeeded,
        Lookup::Unlinked(_) | Lookup::Ambiguous(_) => AppState::LinkNeeded,
        Lookup::Locked => AppState::Locked,
        Lookup::Changed(_) => AppState::Unknown,
    };
    let failure = Some(obstacle::of(&looked_up, remote, &ground.binding));
    let unasked = Answers::all(asks.iter().map(|ask| ask.app_id().to_owned()), state);
    Ok(Answers { failure, ..unasked }.and(free))
}

/// Asks the server of the account. After a failure nothing more is asked.
async fn ask_account(context: &Context, account: &Account, asks: &[Ask]) -> Result<Answers, Failure> {
    let mut answers = Answers::default();
    for some in asks.chunks(APPS_LIMIT) {
        let state = match &answers.failure {
            Some(_) => AppState::Unknown,
            None => match buying::ask(&context.session, account.id, some).await {
                Ok(grants) => {
                    answers.states.extend(AppState::of_all(some, &grants));
                    continue;
                }
                Err(SessionError::Store(error)) => return Err(error.into()),
                Err(error) => {
                    let is_signed_in = !matches!(error, SessionError::SignedOut | SessionError::Expired);
                    answers.failure = Some(Failure::of_session(error, &account.binding.host()));
                    if is_signed_in { AppState::Unknown } else { AppState::AccountNeeded }
                }
            },
        };
        answers.states.extend(some.iter().map(|ask| (ask.app_id().to_owned(), state)));
    }
    Ok(answers)
}
