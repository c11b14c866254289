// SPDX-License-Identifier: GPL-3.0-or-later
//! Medians and the table.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Milliseconds(pub(crate) f64);

impl From<Duration> for Milliseconds {
    fn from(time: Duration) -> Self {
        Self(time.as_secs_f64() * 1000.0)
    }
}

impl std::ops::Add for Milliseconds {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.0 < 10.0 { 2 } else { 1 };
        f.pad(&format!("{:.digits$} ms", self.0))
    }
}

/// The measured times of one thing, run by run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn add(&mut self, time: Milliseconds) {
        self.0.push(time.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn median(&self) -> Milliseconds {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        Milliseconds(if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        })
    }
}

/// One line of the table.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) figure: String,
    pub(crate) baseline: String,
    pub(crate) ratio: Option<f64>,
    pub(crate) goal: String,
    /// How the numbers came about.
    pub(crate) notes: String,
}

impl Line {
    /// The figure, where it is one of kilobytes.
    pub(crate) fn kilobytes(&self) -> Option<f64> {
        self.figure.strip_suffix(" kB")?.parse().ok()
    }

    /// Compares one median with another.
    pub(crate) fn compare(what: &str, figure: Milliseconds, baseline: Milliseconds, goal: &str, notes: String) -> Self {
        Self {
            what: what.to_owned(),
            figure: figure.to_string(),
            baseline: baseline.to_string(),
            ratio: Some(figure.0 / baseline.0),
            goal: goal.to_owned(),
            notes,
        }
    }
}

/// Lines, each with its notes below it.
pub(crate) struct Table {
    columns: [&'static str; 2],
    lines: Vec<Line>,
}

impl Default for Table {
    fn default() -> Self {
        Self::with_columns(["Usher", "baseline"])
    }
}

impl Table {
    /// A table with these words over its two columns of figures.
    pub(crate) fn with_columns(columns: [&'static str; 2]) -> Self {
        Self { columns, lines: Vec::new() }
    }

    pub(crate) fn add(&mut self, line: Line) {
        self.lines.push(line);
    }

    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [figure, baseline] = self.columns;
        writeln!(f, "{:44} {figure:>10} {baseline:>10} {:>6}  goal", "", "ratio")?;
        for line in &self.lines {
            let ratio = line.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            writeln!(f, "{:44} {:>10} {:>10} {ratio:>6}  {}", line.what, line.figure, line.baseline, line.goal)?;
            writeln!(f, "    {}", line.notes)?;
        }
        Ok(())
    }
}
