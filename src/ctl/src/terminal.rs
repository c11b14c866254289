// SPDX-License-Identifier: GPL-3.0-or-later
//! Standard output for results, standard error for all else, and questions only where somebody can answer.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::failure::Failure;

/// Whether questions reach a person.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// A result.
pub(crate) fn result(line: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// Something to know meanwhile.
pub(crate) fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stderr(), "{line}")?)
}

/// A question that is answered by `y`. Anything else is no.
pub(crate) fn ask(question: &str) -> Result<bool, Failure> {
    write!(io::stderr(), "{question} [y/N] ")?;
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}
