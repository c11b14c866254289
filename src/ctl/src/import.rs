// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl import` prints a checklist from a file of another computer. It adds no repository by itself, and no
//! account without signing in here.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use serde_json::{Value, json};
use usher_core::{
    error_text::UserFacing,
    i18n::{gettext_f, ngettext_f},
    remote::{self, Installation, Remote},
    repository_file,
    store::Entry,
    takeout::{self, SIZE_LIMIT, SetUp, TakenAccount, TakenRepository, Takeout},
    text,
};

use crate::{
    consent,
    context::Context,
    export,
    failure::Failure,
    pair, sign_in,
    signing_in::sign_in_agreed,
    target::{self, Target},
    terminal, way,
};

pub(crate) async fn run(context: &Context, file: &Path, options: way::Options) -> Result<(), Failure> {
    let taken = Takeout::parse(&read(file)?).map_err(export::failure)?;
    let entries = context.store.unlocked_entries().await?;
    let here = ThisComputer::read();
    context.out.json(&as_json(&taken, &entries, &here))?;
    print_repositories(context, &taken, &here)?;
    for account in &taken.accounts {
        context.is_too_late.set(false);
        // Reads the accounts again: a sign-in a moment ago counts.
        let entries = context.store.entries().await?;
        print_account(context, account, &entries, &here, options).await?;
    }
    print_apps(context, &taken, &here)
}

/// The installations and remotes on this computer.
struct ThisComputer {
    installations: Vec<Installation>,
    remotes: Vec<Remote>,
}

impl ThisComputer {
    fn read() -> Self {
        let installations = remote::installations();
        let remotes = remote::remotes(&installations);
        Self { installations, remotes }
    }

    fn install_command(&self, taken: &Takeout) -> Option<(usize, String)> {
        let is_installed = |app: &str| remote::is_app_installed(&self.installations, app);
        takeout::install_command(&taken.repositories, &self.remotes, is_installed)
    }

    /// The command that signs in to an account. Names a remote that uses it, if there is one.
    fn sign_in_command(&self, account: &TakenAccount) -> Option<String> {
        let named = self.remotes.iter().find(|remote| {
            remote.is_ours() && remote.claimed().as_ref() == Ok(&account.binding) && text::is_plain_name(&remote.name)
        });
        let (server, pair) = match named {
            Some(remote) => (remote.name.as_str(), Vec::new()),
            None => (account.binding.service.as_str(), pair::arguments(&account.binding)),
        };
        let arguments: Vec<&str> = ["sign-in", server].into_iter().chain(pair.iter().map(String::as_str)).collect();
        text::usherctl(&arguments)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let limit = SIZE_LIMIT as u64 + 1;
    if file.as_os_str() == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        let read = File::open(file).and_then(|opened| opened.take(limit).read_to_end(&mut bytes));
        read.map_err(|error| {
            Failure::Usage(gettext_f(
                "{file} cannot be read: {reason}.",
                &[("file", &file.display().to_string()), ("reason", &error.reason())],
            ))
        })?;
    }
    Ok(bytes)
}

fn print_repositories(context: &Context, taken: &Takeout, here: &ThisComputer) -> Result<(), Failure> {
    for repository in &taken.repositories {
        let values = [("repository", name_of(repository)), ("address", repository.address.to_string())];
        let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (line, command) = match repository.set_up(&here.remotes) {
            SetUp::Done => (gettext_f("“{repository}” ({address}): set up", &values), None),
            SetUp::Command(Some(command)) => {
                if !repository.is_verified() {
                    context.out.line(&repository_file::unverified())?;
                }
                (gettext_f("Set up “{repository}” ({address}) with this command:", &values), Some(command))
            }
            SetUp::Command(None) => (
                gettext_f(
                    "“{repository}” ({address}) has to be set up by hand, because its name is not safe to use in a command",
                    &values,
                ),
                None,
            ),
        };
        context.out.line(&line)?;
        if let Some(command) = command {
            context.out.line(&format!("  {command}"))?;
        }
    }
    Ok(())
}

fn name_of(repository: &TakenRepository) -> String {
    text::clean(repository.display_name(), text::NAME_LIMIT)
}

/// Prints the state of an account, and offers to sign in if somebody can answer.
async fn print_account(
    context: &Context,
    account: &TakenAccount,
    entries: &[Entry],
    here: &ThisComputer,
    options: way::Options,
) -> Result<(), Failure> {
    let values = [("user", account.label()), ("host", account.binding.host())];
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if account.is_signed_in(entries) {
        return context.out.line(&gettext_f("The account of {user} at {host}: signed in", &values));
    }
    let can_ask = !context.out.is_json && terminal::can_ask();
    if can_ask && !usher_core::sign_in::is_known(entries, &account.binding) {
        consent::introduce(entries, &account.binding)?;
    }
    if can_ask && terminal::ask(&question(account, entries)).await? {
        let ours: Vec<_> = here.remotes.iter().filter(|remote| remote.is_ours()).cloned().collect();
        let user = Some(account.user.clone()).filter(|user| *user != account.binding.host());
        let target = Target { user, ..target::at(account.binding.clone(), &ours) };
        let options = sign_in::Options { way: options, ..sign_in::Options::default() };
        let signed_in = sign_in_agreed(context, entries, &target, &options).await?;
        return sign_in::permit_remotes(context, entries, &signed_in, &target).await;
    }
    context.out.line(&gettext_f("Sign in to {host} as {user} with this command:", &values))?;
    context.out.line(&format!("  {}", here.sign_in_command(account).unwrap_or_default()))
}

fn question(account: &TakenAccount, entries: &[Entry]) -> String {
    let (user, host, sign_in_host) = (account.label(), account.binding.host(), account.binding.sign_in_host());
    let values = [("user", user.as_str()), ("host", &host), ("sign_in_host", &sign_in_host)];
    if usher_core::sign_in::is_known(entries, &account.binding) {
        gettext_f("Sign in to {host} as {user} now?", &values)
    } else if host == sign_in_host {
        gettext_f("First time at {host}. Sign in as {user} now?", &values)
    } else {
        gettext_f("First time at {host} by way of {sign_in_host}. Sign in as {user} now?", &values)
    }
}

fn print_apps(context: &Context, taken: &Takeout, here: &ThisComputer) -> Result<(), Failure> {
    let Some((count, command)) = here.install_command(taken) else {
        return Ok(());
    };
    context.out.line(&ngettext_f(
        "{n} app can be installed again with this command:",
        "{n} apps can be installed again with this command:",
        count,
        &[],
    ))?;
    context.out.line(&format!("  {command}"))
}

fn as_json(taken: &Takeout, entries: &[Entry], here: &ThisComputer) -> Value {
    let accounts = taken.accounts.iter().map(|account| {
        json!({
            "provider": account.binding.provider.name(),
            "service": account.binding.service.as_str(),
            "server": account.binding.host(),
            "user": account.user,
            "signed_in": account.is_signed_in(entries),
            "sign_in": here.sign_in_command(account),
        })
    });
    let repositories = taken.repositories.iter().map(|repository| {
        let set_up = repository.set_up(&here.remotes);
        json!({
            "name": repository.name,
            "title": repository.title,
            "address": repository.address.as_str(),
            "set_up": set_up == SetUp::Done,
            "verified": repository.is_verified(),
            "command": if let SetUp::Command(command) = set_up { command } else { None },
        })
    });
    let (count, install) = here.install_command(taken).unzip();
    json!({
        "accounts": accounts.collect::<Vec<_>>(),
        "repositories": repositories.collect::<Vec<_>>(),
        "apps": count.unwrap_or(0),
        "install": install,
    })
}
