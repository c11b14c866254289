// SPDX-License-Identifier: GPL-3.0-or-later
//! Reads the key files that flatpak writes (GLib's `GKeyFile`): groups, keys, escaped strings. Writes none.

use std::{collections::BTreeMap, path::Path};

use crate::files;

/// Largest file to read, in bytes.
const SIZE_LIMIT: u64 = 4 << 20;

/// The groups of a key file, in order.
pub(crate) struct KeyFile(Vec<(String, BTreeMap<String, String>)>);

impl KeyFile {
    /// Reads a file. `None` if it is missing, unreadable or far too large.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        Some(Self::parse(&String::from_utf8_lossy(&files::read_regular(path, SIZE_LIMIT).ok()?)))
    }

    pub(crate) fn parse(text: &str) -> Self {
        let mut groups: Vec<(String, BTreeMap<String, String>)> = Vec::new();
        for line in text.lines().map(str::trim_start) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.trim_end().strip_suffix(']')) {
                groups.push((name.to_owned(), BTreeMap::new()));
            } else if let (Some((key, value)), Some((_, group))) = (line.split_once('='), groups.last_mut())
                && !line.starts_with('#')
            {
                group.insert(key.trim_end().to_owned(), unescape(value.trim_start()));
            }
        }
        Self(groups)
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, String>)> {
        self.0.iter().map(|(name, keys)| (name.as_str(), keys))
    }
}

fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match characters.next() {
            Some('s') => text.push(' '),
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_keys_and_escapes_are_read() {
        let file = KeyFile::parse("# c\n[a \"b\"]\nkey= one\\stwo\\\\ \n\n[c]\nx=y=z\nbroken\n");
        let groups: Vec<_> = file.groups().collect();
        assert_eq!(groups[0].0, "a \"b\"");
        assert_eq!(groups[0].1["key"], "one two\\ ");
        assert_eq!(groups[1].1["x"], "y=z");
    }
}
