// SPDX-License-Identifier: GPL-3.0-or-later
//! A group whose rows follow a list: what has not changed keeps its row, and the keyboard's place is kept.

use std::cell::RefCell;

use adw::prelude::*;
use gtk::glib;

use crate::widgets::{accessible, labels};

/// Rows of a group, each with what it shows. A group without rows is hidden.
pub(crate) struct RowGroup<T> {
    group: glib::WeakRef<adw::PreferencesGroup>,
    rows: RefCell<Vec<(T, gtk::Widget)>>,
}

impl<T> Default for RowGroup<T> {
    fn default() -> Self {
        Self { group: glib::WeakRef::new(), rows: RefCell::default() }
    }
}

impl<T: PartialEq> RowGroup<T> {
    /// Names the group, once, before rows are shown.
    pub(crate) fn attach(&self, group: &adw::PreferencesGroup) {
        self.group.set(Some(group));
        group.set_visible(false);
    }

    /// Shows these items. `is_same` tells whether two states are of the same thing; `update` makes a row show another
    /// state of its thing, where it can. Returns whether the keyboard's focus was in the group and has no row left to be
    /// in.
    pub(crate) fn show(
        &self,
        items: Vec<T>,
        is_same: impl Fn(&T, &T) -> bool,
        build: impl Fn(&T) -> gtk::Widget,
        update: impl Fn(&gtk::Widget, &T) -> bool,
    ) -> bool {
        let Some(group) = self.group.upgrade() else {
            return false;
        };
        let mut known = self.rows.take();
        let is_in_place = known.len() == items.len()
            && known
                .iter_mut()
                .zip(&items)
                .all(|((shown, row), item)| shown == item || (is_same(shown, item) && update(row, item)));
        if is_in_place {
            let rows = items.into_iter().zip(known).map(|(item, (_, row))| (item, row));
            self.rows.replace(rows.collect());
            return false;
        }
        let focused = known.iter().position(|(_, row)| has_focus(row));
        let survivor = focused.and_then(|index| items.iter().position(|item| is_same(item, &known[index].0)));
        for (_, row) in &known {
            group.remove(row);
        }
        let mut rows: Vec<(T, gtk::Widget)> = Vec::new();
        for item in items {
            let row = match known.iter().position(|(shown, _)| *shown == item) {
                Some(index) => known.swap_remove(index).1,
                None => build(&item),
            };
            labels::settle(&row);
            group.add(&row);
            accessible::tell_sensitivity(&row);
            rows.push((item, row));
        }
        group.set_visible(!rows.is_empty());
        let Some(focused) = focused else {
            self.rows.replace(rows);
            return false;
        };
        let next = survivor.unwrap_or(focused.min(rows.len().saturating_sub(1)));
        let target = rows.get(next).map(|(_, row)| row.clone());
        self.rows.replace(rows);
        !target.is_some_and(|row| row.grab_focus() || row.child_focus(gtk::DirectionType::TabForward))
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.borrow().len()
    }
}

fn has_focus(row: &gtk::Widget) -> bool {
    row.state_flags().contains(gtk::StateFlags::FOCUS_WITHIN)
}
