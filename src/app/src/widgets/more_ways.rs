// SPDX-License-Identifier: GPL-3.0-or-later
//! *More Ways to Sign In*: a row for each way to the sign-in page besides the usual one.

use std::rc::Rc;

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use usher_core::provider::Way;

use super::{accessible, decorative_icon};
use crate::i18n::gettext;

mod imp {
    use std::cell::RefCell;

    use super::*;

    #[derive(Default)]
    pub struct MoreWays {
        pub(super) rows: RefCell<Vec<(Way, adw::ActionRow)>>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for MoreWays {
        const NAME: &'static str = "UsherMoreWays";
        type Type = super::MoreWays;
        type ParentType = adw::ExpanderRow;
    }

    impl ObjectImpl for MoreWays {
        fn constructed(&self) {
            self.parent_constructed();
            self.obj().set_title(&gettext("More Ways to Sign In"));
            self.obj().set_visible(false);
        }
    }

    impl WidgetImpl for MoreWays {}
    impl ListBoxRowImpl for MoreWays {}
    impl PreferencesRowImpl for MoreWays {}
    impl ExpanderRowImpl for MoreWays {}
}

glib::wrapper! {
    /// Hidden until there is a way to choose.
    pub struct MoreWays(ObjectSubclass<imp::MoreWays>)
        @extends adw::ExpanderRow, adw::PreferencesRow, gtk::ListBoxRow, gtk::Widget,
        @implements gtk::Accessible, gtk::Actionable, gtk::Buildable, gtk::ConstraintTarget;
}

impl MoreWays {
    /// Offers these ways; `choose` is called with the one that the person takes.
    pub(crate) fn offer(&self, ways: &[Way], choose: impl Fn(Way) + 'static) {
        let mut rows = self.imp().rows.borrow_mut();
        self.set_visible(!ways.is_empty());
        if rows.iter().map(|(way, _)| way).eq(ways) {
            return;
        }
        for (_, row) in rows.drain(..) {
            self.remove(&row);
        }
        let choose = Rc::new(choose);
        for way in ways.iter().copied() {
            let (row, choose) = (row(way), choose.clone());
            row.connect_activated(move |_| choose(way));
            self.add_row(&row);
            rows.push((way, row));
        }
    }
}

fn row(way: Way) -> adw::ActionRow {
    let (title, subtitle) = match way {
        Way::Embedded => (gettext("In This Window"), String::new()),
        Way::Browser => (gettext("In the Browser"), gettext("With passkeys and password manager")),
        Way::Code => (gettext("With a Code on Another Device"), String::new()),
    };
    let row = adw::ActionRow::builder().title(title).subtitle(subtitle).use_markup(false).activatable(true).build();
    row.add_suffix(&decorative_icon("go-next-symbolic"));
    accessible::can_be_pressed(&row);
    row
}
