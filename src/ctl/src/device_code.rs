// SPDX-License-Identifier: GPL-3.0-or-later
//! Shows a code that the person types on another device.

use usher_core::{
    clock,
    i18n::{gettext, ngettext_f},
    provider::Step,
    text, user_code,
};

use crate::{failure::Failure, terminal};

/// Longest code to show, in characters.
const CODE_LIMIT: usize = 64;

/// Says where to type the code, and for how long it is good. The code is for the person alone, so it is never part of
/// the result.
pub(crate) fn show(step: &Step<'_>) -> Result<(), Failure> {
    for line in lines(step, clock::now()) {
        terminal::say(&line)?;
    }
    Ok(())
}

fn lines(step: &Step<'_>, now: i64) -> Vec<String> {
    let Step::Code { page, filled_in, code, ends } = *step else { return Vec::new() };
    let code = user_code::grouped(&text::clean(code, CODE_LIMIT));
    let mut lines = vec![ngettext_f(
        "Open {address} and enter {code}. Valid for {n} minute.",
        "Open {address} and enter {code}. Valid for {n} minutes.",
        user_code::minutes_left(ends, now),
        &[("address", page.as_str()), ("code", &code)],
    )];
    if let Some(filled_in) = filled_in {
        lines.push(gettext("Or open this address, which has the code in it:"));
        lines.push(filled_in.to_string());
    }
    lines.push(gettext("Waiting… (Ctrl+C to stop)"));
    lines
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn the_code_the_page_and_the_time_are_said() {
        let page = Url::parse("https://login.example.org/device").unwrap();
        let filled_in = Url::parse("https://login.example.org/device?user_code=WDJB-MJHT").unwrap();
        let said =
            |filled_in, ends| lines(&Step::Code { page: &page, filled_in, code: "WDJB-MJHT", ends }, 1000).join("\n");
        assert_eq!(
            said(Some(&filled_in), 1540),
            "Open https://login.example.org/device and enter WDJB-MJHT. Valid for 9 minutes.\n\
             Or open this address, which has the code in it:\n\
             https://login.example.org/device?user_code=WDJB-MJHT\n\
             Waiting… (Ctrl+C to stop)"
        );
        assert_eq!(
            said(None, 1001),
            "Open https://login.example.org/device and enter WDJB-MJHT. Valid for 1 minute.\n\
             Waiting… (Ctrl+C to stop)"
        );
    }
}
