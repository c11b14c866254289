// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl use` and `usherctl stop`: whether a remote asks Usher for its account. flatpak makes the change.

use serde_json::json;
use usher_core::{
    binding::{OptionsError, option},
    error_text::UserFacing,
    i18n::{gettext, gettext_f},
    names,
    remote::{self, Remote},
    remote_modify::RemoteModify,
    text,
};

use crate::{command, context::Context, failure::Failure, remotes, terminal};

/// What is to become of a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It uses Usher.
    Use,
    /// It uses what flatpak uses on its own.
    Stop,
}

impl Change {
    fn of(self, remote: &Remote) -> Option<RemoteModify> {
        match self {
            Self::Use => RemoteModify::to_use_usher(remote),
            Self::Stop => RemoteModify::to_stop_using_usher(remote),
        }
    }

    fn is_made(self, remote: &Remote) -> bool {
        remote.names_usher() == (self == Self::Use)
    }

    /// What the command does.
    fn announced(self, values: &[(&str, &str)]) -> String {
        match self {
            Self::Use => gettext_f("This makes “{remote}” ({address}) ask Usher for its account:", values),
            Self::Stop => gettext_f("This makes “{remote}” ({address}) stop asking Usher for its account:", values),
        }
    }

    /// How the remote stands afterwards.
    fn made(self, values: &[(&str, &str)]) -> String {
        match self {
            Self::Use => gettext_f("“{remote}” asks Usher for its account.", values),
            Self::Stop => gettext_f("“{remote}” does not ask Usher for its account.", values),
        }
    }
}

/// Makes the change to the remote with that name or address, wherever it is set up, after the person has seen the command.
pub(crate) async fn run(context: &Context, change: Change, wanted: &str, is_agreed: bool) -> Result<(), Failure> {
    let all = remote::remotes(&remote::installations());
    let found = matching(&all, wanted)?;
    let mut commands = Vec::new();
    for remote in found.iter().filter(|remote| !change.is_made(remote)) {
        let modify = change.of(remote).ok_or_else(|| refusal(change, remote))?;
        make(context, change, remote, &modify, is_agreed).await?;
        commands.push(modify.command().to_owned());
    }
    let Some(remote) = found.first() else { return Ok(()) };
    let name = text::clean(&remote.name, text::NAME_LIMIT);
    context.out.line(&change.made(&[("remote", &name)]))?;
    if change == Change::Use {
        context.out.line(&next_step(remote))?;
    }
    context.out.json(&json!({
        "remote": remote.name,
        "address": remote.url.to_string(),
        "uses_usher": change == Change::Use,
        "commands": commands,
    }))
}

/// What to do with a remote that uses Usher.
fn next_step(remote: &Remote) -> String {
    if matches!(remote.claimed(), Err(OptionsError::Missing(option::REGISTRY))) {
        return gettext("It asks for the account with the next install.");
    }
    let command = command::usherctl(&["sign-in", &remotes::word(&remote.name, &remote.url)]);
    gettext_f("Sign in with “{command}”.", &[("command", &command)])
}

/// Runs the command once the person agrees. In a Flatpak only the person can run it.
async fn make(
    context: &Context,
    change: Change,
    remote: &Remote,
    modify: &RemoteModify,
    is_agreed: bool,
) -> Result<(), Failure> {
    let name = text::clean(&remote.name, text::NAME_LIMIT);
    let address = remote.url.to_string();
    terminal::say(&change.announced(&[("remote", &name), ("address", &address)]))?;
    if names::in_sandbox() {
        context.out.line(&format!("  {}", modify.command()))?;
        return Err(Failure::Other(gettext("Nothing was changed: a Flatpak cannot change remotes. Run the command.")));
    }
    terminal::say(&format!("  {}", modify.command()))?;
    if !is_agreed {
        if !terminal::can_ask() {
            return Err(Failure::Usage(gettext(
                "A terminal is needed to answer. Use “--yes” to run the command without asking.",
            )));
        }
        if !terminal::ask(&gettext("Run it?")).await? {
            return Err(Failure::Cancelled);
        }
    }
    context.is_too_late.set(true);
    modify.run().await.map_err(|error| Failure::Other(error.sentence()))
}

/// The remotes with that name or address, which is the same for all.
fn matching<'a>(all: &'a [Remote], wanted: &str) -> Result<Vec<&'a Remote>, Failure> {
    let found: Vec<&Remote> = all.iter().filter(|remote| remotes::is_named(remote, wanted)).collect();
    let shown = remotes::shown(wanted);
    match found.first() {
        None => Err(Failure::Usage(gettext_f("There is no remote “{remote}”.", &[("remote", &shown)]))),
        Some(first) if found.iter().all(|other| other.url == first.url) => Ok(found),
        Some(_) => Err(remotes::several(wanted)),
    }
}

/// Why Usher can do nothing for the remote.
fn refusal(change: Change, remote: &Remote) -> Failure {
    let name = text::clean(&remote.name, text::NAME_LIMIT);
    let address = || remote.address().err().map(|fault| fault.of_remote(&name));
    let options = || remote.claimed().err().map(|error| error.of_remote(&name));
    let is_plain = text::is_plain_name(&remote.name);
    let reason =
        Some(change).filter(|change| *change == Change::Use && is_plain).and_then(|_| address().or_else(options));
    Failure::Usage(
        reason.unwrap_or_else(|| {
            gettext_f("The name of “{remote}” is not safe to use in a command.", &[("remote", &name)])
        }),
    )
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    fn remote(name: &str, url: &str) -> Remote {
        testing::remote(name, url, "store.example.org")
    }

    #[test]
    fn a_remote_is_found_by_name_or_address_wherever_it_is_set_up() {
        let here = remote("shop", "https://one.example/repo");
        let all = [
            here.clone(),
            Remote { is_user: false, authenticator: None, ..here.clone() },
            remote("twice", "https://one.example/a"),
            remote("twice", "https://one.example/b"),
        ];
        let count = |wanted: &str| matching(&all, wanted).map(|found| found.len());
        assert_eq!(count("shop").unwrap(), 2);
        assert_eq!(count("https://one.example/repo/").unwrap(), 2);
        assert_eq!(count("https://one.example/a").unwrap(), 1);
        assert!(matches!(count("twice"), Err(Failure::Usage(_))));
        assert!(matches!(count("none"), Err(Failure::Usage(_))));
    }

    #[test]
    fn a_remote_that_cannot_be_served_is_refused_with_the_reason() {
        let insecure = Remote { authenticator: None, ..remote("shop", "http://one.example/repo") };
        let misled = testing::remote("shop", "https://one.example/repo", "ftp://store.example.org");
        let odd = remote("a b", "https://one.example/repo");
        for (change, remote, said) in [
            (Change::Use, &insecure, "not secure"),
            (Change::Use, &misled, "“url” of remote “shop” is not secure"),
            (Change::Use, &odd, "not safe"),
            (Change::Stop, &odd, "not safe"),
        ] {
            let Failure::Usage(sentence) = refusal(change, remote) else { panic!("it is about the arguments") };
            assert!(sentence.contains(said), "{sentence}");
        }
    }
}
