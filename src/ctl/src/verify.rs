// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl verify` says whether a token that somebody has shown is good for a ref: for a mirror. With the keys in the
//! remote's options it needs no account, no keyring and no network.

use std::{
    io::{self, IsTerminal},
    sync::Arc,
    time::Duration,
};

use serde_json::json;
use usher_core::{
    clock,
    credential::TOKEN_LIMIT,
    i18n::{gettext, gettext_f},
    lookup,
    refs::FlatpakRef,
    remote::Remote,
    text,
    token_check::{self, KeptKeys, KeySet, KeySource, NotAJwt, Terms},
};
use zeroize::Zeroizing;

use crate::{
    context::Context,
    failure::{Failure, code},
    hidden, obstacle, remotes, terminal,
};

pub(crate) async fn run(context: &Context, remote: &str, wanted: &str) -> Result<u8, Failure> {
    let wanted: FlatpakRef = wanted.parse().map_err(|_| not_a_ref(wanted))?;
    let all = remotes::ours();
    let remote = remotes::named(&all, remote)?;
    let terms = Terms::of(remote).map_err(|error| remotes::options_failure(remote, &error))?;
    let terms = terms.ok_or_else(|| no_keys(remote))?;
    let token = read_token().await?;
    let named = token_check::key_id(&token).map_err(|NotAJwt| not_a_jwt())?;
    let keys = keys(context, remote, &terms.keys, named).await?;
    let checked = token_check::check(&token, &wanted, &keys, terms.repository.as_deref(), clock::now());
    let fault = checked.map_err(|NotAJwt| not_a_jwt())?.err();
    context.out.json(&json!({
        "remote": remote.name,
        "address": remote.url.to_string(),
        "ref": wanted.to_string(),
        "good": fault.is_none(),
        "reason": fault.map(token_check::Fault::as_str),
    }))?;
    match fault {
        None => context.out.line(&gettext("Good."))?,
        Some(fault) => terminal::say(&fault.sentence(&wanted.to_string()))?,
    }
    Ok(if fault.is_none() { code::DONE } else { code::FAILED })
}

/// The keys of the repository. A server is asked only if an account here is linked to it.
async fn keys(
    context: &Context,
    remote: &Remote,
    source: &KeySource,
    named: Option<String>,
) -> Result<Arc<KeySet>, Failure> {
    let address = match source {
        KeySource::Inline(keys) => return Ok(Arc::new(keys.clone())),
        KeySource::At(address) => address,
    };
    let ground = remotes::ground(remote)?;
    let entries = context.store.entries().await?;
    if !token_check::is_agreed(&entries, &ground) {
        let found = lookup::find(&entries, &ground.binding, &ground.remote_url);
        return Err(obstacle::of(&found, remote, &ground.binding));
    }
    let named = named.into_iter().collect();
    let fetched = KeptKeys::default().at(context.session.http(), address, &named, Duration::ZERO).await;
    fetched.map_err(|error| Failure::of_server(&ground.host(), &error))
}

/// Reads the token without showing it.
async fn read_token() -> Result<Zeroizing<String>, Failure> {
    let input = if io::stdin().is_terminal() {
        hidden::ask(&gettext("Token:")).await?.unwrap_or_default()
    } else {
        let input = hidden::whole_input(TOKEN_LIMIT).await?;
        input.ok_or_else(|| Failure::Usage(gettext("Standard input is too long for a token.")))?
    };
    let token = Zeroizing::new(input.trim().to_owned());
    if token.is_empty() {
        return Err(Failure::Usage(gettext("Standard input is empty: there is no token in it.")));
    }
    Ok(token)
}

fn not_a_ref(wanted: &str) -> Failure {
    let shown = text::clean(wanted, text::NAME_LIMIT);
    Failure::Usage(gettext_f(
        "“{ref}” is not a full ref, such as app/org.example.App/x86_64/stable.",
        &[("ref", &shown)],
    ))
}

fn no_keys(remote: &Remote) -> Failure {
    let name = text::clean(&remote.name, text::NAME_LIMIT);
    Failure::NotChecked(gettext_f(
        "Cannot be checked here: the options of the remote “{remote}” name no keys (“verify-key”).",
        &[("remote", &name)],
    ))
}

fn not_a_jwt() -> Failure {
    Failure::NotChecked(gettext(
        "Cannot be checked here: the token is not a signed JSON Web Token. Only the repository’s server knows what it is good for.",
    ))
}
