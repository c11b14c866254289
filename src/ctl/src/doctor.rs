// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl doctor` finds the problems of installs that need an account, and the commands that fix them.

use serde_json::{Value, json};
use usher_core::{
    checks::{ExaminedRemote, Facts, Findings, Problem},
    i18n::{gettext, gettext_f, ngettext_f},
    text,
};

use crate::{
    context::Context,
    failure::{Failure, code},
};

pub(crate) async fn run(context: &Context) -> Result<u8, Failure> {
    let facts = Facts::gather(&context.store).await?;
    let found = facts.examine(&context.session, None).await;
    // Unknown without a bus.
    print(context, &found, facts.bus.map(|bus| bus.has_window))?;
    Ok(if found.problems() == 0 { code::DONE } else { code::FAILED })
}

fn print(context: &Context, found: &Findings, has_window: Option<bool>) -> Result<(), Failure> {
    let remotes = found.remotes.iter().map(|examined| {
        json!({
            "remote": examined.remote.name,
            "address": examined.remote.url.to_string(),
            "problems": examined.problems.iter().map(as_json).collect::<Vec<_>>(),
            "notes": examined.notes.iter().map(as_json).collect::<Vec<_>>(),
            "all_checked": examined.is_whole,
            "waiting_installs": examined.waiting.installs,
            "waiting_updates": examined.waiting.updates,
            "kept_blocked": examined.is_kept_blocked,
        })
    });
    context.out.json(&json!({
        "problems": found.problems.iter().map(as_json).collect::<Vec<_>>(),
        "notes": found.notes.iter().map(as_json).collect::<Vec<_>>(),
        "remotes": remotes.collect::<Vec<_>>(),
        "window_installed": has_window,
    }))?;
    for problem in found.problems.iter().chain(&found.notes) {
        print_problem(context, "Usher", problem)?;
    }
    for examined in &found.remotes {
        print_remote(context, examined)?;
    }
    if has_window == Some(false) {
        context.out.line(&gettext("Usher’s window is not installed. “usherctl” does all that it does."))?;
    }
    context.out.line(&summary(found.remotes.len(), found.problems()))
}

fn print_remote(context: &Context, examined: &ExaminedRemote) -> Result<(), Failure> {
    let ExaminedRemote { remote, problems, notes, is_whole, waiting, is_kept_blocked } = examined;
    let name = text::clean(&remote.name, text::NAME_LIMIT);
    let values = &[("remote", name.as_str())];
    if problems.is_empty() {
        context.out.line(&if *is_whole {
            gettext_f("{remote}: all good", values)
        } else {
            gettext_f("{remote}: no problem was found, but its account could not be checked", values)
        })?;
    }
    for problem in problems.iter().chain(notes) {
        print_problem(context, &name, problem)?;
    }
    if *is_kept_blocked {
        context.out.line(&format!("  {}", gettext("It is kept blocked, as decided in Usher.")))?;
    }
    if !problems.is_empty() && waiting.updates > 0 {
        // Translators: the line before names the problem
        let line =
            ngettext_f("{n} update is waiting for that", "{n} updates are waiting for that", waiting.updates, &[]);
        context.out.line(&format!("  {line}"))?;
    }
    Ok(())
}

fn print_problem(context: &Context, subject: &str, problem: &Problem) -> Result<(), Failure> {
    context.out.line(&gettext_f("{subject}: {problem}", &[("subject", subject), ("problem", &problem.sentence())]))?;
    let Some(command) = problem.fix() else { return Ok(()) };
    let values = &[("command", command.as_str())];
    if let Some(back) = problem.way_back() {
        context.out.line(&format!("  {}", gettext_f("To review and accept it: {command}", values)))?;
        // The repository's next summary may name the new server again.
        let back = gettext_f("To set the old one back: {command}", &[("command", &back)]);
        return context.out.line(&format!("  {back}"));
    }
    let line = if matches!(problem, Problem::Refused { .. }) {
        gettext_f("To allow it: {command}", values)
    } else if matches!(problem, Problem::EndsSoon { .. }) {
        gettext_f("To sign in again before that: {command}", values)
    } else if problem.is_note() {
        // Translators: the sentence before is no problem; this command is for people who want to change it.
        gettext_f("To prevent this: {command}", values)
    } else {
        gettext_f("Fix: {command}", values)
    };
    context.out.line(&format!("  {line}"))
}

fn summary(remotes: usize, problems: usize) -> String {
    match problems {
        0 => ngettext_f("{n} remote checked, no problems.", "{n} remotes checked, no problems.", remotes, &[]),
        1 => ngettext_f("{n} remote checked, 1 problem.", "{n} remotes checked, 1 problem.", remotes, &[]),
        many => ngettext_f(
            "{n} remote checked, {problems} problems.",
            "{n} remotes checked, {problems} problems.",
            remotes,
            &[("problems", &many.to_string())],
        ),
    }
}

fn as_json(problem: &Problem) -> Value {
    json!({ "problem": problem.word(), "message": problem.sentence(), "fix": problem.fix(), "way_back": problem.way_back() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_remotes_and_problems() {
        assert_eq!(summary(3, 1), "3 remotes checked, 1 problem.");
        assert_eq!(summary(1, 0), "1 remote checked, no problems.");
        assert_eq!(summary(0, 2), "0 remotes checked, 2 problems.");
    }
}
