// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl status` prints what this computer knows of its accounts. It asks no server.

use serde_json::{Value, json};
use usher_core::{
    account::{Account, AccountState, Standing},
    buying::purchases::PurchaseState,
    clock,
    error_text::UserFacing,
    i18n::gettext,
    remote::Remote,
    store::{Entry, Unsaved},
    text,
};

use crate::{
    accounts,
    context::Context,
    failure::{Failure, code},
    list, obstacle, remotes, time,
};

/// Prints all accounts, or those that match. The exit code says whether they can be used.
pub(crate) async fn run(context: &Context, wanted: Option<&str>) -> Result<u8, Failure> {
    let entries = context.store.entries().await?;
    let found = match wanted {
        None => entries.iter().collect(),
        Some(wanted) => accounts::named(&entries, wanted),
    };
    if let (Some(wanted), []) = (wanted, found.as_slice()) {
        return Err(Failure::AccountNeeded(accounts::unknown(wanted)));
    }
    let (refused, unsaved) = (refused(), context.store.unsaved().await);
    let all: Vec<_> = found.iter().map(|entry| as_json(entry, &refused, list::unsaved_of(entry, &unsaved))).collect();
    context.out.json(&json!({ "accounts": all }))?;
    if found.is_empty() {
        context.out.line(&list::no_accounts())?;
    }
    for (index, entry) in found.iter().enumerate() {
        if index > 0 {
            context.out.line("")?;
        }
        context.out.line(&accounts::title(entry))?;
        for (label, value) in facts(entry, &refused) {
            context.out.line(&format!("  {label}: {value}"))?;
        }
        if let Some(unsaved) = list::unsaved_of(entry, &unsaved) {
            context.out.line(&format!("  {}", unsaved.sentence()))?;
        }
    }
    Ok(found.iter().map(|entry| usable(entry)).max().unwrap_or(code::DONE))
}

fn usable(entry: &Entry) -> u8 {
    match entry {
        Entry::Open(account) if Standing::of(account, clock::now()).is_usable() => code::DONE,
        Entry::Open(_) | Entry::Broken(_) => code::ACCOUNT_NEEDED,
        Entry::Locked(_) => code::KEYRING,
    }
}

fn as_json(entry: &Entry, refused: &[Remote], unsaved: Option<&Unsaved>) -> Value {
    let mut json = list::entry_json(entry, unsaved);
    if let (Entry::Open(account), Value::Object(json)) = (entry, &mut json) {
        json.insert("purchases".into(), owned(account).into());
        json.insert("not_allowed".into(), refused_here(account, refused).into());
    }
    json
}

fn owned(account: &Account) -> usize {
    account.purchases.iter().filter(|known| known.state == PurchaseState::Owned).count()
}

/// The remotes that the person does not let use an account.
fn refused() -> Vec<Remote> {
    let decisions = obstacle::decisions();
    remotes::ours().into_iter().filter(|remote| decisions.refuses(remote)).collect()
}

/// The names of those at the account's server that may use no account there.
fn refused_here(account: &Account, refused: &[Remote]) -> Vec<String> {
    let is_here = |remote: &Remote| remote.claimed().as_ref() == Ok(&account.binding);
    let mut names: Vec<_> = refused
        .iter()
        .filter(|remote| is_here(remote) && !remote.address().is_ok_and(|address| account.is_linked_to(&address)))
        .map(|remote| text::clean(&remote.name, text::NAME_LIMIT))
        .collect();
    names.dedup();
    names
}

fn facts(entry: &Entry, refused: &[Remote]) -> Vec<(String, String)> {
    let account = match entry {
        Entry::Open(account) => account,
        Entry::Locked(_) => return vec![(gettext("State"), gettext("Locked"))],
        Entry::Broken(_) => return vec![(gettext("State"), gettext("The keyring entry could not be read"))],
    };
    let valid_until = account.valid_until.map_or_else(|| gettext("Until signed out"), time::day);
    let mut facts = vec![(gettext("State"), list::state(account))];
    if let Some(name) = &account.name {
        facts.push((gettext("Name"), text::clean(name, text::NAME_LIMIT)));
    }
    facts.push((gettext("Server"), account.binding.service.to_string()));
    let sign_in_host = account.binding.sign_in_host();
    if sign_in_host != account.binding.host() {
        facts.push((gettext("Signs in at"), sign_in_host));
    }
    facts.push((gettext("Sign-in"), account.binding.provider.sign_in_method()));
    if account.state == AccountState::SignedIn {
        facts.push((gettext("Signed in since"), time::day(account.signed_in_at)));
        facts.push((gettext("Valid until"), valid_until));
        facts.extend(account.hints().coverage().map(|coverage| (gettext("Apps"), coverage)));
    }
    if let Some(last) = &account.last_use {
        facts.push((gettext("Last used"), time::moment(last.at)));
    }
    if let Some(coverage) = account.hints().coverage() {
        facts.push((gettext("Apps"), coverage));
    }
    facts.push((gettext("Used by"), list::used_by(account)));
    let refused = refused_here(account, refused);
    if !refused.is_empty() {
        facts.push((gettext("Not allowed"), refused.join(", ")));
    }
    if account.binding.provider.shop().is_some() || owned(account) > 0 {
        facts.push((gettext("Purchases"), owned(account).to_string()));
    }
    facts
}
