// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl purchases` lists what was bought where, and one command that installs all of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use usher_core::{
    account::Account,
    buying::{
        self,
        purchases::{Purchase, PurchaseState},
    },
    i18n::{gettext, gettext_f},
    refs::AppId,
    remote::{self, Remote},
    store::{Entry, StoreError},
    text,
};

use crate::{
    accounts,
    context::Context,
    failure::{Failure, code},
    list, remotes, time,
};

/// A purchase in the list, and its account.
struct ListedPurchase<'a> {
    account: &'a Account,
    purchase: &'a Purchase,
    is_installed: bool,
}

pub(crate) async fn run(context: &Context, wanted: Option<&str>, is_checked: bool) -> Result<u8, Failure> {
    let mut exit = code::DONE;
    let mut entries = context.store.entries().await?;
    if entries.iter().any(|entry| matches!(entry, Entry::Locked(_))) {
        return Err(Failure::Keyring(StoreError::Locked));
    }
    if let Some(wanted) = wanted {
        accounts::find_one(&entries, wanted)?;
    }
    let is_wanted =
        |entry: &Entry| wanted.is_none_or(|wanted| !accounts::named(std::slice::from_ref(entry), wanted).is_empty());
    entries.retain(is_wanted);
    if is_checked {
        for account in entries.iter().filter_map(Entry::account) {
            exit = exit.max(check(context, account).await?);
        }
        entries = context.store.entries().await?;
        entries.retain(is_wanted);
    }
    let installations = remote::installations();
    let mut all: Vec<_> = entries
        .iter()
        .filter_map(Entry::account)
        .flat_map(|account| account.purchases.iter().map(move |purchase| (account, purchase)))
        .map(|(account, purchase)| ListedPurchase {
            account,
            purchase,
            is_installed: remote::is_app_installed(&installations, &purchase.app_id),
        })
        .collect();
    all.sort_by(|a, b| (&a.purchase.app_id, a.account.id).cmp(&(&b.purchase.app_id, b.account.id)));
    print(context, &all, &remotes::ours())?;
    Ok(exit)
}

/// Asks the server of an account about everything that was bought there.
async fn check(context: &Context, account: &Account) -> Result<u8, Failure> {
    let ids: BTreeSet<_> = account.purchases.iter().map(|known| known.app_id.clone()).collect();
    if ids.is_empty() {
        return Ok(code::DONE);
    }
    match buying::check(&context.session, account.id, &ids, None).await {
        Ok(_) => Ok(code::DONE),
        Err(error) => {
            let failure = Failure::of_session(error, &account.binding.host());
            failure.say();
            Ok(failure.code())
        }
    }
}

fn print(context: &Context, all: &[ListedPurchase<'_>], remotes: &[Remote]) -> Result<(), Failure> {
    let install = install_command(all, remotes);
    let purchases: Vec<_> = all.iter().map(ListedPurchase::as_json).collect();
    context.out.json(&json!({ "purchases": purchases, "install": install }))?;
    if all.is_empty() {
        return context.out.line(&gettext("No purchases."));
    }
    let titles = [gettext("APP"), gettext("STATE"), gettext("ACCOUNT"), gettext("REMOTE")];
    let rows: Vec<_> = [titles].into_iter().chain(all.iter().map(ListedPurchase::row)).collect();
    for line in list::aligned(&rows) {
        context.out.line(&line)?;
    }
    if let Some(command) = install {
        context.out.line(&gettext_f("To install the rest, run: {command}", &[("command", &command)]))?;
    }
    Ok(())
}

impl ListedPurchase<'_> {
    fn row(&self) -> [String; 4] {
        let state = match self.purchase.state {
            PurchaseState::Owned if self.is_installed => gettext("Installed"),
            PurchaseState::Owned if self.purchase.was_found => {
                gettext_f("Found on {date}", &[("date", &time::day(self.purchase.at))])
            }
            PurchaseState::Owned => gettext_f("Bought on {date}", &[("date", &time::day(self.purchase.at))]),
            PurchaseState::Unfinished => gettext("Not finished"),
            PurchaseState::NoAccess => gettext("No access"),
        };
        let name = |name: &str| text::clean(name, text::NAME_LIMIT);
        [name(&self.purchase.app_id), state, accounts::title_of(self.account), name(&self.purchase.remote)]
    }

    fn as_json(&self) -> serde_json::Value {
        json!({
            "app": self.purchase.app_id,
            "state": match self.purchase.state {
                PurchaseState::Owned => "owned",
                PurchaseState::Unfinished => "unfinished",
                PurchaseState::NoAccess => "no-access",
            },
            "at": self.purchase.at,
            "account": self.account.id.to_string(),
            "remote": self.purchase.remote,
            "address": self.purchase.remote_url.as_str(),
            "installed": self.is_installed,
        })
    }
}

/// The command that installs everything that is owned and not installed, from the remotes on this computer.
fn install_command(all: &[ListedPurchase<'_>], remotes: &[Remote]) -> Option<String> {
    let mut by_remote: BTreeMap<(&str, bool), BTreeSet<&str>> = BTreeMap::new();
    for bought in all.iter().filter(|bought| bought.purchase.state == PurchaseState::Owned && !bought.is_installed) {
        let at_address = |remote: &&Remote| remote.address().as_ref() == Ok(&bought.purchase.remote_url);
        let remote = remotes.iter().find(at_address).filter(|remote| text::is_plain_name(&remote.name));
        if let (Some(remote), true) = (remote, AppId::is_valid(&bought.purchase.app_id)) {
            by_remote.entry((&remote.name, remote.is_user)).or_default().insert(&bought.purchase.app_id);
        }
    }
    let commands: Option<Vec<String>> = by_remote
        .into_iter()
        .map(|((remote, is_user), apps)| {
            let start = ["flatpak", "install", if is_user { "--user" } else { "--system" }, remote];
            text::command(&start.into_iter().chain(apps).collect::<Vec<_>>())
        })
        .collect();
    commands.filter(|commands| !commands.is_empty()).map(|commands| commands.join(" && "))
}
