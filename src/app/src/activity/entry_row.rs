// SPDX-License-Identifier: GPL-3.0-or-later
//! One entry, in a row.

use adw::prelude::*;
use usher_core::activity_log::Words;

use crate::{
    text,
    widgets::{accessible, labels, state_label},
};

/// An entry in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryItem {
    /// When it happened.
    pub(super) at: i64,
    pub(super) words: Words,
}

impl EntryItem {
    /// What came of it, and what the person was asked.
    fn details(&self) -> Vec<&str> {
        let details = [&self.words.outcome].into_iter().chain(&self.words.questions);
        details.map(String::as_str).filter(|detail| !detail.is_empty()).collect()
    }
}

/// The row of an entry.
pub(super) fn entry_row(item: &EntryItem) -> adw::ActionRow {
    let (title, details, time) = (item.words.title.as_str(), item.details(), text::time(item.at));
    let row = adw::ActionRow::builder()
        .use_markup(false)
        .title(title)
        .subtitle(details.join("\n"))
        .activatable(false)
        .build();
    let label = state_label(&time);
    label.add_css_class("numeric");
    row.add_suffix(&label);
    let spoken = [&[time.as_str(), title], &details[..]].concat();
    accessible::name(&row, &spoken.join(", "));
    labels::settle(&row);
    row
}
