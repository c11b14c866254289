// SPDX-License-Identifier: GPL-3.0-or-later
//! An entry of the activity log on one line, in the words of its file: the same in every language, and without apps.

use jiff::Timestamp;
use serde_json::Value;

use crate::activity_log::Entry;

/// How much of an account's id tells it from others, in characters.
const ID_LENGTH: usize = 8;

/// The line of an entry. `shown` takes out of a value what is private.
pub(super) fn of_entry(entry: &Entry, shown: impl Fn(&str) -> String) -> String {
    let time = Timestamp::from_second(entry.at).map_or_else(|_| entry.at.to_string(), |time| time.to_string());
    let Ok(Value::Object(mut fields)) = serde_json::to_value(entry.clone().without_apps()) else { return time };
    fields.remove("at");
    let event = fields.remove("event").as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    let fields = fields.into_iter().map(|(name, value)| {
        let value = match value {
            Value::String(id) if name == "account" => id.chars().take(ID_LENGTH).collect(),
            Value::String(text) => shown(&text),
            other => shown(&other.to_string()),
        };
        format!("{name}={value}")
    });
    [time, event].into_iter().chain(fields).collect::<Vec<_>>().join(" ")
}
