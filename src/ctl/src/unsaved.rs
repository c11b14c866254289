// SPDX-License-Identifier: GPL-3.0-or-later
//! Saves a finished sign-in, and waits for one that is being renewed. The server will not issue it again, so it is not given up
//! before the person says so.

use std::time::Duration;

use usher_core::{
    account::Account,
    binding::Binding,
    error_text::UserFacing,
    i18n::{gettext, gettext_f},
    patience::within,
    provider::{SignedIn, Way},
    sign_in::{ExpectedAccount, SaveOutcome, Unsaved},
    store::StoreError,
    text,
};

use crate::{
    context::Context,
    failure::Failure,
    terminal::{self, Interrupts},
    time,
};

/// How long to wait for the keyring where nobody can be asked.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Saves the account, and prints that. `way` is how the person chose to come to the sign-in page. If the keyring fails, asks
/// whether to try again, and tries by itself as soon as the keyring can.
pub(crate) async fn save(
    context: &Context,
    binding: &Binding,
    signed_in: &SignedIn,
    way: Option<Way>,
) -> Result<Account, Failure> {
    context.is_unsaved.set(true);
    let unsaved = Unsaved::new(binding, signed_in, ExpectedAccount::Anybody, None, way);
    let mut saved = unsaved.save(&context.store).await;
    let outcome = loop {
        match saved {
            Ok(outcome) => break outcome,
            Err(error) => saved = try_again(context, &unsaved, error).await?,
        }
    };
    let SaveOutcome::Saved(saved) = outcome else { unreachable!("anybody may sign in") };
    context.is_unsaved.set(false);
    context.is_too_late.set(true);
    let (host, user) = (binding.host(), text::clean(&saved.account.label(), text::NAME_LIMIT));
    let values = [("host", host.as_str()), ("user", user.as_str())];
    context.out.line(&if user == host {
        gettext_f("Signed in to {host}.", &values)
    } else {
        gettext_f("Signed in to {host} as {user}.", &values)
    })?;
    print_hints(context, &saved.account)?;
    Ok(saved.account)
}

/// Prints what a credential that somebody handed out says about itself.
fn print_hints(context: &Context, account: &Account) -> Result<(), Failure> {
    let hints = account.hints();
    if let Some(until) = account.valid_until.filter(|_| hints.is_handed_out) {
        context.out.line(&gettext_f("Valid until {date}.", &[("date", &time::day(until))]))?;
    }
    match hints.coverage() {
        Some(coverage) => context.out.line(&gettext_f("{reason}.", &[("reason", &coverage)])),
        None => Ok(()),
    }
}

/// Waits for a renewal that a command has begun, and for a keyring that has not saved it. Ctrl+C stops that.
pub(crate) async fn finish(context: &Context, interrupts: &mut Interrupts) -> Result<(), Failure> {
    let mut unfinished = context.session.unfinished();
    if !unfinished.borrow().is_any() {
        return Ok(());
    }
    let waiting = async {
        if context.session.finish().await.unsaved == 0 {
            return Ok(());
        }
        for unsaved in context.store.unsaved().await {
            terminal::say(&unsaved.sentence())?;
        }
        terminal::say(&gettext("Waiting for the keyring… (Ctrl+C to stop)"))?;
        let _ = within(PATIENCE, unfinished.wait_for(|unfinished| !unfinished.is_any())).await;
        Ok(())
    };
    tokio::select! {
        done = waiting => done,
        () = interrupts.next() => Ok(()),
    }
}

/// Waits for the person, or for a keyring that can save again.
async fn try_again(
    context: &Context,
    unsaved: &Unsaved,
    error: StoreError,
) -> Result<Result<SaveOutcome, StoreError>, Failure> {
    terminal::say(&gettext_f(
        "Signed in, but the keyring did not save it: {reason}. It will be saved once the keyring responds.",
        &[("reason", &error.reason())],
    ))?;
    let by_itself = async {
        match zbus::Connection::session().await {
            Ok(connection) => unsaved.save_when_possible(&context.store, &connection).await,
            Err(_) => std::future::pending().await,
        }
    };
    let asked = async {
        if terminal::can_ask() {
            return terminal::ask_again(&gettext("Try again now?")).await;
        }
        terminal::say(&gettext("Waiting for the keyring… (Ctrl+C to stop)"))?;
        tokio::time::sleep(PATIENCE).await;
        Ok(false)
    };
    let wants = tokio::select! {
        outcome = by_itself => return Ok(Ok(outcome)),
        wants = asked => wants?,
    };
    if wants { Ok(unsaved.save(&context.store).await) } else { Err(error.into()) }
}
