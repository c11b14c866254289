// SPDX-License-Identifier: GPL-3.0-or-later
//! A table in a file, and beside a later one.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::quiet::Machine;
use crate::report::{Line, Table};

/// A table, and what the computer did meanwhile.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    machine: String,
    lines: Vec<Line>,
}

/// Saves a table.
pub(crate) fn write(file: &Path, table: &Table, machine: &Machine) {
    let saved = Saved { machine: machine.to_string(), lines: table.lines().to_vec() };
    let text = serde_json::to_string_pretty(&saved).expect("a table can be JSON");
    fs::write(file, text).unwrap_or_else(|error| panic!("cannot save {}: {error}", file.display()));
}

/// Reads a table that was saved.
pub(crate) fn read(file: &Path) -> Saved {
    let text = fs::read(file).unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{} is no saved table: {error}", file.display()))
}

impl Saved {
    /// Both, line by line. Lines that only one of them has stand beside nothing.
    pub(crate) fn beside(&self, now: &Table) -> String {
        let mut text = format!("{:44} {:>21} {:>21} {:>7}\n", "", "before", "now", "ratios");
        let of = |lines: &[Line], what: &str| lines.iter().find(|line| line.what == what).cloned();
        let names = now.lines().iter().chain(&self.lines).map(|line| &line.what);
        let mut seen = Vec::new();
        for what in names {
            if seen.contains(&what) {
                continue;
            }
            seen.push(what);
            let both = [of(&self.lines, what), of(now.lines(), what)];
            let change = both.each_ref().map(|line| line.as_ref().and_then(|line| line.ratio));
            let change = match change {
                [Some(before), Some(now)] => format!("× {:.2}", now / before),
                _ => String::new(),
            };
            let [before, now] = both.map(Cell);
            writeln!(text, "{what:44} {before:>21} {now:>21} {change:>7}").expect("a text takes more");
        }
        writeln!(text, "before: {}", self.machine).expect("a text takes more");
        text
    }
}

/// A figure with its ratio to the baseline.
struct Cell(Option<Line>);

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match &self.0 {
            None => "–".to_owned(),
            Some(Line { figure, ratio: None, .. }) => figure.clone(),
            Some(Line { figure, ratio: Some(ratio), .. }) => format!("{figure} ({ratio:.2})"),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Milliseconds;

    fn line(what: &str, figure: f64, baseline: f64) -> Line {
        Line::compare(what, Milliseconds(figure), Milliseconds(baseline), "", String::new())
    }

    #[test]
    fn two_tables_stand_side_by_side_and_a_line_of_one_alone_stands_beside_nothing() {
        let saved = Saved { machine: "quiet".to_owned(), lines: vec![line("warm", 2.0, 1.0), line("gone", 1.0, 1.0)] };
        let text = serde_json::to_string(&saved).unwrap();
        let saved: Saved = serde_json::from_str(&text).unwrap();
        let mut now = Table::default();
        now.add(line("warm", 3.0, 3.0));
        now.add(line("new", 4.0, 2.0));
        let text = saved.beside(&now);
        let words = |what: &str| -> Vec<String> {
            let line = text.lines().find(|line| line.starts_with(what)).unwrap();
            line.split_whitespace().map(str::to_owned).collect()
        };
        assert_eq!(words("warm"), ["warm", "2.00", "ms", "(2.00)", "3.00", "ms", "(1.00)", "×", "0.50"]);
        assert_eq!(words("gone"), ["gone", "1.00", "ms", "(1.00)", "–"]);
        assert_eq!(words("new"), ["new", "–", "4.00", "ms", "(2.00)"]);
        assert!(text.ends_with("before: quiet\n"));
    }
}
