// SPDX-License-Identifier: GPL-3.0-or-later
//! A report for those who mend Usher: what runs here, which repositories and accounts there are, what was found, what
//! happened last, and the error that a person has just seen. A person gives it away, so it tells nothing of the person:
//! everything from outside goes through [`Redaction`], and it names no user and no app.
//!
//! Its own words are English in every language, since others read it; the sentences in it are those that the person saw.
//!
//! ```text
//! redaction     takes out what is private       surroundings  versions, desktop, keyring, proxy
//! lines         the entries of the log
//! ```

#[cfg(any(test, feature = "testing"))]
pub(crate) mod fuzzing;
mod lines;
mod redaction;
mod surroundings;

use std::{collections::BTreeMap, time::Duration};

pub use self::{
    redaction::Redaction,
    surroundings::{KeyringState, Surroundings},
};
use crate::{
    account::AccountState,
    activity_log::{self, ActivityLog},
    address::WrittenAddress,
    binding::option,
    checks::{ExaminedRemote, Facts, Findings, Problem},
    files,
    http::ProxyUse,
    names,
    remote::Remote,
    session::Session,
    store::{AccountStore, Entry, StoreError},
    text,
};

/// How many entries of the activity log it has.
const LOG_LINES: usize = 20;
/// Longest value, in characters.
const VALUE_LIMIT: usize = 400;
/// Where a part cannot be found.
const UNKNOWN: &str = "unknown";
/// Authenticator options that are addresses.
const ADDRESSES: [&str; 2] = [option::URL, "issuer"];

/// The error that a person has just seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShownError {
    /// Its title.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Technical details, where the page has any.
    pub details: String,
}

/// What a report is made of.
pub struct Parts<'a> {
    /// The error that a person has just seen.
    pub error: Option<&'a ShownError>,
    /// What surrounds Usher.
    pub surroundings: &'a Surroundings,
    /// What was found. `None` if the disk does not answer.
    pub findings: Option<&'a Findings>,
    /// The accounts, or why the keyring cannot be read. `None` if it was not looked at.
    pub accounts: Option<Result<&'a [Entry], &'a StoreError>>,
    /// The activity log.
    pub log: &'a Log,
}

/// What can be read of the activity log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Log {
    /// Nobody knows: the disk does not answer.
    Unknown,
    /// The person wants none.
    Off,
    /// Its entries, the oldest first.
    Entries(Vec<activity_log::Entry>),
}

/// A finished report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its text: lines that Markdown shows as they are meant.
    pub text: String,
    /// Whether no problem was found.
    pub is_well: bool,
}

impl Report {
    /// Gathers everything and writes it down. A server that takes longer than `limit` counts as not asked. To be called in a
    /// tokio runtime.
    pub async fn gather(
        session: &Session,
        store: &AccountStore,
        mut surroundings: Surroundings,
        error: Option<&ShownError>,
        limit: Option<Duration>,
    ) -> Self {
        let (facts, redaction, log) = tokio::join!(Facts::gather(store), Redaction::of_person(), read_log());
        let findings = match &facts {
            Ok(facts) => Some(facts.examine(session, limit).await),
            Err(_) => None,
        };
        let accounts = facts.as_ref().ok().map(|facts| facts.entries.as_deref());
        if let Some(accounts) = accounts {
            surroundings.look_at_keyring(store, accounts).await;
        }
        let entries = accounts.and_then(Result::ok).unwrap_or_default();
        surroundings.look_at_proxy(session, entries).await;
        let redaction = redaction.and_accounts(entries);
        let parts = Parts { error, surroundings: &surroundings, findings: findings.as_ref(), accounts, log: &log };
        let is_well = findings.as_ref().is_some_and(|found| found.problems() == 0);
        Self { text: write(&parts, &redaction), is_well }
    }
}

async fn read_log() -> Log {
    let Some(log) = ActivityLog::of_user() else { return Log::Off };
    let place = log.path().to_owned();
    let read = move || if log.settings().is_kept() { Log::Entries(log.read()) } else { Log::Off };
    files::apart(&place, read).await.unwrap_or(Log::Unknown)
}

/// Writes a report.
pub fn write(parts: &Parts<'_>, redaction: &Redaction) -> String {
    let mut paper = Paper { text: String::new(), redaction };
    if let Some(error) = parts.error {
        paper.heading("Message");
        for (name, value) in [("Title", &error.title), ("Text", &error.text), ("Details", &error.details)] {
            if !value.is_empty() {
                paper.item(name, value);
            }
        }
    }
    paper.surroundings(parts.surroundings);
    paper.keyring_and_proxy(parts.surroundings);
    paper.heading("Repositories");
    match parts.findings {
        None => paper.plain("not known, the disk does not answer"),
        Some(found) if found.remotes.is_empty() => paper.plain("none"),
        Some(found) => found.remotes.iter().for_each(|examined| paper.remote(&examined.remote)),
    }
    paper.heading("Findings");
    if let Some(found) = parts.findings {
        paper.findings(found);
    } else {
        paper.plain("not known, the disk does not answer");
    }
    paper.heading("Accounts");
    paper.accounts(parts.accounts);
    paper.heading("Activity");
    paper.activity(parts.log);
    paper.text
}

/// Writes what surrounds Usher, and nothing else: no host and no name.
pub fn write_surroundings(surroundings: &Surroundings, redaction: &Redaction) -> String {
    let mut paper = Paper { text: String::new(), redaction };
    paper.surroundings(surroundings);
    paper.text
}

/// What is written on, one line after the other.
struct Paper<'a> {
    text: String,
    redaction: &'a Redaction,
}

impl Paper<'_> {
    fn heading(&mut self, words: &'static str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(&format!("## {words}\n"));
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A line in words of the report.
    fn plain(&mut self, words: &'static str) {
        self.line(&format!("- {words}"));
    }

    /// A value from outside, without what is private.
    fn value(&self, value: &str) -> String {
        text::clean(&self.redaction.apply(value), VALUE_LIMIT)
    }

    fn item(&mut self, name: &str, value: &str) {
        let value = self.value(value);
        self.line(&format!("- {name}: {value}"));
    }

    /// The same below another.
    fn part(&mut self, name: &str, value: &str) {
        let value = self.value(value);
        self.line(&format!("  - {name}: {value}"));
    }

    fn surroundings(&mut self, around: &Surroundings) {
        self.heading("Versions");
        self.line(&format!("- Usher: {} ({}, {})", names::VERSION, names::APP_ID, around.program));
        self.line(&format!("- In a Flatpak: {}", if around.in_sandbox { "yes" } else { "no" }));
        let or_unknown = |value: &Option<String>| value.clone().unwrap_or_else(|| UNKNOWN.to_owned());
        self.item("flatpak", &or_unknown(&around.flatpak));
        self.item("Distribution", &or_unknown(&around.distribution));
        self.item("Desktop", &or_unknown(&around.desktop));
        self.item("Session", &or_unknown(&around.display));
        for (name, version) in &around.libraries {
            self.item(name, version);
        }
    }

    fn keyring_and_proxy(&mut self, around: &Surroundings) {
        let KeyringState { is_file, program, state } = &around.keyring;
        let kind = match (is_file, program) {
            (true, _) => "a file, with a key from the portal".to_owned(),
            (false, Some(program)) => format!("Secret Service of {}", self.value(program)),
            (false, None) => "Secret Service".to_owned(),
        };
        self.line(&format!("- Keyring: {kind}, {}", state.unwrap_or(UNKNOWN)));
        let proxy = match around.proxy {
            None => UNKNOWN,
            Some(ProxyUse::None) => "no",
            Some(ProxyUse::Environment) => "yes, by the environment",
            Some(ProxyUse::Desktop) => "yes, by the desktop",
            Some(ProxyUse::NotUnderstood) => "one that is not understood",
        };
        self.line(&format!("- Proxy: {proxy}"));
    }

    fn remote(&mut self, remote: &Remote) {
        let place = if remote.is_user { "current user" } else { "all users" };
        self.item("Remote", &remote.name);
        self.part("Address", &remote.url.to_string());
        self.part("For", place);
        self.part("Authenticator", remote.authenticator.as_deref().unwrap_or("none"));
        match remote.claimed() {
            Ok(claimed) => {
                self.part("Provider", claimed.provider.name());
                self.part("Server", claimed.service.as_str());
            }
            Err(_) => self.part("Provider", "none, see the findings"),
        }
        for (name, value) in &remote.options {
            if ADDRESSES.contains(&name.as_str()) {
                let value = WrittenAddress::from(value.as_str()).to_string();
                self.part("Option", &format!("{name} = {value}"));
            } else if name == option::TYPE {
                self.part("Option", &format!("{name} = {value}"));
            } else {
                self.part("Option", name);
            }
        }
    }

    fn findings(&mut self, found: &Findings) {
        for problem in found.problems.iter().chain(&found.notes) {
            self.problem("Usher", problem);
        }
        for ExaminedRemote { remote, problems, notes, is_whole, waiting, is_kept_blocked } in &found.remotes {
            for problem in problems.iter().chain(notes) {
                self.problem(&remote.name, problem);
            }
            if problems.is_empty() {
                let state = if *is_whole { "all good" } else { "no problem, but not everything was checked" };
                let name = self.value(&remote.name);
                self.line(&format!("- {name}: {state}"));
            }
            if waiting.installs + waiting.updates > 0 {
                let waiting = format!("  - Waiting: installs {}, updates {}", waiting.installs, waiting.updates);
                self.line(&waiting);
            }
            if *is_kept_blocked {
                self.line("  - Kept blocked by decision");
            }
        }
        if found.remotes.is_empty() && found.problems.is_empty() {
            self.plain("none");
        }
    }

    fn problem(&mut self, subject: &str, problem: &Problem) {
        let (subject, sentence) = (self.value(subject), self.value(&problem.sentence()));
        self.line(&format!("- {subject}: {}: {sentence}", problem.word()));
    }

    fn accounts(&mut self, accounts: Option<Result<&[Entry], &StoreError>>) {
        let Some(Ok(accounts)) = accounts else { return self.plain("not known, the keyring cannot be read") };
        let mut states: BTreeMap<(String, &str), usize> = BTreeMap::new();
        for entry in accounts {
            let (host, state) = match entry {
                Entry::Open(account) => (account.binding.host(), state_word(account.state)),
                Entry::Locked(outline) => (outline.service.host(), "locked"),
                Entry::Broken(_) => (UNKNOWN.to_owned(), "unreadable"),
            };
            *states.entry((host, state)).or_default() += 1;
        }
        if states.is_empty() {
            self.plain("none");
        }
        for ((host, state), count) in states {
            self.item(&self.value(&host), &format!("{count} {state}"));
        }
    }

    fn activity(&mut self, log: &Log) {
        match log {
            Log::Unknown => self.plain("not known, the disk does not answer"),
            Log::Off => self.plain("no log is kept"),
            Log::Entries(entries) if entries.is_empty() => self.plain("nothing"),
            Log::Entries(entries) => {
                for entry in &entries[entries.len().saturating_sub(LOG_LINES)..] {
                    let line = lines::of_entry(entry, |value| self.value(value));
                    self.line(&format!("- {line}"));
                }
            }
        }
    }
}

fn state_word(state: AccountState) -> &'static str {
    match state {
        AccountState::SignedIn => "signed-in",
        AccountState::Expired => "expired",
        AccountState::SignedOut => "signed-out",
    }
}

#[cfg(test)]
mod tests;
