// SPDX-License-Identifier: GPL-3.0-or-later
//! The keyboard's way from day to day. Keys that are held down are faster than the screen: the rows of the next day may just have
//! been added, without the place by which GTK finds a neighbour and moves the view.

use gtk::{glib, prelude::*};

use super::day_list::DayList;

/// The row below the one that has the keyboard, in the same day or the next.
pub(super) fn row_below(days: &[DayList]) -> Option<gtk::ListBoxRow> {
    let day = days.iter().position(DayList::has_keyboard)?;
    days[day].row_below_keyboard().or_else(|| days.get(day + 1)?.first_row())
}

/// The last row of the day above the one that has the keyboard.
pub(super) fn row_above(days: &[DayList]) -> Option<gtk::ListBoxRow> {
    let day = days.iter().position(DayList::has_keyboard)?;
    days.get(day.checked_sub(1)?)?.last_row()
}

/// Gives the keyboard to a row. Once that has a place, the view follows to wherever the keyboard is by then.
pub(super) fn give_to(row: Option<gtk::ListBoxRow>) {
    let Some(row) = row else { return };
    row.grab_focus();
    row.add_tick_callback(|row, _| {
        if row.height() == 0 {
            return glib::ControlFlow::Continue;
        }
        let viewport = row.ancestor(gtk::Viewport::static_type()).and_downcast::<gtk::Viewport>();
        let focus = row.root().and_then(|root| root.focus());
        if let (Some(viewport), Some(focus)) = (viewport, focus)
            && focus.is_ancestor(&viewport)
        {
            viewport.scroll_to(&focus, None);
        }
        glib::ControlFlow::Break
    });
}
