// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl buy` asks the server first, opens the store's page after a yes, and learns only from the server whether
//! the app was paid. If the outcome of a purchase is unknown, it begins another one only after the person says that
//! nothing was paid.

use std::collections::BTreeSet;

use serde_json::json;
use usher_core::{
    account::Account,
    buying::{
        self, Begun, BuyError, Buying,
        plan::{self, CheckReason, NextStep},
        purchases, schedule,
    },
    ground::Ground,
    i18n::{gettext, gettext_f},
    lookup::{self, Lookup},
    redirect::Refusal,
    refs::AppId,
    remote::Remote,
    session::SessionError,
    store::Entry,
    text,
};

use crate::{
    browser::{self, BrowserVisit, ReturnMethod, VisitError},
    command,
    consent::PermissionRequest,
    context::Context,
    failure::Failure,
    obstacle,
    others::Lacking,
    remotes, terminal,
    terminal::Interrupts,
};

/// The arguments of the command line.
pub(crate) struct Order<'a> {
    pub(crate) remote: &'a str,
    pub(crate) app: &'a str,
    pub(crate) not_paid: bool,
    pub(crate) yes: bool,
    pub(crate) browser: browser::Options,
}

/// The app to buy, and with which account.
struct AppPurchase<'a> {
    context: &'a Context,
    account: Account,
    ground: Ground,
    app_id: String,
}

pub(crate) async fn run(context: &Context, order: &Order<'_>) -> Result<(), Failure> {
    let remotes = remotes::ours();
    let remote = remotes::named(&remotes, order.remote)?;
    let ground = remotes::ground(remote)?;
    let app_id = app_id(order.app)?;
    if remotes::free_apps(remote, &BTreeSet::from([app_id.clone()])).contains(&app_id) {
        return print_free(context, &ground, &app_id);
    }
    let entries = context.store.unlocked_entries().await?;
    let account = account_for(context, &entries, remote, &ground).await?;
    let purchase = AppPurchase { context, account, ground, app_id };
    if purchase.is_owned().await? {
        return purchase.print_owned(false);
    }
    let lacking = Lacking { account: &purchase.account, remote, ground: &purchase.ground, app_id: &purchase.app_id };
    let may_ask = terminal::can_ask() && !order.yes;
    if let Some(account) = lacking.other_owner(context, &entries, may_ask).await? {
        return AppPurchase { account, ..purchase }.print_owned(false);
    }
    if purchase.account.binding.provider.shop().is_none() {
        return Err(purchase.nothing_sold());
    }
    purchase.settle_unfinished(order.not_paid).await?;
    purchase.confirm(order.yes).await?;
    purchase.pay(order.browser).await
}

/// There is nothing to buy: everybody gets the app, without an account.
fn print_free(context: &Context, ground: &Ground, app_id: &str) -> Result<(), Failure> {
    let command = install_command(ground, app_id);
    context.out.line(&match &command {
        Some(command) => gettext_f("It needs no account. Now run: {command}", &[("command", command)]),
        None => gettext("It needs no account."),
    })?;
    context.out.json(&json!({ "remote": ground.remote, "app": app_id, "state": "free", "install": command }))
}

/// The command that installs an app, if the remote's name is plain.
fn install_command(ground: &Ground, app_id: &str) -> Option<String> {
    text::command(&["flatpak", "install", &ground.remote, app_id]).filter(|_| text::is_plain_name(&ground.remote))
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
    ground: &Ground,
) -> Result<Account, Failure> {
    let found = lookup::find(entries, &ground.binding, &ground.remote_url);
    if let Lookup::Unlinked(accounts) = &found
        && terminal::can_ask()
        && !obstacle::is_refused(remote)
    {
        for &account in accounts {
            let request = PermissionRequest { account, remote, address: ground.remote_url.clone() };
            if obstacle::signed_in(account).is_ok() && request.ask().await? {
                request.grant(&context.store, context.out).await?;
                return Ok(Account::clone(account));
            }
        }
    }
    match found {
        Lookup::Linked(account) => obstacle::signed_in(account).cloned(),
        other => Err(obstacle::of(&other, remote, &ground.binding)),
    }
}

impl AppPurchase<'_> {
    fn host(&self) -> String {
        self.account.binding.host()
    }

    fn failure(&self, error: BuyError) -> Failure {
        let host = self.host();
        Failure::of_purchase(error, &host, || {
            gettext_f(
                "No access. {host} does not offer “{app}” to {user}.",
                &[("host", &host), ("app", &self.app_id), ("user", &self.user())],
            )
        })
    }

    /// The server has no shop.
    fn nothing_sold(&self) -> Failure {
        Failure::PurchaseNeeded(
            self.sentence(|values| {
                gettext_f("{host} sells nothing, and {user} has no access to “{app}” there.", values)
            }),
        )
    }

    fn user(&self) -> String {
        text::clean(&self.account.label(), text::NAME_LIMIT)
    }

    /// Fills in a sentence with the names of this purchase.
    fn sentence(&self, fill: impl FnOnce(&[(&str, &str)]) -> String) -> String {
        let app = &self.app_id;
        let remote = &remotes::word(&self.ground.remote, &self.ground.remote_uri.clone().into());
        let command = command::usherctl(&["buy", remote, app]);
        let not_paid = command::usherctl(&["buy", "--not-paid", remote, app]);
        let names = [("host", self.host()), ("user", self.user()), ("command", command), ("not_paid", not_paid)];
        let values: Vec<_> =
            names.iter().map(|(name, value)| (*name, value.as_str())).chain([("app", &**app)]).collect();
        fill(&values)
    }

    async fn is_owned(&self) -> Result<bool, Failure> {
        self.ask_server().await.map_err(|error| Failure::of_session(error, &self.host()))
    }

    async fn ask_server(&self) -> Result<bool, SessionError> {
        let ids = BTreeSet::from([self.app_id.clone()]);
        let access = buying::check(&self.context.session, self.account.id, &ids, Some(&self.ground)).await?;
        Ok(access.granted.contains(&self.app_id))
    }

    fn print_owned(&self, is_new: bool) -> Result<(), Failure> {
        let command = install_command(&self.ground, &self.app_id);
        let line = match (&command, is_new) {
            (Some(command), true) => gettext_f("Bought. Now run: {command}", &[("command", command)]),
            (Some(command), false) => {
                gettext_f("The account already has access. Now run: {command}", &[("command", command)])
            }
            (None, true) => gettext("Bought."),
            (None, false) => gettext("The account already has access."),
        };
        self.context.out.line(&line)?;
        self.context.out.json(&json!({
            "remote": self.ground.remote,
            "app": self.app_id,
            "account": self.account.id.to_string(),
            "state": "owned",
            "install": command,
        }))
    }

    /// Stops if a purchase was begun before, unless the person says that nothing was paid.
    async fn settle_unfinished(&self, not_paid: bool) -> Result<(), Failure> {
        let entries = self.context.store.entries().await?;
        let account = entries.iter().filter_map(Entry::account).find(|account| account.id == self.account.id);
        if !account.is_some_and(|account| purchases::is_unfinished(&account.purchases, &self.app_id)) {
            return Ok(());
        }
        if !not_paid {
            terminal::say(&self.sentence(|values| {
                gettext_f("The purchase of “{app}” is unfinished, and {host} gives no access yet.", values)
            }))?;
            if !self.is_certainly_unpaid().await? {
                return Err(self.unfinished());
            }
        }
        Ok(buying::not_paid(&self.context.session, self.account.id, &self.app_id).await?)
    }

    fn unfinished(&self) -> Failure {
        Failure::PurchaseNeeded(self.sentence(|values| {
            gettext_f(
                "The purchase of “{app}” is unfinished. Run “{command}” later to check again. If nothing was paid, run “{not_paid}”.",
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
                "A terminal is needed to answer. Use “--yes” to open the store without asking.",
            )));
        }
        let question = self.sentence(|values| {
            gettext_f("This opens the store at {host}. Nothing is paid before it is confirmed there. Continue?", values)
        });
        if terminal::ask(&question).await? { Ok(()) } else { Err(Failure::Cancelled) }
    }

    async fn pay(&self, options: browser::Options) -> Result<(), Failure> {
        let return_method = ReturnMethod::choose(options).await?;
        let redirect = return_method
            .back()
            .redirect()
            .map_err(|error| Failure::of_sign_in(error, &self.account.binding.host()))?;
        let begun = buying::begin(&self.context.session, self.account.id, &self.ground, &self.app_id, redirect).await;
        match begun.map_err(|error| self.failure(error))? {
            Begun::Owned => self.print_owned(false),
            Begun::Unfinished => Err(self.unfinished()),
            Begun::Started(buying) => {
                let mut interrupts = Interrupts::listen()?;
                tokio::select! {
                    biased;
                    end = self.visit(return_method, &buying) => end,
                    () = interrupts.next() => Err(self.stopped()),
                }
            }
        }
    }

    async fn visit(&self, return_method: ReturnMethod, buying: &Buying) -> Result<(), Failure> {
        let visit = BrowserVisit {
            start: buying.start(),
            redirect: buying.redirect(),
            landing: &|parameters| buying.landing(parameters),
            titles: [gettext("Done"), gettext("Not Bought")],
        };
        match return_method.visit(visit, async |parameters| Ok(parameters)).await {
            Ok(parameters) => match parameters.refusal() {
                None => self.settle(CheckReason::Returned, None).await,
                Some(refusal) => self.settle(CheckReason::from(&refusal), Some(&refusal)).await,
            },
            // The app may have been paid although the redirect was lost.
            Err(VisitError::TooLate) => self.settle(CheckReason::Left, None).await,
            Err(VisitError::Failed(failure)) => Err(failure),
        }
    }

    /// Asks the server what became of it. `refusal` is the store's word for why nothing was bought.
    async fn settle(&self, check_reason: CheckReason, refusal: Option<&Refusal>) -> Result<(), Failure> {
        match (self.look(check_reason).await?, refusal) {
            (NextStep::Bought, _) => self.print_owned(true),
            (NextStep::Wait, _) => self.wait_for_access().await,
            (NextStep::NotBought, _) => {
                buying::not_paid(&self.context.session, self.account.id, &self.app_id).await?;
                Err(Failure::Stopped(gettext("Not bought: cancelled.")))
            }
            (_, Some(Refusal::Stopped(reason))) => self.stopped_by_store(reason).await,
            _ => Err(self.not_yet()),
        }
    }

    /// Asks the server once, and says what comes next.
    async fn look(&self, check_reason: CheckReason) -> Result<NextStep, Failure> {
        let has_access = self.ask_server().await;
        let next = plan::after_check(check_reason, has_access.as_ref().copied());
        match has_access {
            // Only while the store is waited for may the next answer be a better one.
            Err(error) if next != NextStep::Wait && next != NextStep::StayAfterError => {
                Err(Failure::of_session(error, &self.host()))
            }
            _ => Ok(next),
        }
    }

    /// The store stopped the purchase, or says so. The server gives no access, so the person knows.
    async fn stopped_by_store(&self, reason: &str) -> Result<(), Failure> {
        let values = [("host", self.host()), ("reason", reason.to_owned())];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        terminal::say(&gettext_f("{host} stopped the purchase (“{reason}”).", &values))?;
        if !self.is_certainly_unpaid().await? {
            return Err(self.not_yet());
        }
        buying::not_paid(&self.context.session, self.account.id, &self.app_id).await?;
        Err(Failure::Cancelled)
    }

    async fn is_certainly_unpaid(&self) -> Result<bool, Failure> {
        Ok(terminal::can_ask() && terminal::ask(&gettext("Is it certain that nothing was paid?")).await?)
    }

    /// Asks the server again, as often as it makes sense.
    async fn wait_for_access(&self) -> Result<(), Failure> {
        terminal::say(
            &self.sentence(|values| gettext_f("Waiting for {host} to give access. Nothing is paid again.", values)),
        )?;
        let mut error = None;
        for pause in schedule::pauses() {
            tokio::time::sleep(pause).await;
            let has_access = self.ask_server().await;
            match (plan::after_check(CheckReason::Again, has_access.as_ref().copied()), has_access) {
                (NextStep::Bought, _) => return self.print_owned(true),
                (NextStep::SignIn, Err(ended)) => return Err(Failure::of_session(ended, &self.host())),
                (_, has_access) => error = has_access.err(),
            }
        }
        Err(error.map_or_else(|| self.not_yet(), |error| Failure::of_session(error, &self.host())))
    }

    fn not_yet(&self) -> Failure {
        Failure::PurchaseNeeded(self.sentence(|values| {
            gettext_f(
                "{host} gives no access to “{app}” yet. If it was paid, run “{command}” again later; nothing is paid again.",
                values,
            )
        }))
    }

    fn stopped(&self) -> Failure {
        Failure::Stopped(self.sentence(|values| {
            gettext_f(
                "Stopped. The purchase of “{app}” is unfinished. If it was paid, run “{command}” to check.",
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
        assert_eq!(app_id("org.example.Sketchbook").unwrap(), "org.example.Sketchbook");
        for bad in [
            "",
            "Sketchbook",
            "org.example.Sketchbook/x86_64",
            "--user",
            "org.example.\u{1b}[m",
            "-org.example.Sketchbook",
        ] {
            assert!(matches!(app_id(bad), Err(Failure::Usage(_))), "{bad}");
        }
    }
}
