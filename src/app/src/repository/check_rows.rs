// SPDX-License-Identifier: GPL-3.0-or-later
//! The rows of a check: what was looked at, what came of it, and what mends it.

use adw::prelude::*;
use usher_core::checks::{Check, Problem, Verdict};

use crate::{
    i18n::{gettext, ngettext_f},
    widgets::{CopyButton, accessible, decorative_icon, labels, settle_state},
};

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    NotChecked,
    /// No problem, but worth knowing: one sentence.
    Note(String),
    Problem {
        /// What is wrong.
        sentence: String,
        /// The command that mends it, if one does.
        command: Option<String>,
    },
}

/// What was looked at, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CheckResult {
    pub(super) title: String,
    pub(super) outcome: Outcome,
}

impl CheckResult {
    /// The checks of a repository, then what is wrong with this computer.
    pub(super) fn all(checks: &[Check], here: &[Problem]) -> Vec<Self> {
        let checks = checks.iter().map(|check| Self {
            title: check.topic.title(),
            outcome: match &check.verdict {
                Verdict::Passed => Outcome::Passed,
                Verdict::NotChecked => Outcome::NotChecked,
                Verdict::Problem(problem) => Outcome::of(problem),
            },
        });
        let here = here.iter().filter(|problem| !problem.is_note());
        checks
            .chain(here.map(|problem| Self { title: gettext("This Computer"), outcome: Outcome::of(problem) }))
            .collect()
    }

    /// How many problems there are, in words.
    pub(super) fn summary(all: &[Self]) -> String {
        let problems = all.iter().filter(|result| matches!(result.outcome, Outcome::Problem { .. })).count();
        match problems {
            0 if all.iter().any(|result| result.outcome == Outcome::NotChecked) => {
                gettext("No problem was found, but not everything could be checked.")
            }
            0 => gettext("No problems were found."),
            some => ngettext_f("{n} problem was found.", "{n} problems were found.", some, &[]),
        }
    }

    /// Its row, and the one that says what is wrong.
    pub(super) fn rows(&self) -> Vec<adw::ActionRow> {
        let row = adw::ActionRow::builder().title(&self.title).use_markup(false).build();
        let (icon, word) = match &self.outcome {
            Outcome::Passed => ("object-select-symbolic", gettext("Passed")),
            Outcome::NotChecked => ("dialog-information-symbolic", gettext("Not Checked")),
            Outcome::Note(_) => ("dialog-information-symbolic", gettext("Note")),
            Outcome::Problem { .. } => ("dialog-warning-symbolic", gettext("Problem")),
        };
        row.add_prefix(&decorative_icon(icon));
        let state = gtk::Label::new(Some(&word));
        settle_state(&state);
        row.add_suffix(&state);
        let mut name = format!("{}, {word}", self.title);
        let mut rows = vec![row.clone()];
        let more = match &self.outcome {
            Outcome::Passed | Outcome::NotChecked => None,
            Outcome::Note(sentence) => Some((sentence, None)),
            Outcome::Problem { sentence, command } => Some((sentence, command.as_deref())),
        };
        if let Some((sentence, command)) = more {
            name = format!("{name}, {}", accessible::bare(sentence));
            rows.push(problem_row(sentence, command));
        }
        accessible::name(&row, &name);
        rows.iter().for_each(labels::settle);
        rows
    }
}

impl Outcome {
    fn of(problem: &Problem) -> Self {
        if problem.is_note() {
            return Self::Note(problem.sentence());
        }
        Self::Problem { sentence: problem.sentence(), command: problem.fix() }
    }
}

/// What is wrong, and the command that mends it with the button that copies it.
fn problem_row(sentence: &str, command: Option<&str>) -> adw::ActionRow {
    let texts = gtk::Box::builder()
        .orientation(gtk::Orientation::Vertical)
        .spacing(6)
        .hexpand(true)
        .margin_top(12)
        .margin_bottom(12)
        .build();
    texts.append(&wrapped(sentence));
    let row = adw::ActionRow::builder().use_markup(false).build();
    row.add_prefix(&texts);
    if let Some(command) = command {
        let label = wrapped(command);
        label.set_selectable(true);
        label.add_css_class("monospace");
        texts.append(&label);
        let copy = CopyButton::new(&gettext("Copy Command"), command);
        copy.set_icon("edit-copy-symbolic");
        copy.set_valign(gtk::Align::Center);
        copy.add_css_class("flat");
        row.add_suffix(&copy);
    }
    accessible::name(&row, command.unwrap_or(&accessible::bare(sentence)));
    row
}

fn wrapped(text: &str) -> gtk::Label {
    gtk::Label::builder().label(text).wrap(true).wrap_mode(gtk::pango::WrapMode::WordChar).xalign(0.0).build()
}

#[cfg(test)]
mod tests {
    use usher_core::checks::Topic;

    use super::*;

    #[test]
    fn what_was_found_is_said_in_words_with_what_mends_it() {
        let check = |topic, verdict| Check { topic, verdict };
        let no_account = Problem::NoAccount { remote: "demo".into(), host: "store.example.org".into() };
        let passed = check(Topic::Authenticator, Verdict::Passed);
        let account = check(Topic::Account, Verdict::Problem(no_account));
        let server = check(Topic::Server, Verdict::NotChecked);
        let long_lived = Problem::TokenLivesLong { host: "repo.example.org".into() };
        let long_lived = check(Topic::SignIn, Verdict::Problem(long_lived));
        let said = &CheckResult::all(std::slice::from_ref(&long_lived), &[])[0].outcome;
        assert!(matches!(said, Outcome::Note(sentence) if sentence.contains("30 days")), "{said:?}");
        for (checks, here, summary) in [
            (vec![passed.clone()], vec![], "No problems were found."),
            (
                vec![passed.clone(), server.clone()],
                vec![],
                "No problem was found, but not everything could be checked.",
            ),
            (vec![passed.clone(), account.clone(), server.clone()], vec![], "1 problem was found."),
            (vec![account.clone()], vec![Problem::KeyringLocked], "2 problems were found."),
            (vec![passed.clone()], vec![note()], "No problems were found."),
            (vec![passed, long_lived.clone()], vec![], "No problems were found."),
        ] {
            let found = CheckResult::all(&checks, &here);
            assert_eq!(CheckResult::summary(&found), summary, "{found:?}");
        }
        let [account, here] = &CheckResult::all(&[account], &[Problem::KeyringLocked])[..] else { panic!() };
        let Outcome::Problem { sentence, command: Some(command) } = &account.outcome else { panic!("{account:?}") };
        assert_eq!(sentence, "There is no account at store.example.org.");
        assert!(command.ends_with("sign-in demo"), "{command}");
        assert_eq!(here.title, "This Computer");
    }

    fn note() -> Problem {
        Problem::CameAlong { remote: "demo".into(), place: usher_core::checks::InstallationKind::User }
    }
}
