// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl listing` shows what a repository has, or saves its list, with the account that may see it where one is needed.
//!
//! ```text
//! repository  fetches the list as flatpak does    signature  who signed it
//! names       what the apps are called
//! ```

mod names;
mod repository;
mod signature;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::json;
use usher_core::{
    account::AccountState,
    app_state::AppState,
    credential::{Credential, Token},
    ground::Ground,
    i18n::gettext_f,
    lookup::{self, Lookup},
    provider::Grant,
    remote::{ListSource, Listing, Remote, own_architecture},
    service, text,
};

use self::repository::{Fault, Repository};
use crate::{
    context::Context,
    export,
    failure::{Failure, code},
    list, obstacle, remotes,
    states::{self, Answers},
    terminal,
};

/// Where to save the list, in place of showing it.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Save the list as the repository wrote it, in place of showing it; “-” is standard output
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    save: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "save")]
    force: bool,
}

/// The list that was fetched and checked.
struct Fetched {
    bytes: Vec<u8>,
    listing: Listing,
    /// Whether it was signed with a key of the remote.
    is_verified: bool,
}

pub(crate) async fn run(context: &Context, remote: &str, options: Options) -> Result<u8, Failure> {
    let all = remotes::ours();
    let remote = remotes::named(&all, remote)?;
    let ground = remotes::ground(remote)?;
    // Without its configuration nobody knows whether its list has to be signed.
    let source = ListSource::of(remote).ok_or_else(|| remotes::unknown(&remote.name))?;
    let Key { token, refused } = key(context, remote, &ground).await?;
    let repository = Repository::new(context.session.http(), &ground.remote_url, token.as_ref());
    let fetched = fetch(&repository, remote, &source).await;
    let fetched = fetched.map_err(|fault| failure(fault, remote, &ground, refused))?;
    if !fetched.is_verified {
        terminal::say(&not_verified(remote))?;
    }
    if let Some(file) = options.save {
        return save(context, remote, &file, &fetched, options.force);
    }
    let (free, asked): (Vec<_>, Vec<_>) = fetched.listing.apps.iter().partition(|(_, ask)| ask.is_none());
    let asks = asked.into_iter().filter_map(|(_, ask)| ask.clone()).collect();
    let free = Answers::all(free.into_iter().map(|(id, _)| id.clone()), AppState::Free);
    let answers = states::ask(context, remote, &ground, asks).await?.and(free);
    let names = names(&repository, remote, &fetched.listing).await;
    print(context, remote, &ground, fetched.is_verified, &names, &answers)
}

/// What opens the list.
struct Key {
    /// `None` if none is needed, or if there is none.
    token: Option<Token>,
    /// What it means if the repository wants another one.
    refused: Failure,
}

/// Asks for what opens the list, with the account that the remote may use or without one.
async fn key(context: &Context, remote: &Remote, ground: &Ground) -> Result<Key, Failure> {
    let entries = context.store.entries().await?;
    let found = lookup::find(&entries, &ground.binding, &ground.remote_url);
    let account = match &found {
        Lookup::Linked(account) if account.state == AccountState::SignedIn => Some(&***account),
        _ => None,
    };
    let grant = match account {
        Some(account) => context.session.listing(account, &ground.remote_url).await,
        None => context.session.listing_for_anybody(&ground.binding, &ground.remote_url).await,
    };
    let token = match grant.map_err(|error| Failure::of_session(error, &ground.host()))? {
        Grant::Token(token, _) => Some(token),
        Grant::Free | Grant::Denied => None,
    };
    let refused = match (account, &token) {
        (None, _) => obstacle::of(&found, remote, &ground.binding),
        (Some(account), None) => no_access(&account.user, ground),
        (Some(account), Some(token)) => {
            let is_pasted = account.credential.as_ref().and_then(Credential::bearer) == Some(token);
            if is_pasted { Failure::expired(&ground.host()) } else { not_accepted(remote, ground) }
        }
    };
    Ok(Key { token, refused })
}

async fn fetch(repository: &Repository<'_>, remote: &Remote, source: &ListSource) -> Result<Fetched, Fault> {
    if remote.is_registry() {
        let tag = service::tag(remote.url.verbatim()).unwrap_or("latest");
        let bytes = repository.registry_index(tag).await?;
        let listing = source.read_index(&bytes).ok_or(Fault::Damaged)?;
        return Ok(Fetched { bytes, listing, is_verified: false });
    }
    let bytes = repository.list(source).await?;
    let listing = source.read(&bytes, own_architecture()).ok_or(Fault::Damaged)?;
    Ok(Fetched { bytes, listing, is_verified: source.is_signed })
}

/// Saves the list as it was fetched.
fn save(context: &Context, remote: &Remote, file: &Path, fetched: &Fetched, may_replace: bool) -> Result<u8, Failure> {
    if export::is_stdout(file) {
        io::stdout().write_all(&fetched.bytes)?;
        return Ok(code::DONE);
    }
    export::write(file, &fetched.bytes, may_replace)?;
    let file = file.display().to_string();
    context.out.line(&gettext_f("Saved to {file}.", &[("file", &file)]))?;
    context.out.json(&json!({ "remote": remote.name, "file": file, "verified": fetched.is_verified }))?;
    Ok(code::DONE)
}

/// The account may not see the list.
fn no_access(user: &str, ground: &Ground) -> Failure {
    let (host, user) = (ground.host(), text::clean(user, text::NAME_LIMIT));
    Failure::PurchaseNeeded(gettext_f(
        "No access. {host} does not let {user} see what the repository has.",
        &[("host", &host), ("user", &user)],
    ))
}

/// The repository does not take what it was shown, although that comes from its account server.
fn not_accepted(remote: &Remote, ground: &Ground) -> Failure {
    let (name, host) = (text::clean(&remote.name, text::NAME_LIMIT), ground.remote_url.host());
    Failure::Network(gettext_f(
        "{host} does not accept what its account server gave to see what “{remote}” has. If it happens again, tell the people who run the repository.",
        &[("host", &host), ("remote", &name)],
    ))
}

/// Why there is no list.
fn failure(fault: Fault, remote: &Remote, ground: &Ground, refused: Failure) -> Failure {
    let (name, host) = (text::clean(&remote.name, text::NAME_LIMIT), ground.remote_url.host());
    let values = &[("remote", name.as_str()), ("host", host.as_str())];
    match fault {
        Fault::Refused => refused,
        Fault::Http(error) => Failure::of_server(&host, &error),
        Fault::Missing => {
            Failure::Network(gettext_f("{host} has no list of apps at the address of “{remote}”.", values))
        }
        Fault::NotSigned => Failure::Other(gettext_f(
            "The list of “{remote}” is not signed, although it should be. Nothing of it was used.",
            values,
        )),
        Fault::WrongSignature => Failure::Other(gettext_f(
            "The list of “{remote}” is not signed with a valid key of the repository. Nothing of it was used. If it happens again, tell the people who run the repository.",
            values,
        )),
        Fault::Damaged => {
            Failure::Other(gettext_f("The list of “{remote}” is damaged. Nothing of it was used.", values))
        }
        Fault::OtherComputers => {
            let values = &[("remote", name.as_str()), ("architecture", own_architecture())];
            Failure::Other(gettext_f("“{remote}” has nothing for computers like this one ({architecture}).", values))
        }
    }
}

/// Nobody can know who wrote the list.
fn not_verified(remote: &Remote) -> String {
    let name = text::clean(&remote.name, text::NAME_LIMIT);
    gettext_f("“{remote}” does not sign its list, so it cannot be verified.", &[("remote", &name)])
}

/// The names of the apps, as far as somebody says them.
async fn names(repository: &Repository<'_>, remote: &Remote, listing: &Listing) -> BTreeMap<String, String> {
    let ids: BTreeSet<String> = listing.apps.keys().cloned().collect();
    let known = names::known(remote, &ids);
    if known.is_empty() { names::fetched(repository, listing, &ids).await } else { known }
}

fn print(
    context: &Context,
    remote: &Remote,
    ground: &Ground,
    is_verified: bool,
    names: &BTreeMap<String, String>,
    answers: &Answers,
) -> Result<u8, Failure> {
    let app = |(id, state): (&String, &AppState)| json!({ "id": id, "name": names.get(id), "state": state.as_str() });
    context.out.json(&json!({
        "remote": remote.name,
        "address": ground.remote_url.as_str(),
        "verified": is_verified,
        "apps": answers.states.iter().map(app).collect::<Vec<_>>(),
        "error": answers.failure.as_ref().map(Failure::as_json),
    }))?;
    let name = |id: &String| names.get(id).cloned().unwrap_or_default();
    let rows: Vec<_> = answers.states.iter().map(|(id, state)| [id.clone(), name(id), states::shown(*state)]).collect();
    for line in list::aligned(&rows) {
        context.out.line(&line)?;
    }
    Ok(answers.end())
}
