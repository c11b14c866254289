// SPDX-License-Identifier: GPL-3.0-or-later
//! The words of a question (`ux.md` section 5). Pure but for the translations.

use usher_core::{
    account::{Account, AccountId, AccountState},
    prompt::{Kind, Reason},
};

use super::details::Details;
use crate::{
    i18n::{gettext, gettext_f, ngettext_f},
    text,
};

/// What an app is called.
pub(crate) type Name<'a> = &'a dyn Fn(&str) -> String;

/// What can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Sign in; the account if it is one that is known.
    SignIn,
    /// Sign in again to a known account.
    SignInAgain(Account),
    /// Let the repository use the only account.
    Allow(Account),
    /// Let the repository use one of several accounts.
    Choose(Vec<Account>),
    /// Buy the apps with this account.
    Buy(Account),
    /// Unlock the keyring.
    Unlock,
}

/// Which form a question has, with the accounts of its binding.
pub(super) fn form(details: &Details, accounts: &[Account]) -> Form {
    match details.kind {
        Kind::Unlock => Form::Unlock,
        Kind::SignIn => sign_in(details.account, accounts),
        Kind::Purchase => {
            let linked = accounts.iter().find(|account| account.is_linked_to(&details.ground.remote_url));
            let known = details.account.or_else(|| linked.map(|account| account.id));
            let account = known.and_then(|id| accounts.iter().find(|account| account.id == id));
            match account.filter(|account| account.state == AccountState::SignedIn) {
                Some(account) => Form::Buy(account.clone()),
                None => sign_in(known, accounts),
            }
        }
        Kind::Link => match accounts {
            [] => Form::SignIn,
            [one] => Form::Allow(one.clone()),
            several => Form::Choose(several.to_vec()),
        },
    }
}

fn sign_in(account: Option<AccountId>, accounts: &[Account]) -> Form {
    let known = account.and_then(|id| accounts.iter().find(|account| account.id == id));
    known.map_or(Form::SignIn, |account| Form::SignInAgain(account.clone()))
}

/// What a question says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QuestionText {
    /// Heading, and title of the window.
    pub(super) heading: String,
    pub(super) description: String,
    pub(super) primary: String,
    pub(super) secondary: Option<String>,
    /// The row that leads to another account.
    pub(super) other: Option<String>,
}

/// The words of a question. `title` is what the repository is called.
pub(super) fn words(
    details: &Details,
    form: &Form,
    title: &str,
    has_other_accounts: bool,
    name: Name<'_>,
) -> QuestionText {
    let host = text::within(&details.ground.host());
    let repository = text::within(title);
    let values = [("host", host.as_str()), ("repository", repository.as_str())];
    let use_another = || gettext("Use Another Account…");
    // What the person says no to is the permission, not an account that was to be signed in to or bought with.
    let refusable = |other: String| match details.kind {
        Kind::Link => (Some(gettext("Don’t Allow")), Some(other)),
        Kind::SignIn | Kind::Purchase | Kind::Unlock => (Some(other), None),
    };
    match form {
        Form::SignIn => QuestionText {
            heading: gettext_f("Sign In to {host}", &values),
            description: account_needed(details, &values, name),
            primary: gettext_f("Continue to {host}", &values),
            secondary: has_other_accounts.then(use_another),
            other: None,
        },
        Form::SignInAgain(account) => QuestionText {
            heading: gettext_f("Sign In to {host} Again", &values),
            description: if account.state == AccountState::SignedOut {
                account_needed(details, &values, name)
            } else if details.reason == Reason::MayHaveEnded {
                gettext_f("{host} answered in an unexpected way. The sign-in may have ended.", &values)
            } else {
                gettext_f("The sign-in of {user} has expired.", &[("user", &text::within(&account.label()))])
            },
            primary: gettext_f("Continue to {host}", &values),
            secondary: Some(use_another()),
            other: None,
        },
        Form::Allow(account) => {
            let (secondary, other) = refusable(use_another());
            QuestionText {
                heading: gettext_f("Use the Account of {user}?", &[("user", &text::within(&account.label()))]),
                description: if details.is_listing {
                    wants_to_list(details, &repository)
                } else {
                    wants_to_use(&details.app_ids, details.is_update, &repository, name)
                },
                primary: gettext("Allow"),
                secondary,
                other,
            }
        }
        Form::Choose(_) => {
            let (secondary, other) = refusable(gettext("Add Account…"));
            QuestionText {
                heading: gettext("Choose an Account"),
                description: gettext_f("{repository} needs an account at {host}.", &values),
                primary: gettext("Allow"),
                secondary,
                other,
            }
        }
        Form::Buy(account) => QuestionText {
            heading: buy(&details.app_ids, name),
            description: gettext_f(
                "The account {user} at {host} has no access yet. Nothing is paid before it is confirmed on the store’s page.",
                &[("user", &text::within(&account.label())), values[0]],
            ),
            primary: gettext("Continue to Purchase"),
            secondary: Some(gettext("Already Bought?")),
            other: None,
        },
        Form::Unlock => QuestionText {
            heading: gettext("Unlock the Keyring"),
            description: gettext_f("The account for {host} is in a locked keyring.", &values),
            primary: gettext("Unlock"),
            secondary: None,
            other: None,
        },
    }
}

fn account_needed(details: &Details, values: &[(&str, &str)], name: Name<'_>) -> String {
    let n = details.app_ids.len();
    if details.is_listing {
        return wants_to_list(details, values[1].1);
    }
    if n == 0 {
        return gettext_f("{repository} needs an account at {host}.", values);
    }
    if let [app] = details.app_ids.as_slice() {
        let app = text::within(&name(app));
        let app = [("app", app.as_str())];
        return if details.is_update {
            gettext_f("An account is needed to update “{app}”.", &app)
        } else {
            gettext_f("An account is needed to install “{app}”.", &app)
        };
    }
    if details.is_update {
        ngettext_f("An account is needed to update {n} app.", "An account is needed to update {n} apps.", n, &[])
    } else {
        ngettext_f("An account is needed to install {n} app.", "An account is needed to install {n} apps.", n, &[])
    }
}

/// Who wants to see what a repository has.
fn wants_to_list(details: &Details, repository: &str) -> String {
    let program = text::place_first(&details.client);
    gettext_f(
        "{program} wants to list the apps of {repository}.",
        &[("program", program.as_str()), ("repository", repository)],
    )
}

/// The question whether these apps are to be bought.
fn buy(app_ids: &[String], name: Name<'_>) -> String {
    match app_ids {
        [app] => gettext_f("Buy “{app}”?", &[("app", &text::within(&name(app)))]),
        apps => ngettext_f("Buy {n} App?", "Buy {n} Apps?", apps.len(), &[]),
    }
}

/// What a repository wants to use an account for.
pub(crate) fn wants_to_use(app_ids: &[String], is_update: bool, repository: &str, name: Name<'_>) -> String {
    let n = app_ids.len();
    let values = [("repository", repository)];
    match (app_ids, is_update) {
        ([], _) => gettext_f("{repository} wants to use it.", &values),
        ([app], false) => gettext_f(
            "{repository} wants to use it to install “{app}”.",
            &[values[0], ("app", &text::within(&name(app)))],
        ),
        ([app], true) => gettext_f(
            "{repository} wants to use it to update “{app}”.",
            &[values[0], ("app", &text::within(&name(app)))],
        ),
        (_, false) => ngettext_f(
            "{repository} wants to use it to install {n} app.",
            "{repository} wants to use it to install {n} apps.",
            n,
            &values,
        ),
        (_, true) => ngettext_f(
            "{repository} wants to use it to update {n} app.",
            "{repository} wants to use it to update {n} apps.",
            n,
            &values,
        ),
    }
}

/// What happens to the install meanwhile. `minutes_left` is given when the end of the waiting is near.
pub(super) fn outlook(details: &Details, is_waiting: bool, minutes_left: Option<usize>, name: Name<'_>) -> String {
    let program = text::place_first(&details.client);
    let program = [("program", program.as_str())];
    if details.is_listing {
        return String::new();
    }
    if details.is_update {
        return update_outlook(details, name);
    }
    match (is_waiting, minutes_left, details.kind) {
        (true, Some(minutes), _) => ngettext_f(
            "{program} stops waiting in {n} minute.",
            "{program} stops waiting in {n} minutes.",
            minutes,
            &program,
        ),
        (true, None, _) if details.app_ids.is_empty() => gettext_f("{program} is waiting.", &program),
        (false, _, _) if details.app_ids.is_empty() => String::new(),
        (true, None, Kind::SignIn) => {
            gettext_f("{program} is waiting. The install continues after signing in.", &program)
        }
        (true, None, Kind::Purchase) => {
            gettext_f("{program} is waiting. The install continues after the purchase.", &program)
        }
        (true, None, _) => gettext_f("{program} is waiting. The install continues by itself.", &program),
        (false, _, Kind::SignIn) => gettext("The install was stopped. Sign in, then start it again."),
        (false, _, Kind::Purchase) => gettext("The install was stopped. Buy the app, then start it again."),
        (false, _, Kind::Link) => gettext("The install was stopped. Allow the account, then start it again."),
        (false, _, Kind::Unlock) => gettext("The install was stopped. Unlock the keyring, then start it again."),
    }
}

fn update_outlook(details: &Details, name: Name<'_>) -> String {
    match (details.app_ids.as_slice(), details.kind) {
        ([app], Kind::Purchase) => gettext_f(
            "Other apps are being updated. After the purchase, “{app}” is part of the next update.",
            &[("app", &text::within(&name(app)))],
        ),
        ([app], _) => gettext_f(
            "Other apps are being updated. After signing in, “{app}” is part of the next update.",
            &[("app", &text::within(&name(app)))],
        ),
        (apps, Kind::Purchase) => ngettext_f(
            "Other apps are being updated. After the purchase, {n} more app is part of the next update.",
            "Other apps are being updated. After the purchase, {n} more apps are part of the next update.",
            apps.len(),
            &[],
        ),
        (apps, _) => ngettext_f(
            "Other apps are being updated. After signing in, {n} more app is part of the next update.",
            "Other apps are being updated. After signing in, {n} more apps are part of the next update.",
            apps.len(),
            &[],
        ),
    }
}

#[cfg(test)]
mod tests;
