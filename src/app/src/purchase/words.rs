// SPDX-License-Identifier: GPL-3.0-or-later
//! What the pages of a purchase say. Pure but for the translations.

use super::trouble::Trouble;
use crate::{
    i18n::{gettext, gettext_f},
    text,
};

/// A page between the shop's pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PageKind {
    /// Paid and not granted yet.
    Waiting,
    /// Begun, and not known how it ended.
    Unfinished,
    /// Not for sale to this account.
    NotOffered,
    /// It could not be begun.
    Trouble(Trouble),
    /// One of several is done; the next one waits for a click.
    Progress,
}

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ButtonAction {
    /// Asks the server again.
    Check,
    /// The person says that it was not paid.
    NotPaid,
    /// Begins, and shows the shop in the browser.
    Browser,
    /// Tries to begin once more.
    Retry,
    /// Goes over to another account.
    AnotherAccount,
    /// Goes on with the app whose turn it is.
    Continue,
    /// Skips the app whose turn it is, and goes on with the next.
    Skip,
    /// Keeps what was bought and buys no more.
    Stop,
}

/// Names on a page, as they came from outside.
pub(super) struct Names<'a> {
    pub(super) app: &'a str,
    /// The app whose turn comes after it.
    pub(super) next: Option<&'a str>,
    pub(super) host: &'a str,
    pub(super) user: &'a str,
}

/// What a page says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PageText {
    pub(super) icon: &'static str,
    pub(super) title: String,
    pub(super) text: String,
    /// The first is the suggested one.
    pub(super) buttons: Vec<(ButtonAction, String)>,
    /// Whether those who mend Usher, or a server, could help.
    pub(super) is_fault: bool,
}

/// What a page says, and what can be done on it.
pub(super) fn words(shown: &PageKind, names: &Names<'_>) -> PageText {
    let (app, host, user) = (text::within(names.app), text::within(names.host), text::within(names.user));
    let values = [("app", app.as_str()), ("host", host.as_str()), ("user", user.as_str())];
    let check = || (ButtonAction::Check, gettext("Check Again"));
    let not_paid = || (ButtonAction::NotPaid, gettext("Not Paid"));
    let (icon, title, text, mut buttons) = match shown {
        PageKind::Waiting => (
            "document-open-recent-symbolic",
            gettext("Waiting for the Store"),
            gettext_f("{host} has not unlocked “{app}” yet. Nothing is paid again.", &values),
            vec![check(), not_paid()],
        ),
        PageKind::Unfinished => (
            "document-open-recent-symbolic",
            gettext("Unfinished Purchase"),
            gettext_f(
                "The purchase of “{app}” at {host} is unfinished. If it was paid, the app becomes available.",
                &values,
            ),
            vec![check(), not_paid()],
        ),
        PageKind::NotOffered => (
            "avatar-default-symbolic",
            gettext("Not Available to This Account"),
            gettext_f(
                "{host} does not offer “{app}” to {user}. The people who run the repository can give access.",
                &values,
            ),
            vec![(ButtonAction::AnotherAccount, gettext("Use Another Account…"))],
        ),
        PageKind::Trouble(trouble) => {
            let (icon, title, text) = trouble.words(names.host);
            let button = match trouble {
                Trouble::NotContained => (ButtonAction::Browser, gettext("Continue in Browser")),
                _ => (ButtonAction::Retry, gettext("Try Again")),
            };
            (icon, title, text, vec![button])
        }
        PageKind::Progress => {
            let go_on = gettext_f("Continue With “{app}”", &values);
            (
                "",
                String::new(),
                String::new(),
                vec![(ButtonAction::Continue, go_on), (ButtonAction::Stop, gettext("Stop Here"))],
            )
        }
    };
    if matches!(shown, PageKind::Unfinished | PageKind::NotOffered)
        && let Some(next) = names.next
    {
        buttons.push((ButtonAction::Skip, gettext_f("Continue With “{app}”", &[("app", &text::within(next))])));
    }
    PageText { icon, title, text, buttons, is_fault: matches!(shown, PageKind::Trouble(_)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(shown: &PageKind, next: Option<&str>) -> (String, String, Vec<(ButtonAction, String)>) {
        let names = Names { app: "Sketchbook", next, host: "s.example", user: "demo" };
        let words = words(shown, &names);
        let bare = |text: &str| text.replace(['\u{2068}', '\u{2069}'], "");
        let buttons = words.buttons.iter().map(|(act, label)| (*act, bare(label))).collect();
        (bare(&words.title), bare(&words.text), buttons)
    }

    #[test]
    fn what_is_paid_is_waited_for_in_calm_words() {
        let (title, text, buttons) = told(&PageKind::Waiting, Some("Other"));
        assert_eq!(title, "Waiting for the Store");
        assert_eq!(text, "s.example has not unlocked “Sketchbook” yet. Nothing is paid again.");
        assert_eq!(buttons[0], (ButtonAction::Check, "Check Again".into()));
        assert!(buttons.iter().all(|(act, _)| *act != ButtonAction::Skip));
    }

    #[test]
    fn an_app_that_is_not_sold_leads_to_another_account_or_to_the_next_app() {
        let (title, text, buttons) = told(&PageKind::NotOffered, Some("Other"));
        assert_eq!(title, "Not Available to This Account");
        let said = "s.example does not offer “Sketchbook” to demo. The people who run the repository can give access.";
        assert_eq!(text, said);
        assert_eq!(
            buttons,
            [
                (ButtonAction::AnotherAccount, "Use Another Account…".into()),
                (ButtonAction::Skip, "Continue With “Other”".into())
            ]
        );
        assert_eq!(told(&PageKind::NotOffered, None).2.len(), 1);
    }

    #[test]
    fn one_of_several_leads_to_the_next_or_to_the_end() {
        let (_, _, buttons) = told(&PageKind::Progress, Some("Third"));
        assert_eq!(
            buttons,
            [(ButtonAction::Continue, "Continue With “Sketchbook”".into()), (ButtonAction::Stop, "Stop Here".into())]
        );
    }

    #[test]
    fn w18_names_from_outside_stay_what_they_are() {
        let hostile = format!("<b>x</b>\u{202e}\n{}", "y".repeat(10_000));
        let names = Names { app: &hostile, next: Some(&hostile), host: "s.example", user: &hostile };
        for shown in [PageKind::Waiting, PageKind::Unfinished, PageKind::NotOffered, PageKind::Progress] {
            let words = words(&shown, &names);
            for text in words.buttons.into_iter().map(|(_, label)| label).chain([words.text]) {
                assert!(!text.contains(['\u{202e}', '\n']) && text.chars().count() < 350, "{text}");
            }
        }
    }
}
