// SPDX-License-Identifier: GPL-3.0-or-later
//! The entries of one day, under its date.

use adw::prelude::*;
use gtk::{accessible::Property, gio, glib};

use super::{
    days::{Date, Day, Distance, distance},
    entry_row::{EntryItem, entry_row},
};
use crate::{i18n::gettext, text, widgets::labels};

/// The actions that lead the keyboard from a day to the one below it, and to the one above it.
pub(super) const LEAD_DOWN: &str = "activity.lead-down";
pub(super) const LEAD_UP: &str = "activity.lead-up";

/// A day that is shown. Its rows follow its entries: what has not changed keeps its row.
pub(super) struct DayList {
    pub(super) date: Date,
    pub(super) group: adw::PreferencesGroup,
    list: gtk::ListBox,
    model: gio::ListStore,
    shown: Vec<EntryItem>,
}

impl DayList {
    /// A day without entries.
    pub(super) fn new(date: Date) -> Self {
        let model = gio::ListStore::new::<glib::BoxedAnyObject>();
        let list = gtk::ListBox::builder().selection_mode(gtk::SelectionMode::None).css_classes(["boxed-list"]).build();
        list.bind_model(Some(&model), |item| {
            let item = item.downcast_ref::<glib::BoxedAnyObject>().expect("the list has nothing else");
            entry_row(&item.borrow::<EntryItem>()).upcast()
        });
        list.connect_keynav_failed(lead_on);
        let group = adw::PreferencesGroup::new();
        group.add(&list);
        Self { date, group, list, model, shown: Vec::new() }
    }

    /// The row of its newest entry.
    pub(super) fn first_row(&self) -> Option<gtk::ListBoxRow> {
        self.list.row_at_index(0)
    }

    /// The row of its oldest entry.
    pub(super) fn last_row(&self) -> Option<gtk::ListBoxRow> {
        self.list.row_at_index(i32::try_from(self.shown.len().checked_sub(1)?).ok()?)
    }

    /// The row below the one that has the keyboard.
    pub(super) fn row_below_keyboard(&self) -> Option<gtk::ListBoxRow> {
        let row = self.list.focus_child().and_downcast::<gtk::ListBoxRow>()?;
        self.list.row_at_index(row.index() + 1)
    }

    /// Whether one of its entries has the keyboard.
    pub(super) fn has_keyboard(&self) -> bool {
        self.list.focus_child().is_some()
    }

    /// Shows these entries of the day, as it is called today.
    pub(super) fn show(&mut self, day: Day<EntryItem>, today: Option<Date>) {
        let title = title(&day, today);
        if self.group.title() != title {
            self.group.set_title(&glib::markup_escape_text(&title));
            self.list.update_property(&[Property::Label(&title)]);
            labels::settle(&self.group);
        }
        let (start, old, new) = difference(&self.shown, &day.entries);
        if old > 0 || new > 0 {
            let added: Vec<_> =
                day.entries[start..start + new].iter().cloned().map(glib::BoxedAnyObject::new).collect();
            self.model.splice(position(start), position(old), &added);
            self.shown = day.entries;
        }
    }
}

/// From the last row of a day to the first of the next, as between the groups of a page of preferences. Beyond the days it is up
/// to the window.
fn lead_on(list: &gtk::ListBox, direction: gtk::DirectionType) -> glib::Propagation {
    let (action, direction) = match direction {
        gtk::DirectionType::Up => (LEAD_UP, gtk::DirectionType::TabBackward),
        gtk::DirectionType::Down => (LEAD_DOWN, gtk::DirectionType::TabForward),
        _ => return glib::Propagation::Proceed,
    };
    let before = list.focus_child();
    // It is an action of the page around.
    let _ = list.activate_action(action, None);
    let is_led = list.focus_child() != before || list.root().is_some_and(|root| root.child_focus(direction));
    if is_led { glib::Propagation::Stop } else { glib::Propagation::Proceed }
}

fn title(day: &Day<EntryItem>, today: Option<Date>) -> String {
    match today.map(|today| distance(day.date, today)) {
        Some(Distance::Today) => gettext("Today"),
        Some(Distance::Yesterday) => gettext("Yesterday"),
        _ => day.entries.first().map_or_else(String::new, |entry| text::day(entry.at)),
    }
}

/// Where two lists begin to differ, and how many of each are not in the other up to where they are the same again.
fn difference<T: PartialEq>(old: &[T], new: &[T]) -> (usize, usize, usize) {
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[start..], &new[start..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    (start, old.len() - end, new.len() - end)
}

fn position(index: usize) -> u32 {
    u32::try_from(index).expect("a log has no more entries than that")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_built_anew() {
        for (old, new, expected) in [
            ("", "", (0, 0, 0)),
            ("abc", "abc", (3, 0, 0)),
            // Something new, and the next ones below.
            ("abc", "xabc", (0, 0, 1)),
            ("abc", "abcxy", (3, 0, 2)),
            // A search, and its end.
            ("abcd", "ad", (1, 2, 0)),
            ("ad", "abcd", (1, 0, 2)),
            ("aaa", "aa", (2, 1, 0)),
            ("abc", "", (0, 3, 0)),
            ("abc", "xyz", (0, 3, 3)),
        ] {
            let (old, new): (Vec<_>, Vec<_>) = (old.chars().collect(), new.chars().collect());
            let (start, removed, added) = difference(&old, &new);
            assert_eq!((start, removed, added), expected, "{old:?} {new:?}");
            let mut changed = old;
            changed.splice(start..start + removed, new[start..start + added].iter().copied());
            assert_eq!(changed, new);
        }
    }
}
