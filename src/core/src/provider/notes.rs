// SPDX-License-Identifier: GPL-3.0-or-later
//! What a process remembers of servers, so as not to ask them again at once. All of it was said without a credential, and
//! may be lost at any time.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long a note counts.
const LIFE: Duration = Duration::from_secs(5 * 60);
/// Most notes of one kind.
const COUNT_LIMIT: usize = 8192;

/// Notes of one kind, by what they are about. Shared by all calls of a process.
#[derive(Debug)]
pub(super) struct Noted<K, V>(Mutex<HashMap<K, (V, Instant)>>);

impl<K, V> Default for Noted<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Noted<K, V> {
    /// What was noted, unless that was too long ago.
    pub(super) fn get(&self, key: &K) -> Option<V> {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.get(key).filter(|(_, at)| at.elapsed() < LIFE).map(|(value, _)| value.clone())
    }

    /// Notes something, in place of what was noted about the same.
    pub(super) fn put(&self, key: K, value: V) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() >= COUNT_LIMIT {
            notes.retain(|_, (_, at)| at.elapsed() < LIFE);
        }
        if notes.len() >= COUNT_LIMIT {
            notes.clear();
        }
        notes.insert(key, (value, Instant::now()));
    }

    /// Forgets what was noted.
    pub(super) fn forget(&self, key: &K) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Notes about servers, by provider.
#[derive(Debug, Default)]
pub struct Notes {
    /// About container registries.
    pub(super) registries: super::oci::RegistryNotes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_found_until_it_is_replaced_or_forgotten() {
        let notes = Noted::default();
        assert_eq!(notes.get(&1), None);
        notes.put(1, 'a');
        notes.put(1, 'b');
        assert_eq!(notes.get(&1), Some('b'));
        notes.forget(&1);
        assert_eq!(notes.get(&1), None);
    }

    #[test]
    fn notes_do_not_grow_without_bounds() {
        let notes = Noted::default();
        for number in 0..=COUNT_LIMIT * 2 {
            notes.put(number, ());
            assert!(notes.get(&number).is_some());
        }
        assert!(notes.0.lock().unwrap().len() <= COUNT_LIMIT);
    }
}
