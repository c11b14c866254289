// SPDX-License-Identifier: GPL-3.0-or-later
//! How a problem is reported: a word for programs, a sentence for people, and the command that solves it.

use super::{InstallationKind, Problem, Topic};
use crate::{
    binding::{OptionsError, option},
    error_text::UserFacing,
    folders::SessionFault,
    i18n::{gettext, gettext_f, ngettext_f},
    names,
    service::UrlError,
    store::StoreError,
    text,
};

impl Topic {
    /// The title of a row about this topic.
    pub fn title(self) -> String {
        match self {
            Self::Authenticator => gettext("Asks Usher for Accounts"),
            Self::Address => gettext("Secure Address"),
            Self::Options => gettext("Names Its Account Server"),
            Self::Account => gettext("Account"),
            Self::Server => gettext("Account Server Answers"),
            Self::Token => gettext("Access Token Accepted"),
            Self::SignIn => gettext("Sign-In"),
            Self::Updates => gettext("Updates"),
        }
    }
}

impl Problem {
    /// The problem's word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::AddressUnusable { fault: UrlError::NotSecure, .. } => "address-not-secure",
            Self::AddressUnusable { .. } => "address-unusable",
            Self::OptionUnusable { error: OptionsError::Missing(option::REGISTRY), .. } => "not-looked-at",
            Self::OptionUnusable { error: OptionsError::Missing(_), .. } => "option-missing",
            Self::OptionUnusable { error: OptionsError::UnknownType(_), .. } => "type-unknown",
            Self::OptionUnusable { .. } => "option-unusable",
            Self::OtherAuthenticator { .. } => "other-authenticator",
            Self::ServerChanged { .. } => "server-changed",
            Self::NoAccount { .. } => "no-account",
            Self::SignedOut { .. } => "signed-out",
            Self::Expired { .. } => "expired",
            Self::MayHaveEnded { .. } => "may-have-ended",
            Self::LeftOut { .. } => "left-out",
            Self::NotAllowed { .. } => "not-allowed",
            Self::Refused { .. } => "refused",
            Self::Ambiguous { .. } => "ambiguous",
            Self::TokenNotAccepted { .. } => "token-not-accepted",
            Self::TokenLivesLong { .. } => "token-lives-long",
            Self::TokenCoversAll { .. } => "token-covers-all",
            Self::EndsSoon { .. } => "ends-soon",
            Self::Unreachable { .. } => "unreachable",
            Self::NotSpoken { .. } => "not-spoken",
            Self::ProxyNotUnderstood { .. } => "proxy-not-understood",
            Self::ProxySettingsSilent => "proxy-settings-silent",
            Self::KeyringLocked => "keyring-locked",
            Self::NoKeyring => "no-keyring",
            Self::NoPortal => "no-portal",
            Self::KeyringFailed => "keyring-failed",
            Self::NoSessionFolder { is_usable: true, .. } => "no-session-folder",
            Self::NoSessionFolder { .. } | Self::NoFolder => "no-folder",
            Self::NoBus => "no-bus",
            Self::NoHelper => "no-helper",
            Self::SecondUsher { .. } => "second-usher",
            Self::CameAlong { .. } => "came-along",
            Self::MayReplaceUsher { .. } => "may-replace-usher",
            Self::MayReplaceApp { .. } => "may-replace-app",
            Self::TakesNames { .. } => "takes-names",
        }
    }

    /// What is wrong, in one sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::AddressUnusable { remote, fault, .. } => fault.of_remote(remote),
            Self::OptionUnusable { remote, error, .. } => error.of_remote(remote),
            Self::OtherAuthenticator { remote, .. } => gettext_f(
                "Remote “{remote}” may use an account, but asks another program for it.",
                &[("remote", &clean(remote))],
            ),
            Self::ServerChanged { remote, old_host, new_host, .. } => gettext_f(
                "Blocked: “{remote}” now asks for an account at {new_host} instead of {old_host}. If this is not expected, do not sign in there.",
                &[("remote", &clean(remote)), ("new_host", new_host), ("old_host", old_host)],
            ),
            Self::NoAccount { host, .. } => gettext_f("There is no account at {host}.", &[("host", host)]),
            Self::SignedOut { user, host, .. } => {
                gettext_f("The account of {user} at {host} is signed out.", &[("user", &clean(user)), ("host", host)])
            }
            Self::Expired { user, host, .. } => {
                gettext_f("The sign-in of {user} at {host} has expired.", &[("user", &clean(user)), ("host", host)])
            }
            Self::MayHaveEnded { user, host, .. } => gettext_f(
                "The sign-in of {user} at {host} may have ended. Sign in again if apps cannot be installed.",
                &[("user", &clean(user)), ("host", host)],
            ),
            Self::NotAllowed { remote, host } => gettext_f(
                "“{remote}” may not use the account at {host} yet.",
                &[("remote", &clean(remote)), ("host", host)],
            ),
            Self::Refused { remote, host } => gettext_f(
                "Not allowed: “{remote}” may not use an account at {host}.",
                &[("remote", &clean(remote)), ("host", host)],
            ),
            Self::Ambiguous { remote, host } => gettext_f(
                "“{remote}” may use several accounts at {host}, so none is used.",
                &[("remote", &clean(remote)), ("host", host)],
            ),
            Self::TokenNotAccepted { host, .. } => {
                gettext_f("The access token is not accepted by {host}.", &[("host", host)])
            }
            Self::TokenLivesLong { host } => gettext_f(
                "The access token for {host} is valid for more than 30 days. One that ends sooner does less harm if it is lost.",
                &[("host", host)],
            ),
            Self::TokenCoversAll { host } => gettext_f(
                "The access token for {host} is for all apps of the repository. One for some apps does less harm if it is lost.",
                &[("host", host)],
            ),
            Self::EndsSoon { user, host, days, .. } => ngettext_f(
                "The sign-in of {user} at {host} ends within {n} day.",
                "The sign-in of {user} at {host} ends within {n} days.",
                *days,
                &[("user", &clean(user)), ("host", host)],
            ),
            Self::Unreachable { host, error } => error.at(host).finding(),
            Self::NotSpoken { host } => gettext_f("{host} does not offer accounts for apps.", &[("host", host)]),
            Self::LeftOut { host, updates } => ngettext_f(
                "{n} update was skipped: {host} answered in an unexpected way.",
                "{n} updates were skipped: {host} answered in an unexpected way.",
                *updates,
                &[("host", host)],
            ),
            Self::ProxyNotUnderstood { variable } => gettext_f(
                "The proxy in the variable “{variable}” is not understood, so no server is contacted. Write it like “http://host:port” or “socks5h://host:port”.",
                &[("variable", variable)],
            ),
            Self::ProxySettingsSilent => {
                gettext("The desktop does not say which proxy to use, so servers are contacted without one.")
            }
            Self::KeyringLocked => gettext("The keyring is locked."),
            Self::NoKeyring => StoreError::NoKeyring.sentence(),
            Self::NoPortal => StoreError::NoPortal.sentence(),
            Self::KeyringFailed => gettext("The keyring cannot be read, so no account can be used."),
            Self::NoSessionFolder { fault, folder, is_usable } => session_folder_sentence(*fault, folder, *is_usable),
            Self::NoFolder => {
                gettext("Usher cannot save anything, because neither XDG_DATA_HOME nor HOME names a folder.")
            }
            Self::NoBus => gettext("There is no session bus, so flatpak cannot ask for accounts."),
            Self::NoHelper => gettext("The background service that flatpak asks for accounts is not installed."),
            Self::SecondUsher { .. }
            | Self::CameAlong { .. }
            | Self::MayReplaceUsher { .. }
            | Self::MayReplaceApp { .. }
            | Self::TakesNames { .. } => self.impostor_sentence(),
        }
    }

    fn impostor_sentence(&self) -> String {
        match self {
            Self::SecondUsher { app, origin, .. } => gettext_f(
                "Usher may have been replaced: “{app}” is also installed from “{origin}”.",
                &[("app", app), ("origin", &clean(origin))],
            ),
            Self::CameAlong { remote, .. } => gettext_f(
                "“{remote}” installed Usher, and reinstalls it whenever it is removed.",
                &[("remote", &clean(remote))],
            ),
            Self::MayReplaceUsher { remote, .. } => {
                gettext_f("“{remote}” can replace Usher with a program of its own.", &[("remote", &clean(remote))])
            }
            Self::MayReplaceApp { remote, app_id, origin, replaced_by: Some(_), .. } => gettext_f(
                "“{remote}” replaced “{app}” from “{origin}” with a program of its own.",
                &[("remote", &clean(remote)), ("app", &clean(app_id)), ("origin", &clean(origin))],
            ),
            Self::MayReplaceApp { remote, app_id, origin, .. } => gettext_f(
                "“{remote}” can replace “{app}” from “{origin}”.",
                &[("remote", &clean(remote)), ("app", &clean(app_id)), ("origin", &clean(origin))],
            ),
            Self::TakesNames { app_id, origin, .. } => gettext_f(
                "“{app}” from “{origin}” can pretend to be Usher.",
                &[("app", &clean(app_id)), ("origin", &clean(origin))],
            ),
            _ => String::new(),
        }
    }

    /// Whether this is worth knowing but intended by somebody: not counted as a problem.
    pub fn is_note(&self) -> bool {
        matches!(
            self,
            Self::CameAlong { .. }
                | Self::NoSessionFolder { is_usable: true, .. }
                | Self::TokenLivesLong { .. }
                | Self::TokenCoversAll { .. }
                | Self::EndsSoon { .. }
        )
    }

    /// Whether its command also keeps this remote from installing anything unasked.
    pub(super) fn is_undone_with(&self, remote: &str, remote_place: InstallationKind) -> bool {
        match self {
            Self::SecondUsher { place, origin, comes_again, .. }
            | Self::TakesNames { place, origin, comes_again, .. } => {
                *comes_again && origin == remote && *place == remote_place
            }
            _ => false,
        }
    }

    /// The command that solves the problem, if there is one: for a shell, to run as a whole.
    pub fn fix(&self) -> Option<String> {
        match self {
            Self::OtherAuthenticator { remote, place } => {
                modify(*place, &[&format!("--authenticator-name={}", names::AUTHENTICATOR_NAME)], remote)
            }
            Self::ServerChanged { remote, .. } => {
                text::usherctl(&["review", remote]).filter(|_| text::is_plain_name(remote))
            }
            Self::NoAccount { remote, .. }
            | Self::SignedOut { remote, .. }
            | Self::Expired { remote, .. }
            | Self::MayHaveEnded { remote, .. }
            | Self::TokenNotAccepted { remote, .. }
            | Self::EndsSoon { remote, .. }
            | Self::NotAllowed { remote, .. }
            | Self::Ambiguous { remote, .. } => {
                text::usherctl(&["sign-in", remote]).filter(|_| text::is_plain_name(remote))
            }
            Self::Refused { remote, .. } => text::usherctl(&["allow", remote]).filter(|_| text::is_plain_name(remote)),
            Self::CameAlong { remote, place } | Self::MayReplaceUsher { remote, place } => forbid(*place, remote),
            Self::MayReplaceApp { remote, place, replaced_by, .. } => {
                in_turn([forbid(*place, remote), replaced_by.as_deref().and_then(|app| uninstall(*place, app))])
            }
            Self::SecondUsher { app, place, origin, comes_again }
            | Self::TakesNames { app, place, origin, comes_again, .. } => {
                // Uninstalled alone, it would come back with the next update.
                in_turn([forbid(*place, origin).filter(|_| *comes_again), uninstall(*place, app)])
            }
            Self::AddressUnusable { remote, place, sound, .. } => {
                modify(*place, &[&format!("--url={}", sound.as_ref()?)], remote)
            }
            // flatpak reads the index whenever it lists what is there.
            Self::OptionUnusable { remote, error: OptionsError::Missing(option::REGISTRY) } => {
                text::command(&["flatpak", "remote-ls", remote]).filter(|_| text::is_plain_name(remote))
            }
            Self::LeftOut { .. } => Some("flatpak update".to_owned()),
            Self::OptionUnusable { .. }
            | Self::TokenLivesLong { .. }
            | Self::TokenCoversAll { .. }
            | Self::Unreachable { .. }
            | Self::NotSpoken { .. }
            | Self::ProxyNotUnderstood { .. }
            | Self::ProxySettingsSilent
            | Self::KeyringLocked
            | Self::NoKeyring
            | Self::NoPortal
            | Self::KeyringFailed
            | Self::NoSessionFolder { .. }
            | Self::NoFolder
            | Self::NoBus
            | Self::NoHelper => None,
        }
    }
}

/// Why the folder of the login session is not used, and what follows.
fn session_folder_sentence(fault: SessionFault, folder: &str, is_usable: bool) -> String {
    let cause = match fault {
        SessionFault::Unset => gettext("XDG_RUNTIME_DIR is not set."),
        SessionFault::Relative => gettext("XDG_RUNTIME_DIR is not an absolute path."),
        SessionFault::Missing => gettext("The folder that XDG_RUNTIME_DIR names does not exist."),
        SessionFault::NotOurs => gettext("The folder that XDG_RUNTIME_DIR names belongs to somebody else."),
        SessionFault::ReadOnly => gettext("The folder that XDG_RUNTIME_DIR names cannot be written."),
    };
    let values = &[("cause", cause.as_str()), ("folder", folder)];
    if is_usable {
        // Translators: “cause” is a whole sentence
        gettext_f("{cause} Usher uses {folder} instead.", values)
    } else {
        // Translators: “cause” is a whole sentence
        gettext_f("{cause} No account can be saved, because {folder} cannot be written either.", values)
    }
}

impl Problem {
    /// The command that solves the problem the other way: [`Self::fix`] accepts what is, this one goes back to what was.
    pub fn way_back(&self) -> Option<String> {
        match self {
            Self::ServerChanged { remote, place, way_back, .. } => {
                let options =
                    way_back.as_ref()?.iter().map(|(name, value)| format!("--authenticator-option={name}={value}"));
                let options: Vec<String> = options.collect();
                modify(*place, &options.iter().map(String::as_str).collect::<Vec<_>>(), remote)
            }
            _ => None,
        }
    }
}

impl InstallationKind {
    fn option(self) -> &'static str {
        match self {
            Self::User => "--user",
            Self::System => "--system",
        }
    }
}

/// The command that keeps flatpak from installing anything unasked because of this remote.
fn forbid(place: InstallationKind, remote: &str) -> Option<String> {
    modify(place, &["--no-authenticator-install"], remote)
}

/// The command that uninstalls one full ref. If another branch is left, flatpak makes that one the current one.
fn uninstall(place: InstallationKind, app: &str) -> Option<String> {
    text::command(&["flatpak", "uninstall", place.option(), app])
}

/// One command made of those given, each of which runs if the one before succeeded.
fn in_turn(commands: [Option<String>; 2]) -> Option<String> {
    let commands: Vec<String> = commands.into_iter().flatten().collect();
    (!commands.is_empty()).then(|| commands.join(" && "))
}

/// A command that changes a remote, if its name is plain (rule R17).
fn modify(place: InstallationKind, changes: &[&str], remote: &str) -> Option<String> {
    let start: &[&str] = &["flatpak", "remote-modify", place.option()];
    text::command(&[start, changes, &[remote]].concat()).filter(|_| text::is_plain_name(remote))
}

fn clean(name: &str) -> String {
    text::clean(name, text::NAME_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_that_nobody_knows_yet_is_no_missing_option() {
        let problem = |remote: &str, option| Problem::OptionUnusable {
            remote: remote.to_owned(),
            error: OptionsError::Missing(option),
        };
        let unknown = problem("shop", option::REGISTRY);
        let sentence = "flatpak has not looked at “shop” yet, so Usher does not know its container registry.";
        assert_eq!((unknown.word(), unknown.sentence().as_str()), ("not-looked-at", sentence));
        assert_eq!(unknown.fix().as_deref(), Some("flatpak remote-ls shop"));
        assert_eq!(problem("--user", option::REGISTRY).fix(), None);
        let missing = problem("shop", option::URL);
        assert_eq!((missing.word(), missing.fix()), ("option-missing", None));
    }

    #[test]
    fn g11_an_odd_name_is_shown_cleaned_and_goes_into_no_command() {
        let remote = "x\u{1b}[31m\"]\n--user".to_owned();
        let problem = Problem::MayReplaceUsher { remote: remote.clone(), place: InstallationKind::User };
        assert_eq!(problem.fix(), None);
        let app = "app/io.github.usher.Usher/x86_64/autoinstall".to_owned();
        let (place, origin) = (InstallationKind::User, remote.clone());
        let second = Problem::SecondUsher { app, place, origin, comes_again: true };
        // The plain part can still be done.
        let fix = "flatpak uninstall --user app/io.github.usher.Usher/x86_64/autoinstall";
        assert_eq!(second.fix().as_deref(), Some(fix));
        assert!(!second.sentence().contains(['\n', '\u{1b}']), "{}", second.sentence());
        assert!(!problem.sentence().contains(['\n', '\u{1b}']), "{}", problem.sentence());
        assert_eq!(Problem::NoAccount { remote, host: "store.example.org".into() }.fix(), None);
    }

    #[test]
    fn a_changed_server_is_accepted_or_set_back() {
        let problem = Problem::ServerChanged {
            remote: "demo".into(),
            place: InstallationKind::System,
            way_back: Some([("url".to_owned(), "https://old.example.org/".to_owned())].into()),
            old_host: "old.example.org".into(),
            new_host: "new.example.org".into(),
        };
        let fix = "flatpak remote-modify --system --authenticator-option=url=https://old.example.org/ demo";
        assert_eq!(problem.fix().as_deref(), Some("usherctl review demo"));
        assert_eq!(problem.way_back().as_deref(), Some(fix));
        assert!(problem.sentence().contains("at new.example.org instead of old.example.org"));
        // A registry is named by its index, which no option changes.
        let Problem::ServerChanged { remote, place, old_host, new_host, .. } = problem else { unreachable!() };
        let problem = Problem::ServerChanged { remote, place, old_host, new_host, way_back: None };
        assert_eq!((problem.fix().as_deref(), problem.way_back()), (Some("usherctl review demo"), None));
    }
}
