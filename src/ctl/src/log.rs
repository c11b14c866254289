// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl log` shows the activity log, follows it, and clears it.

use std::io::{self, IsTerminal};

use serde_json::{Value, json};
use usher_core::{
    activity_log::{ActivityLog, Entry, Names},
    i18n::{gettext, gettext_f, ngettext_f},
};

use crate::{command, context::Context, failure::Failure, terminal, time};

/// Columns of a terminal.
const WIDTH: usize = 80;

#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Only what is about this remote or this host
    #[arg(value_name = "REMOTE|HOST")]
    about: Option<String>,
    /// Continue with what happens from now on, until Ctrl+C
    #[arg(long, short)]
    follow: bool,
    /// Remove it from the log
    #[arg(long, conflicts_with = "follow")]
    clear: bool,
}

impl Options {
    fn is_meant(&self, entry: &Entry) -> bool {
        is_about(entry, self.about.as_deref())
    }
}

pub(crate) async fn run(context: &Context, options: &Options) -> Result<(), Failure> {
    let Some(log) = ActivityLog::of_user() else {
        return Err(Failure::Other(gettext("There is no folder for the activity log.")));
    };
    if options.clear {
        return clear(context, &log, options.about.clone()).await;
    }
    if !log.settings().is_kept() {
        let command = command::usherctl(&["settings", "activity-log", "on"]);
        terminal::say(&gettext_f(
            "The activity log is switched off. “{command}” switches it on.",
            &[("command", &command)],
        ))?;
    }
    if options.follow {
        return follow(context, &log, options).await;
    }
    let mut entries = log.read();
    entries.retain(|entry| options.is_meant(entry));
    context.out.json(&json!({ "entries": entries.iter().map(entry_json).collect::<Vec<_>>() }))?;
    if entries.is_empty() {
        return context.out.line(&gettext("Nothing yet."));
    }
    entries.iter().try_for_each(|entry| show(context, entry))
}

/// Ctrl+C is the way to end it.
async fn follow(context: &Context, log: &ActivityLog, options: &Options) -> Result<(), Failure> {
    context.ends_by_ctrl_c.set(true);
    let (mut entries, mut following) = log.follow()?;
    loop {
        for entry in entries.iter().filter(|entry| options.is_meant(entry)) {
            context.out.json_line(&entry_json(entry))?;
            show(context, entry)?;
        }
        entries = following.next().await?;
    }
}

async fn clear(context: &Context, log: &ActivityLog, about: Option<String>) -> Result<(), Failure> {
    context.is_too_late.set(true);
    let removed = log.remove(move |entry| is_about(entry, about.as_deref())).await?.len();
    context.out.line(&ngettext_f("{n} entry was removed.", "{n} entries were removed.", removed, &[]))?;
    context.out.json(&json!({ "removed": removed }))
}

fn is_about(entry: &Entry, about: Option<&str>) -> bool {
    about.is_none_or(|about| entry.remote.as_deref() == Some(about) || entry.host.eq_ignore_ascii_case(about))
}

fn entry_json(entry: &Entry) -> Value {
    serde_json::to_value(entry).unwrap_or_default()
}

fn show(context: &Context, entry: &Entry) -> Result<(), Failure> {
    let parts = entry.words(&Names::default()).parts();
    context.out.line(&text(&time::moment(entry.at), &parts, io::stdout().is_terminal()))
}

/// An entry in one line. What does not fit on a terminal goes on below.
fn text(moment: &str, parts: &[String], is_terminal: bool) -> String {
    let line = format!("{moment}  {}", parts.join(" · "));
    match parts.split_first() {
        Some((title, rest)) if is_terminal && !rest.is_empty() && line.chars().count() > WIDTH => {
            format!("{moment}  {title}\n{:indent$}{}", "", rest.join(" · "), indent = moment.chars().count() + 2)
        }
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use usher_core::activity_log::Event;

    use super::*;

    #[test]
    fn an_entry_is_one_line_and_on_a_terminal_no_wider_than_that_if_it_can_be() {
        let parts = |outcome: &str| vec!["Software asked to install 3 apps from demo".to_owned(), outcome.to_owned()];
        let short = "2026-11-28 14:05  Software asked to install 3 apps from demo · Cancelled";
        for is_terminal in [false, true] {
            assert_eq!(text("2026-11-28 14:05", &parts("Cancelled"), is_terminal), short);
        }
        let long = parts("store.example.org was not available");
        assert!(!text("2026-11-28 14:05", &long, false).contains('\n'));
        let lines = text("2026-11-28 14:05", &long, true);
        assert_eq!(
            lines.split('\n').collect::<Vec<_>>(),
            [
                "2026-11-28 14:05  Software asked to install 3 apps from demo",
                "                  store.example.org was not available"
            ]
        );
        assert!(lines.split('\n').all(|line| line.chars().count() <= WIDTH));
    }

    #[test]
    fn entries_are_chosen_by_remote_or_host() {
        let (host, remote) = ("store.example:8443".to_owned(), Some("demo".to_owned()));
        let entry = Entry { at: 1, host, remote, account: None, event: Event::Refused };
        for (about, expected) in
            [(None, true), (Some("demo"), true), (Some("Store.example:8443"), true), (Some("store"), false)]
        {
            assert_eq!(is_about(&entry, about), expected, "{about:?}");
        }
    }
}
