// SPDX-License-Identifier: GPL-3.0-or-later
//! What is private never gets into a report.

use super::Redaction;
use crate::fuzzing::input::{self, assert_is_plain, letters};

const HOME: &str = "/home/marigold";
const USER: &str = "marigold";
const COMPUTER: &str = "periwinkle";
const ACCOUNT: &str = "zinnia@example.net";
const TOKEN: &str = "gho_Xb8Qw2Zt6Lk4Rn9Vp3Yd";

/// Takes out what was planted into a text: in a seed, `{home}`, `{user}`, `{computer}`, `{account}` and `{token}` stand for
/// it. Each is planted as a word; what stands before and after is anything.
pub(crate) fn redaction(bytes: &[u8]) {
    let redaction = Redaction::default().and_home(HOME).and_user(USER).and_computer(COMPUTER).and_account(ACCOUNT);
    let written = input::text(bytes);
    let shown = redaction.apply(&written);
    assert_is_plain(&shown);
    for (mark, secret) in
        [("{home}", HOME), ("{user}", USER), ("{computer}", COMPUTER), ("{account}", ACCOUNT), ("{token}", TOKEN)]
    {
        let (before, after) = written.split_once(mark).unwrap_or((&written, ""));
        if letters(&format!("{before}{after}")).to_lowercase().contains(&letters(secret).to_lowercase()) {
            continue;
        }
        let shown = redaction.apply(&format!("{before} {secret} {after}")).to_lowercase();
        assert!(!shown.contains(&secret.to_lowercase()), "{mark} of {written:?} is shown");
    }
}
