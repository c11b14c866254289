// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl doctor` finds the problems of installs that need an account, and the commands that fix them.

use serde_json::{Value, json};
use usher_core::{
    checks::{self, Problem, Verdict},
    clock,
    decisions::Decisions,
    i18n::{gettext, gettext_f, ngettext_f},
    pending::{self, Pending, PendingFile, Unusable, Waiting},
    remote::{self, Remote},
    server_change::ServerChange,
    store::Entry,
    text,
};

use crate::{
    context::Context,
    failure::{Failure, code},
    obstacle,
};

/// Findings that concern no single remote.
struct GeneralFindings {
    problems: Vec<Problem>,
    /// What is worth knowing but no problem.
    notes: Vec<Problem>,
}

/// A remote that was examined, and its problems.
struct ExaminedRemote {
    remote: Remote,
    problems: Vec<Problem>,
    /// What is worth knowing but no problem.
    notes: Vec<Problem>,
    /// Whether everything could be checked.
    is_whole: bool,
    waiting: Waiting,
    /// Whether the person has decided that it stays blocked.
    is_kept_blocked: bool,
}

/// What this computer remembers of requests and decisions.
struct Memory {
    asked_for: Vec<Pending>,
    unusable: Vec<Unusable>,
    decisions: Decisions,
}

impl Memory {
    fn read() -> Self {
        let (notes, now) = (PendingFile::of_session(), clock::now());
        Self {
            asked_for: notes.as_ref().map(|file| file.load(now)).unwrap_or_default(),
            unusable: notes.as_ref().map(|file| file.load_unusable(now)).unwrap_or_default(),
            decisions: obstacle::decisions(),
        }
    }

    /// What waits for an account of this remote, or for sound options.
    fn waiting(&self, remote: &Remote) -> Waiting {
        if let [unusable] = pending::unusable_remotes(&self.unusable, std::slice::from_ref(remote)).as_slice() {
            return Waiting { updates: unusable.updates, ..Waiting::default() };
        }
        pending::waiting(checks::notes_of(remote, &self.asked_for).into_iter())
    }

    fn is_kept_blocked(&self, remote: &Remote, entries: &[Entry]) -> bool {
        ServerChange::of(entries, remote)
            .is_some_and(|change| self.decisions.is_kept_blocked(&change.subject(), &self.asked_for))
    }
}

pub(crate) async fn run(context: &Context) -> Result<u8, Failure> {
    let installations = remote::installations();
    let bus = checks::reachable_processes().await;
    let entries = context.store.entries().await;
    let mut found = checks::impostors(&checks::installation_facts(&installations));
    found.extend(checks::session_problems(bus, entries.as_deref()));
    let (notes, mut general): (Vec<_>, Vec<_>) = found.into_iter().partition(Problem::is_note);
    let entries = entries.ok();
    let remotes = remote::remotes(&installations);
    let memory = Memory::read();
    let known = entries.as_deref();
    let mut examined = Vec::new();
    for remote in remotes {
        if checks::is_checked(&remote, known.unwrap_or_default()) {
            examined.push(examine(context, remote, known, &memory).await);
        }
    }
    general.extend(checks::proxy_problems(context.session.http()));
    // Unknown without a bus.
    let has_window = bus.map(|bus| bus.has_window);
    let general = GeneralFindings { problems: general, notes };
    print(context, &general, &examined, has_window)?;
    let is_well = general.problems.is_empty() && examined.iter().all(|examined| examined.problems.is_empty());
    Ok(if is_well { code::DONE } else { code::FAILED })
}

async fn examine(context: &Context, remote: Remote, entries: Option<&[Entry]>, memory: &Memory) -> ExaminedRemote {
    let checks = checks::examine(&context.session, &remote, entries, &memory.asked_for, &memory.decisions).await;
    let is_whole = checks.iter().all(|check| check.verdict != Verdict::NotChecked);
    let (notes, problems) = checks
        .into_iter()
        .filter_map(|check| match check.verdict {
            Verdict::Problem(problem) => Some(problem),
            Verdict::Passed | Verdict::NotChecked => None,
        })
        .partition(Problem::is_note);
    let waiting = memory.waiting(&remote);
    let is_kept_blocked = memory.is_kept_blocked(&remote, entries.unwrap_or_default());
    ExaminedRemote { remote, problems, notes, is_whole, waiting, is_kept_blocked }
}

fn print(
    context: &Context,
    general: &GeneralFindings,
    examined: &[ExaminedRemote],
    has_window: Option<bool>,
) -> Result<(), Failure> {
    let remotes = examined.iter().map(|examined| {
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
        "problems": general.problems.iter().map(as_json).collect::<Vec<_>>(),
        "notes": general.notes.iter().map(as_json).collect::<Vec<_>>(),
        "remotes": remotes.collect::<Vec<_>>(),
        "window_installed": has_window,
    }))?;
    for problem in general.problems.iter().chain(&general.notes) {
        print_problem(context, "Usher", problem)?;
    }
    for ExaminedRemote { remote, problems, notes, is_whole, waiting, is_kept_blocked } in examined {
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
    }
    if has_window == Some(false) {
        context.out.line(&gettext("Usher’s window is not installed. “usherctl” does all that it does."))?;
    }
    let count = general.problems.len() + examined.iter().map(|examined| examined.problems.len()).sum::<usize>();
    context.out.line(&summary(examined.len(), count))
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
