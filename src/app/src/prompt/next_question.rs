// SPDX-License-Identifier: GPL-3.0-or-later
//! The questions behind the one that is asked: what its window says of them, and whether it leads there.

use gtk::{glib, prelude::*, subclass::prelude::*};

use crate::{
    i18n::{gettext_f, ngettext_f},
    text,
};

mod imp {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[derive(Default, glib::Properties)]
    #[properties(wrapper_type = super::NextQuestion)]
    pub struct NextQuestion {
        /// That there are more; empty where there is none.
        #[property(get, set)]
        caption: RefCell<String>,
        /// What the button says that leads to the next one; empty where there is none.
        #[property(get, set)]
        button_text: RefCell<String>,
        /// Whether the person wants to see it.
        #[property(get, set)]
        is_wanted: Cell<bool>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for NextQuestion {
        const NAME: &'static str = "UsherNextQuestion";
        type Type = super::NextQuestion;
    }

    #[glib::derived_properties]
    impl ObjectImpl for NextQuestion {}
}

glib::wrapper! {
    pub struct NextQuestion(ObjectSubclass<imp::NextQuestion>);
}

impl Default for NextQuestion {
    fn default() -> Self {
        glib::Object::new()
    }
}

impl NextQuestion {
    /// Says which repositories have a question, in the order in which they are asked.
    pub(super) fn show(&self, repositories: &[String]) {
        self.set_caption(caption(repositories));
        self.set_button_text(repositories.first().map_or_else(String::new, |repository| {
            // Translators: a button that leads to the question of another repository
            gettext_f("Next: {repository}", &[("repository", &text::within(repository))])
        }));
    }
}

fn caption(repositories: &[String]) -> String {
    match repositories {
        [] => String::new(),
        [repository] => gettext_f("{repository} is waiting too.", &[("repository", &text::within(repository))]),
        [repository, others @ ..] => ngettext_f(
            "{repository} and {n} more are waiting too.",
            "{repository} and {n} more are waiting too.",
            others.len(),
            &[("repository", &text::within(repository))],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::widgets::accessible::bare;

    #[test]
    fn the_window_says_what_else_is_asked() {
        let next = NextQuestion::default();
        for (repositories, caption, button) in [
            (&[][..], "", ""),
            (&["Shop"][..], "Shop is waiting too.", "Next: Shop"),
            (&["Shop", "Other", "Third"][..], "Shop and 2 more are waiting too.", "Next: Shop"),
        ] {
            next.show(&repositories.iter().map(|&title| title.to_owned()).collect::<Vec<_>>());
            assert_eq!((bare(&next.caption()).as_str(), bare(&next.button_text()).as_str()), (caption, button));
        }
    }
}
