// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl buy` asks the server first, opens the store's page after a yes, and learns only from the server whether
//! the app was paid. If the outcome of a purchase is unknown, it begins another one only after the person says that
//! nothing was paid.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;
use usher_core::{
    account::Account,
    binding::Binding,
    buying::{self, Begun, BuyError, Buying},
    i18n::{gettext, gettext_f},
    lookup::{self, Lookup},
    purchase::{self, Wanted},
    refs::AppId,
    remote::Remote,
    service::RemoteUrl,
    store::Entry,
    text,
};

use crate::{
    browser::{self, Journey, Stopped, Way},
    command,
    consent::PermissionRequest,
    context::Context,
    failure::Failure,
    obstacle, remotes, terminal,
    terminal::Interrupts,
};

/// The pauses before asking the server again, if it gives no access yet after a payment.
const ASKED_AGAIN: [Duration; 4] =
    [Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(15), Duration::from_secs(60)];

/// The arguments of the command line.
pub(crate) struct Order<'a> {
    pub(crate) remote: &'a str,
    pub(crate) app: &'a str,
    pub(crate) not_paid: bool,
    pub(crate) yes: bool,
    pub(crate) browser: browser::Options,
}

/// The app to buy, and with which account.
struct Purchase<'a> {
    context: &'a Context,
    account: Account,
    wanted: Wanted,
}

pub(crate) async fn run(context: &Context, order: &Order<'_>) -> Result<(), Failure> {
    let remotes = remotes::ours();
    let remote = remotes::named(&remotes, order.remote)?;
    let (binding, address) = remotes::claims(remote)?;
    let wanted = Wanted { app_id: app_id(order.app)?, remote: remote.name.clone(), remote_url: address.clone() };
    let entries = context.unlocked_entries().await?;
    let account = account_for(context, &entries, remote, &binding, address).await?;
    let purchase = Purchase { context, account, wanted };
    if purchase.is_owned().await? {
        return purchase.tell_owned(false);
    }
    purchase.settle_unfinished(order.not_paid).await?;
    purchase.confirm(order.yes).await?;
    purchase.pay(order.browser).await
}

/// Reads the id of an app from the command line.
pub(crate) fn app_id(text: &str) -> Result<String, Failure> {
    let app = AppId::parse(text).map_err(|_| {
        let app = text::clean(text, text::NAME_LIMIT);
        Failure::Usage(gettext_f("“{app}” is not the id of an app.", &[("app", &app)]))
    })?;
    Ok(app.whole_app().into())
}

/// The signed-in account that the remote may use. Asks for the permission if only that is missing.
async fn account_for(
    context: &Context,
    entries: &[Entry],
    remote: &Remote,
    binding: &Binding,
    address: RemoteUrl,
) -> Result<Account, Failure> {
    match lookup::find(entries, binding, &address) {
        Lookup::Linked(account) => obstacle::signed_in(account).cloned(),
        Lookup::Unlinked(accounts) => {
            for account in accounts {
                let request = PermissionRequest { account, remote, address: address.clone() };
                if terminal::can_ask() && obstacle::signed_in(account).is_ok() && request.ask().await? {
                    request.grant(&context.store, context.out).await?;
                    return Ok(account.clone());
                }
            }
            Err(obstacle::permission_needed(remote))
        }
        other => Err(obstacle::of(&other, remote, binding)),
    }
}

impl Purchase<'_> {
    fn host(&self) -> String {
        self.account.binding.host()
    }

    fn failure(&self, error: BuyError) -> Failure {
        let host = self.host();
        Failure::of_purchase(error, &host, || {
            gettext_f(
                "No access. {host} does not offer “{app}” to {user}.",
                &[("host", &host), ("app", &self.wanted.app_id), ("user", &self.user())],
            )
        })
    }

    fn user(&self) -> String {
        text::clean(&self.account.user, text::NAME_LIMIT)
    }

    /// Fills in a sentence with the names of this purchase.
    fn tell(&self, fill: impl FnOnce(&[(&str, &str)]) -> String) -> String {
        let app = &self.wanted.app_id;
        let remote = remotes::word(&self.wanted.remote, self.wanted.remote_url.as_str());
        let command = command::usherctl(&["buy", remote, app]);
        let not_paid = command::usherctl(&["buy", "--not-paid", remote, app]);
        let names = [("host", self.host()), ("user", self.user()), ("command", command), ("not_paid", not_paid)];
        let values: Vec<_> =
            names.iter().map(|(name, value)| (*name, value.as_str())).chain([("app", &**app)]).collect();
        fill(&values)
    }

    async fn is_owned(&self) -> Result<bool, Failure> {
        self.ask_server().await.map_err(|error| self.failure(error))
    }

    async fn ask_server(&self) -> Result<bool, BuyError> {
        let Context { store, http, .. } = self.context;
        let ids = BTreeSet::from([self.wanted.app_id.clone()]);
        Ok(buying::check(store, http, self.account.id, &ids).await?.granted.contains(&self.wanted.app_id))
    }

    fn tell_owned(&self, is_new: bool) -> Result<(), Failure> {
        let command = text::command(&["flatpak", "install", &self.wanted.remote, &self.wanted.app_id])
            .filter(|_| text::is_plain_name(&self.wanted.remote));
        let told = match (&command, is_new) {
            (Some(command), true) => gettext_f("Bought. Now run: {command}", &[("command", command)]),
            (Some(command), false) => gettext_f("There is access already. Now run: {command}", &[("command", command)]),
            (None, true) => gettext("Bought."),
            (None, false) => gettext("There is access already."),
        };
        self.context.out.line(&told)?;
        self.context.out.json(&json!({
            "remote": self.wanted.remote,
            "app": self.wanted.app_id,
            "account": self.account.id.to_string(),
            "state": "owned",
            "install": command,
        }))
    }

    /// Stops if a purchase was begun before, unless the person says that nothing was paid.
    async fn settle_unfinished(&self, not_paid: bool) -> Result<(), Failure> {
        let entries = self.context.store.entries().await?;
        let account = entries.iter().filter_map(Entry::account).find(|account| account.id == self.account.id);
        if !account.is_some_and(|account| purchase::is_unfinished(&account.purchases, &self.wanted.app_id)) {
            return Ok(());
        }
        if !not_paid {
            terminal::say(&self.tell(|values| {
                gettext_f("A purchase of “{app}” was begun before, and {host} gives no access yet.", values)
            }))?;
            if !self.is_certainly_unpaid().await? {
                return Err(self.unfinished());
            }
        }
        Ok(buying::not_paid(&self.context.store, self.account.id, &self.wanted.app_id).await?)
    }

    fn unfinished(&self) -> Failure {
        Failure::PurchaseNeeded(self.tell(|values| {
            gettext_f(
                "The purchase of “{app}” is not finished. Once {host} gives access, “{command}” says so. If nothing was paid, run “{not_paid}”.",
                values,
            )
        }))
    }

    async fn confirm(&self, is_agreed: bool) -> Result<(), Failure> {
        if is_agreed {
            return Ok(());
        }
        if !terminal::can_ask() {
            return Err(Failure::Usage(gettext(
                "Nobody can be asked here. With “--yes” the store is opened without asking.",
            )));
        }
        let question = self.tell(|values| {
            gettext_f("This opens the store at {host}. Nothing is paid before it is confirmed there. Continue?", values)
        });
        if terminal::ask(&question).await? { Ok(()) } else { Err(Failure::Cancelled) }
    }

    async fn pay(&self, options: browser::Options) -> Result<(), Failure> {
        let Context { store, http, .. } = self.context;
        let way = Way::choose(options).await?;
        let begun = buying::begin(store, http, self.account.id, &self.wanted, way.redirect()?).await;
        match begun.map_err(|error| self.failure(error))? {
            Begun::Owned => self.tell_owned(false),
            Begun::Unfinished => Err(self.unfinished()),
            Begun::Started(buying) => {
                let mut interrupts = Interrupts::listen()?;
                tokio::select! {
                    biased;
                    end = self.visit(way, &buying) => end,
                    () = interrupts.next() => Err(self.stopped()),
                }
            }
        }
    }

    async fn visit(&self, way: Way, buying: &Buying) -> Result<(), Failure> {
        let journey = Journey {
            start: buying.start(),
            redirect: buying.redirect(),
            landing: &|parameters| buying.landing(parameters),
            titles: [gettext("Done"), gettext("Not Bought")],
        };
        match way.go(journey).await {
            Ok(parameters) => match parameters.get("error") {
                None => self.wait_for_access(&ASKED_AGAIN).await,
                Some(reason) => self.ended(reason).await,
            },
            // The app may have been paid although the redirect was lost.
            Err(Stopped::TooLate) => self.wait_for_access(&[]).await,
            Err(Stopped::Failed(failure)) => Err(failure),
        }
    }

    /// The store's page reports that there was no purchase. Asks the server, then the person.
    async fn ended(&self, reason: &str) -> Result<(), Failure> {
        if self.is_owned().await? {
            return self.tell_owned(true);
        }
        let reason = text::clean(reason, text::SERVER_TEXT_LIMIT);
        terminal::say(&gettext_f("{host} ended it (“{reason}”).", &[("host", &self.host()), ("reason", &reason)]))?;
        if !self.is_certainly_unpaid().await? {
            return Err(self.not_yet());
        }
        buying::not_paid(&self.context.store, self.account.id, &self.wanted.app_id).await?;
        Err(Failure::Cancelled)
    }

    async fn is_certainly_unpaid(&self) -> Result<bool, Failure> {
        Ok(terminal::can_ask() && terminal::ask(&gettext("Is it certain that nothing was paid?")).await?)
    }

    /// Asks the server until it gives access, with these pauses in between.
    async fn wait_for_access(&self, again: &[Duration]) -> Result<(), Failure> {
        let mut pauses = again.iter();
        loop {
            let answer = self.ask_server().await;
            let pause = pauses.next();
            match (answer, pause) {
                (Ok(true), _) => return self.tell_owned(true),
                (Ok(false), None) => return Err(self.not_yet()),
                (Err(error @ (BuyError::NotSignedIn | BuyError::Store(_))), _) | (Err(error), None) => {
                    return Err(self.failure(error));
                }
                (Ok(false) | Err(_), Some(pause)) => {
                    if pauses.len() + 1 == again.len() {
                        terminal::say(&self.tell(|values| {
                            gettext_f("Waiting for {host} to give access. Nothing is paid again.", values)
                        }))?;
                    }
                    tokio::time::sleep(*pause).await;
                }
            }
        }
    }

    fn not_yet(&self) -> Failure {
        Failure::PurchaseNeeded(self.tell(|values| {
            gettext_f(
                "{host} gives no access to “{app}” yet. If it was paid, run “{command}” again later; nothing is paid again.",
                values,
            )
        }))
    }

    fn stopped(&self) -> Failure {
        Failure::Stopped(self.tell(|values| {
            gettext_f(
                "Stopped. The purchase of “{app}” is not finished; if it was paid, “{command}” finds out.",
                values,
            )
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_of_apps_are_bought() {
        assert_eq!(app_id("org.example.Paid").unwrap(), "org.example.Paid");
        for bad in ["", "Paid", "org.example.Paid/x86_64", "--user", "org.example.\u{1b}[m", "-org.example.Paid"] {
            assert!(matches!(app_id(bad), Err(Failure::Usage(_))), "{bad}");
        }
    }
}
