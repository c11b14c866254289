// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl doctor --report` prints a report for those who mend Usher. The person reads it, and gives it away or not.

use serde_json::json;
use usher_core::report::{Report, Surroundings};

use crate::{
    context::Context,
    failure::{Failure, code},
};

/// As the report names this program.
const PROGRAM: &str = "usherctl";

pub(crate) async fn run(context: &Context) -> Result<u8, Failure> {
    let surroundings = Surroundings::gather(PROGRAM, Vec::new()).await;
    let report = Report::gather(&context.session, &context.store, surroundings, None, None).await;
    context.out.json(&json!({ "report": report.text }))?;
    for line in report.text.lines() {
        context.out.line(line)?;
    }
    Ok(if report.is_well { code::DONE } else { code::FAILED })
}
