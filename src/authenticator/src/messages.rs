// SPDX-License-Identifier: GPL-3.0-or-later
//! Messages that flatpak and stores print: one line that says what happened and what to do next.

use std::collections::BTreeSet;

use usher_core::{
    error_text::UserFacing,
    http::HttpError,
    i18n::{gettext, gettext_f, ngettext_f},
    session::SessionError,
    text,
};

use crate::flow::obstacle::Obstacle;

/// Longest name that may go into a command, in characters.
const COMMAND_NAME_LIMIT: usize = 100;

/// Where the person can act on a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// One of Usher's windows is on screen.
    Window,
    /// There is a screen, but none of Usher's windows is on it.
    Usher,
    /// There is no screen.
    Terminal,
}

/// What a message names. All of it comes from outside.
pub(crate) struct Names<'a> {
    /// Name of the remote.
    pub(crate) remote: &'a str,
    /// Host of the service that the remote names.
    pub(crate) host: &'a str,
    /// The words that start `usherctl` in a shell on this computer.
    pub(crate) usherctl: &'a [&'a str],
}

impl Names<'_> {
    /// A command for a terminal. People copy it, so there is none if a name in it is not plain.
    fn command(&self, arguments: &[&str]) -> Option<String> {
        text::command(&[self.usherctl, arguments].concat())
    }

    fn doctor(&self) -> String {
        self.command(&["doctor"]).unwrap_or_default()
    }

    /// The command that signs in at the server.
    fn sign_in(&self) -> Option<String> {
        let host = Some(self.host).filter(|host| host.len() <= COMMAND_NAME_LIMIT && !host.starts_with('-'))?;
        self.command(&["sign-in", host])
    }
}

/// Why the client gets no tokens, and what to do.
pub(crate) fn message(obstacle: &Obstacle, place: Place, names: &Names<'_>) -> String {
    let (host, remote) = (shown(names.host), clean(names.remote));
    let values = &[("host", host.as_str()), ("remote", remote.as_str())];
    match obstacle {
        Obstacle::NoAccount | Obstacle::SignedOut(_) => no_account(place, names, values),
        Obstacle::Expired(_) => expired(place, names, values),
        Obstacle::MayHaveEnded(_) => may_have_ended(place, names, values),
        Obstacle::NoLink(_) => no_link(place, names, values),
        Obstacle::Refused => refused(place, names, values),
        Obstacle::Locked => match place {
            Place::Window => gettext("Keyring locked. Unlock it in the Usher window, then try again."),
            Place::Usher | Place::Terminal => gettext("Keyring locked. Unlock it, then try again."),
        },
        Obstacle::NoKeyring => gettext_f(
            "No keyring is running, so no account can be used. Run “{command}”.",
            &[("command", &names.doctor())],
        ),
        Obstacle::NoPortal => gettext_f(
            "The desktop does not open the keyring for sandboxed apps, so no account can be used. Run “{command}”.",
            &[("command", &names.doctor())],
        ),
        Obstacle::KeyringFailed => gettext_f(
            "The keyring cannot be read, so no account can be used. Run “{command}”.",
            &[("command", &names.doctor())],
        ),
        Obstacle::Changed { hosts, .. } => changed(place, names, hosts),
        Obstacle::NotBought { user, ids, .. } => {
            let what = not_bought(user, ids, &host);
            let next = to_buy(place, ids, names);
            [what, next].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        }
        Obstacle::NotOffered { .. } => not_offered(obstacle, names.host),
        Obstacle::Unreachable => HttpError::Unreachable.at(&host).sentence(),
        Obstacle::Proxy(fault) => HttpError::Proxy(*fault).at(&host).sentence(),
        Obstacle::BadAnswer => HttpError::Unexpected.at(&host).sentence(),
        Obstacle::NotSecure(fault) => HttpError::Certificate(*fault).at(&host).sentence(),
        Obstacle::NotPossible => SessionError::not_possible(&host),
        Obstacle::NotRenewed { host, error } => error.at(&shown(host)).sentence(),
        Obstacle::NotSavedYet => SessionError::not_saved_yet(),
        Obstacle::Options(error) => error.of_remote(&remote),
    }
}

fn no_account(place: Place, names: &Names<'_>, values: &[(&str, &str)]) -> String {
    match (place, names.sign_in()) {
        (Place::Window, _) => {
            gettext_f("Account needed. Sign in to {host} in the Usher window, then try again.", values)
        }
        (Place::Terminal, Some(command)) => {
            gettext_f("Account needed. Run “{command}”, then try again.", &[("command", &command)])
        }
        (Place::Usher | Place::Terminal, _) => {
            gettext_f("Account needed. Sign in to {host} in Usher, then try again.", values)
        }
    }
}

fn expired(place: Place, names: &Names<'_>, values: &[(&str, &str)]) -> String {
    match (place, names.sign_in()) {
        (Place::Window, _) => {
            gettext_f("Sign-in expired. Sign in to {host} again in the Usher window, then try again.", values)
        }
        (Place::Terminal, Some(command)) => {
            gettext_f("Sign-in expired. Run “{command}”, then try again.", &[("command", &command)])
        }
        (Place::Usher | Place::Terminal, _) => {
            gettext_f("Sign-in expired. Sign in to {host} again in Usher, then try again.", values)
        }
    }
}

fn may_have_ended(place: Place, names: &Names<'_>, values: &[(&str, &str)]) -> String {
    match (place, names.sign_in()) {
        (Place::Window, _) => gettext_f(
            "{host} answered in an unexpected way. The sign-in may have ended. Sign in again in the Usher window, then try again.",
            values,
        ),
        (Place::Terminal, Some(command)) => gettext_f(
            "{host} answered in an unexpected way. The sign-in may have ended. Run “{command}”, then try again.",
            &[values[0], ("command", &command)],
        ),
        (Place::Usher | Place::Terminal, _) => gettext_f(
            "{host} answered in an unexpected way. The sign-in may have ended. Sign in again in Usher, then try again.",
            values,
        ),
    }
}

fn no_link(place: Place, names: &Names<'_>, values: &[(&str, &str)]) -> String {
    let for_remote = in_command(names.remote).and_then(|remote| names.command(&["sign-in", remote]));
    match (place, for_remote.or_else(|| names.sign_in())) {
        (Place::Window, _) => gettext_f(
            "Permission needed. Allow “{remote}” to use an account at {host} in the Usher window, then try again.",
            values,
        ),
        (Place::Terminal, Some(command)) => {
            gettext_f("Permission needed. Run “{command}”, then try again.", &[("command", &command)])
        }
        (Place::Usher | Place::Terminal, _) => gettext_f(
            "Permission needed. Allow “{remote}” to use an account at {host} in Usher, then try again.",
            values,
        ),
    }
}

fn refused(place: Place, names: &Names<'_>, values: &[(&str, &str)]) -> String {
    let allow = in_command(names.remote).and_then(|remote| names.command(&["allow", remote]));
    match (place, allow) {
        (Place::Terminal, Some(command)) => gettext_f(
            "Not allowed: “{remote}” may not use an account at {host}. “{command}” changes that.",
            &[values[0], values[1], ("command", &command)],
        ),
        (Place::Window | Place::Usher | Place::Terminal, _) => {
            gettext_f("Not allowed: “{remote}” may not use an account at {host}. This can be changed in Usher.", values)
        }
    }
}

/// The same for a remote that Usher cannot see: its address has to be named, and the account by its host. `None` if
/// they are not fit for a command.
pub(crate) fn allow_unseen(address: &str, host: &str, usherctl: &[&str]) -> Option<String> {
    let is_fit = |text: &&str| text.len() <= COMMAND_NAME_LIMIT && !text.starts_with('-');
    let (address, host) = (Some(address).filter(is_fit)?, Some(host).filter(is_fit)?);
    let command = text::command(&[usherctl, &["allow", address, host]].concat())?;
    Some(gettext_f("Permission needed. Run “{command}”, then try again.", &[("command", &command)]))
}

/// Which apps an account has no access to.
fn not_bought(user: &str, ids: &BTreeSet<String>, host: &str) -> String {
    ngettext_f(
        "Purchase needed. “{app}” is not in the account of {user} at {host}.",
        "Purchase needed. {n} apps are not in the account of {user} at {host}.",
        ids.len(),
        &[("app", &first(ids)), ("user", &clean(user)), ("host", host)],
    )
}

/// How to buy them; empty if there is nothing to say.
fn to_buy(place: Place, ids: &BTreeSet<String>, names: &Names<'_>) -> String {
    match place {
        // Translators: this follows “Purchase needed. … is not in the account of …”.
        Place::Window => gettext("See the Usher window, then try again."),
        // Translators: this follows “Purchase needed. … is not in the account of …”.
        Place::Usher => gettext("See Usher, then try again."),
        Place::Terminal => {
            // One at a time: each attempt names the next.
            let remote_and_app = in_command(names.remote).zip(ids.iter().find_map(|id| in_command(id)));
            let command = remote_and_app.and_then(|(remote, app)| names.command(&["buy", remote, app]));
            command
                .map(|command| gettext_f("Run “{command}”, then try again.", &[("command", &command)]))
                .unwrap_or_default()
        }
    }
}

/// The service does not sell the apps to this account.
pub(crate) fn not_offered(obstacle: &Obstacle, host: &str) -> String {
    let (Obstacle::NotBought { user, ids, .. } | Obstacle::NotOffered { user, ids, .. }) = obstacle else {
        return failed();
    };
    if user == host {
        // The host stands for a name that nobody knows.
        return ngettext_f(
            "No access. {host} does not offer “{app}” to this account.",
            "No access. {host} does not offer these {n} apps to this account.",
            ids.len(),
            &[("app", &first(ids)), ("host", &shown(host))],
        );
    }
    ngettext_f(
        "No access. {host} does not offer “{app}” to {user}.",
        "No access. {host} does not offer these {n} apps to {user}.",
        ids.len(),
        &[("app", &first(ids)), ("user", &clean(user)), ("host", &shown(host))],
    )
}

fn changed(place: Place, names: &Names<'_>, [old_host, new_host]: &[String; 2]) -> String {
    let (old_host, new_host, remote, command) = (shown(old_host), shown(new_host), clean(names.remote), names.doctor());
    let values =
        &[("new_host", new_host.as_str()), ("old_host", &old_host), ("remote", &remote), ("command", &command)];
    match place {
        Place::Window | Place::Usher => gettext_f(
            "Blocked: “{remote}” now asks for an account at {new_host} instead of {old_host}. Review it in the Usher window.",
            values,
        ),
        Place::Terminal => gettext_f(
            "Blocked: “{remote}” now asks for an account at {new_host} instead of {old_host}. Run “{command}”.",
            values,
        ),
    }
}

/// Nobody signed in while the request waited.
pub(crate) fn waited_too_long(host: &str) -> String {
    gettext_f("Nobody signed in to {host} within 15 minutes. Sign in, then try again.", &[("host", &shown(host))])
}

/// The daemon was stopped while the request was open.
pub(crate) fn stopped() -> String {
    gettext("Usher was stopped before it could answer. Try again.")
}

/// The daemon failed.
pub(crate) fn failed() -> String {
    gettext("Something went wrong in Usher. Try again.")
}

/// A name as an argument of a command. `None` if it is not plain, or too long: a command never holds part of a name.
fn in_command(name: &str) -> Option<&str> {
    Some(name).filter(|name| text::is_plain_name(name) && name.len() <= COMMAND_NAME_LIMIT)
}

fn first(ids: &BTreeSet<String>) -> String {
    ids.first().map(|id| clean(id)).unwrap_or_default()
}

/// A host. Its end shows who owns it, so a long one loses its beginning.
fn shown(host: &str) -> String {
    let host = text::clean(host, usize::MAX);
    let excess = host.chars().count().saturating_sub(text::NAME_LIMIT);
    if excess == 0 { host } else { format!("…{}", host.chars().skip(excess + 1).collect::<String>()) }
}

fn clean(name: &str) -> String {
    text::clean(name, text::NAME_LIMIT)
}

#[cfg(test)]
mod tests;
