// SPDX-License-Identifier: GPL-3.0-or-later
//! The texts of notifications, and the actions of clicks. Texts name servers and repositories; never a person, and
//! never an app (rule R17).

use usher_core::{
    error_text::UserFacing,
    http::HttpError,
    i18n::{gettext, gettext_f, ngettext_f},
    notices::Cause,
    session::SessionError,
    store::StoreError,
    text,
};

use super::date;
use crate::flow::{NotificationEvent, Obstacle};

/// An action of the window process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Action {
    /// Its name.
    pub(super) name: &'static str,
    /// The account or the repository that it is about.
    pub(super) target: String,
}

/// The content of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotificationText {
    pub(super) title: String,
    /// Plain text without angle brackets, for every desktop.
    pub(super) body: String,
    /// The action of a click. Without one, a click opens Usher.
    pub(super) default: Option<Action>,
    /// A button: its label and its action.
    pub(super) button: Option<(String, Action)>,
}

impl NotificationText {
    /// The content for an event. `repository` is the title of the remote, for which `waiting` updates wait.
    pub(super) fn of(event: &NotificationEvent, repository: &str, waiting: usize) -> Self {
        let (host, repository) = (text::name(&event.ground.host()), name_without_markup(repository));
        let values = [("host", host.as_str()), ("repository", repository.as_str())];
        let account = || event.account.map(|id| id.to_string());
        let show_account = || account().map(|target| Action { name: "show-account", target });
        let attend = || Action { name: "attend-to-repository", target: event.ground.remote_uri.clone() };
        match event.cause {
            Cause::SignIn => {
                let again = account().map(|target| Action { name: "sign-in-again", target });
                Self {
                    title: gettext("Account Needed for Updates"),
                    body: ngettext_f(
                        "{n} update from {repository} is waiting. Sign in to {host}.",
                        "{n} updates from {repository} are waiting. Sign in to {host}.",
                        waiting,
                        &values,
                    ),
                    default: Some(show_account().unwrap_or_else(attend)),
                    button: Some((gettext("Sign In"), again.unwrap_or_else(attend))),
                }
            }
            Cause::Permission => Self {
                title: gettext("Account Needed for Updates"),
                body: ngettext_f(
                    "{n} update from {repository} is waiting for permission to use an account at {host}.",
                    "{n} updates from {repository} are waiting for permission to use an account at {host}.",
                    waiting,
                    &values,
                ),
                default: Some(attend()),
                button: Some((gettext("Review"), attend())),
            },
            Cause::Unlock => Self {
                title: gettext("Account Needed for Updates"),
                body: ngettext_f(
                    "{n} update from {repository} is waiting. The keyring is locked.",
                    "{n} updates from {repository} are waiting. The keyring is locked.",
                    waiting,
                    &values,
                ),
                default: None,
                button: None,
            },
            Cause::NoAccess => Self {
                title: gettext("App No Longer Available"),
                body: gettext_f("An app was not updated: the account at {host} no longer has access.", &values),
                default: show_account(),
                button: None,
            },
            Cause::EndsSoon => Self {
                title: gettext("Sign-In Ends Soon"),
                body: match event.end.and_then(date::day) {
                    Some(date) => gettext_f("At {host}, on {date}.", &[("host", &host), ("date", &date)]),
                    None => host.clone(),
                },
                default: show_account(),
                button: None,
            },
            Cause::Stopped => Self {
                title: gettext("Install Stopped"),
                body: event.obstacle.as_ref().map(|obstacle| stopped(obstacle, &values)).unwrap_or_default(),
                default: Some(attend()),
                button: None,
            },
            Cause::Finished => Self {
                title: gettext("Purchase Finished"),
                body: gettext_f("What was bought at {host} can be installed now.", &values),
                default: show_account(),
                button: None,
            },
        }
    }
}

/// Why an install stopped, and what to do.
fn stopped(obstacle: &Obstacle, values: &[(&str, &str)]) -> String {
    let host = values.iter().find(|(name, _)| *name == "host").map_or("", |(_, host)| host);
    match obstacle {
        Obstacle::NoAccount | Obstacle::SignedOut(_) | Obstacle::Expired(_) => {
            gettext_f("Sign in to {host}, then start the install again.", values)
        }
        Obstacle::MayHaveEnded(_) => gettext_f(
            "{host} answered in an unexpected way. The sign-in may have ended. Sign in again, then start the install again.",
            values,
        ),
        Obstacle::NoLink(_) => gettext_f(
            "{repository} needs permission to use an account at {host}. Allow it, then start the install again.",
            values,
        ),
        Obstacle::Refused => {
            gettext_f("{repository} may not use an account at {host}. This can be changed in Usher.", values)
        }
        Obstacle::NotBought { .. } | Obstacle::NotOffered { .. } => {
            gettext_f("The account at {host} has no access yet.", values)
        }
        Obstacle::Locked => gettext("The keyring is locked. Unlock it, then start the install again."),
        Obstacle::NoKeyring => StoreError::NoKeyring.sentence(),
        Obstacle::NoPortal => StoreError::NoPortal.sentence(),
        Obstacle::KeyringFailed => gettext("The keyring cannot be read, so no account can be used."),
        Obstacle::Changed { .. } => {
            gettext_f("{repository} now asks for an account at a different server, {host}.", values)
        }
        Obstacle::Unreachable => HttpError::Unreachable.at(host).sentence(),
        Obstacle::BadAnswer => HttpError::Unexpected.at(host).sentence(),
        Obstacle::NotSecure(fault) => HttpError::Certificate(*fault).at(host).sentence(),
        Obstacle::Proxy(fault) => HttpError::Proxy(*fault).at(host).sentence(),
        Obstacle::NotPossible => SessionError::not_possible(host),
        Obstacle::NotRenewed { host, error } => error.at(host).sentence(),
        Obstacle::NotSavedYet => SessionError::not_saved_yet(),
        Obstacle::Options(error) => {
            let repository = values.iter().find(|(name, _)| *name == "repository").map_or("", |(_, name)| name);
            error.of_remote(repository)
        }
    }
}

/// Some desktops parse plain text as markup, so nothing may look like a tag.
fn name_without_markup(name: &str) -> String {
    text::name(name).replace('<', "‹").replace('>', "›")
}

#[cfg(test)]
mod tests {
    use usher_core::account::AccountId;

    use super::*;
    use crate::fakes::{REMOTE_URI, ground};

    fn event(cause: Cause, account: Option<AccountId>) -> NotificationEvent {
        NotificationEvent {
            cause,
            account,
            ground: ground(),
            end: Some(1_794_787_199),
            obstacle: Some(Obstacle::NoAccount),
        }
    }

    /// Title and body, without isolates.
    fn title_and_body(cause: Cause, waiting: usize) -> (String, String) {
        let text = NotificationText::of(&event(cause, Some(AccountId::random())), "Example Apps", waiting);
        (text.title, text.body.replace(['\u{2068}', '\u{2069}'], ""))
    }

    #[test]
    fn what_is_said_names_servers_and_repositories() {
        let needed = "Account Needed for Updates".to_owned();
        let one = "1 update from Example Apps is waiting. Sign in to store.example.org.";
        let two = "2 updates from Example Apps are waiting. Sign in to store.example.org.";
        assert_eq!(title_and_body(Cause::SignIn, 1), (needed.clone(), one.into()));
        assert_eq!(title_and_body(Cause::SignIn, 2), (needed.clone(), two.into()));
        let locked = "1 update from Example Apps is waiting. The keyring is locked.";
        assert_eq!(title_and_body(Cause::Unlock, 1), (needed, locked.into()));
        let (title, body) = title_and_body(Cause::NoAccess, 1);
        assert_eq!(title, "App No Longer Available");
        assert_eq!(body, "An app was not updated: the account at store.example.org no longer has access.");
        let (title, body) = title_and_body(Cause::Finished, 0);
        assert_eq!(
            (title.as_str(), body.as_str()),
            ("Purchase Finished", "What was bought at store.example.org can be installed now.")
        );
        let (title, body) = title_and_body(Cause::EndsSoon, 0);
        assert_eq!(title, "Sign-In Ends Soon");
        assert!(body.starts_with("At store.example.org, on ") && body.ends_with("November 2026."), "{body}");
    }

    #[test]
    fn why_an_install_stopped_is_said_without_person_and_app() {
        let id = AccountId::random();
        let ids = ["org.example.App".to_owned()].into();
        for (obstacle, expected) in [
            (Obstacle::NoAccount, "Sign in to store.example.org, then start the install again."),
            (Obstacle::Expired(id), "Sign in to store.example.org, then start the install again."),
            (
                Obstacle::NoLink(None),
                "Example Apps needs permission to use an account at store.example.org. Allow it, then start the install again.",
            ),
            (
                Obstacle::Refused,
                "Example Apps may not use an account at store.example.org. This can be changed in Usher.",
            ),
            (
                Obstacle::NotBought { account: id, user: "demo".into(), ids },
                "The account at store.example.org has no access yet.",
            ),
            (Obstacle::Locked, "The keyring is locked. Unlock it, then start the install again."),
            (Obstacle::Unreachable, "store.example.org cannot be reached. Check the connection, then try again."),
            (
                Obstacle::NotRenewed { host: "sso.example.org".into(), error: HttpError::TimedOut },
                "sso.example.org cannot be reached. Check the connection, then try again.",
            ),
        ] {
            let event = NotificationEvent { obstacle: Some(obstacle), ..event(Cause::Stopped, Some(id)) };
            let text = NotificationText::of(&event, "Example Apps", 0);
            assert_eq!(text.title, "Install Stopped");
            assert_eq!(text.body.replace(['\u{2068}', '\u{2069}'], ""), expected);
        }
    }

    #[test]
    fn the_title_of_a_repository_is_never_markup() {
        let text =
            NotificationText::of(&event(Cause::SignIn, None), "<a href=\"https://evil.example\">Free</a>\nApps", 1);
        assert!(!text.body.contains(['<', '>', '\n']), "{}", text.body);
    }

    #[test]
    fn a_click_leads_to_the_account_or_to_the_repository_without_one() {
        let id = AccountId::random();
        let known = NotificationText::of(&event(Cause::SignIn, Some(id)), "Shop", 1);
        let action = |name, target: String| Action { name, target };
        assert_eq!(known.default, Some(action("show-account", id.to_string())));
        assert_eq!(known.button.unwrap().1, action("sign-in-again", id.to_string()));
        let unknown = NotificationText::of(&event(Cause::SignIn, None), "Shop", 1);
        assert_eq!(unknown.default, Some(action("attend-to-repository", REMOTE_URI.into())));
    }
}
