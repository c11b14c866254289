// SPDX-License-Identifier: GPL-3.0-or-later
//! The apps to be bought in one window, each in turn. Pure.

use crate::i18n::{gettext, gettext_f};

/// What has become of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemState {
    ToBuy,
    Bought,
    Skipped,
}

impl ItemState {
    /// What the list says.
    pub(super) fn text(self) -> String {
        match self {
            Self::ToBuy => gettext("To Buy"),
            Self::Bought => gettext("Bought"),
            Self::Skipped => gettext("Skipped"),
        }
    }
}

/// One app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) app_id: String,
    pub(super) state: ItemState,
}

/// All apps of a purchase.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Basket(Vec<Item>);

impl Basket {
    /// With all apps still to buy, none twice.
    pub(super) fn new(app_ids: &[String]) -> Self {
        let mut basket = Self::default();
        basket.add(app_ids);
        basket
    }

    /// More apps are to be bought. What is there already stays as it is.
    pub(super) fn add(&mut self, app_ids: &[String]) {
        for id in app_ids {
            if !self.0.iter().any(|item| &item.app_id == id) {
                self.0.push(Item { app_id: id.clone(), state: ItemState::ToBuy });
            }
        }
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.0
    }

    /// The app whose turn it is.
    pub(super) fn current(&self) -> Option<&str> {
        self.0.iter().find(|item| item.state == ItemState::ToBuy).map(|item| item.app_id.as_str())
    }

    /// The app whose turn comes after the current one.
    pub(super) fn next(&self) -> Option<&str> {
        let mut left = self.0.iter().filter(|item| item.state == ItemState::ToBuy);
        left.nth(1).map(|item| item.app_id.as_str())
    }

    /// The current app has been bought or skipped.
    pub(super) fn settle(&mut self, state: ItemState) {
        if let Some(item) = self.0.iter_mut().find(|item| item.state == ItemState::ToBuy) {
            item.state = state;
        }
    }

    /// What is left is not bought.
    pub(super) fn stop(&mut self) {
        while self.current().is_some() {
            self.settle(ItemState::Skipped);
        }
    }

    /// What belongs to the account now.
    pub(super) fn bought(&self) -> Vec<String> {
        self.0.iter().filter(|item| item.state == ItemState::Bought).map(|item| item.app_id.clone()).collect()
    }

    /// Which of several apps is next: “Buying 2 of 3”; `None` for a single app.
    pub(super) fn progress(&self) -> Option<String> {
        let position = self.0.iter().position(|item| item.state == ItemState::ToBuy)? + 1;
        (self.0.len() > 1).then(|| {
            // Translators: the title of a page: which one of several apps is being bought
            gettext_f("Buying {n} of {total}", &[("n", &position.to_string()), ("total", &self.0.len().to_string())])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }

    fn states(basket: &Basket) -> Vec<String> {
        basket.items().iter().map(|item| item.state.text()).collect()
    }

    #[test]
    fn several_apps_are_bought_in_turn() {
        let mut basket = Basket::new(&ids(&["a", "b", "a", "c"]));
        assert_eq!(basket.progress().as_deref(), Some("Buying 1 of 3"));
        assert_eq!((basket.current(), basket.next()), (Some("a"), Some("b")));
        basket.settle(ItemState::Bought);
        assert_eq!(basket.progress().as_deref(), Some("Buying 2 of 3"));
        basket.settle(ItemState::Skipped);
        assert_eq!(states(&basket), ["Bought", "Skipped", "To Buy"]);
        assert_eq!((basket.current(), basket.next()), (Some("c"), None));
        basket.settle(ItemState::Bought);
        assert_eq!((basket.current(), basket.progress()), (None, None));
        assert_eq!(basket.bought(), ["a", "c"]);
    }

    #[test]
    fn stopping_keeps_what_was_bought() {
        let mut basket = Basket::new(&ids(&["a", "b", "c"]));
        basket.settle(ItemState::Bought);
        basket.stop();
        assert_eq!(states(&basket), ["Bought", "Skipped", "Skipped"]);
        assert_eq!(basket.bought(), ["a"]);
    }

    #[test]
    fn an_app_that_joins_comes_last_and_once() {
        let mut basket = Basket::new(&ids(&["a"]));
        assert_eq!(basket.progress(), None);
        basket.settle(ItemState::Bought);
        basket.add(&ids(&["a", "b"]));
        assert_eq!(states(&basket), ["Bought", "To Buy"]);
        assert_eq!(basket.progress().as_deref(), Some("Buying 2 of 2"));
    }
}
