// SPDX-License-Identifier: GPL-3.0-or-later
//! The commands that set up another computer's accounts on this one. Usher runs none of them. They are built from lists
//! of arguments; if a name is not plain there is no command (rule R17).

use std::collections::{BTreeMap, BTreeSet};

use super::TakenRepository;
use crate::{
    names,
    provider::Claim,
    remote::Remote,
    remote_add::{RemoteAdd, free_name, where_to},
    repository_file, service, text,
};

/// What to do to have a repository here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetUp {
    /// Nothing.
    Done,
    /// Run this command; `None` if no safe one can be made.
    Command(Option<String>),
}

impl TakenRepository {
    /// What to do, given the remotes on this computer.
    pub fn set_up(&self, remotes: &[Remote]) -> SetUp {
        match self.here(remotes) {
            Some(remote) if self.is_served(remote) => SetUp::Done,
            Some(remote) => SetUp::Command(self.modify(remote)),
            None => SetUp::Command(self.name_here(remotes).and_then(|name| self.add(&name))),
        }
    }

    /// The remote on this computer with the same address.
    fn here<'a>(&self, remotes: &'a [Remote]) -> Option<&'a Remote> {
        let at_address = |remote: &&Remote| remote.address().as_ref() == Ok(&self.address);
        let ours = remotes.iter().filter(at_address).find(|remote| self.is_served(remote));
        ours.or_else(|| remotes.iter().find(at_address))
    }

    fn is_served(&self, remote: &Remote) -> bool {
        remote.is_ours() && remote.claimed().as_ref() == Ok(&self.binding)
    }

    /// Its name on this computer: its present one, or the first that is free.
    fn name_here(&self, remotes: &[Remote]) -> Option<String> {
        if let Some(remote) = self.here(remotes) {
            return Some(remote.name.clone());
        }
        free_name(&self.name, remotes)
    }

    fn add(&self, name: &str) -> Option<String> {
        let add = RemoteAdd {
            is_user: self.user_only,
            options: self.authenticator_arguments(&BTreeMap::new()),
            title: self.title.as_deref(),
            is_verified: self.verified,
            key: self.key.as_deref(),
            name,
            address: &self.address,
            tag: self.tag.as_deref().filter(|tag| service::is_tag(tag)),
        };
        add.command()
    }

    /// What to say before it is added, if flatpak will not check what comes from it.
    pub fn warning(&self) -> Option<String> {
        let is_registry = service::is_registry(self.address.as_str());
        (!self.verified && !is_registry).then(repository_file::unverified)
    }

    fn modify(&self, remote: &Remote) -> Option<String> {
        let mut arguments = vec!["flatpak".to_owned(), "remote-modify".to_owned(), where_to(remote.is_user).to_owned()];
        if remote.is_disabled {
            arguments.push("--enable".to_owned());
        }
        arguments.extend(self.authenticator_arguments(&remote.options));
        arguments.push(remote.name.clone());
        command(&arguments).filter(|_| text::is_plain_name(&remote.name))
    }

    /// The arguments that make a remote with these options use its account server.
    fn authenticator_arguments(&self, options: &BTreeMap<String, String>) -> Vec<String> {
        let registry = Some(self.binding.service.as_str());
        let beside = Claim { remote_uri: self.address.as_str(), options, registry };
        let said = self.binding.options_beside(&beside).unwrap_or_else(|| self.binding.options()).into_iter();
        let start =
            [format!("--authenticator-name={}", names::AUTHENTICATOR_NAME), "--no-authenticator-install".to_owned()];
        let options = said.map(|(name, value)| format!("--authenticator-option={name}={value}"));
        start.into_iter().chain(options).collect()
    }
}

/// One command that installs all apps of the file that are missing here, and how many they are. `None` if no app is
/// left, or if no safe command can be made.
pub fn install_command(
    repositories: &[TakenRepository],
    remotes: &[Remote],
    is_installed: impl Fn(&str) -> bool,
) -> Option<(usize, String)> {
    let mut seen = BTreeSet::new();
    let mut commands = Vec::new();
    for repository in repositories {
        let apps: Vec<&String> =
            repository.apps.iter().filter(|app| !is_installed(app) && seen.insert((*app).clone())).collect();
        let Some(name) = repository.name_here(remotes).filter(|name| text::is_plain_name(name)) else {
            continue;
        };
        if apps.is_empty() {
            continue;
        }
        let is_user = repository.here(remotes).map_or(repository.user_only, |remote| remote.is_user);
        let start = ["flatpak", "install", where_to(is_user), &name];
        let arguments: Vec<&str> = start.into_iter().chain(apps.iter().map(|app| app.as_str())).collect();
        commands.push((apps.len(), text::command(&arguments)?));
    }
    let count = commands.iter().map(|(count, _)| count).sum();
    let commands: Vec<String> = commands.into_iter().map(|(_, command)| command).collect();
    (count > 0).then(|| (count, commands.join(" && ")))
}

fn command(arguments: &[String]) -> Option<String> {
    text::command(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}
