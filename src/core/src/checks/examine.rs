// SPDX-License-Identifier: GPL-3.0-or-later
//! Examines remotes and what they all need, the same for the window and for `usherctl doctor`.

use std::path::Path;

use super::{
    Check, Problem, ReachableProcesses, Topic, Verdict, credential, gather,
    remotes::{check_remote, server_to_ask},
};
use crate::{
    account::Standing,
    clock,
    decisions::Decisions,
    files,
    ground::Ground,
    lookup::{self, Lookup},
    pending::{self, Pending},
    remote::{self, Remote},
    session::Session,
    store::{Entry, StoreError},
};

/// Makes all checks of a remote. Asks its server, if the person has agreed to that one (rule R25), and whether it accepts
/// the sign-in; the account's state says so if not. `entries` is `None` if
/// the keyring could not be read; `notes` are what clients asked for and did not get. To be called in a tokio runtime.
pub async fn examine(
    session: &Session,
    remote: &Remote,
    entries: Option<&[Entry]>,
    notes: &[Pending],
    decisions: &Decisions,
) -> Vec<Check> {
    let known = entries.unwrap_or_default();
    let answer = match server_to_ask(remote, known) {
        Some(agreed) => Some(gather::ask_server(session.http(), &agreed).await),
        None => None,
    };
    let mut checks = check_remote(remote, entries, decisions.refuses(remote), answer.as_ref());
    checks.extend(credential::check(session, remote, known).await);
    let (host, refs) = left_out(remote, known, notes, clock::now()).unwrap_or_default();
    let updates = count_installed(refs).await;
    if updates > 0 {
        let problem = Problem::LeftOut { host, updates };
        checks.push(Check { topic: Topic::Updates, verdict: Verdict::Problem(problem) });
    }
    checks
}

/// How many of the apps behind these refs are installed.
async fn count_installed(refs: Vec<String>) -> usize {
    if refs.is_empty() {
        return 0;
    }
    let counting = move || {
        let installations = remote::installations();
        let is_there =
            |wanted: &&String| wanted.parse().is_ok_and(|wanted| remote::is_installed(&installations, &wanted));
        pending::count_apps(refs.iter().filter(is_there))
    };
    files::apart(Path::new(files::INSTALLATIONS), counting).await.unwrap_or_default()
}

/// What is wrong with what every remote needs: the folder for the login session, the bus and the helper on it, the
/// keyring. `bus` is `None` without a bus. Notes are among it.
pub fn session_problems(bus: Option<ReachableProcesses>, entries: Result<&[Entry], &StoreError>) -> Vec<Problem> {
    let mut problems: Vec<Problem> = gather::folder_problem().into_iter().collect();
    match bus {
        None => problems.push(Problem::NoBus),
        Some(bus) if !bus.has_helper => problems.push(Problem::NoHelper),
        Some(_) => {}
    }
    problems.extend(keyring_problem(entries, bus.is_some()));
    problems
}

/// Without a bus there can be no keyring either, and only the bus is worth a report.
fn keyring_problem(entries: Result<&[Entry], &StoreError>, has_bus: bool) -> Option<Problem> {
    match entries {
        Ok(entries) => entries.iter().any(|entry| matches!(entry, Entry::Locked(_))).then_some(Problem::KeyringLocked),
        Err(StoreError::NoKeyring) => has_bus.then_some(Problem::NoKeyring),
        Err(StoreError::NoPortal) => has_bus.then_some(Problem::NoPortal),
        Err(StoreError::Locked) => Some(Problem::KeyringLocked),
        Err(_) => Some(Problem::KeyringFailed),
    }
}

/// The requests of a remote. What came when it had another server or address waits for something else.
pub fn notes_of<'a>(remote: &Remote, notes: &'a [Pending]) -> Vec<&'a Pending> {
    let Ok(ground) = Ground::of(remote) else { return Vec::new() };
    let is_from =
        |note: &&Pending| (&ground.binding, &ground.remote_url) == (&note.ground.binding, &note.ground.remote_url);
    notes.iter().filter(is_from).collect()
}

/// The host of a server that gave nothing, although an account can be used, and the refs of updates that were left out
/// because of that.
fn left_out(remote: &Remote, entries: &[Entry], notes: &[Pending], now: i64) -> Option<(String, Vec<String>)> {
    let ground = Ground::of(remote).ok()?;
    match lookup::find(entries, &ground.binding, &ground.remote_url) {
        Lookup::Linked(account) if Standing::of(account, now).is_usable() => {
            let own = notes_of(remote, notes).into_iter().filter(|note| note.was_left_out());
            let own: Vec<_> = own.collect();
            let host = own.last()?.silent_server()?;
            Some((host, own.iter().flat_map(|note| note.refs.clone()).collect()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::AccountState,
        pending::{Obstacle, Operation},
        testing,
    };

    const REMOTE: &str = "https://repo.example/";
    const STORE: &str = "https://store.example/";

    #[test]
    fn what_keeps_accounts_from_being_read_is_named_once() {
        let open = [testing::entry("store.example", "ada")];
        let said = |entries, has_bus| keyring_problem(entries, has_bus).map(|problem| problem.word());
        for (entries, has_bus, problem) in [
            (Ok(&open[..]), true, None),
            (Ok(&[][..]), true, None),
            (Err(&StoreError::NoKeyring), true, Some("no-keyring")),
            (Err(&StoreError::NoKeyring), false, None),
            (Err(&StoreError::NoPortal), true, Some("no-portal")),
            (Err(&StoreError::Locked), true, Some("keyring-locked")),
            (Err(&StoreError::Dismissed), true, Some("keyring-failed")),
        ] {
            assert_eq!(said(entries, has_bus), problem, "{entries:?} {has_bus}");
        }
    }

    #[test]
    fn updates_are_left_out_only_where_an_account_can_be_used() {
        let account = testing::linked(testing::account(STORE, "ada"), &[REMOTE]);
        let mut signed_out = account.clone();
        signed_out.state = AccountState::SignedOut;
        let refs = vec!["app/org.a.A/x86_64/stable".to_owned()];
        let note = |operation, obstacle, remote: &str| Pending {
            operation,
            obstacle,
            ground: testing::ground(remote, STORE),
            account: None,
            refs: refs.clone(),
            client: String::new(),
            at: 0,
        };
        let (update, gone) = (Operation::Update, Obstacle::Unavailable);
        let left = note(update, gone.clone(), REMOTE);
        for (account, note, is_left_out) in [
            (&account, left.clone(), true),
            (&account, note(update, Obstacle::NotRenewed { host: "sso.example".into() }, REMOTE), true),
            (&signed_out, left, false),
            (&account, note(update, Obstacle::NotBought, REMOTE), false),
            (&account, note(Operation::Install, gone.clone(), REMOTE), false),
            (&account, note(update, gone, "https://other.example/"), false),
        ] {
            let remote = testing::remote("demo", REMOTE, STORE);
            let entries = [testing::open(account.clone())];
            let found = left_out(&remote, &entries, std::slice::from_ref(&note), 0);
            let expected = is_left_out.then(|| (note.silent_server().unwrap(), refs.clone()));
            assert_eq!(found, expected, "{note:?}");
        }
    }
}
