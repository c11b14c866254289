// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that shows the shop: in Usher, or in the browser.

use adw::prelude::*;

use crate::{
    browser::BrowserPage,
    web::{WebPage, WebProblem},
};

#[derive(Clone)]
pub(super) enum ShopPage {
    Web(WebPage),
    Browser(BrowserPage),
}

impl ShopPage {
    /// The page of a shop, if this is one.
    pub(super) fn of(page: adw::NavigationPage) -> Option<Self> {
        match page.downcast() {
            Ok(page) => Some(Self::Web(page)),
            Err(page) => page.downcast().ok().map(Self::Browser),
        }
    }

    pub(super) fn page(&self) -> &adw::NavigationPage {
        match self {
            Self::Web(page) => page.upcast_ref(),
            Self::Browser(page) => page.upcast_ref(),
        }
    }

    /// The page where it is the one that is to be seen.
    pub(super) fn if_shown(self) -> Option<Self> {
        self.page().is_mapped().then_some(self)
    }

    /// The server is asked: nobody can do anything meanwhile.
    pub(super) fn show_busy(&self, text: &str) {
        match self {
            Self::Web(page) => page.show_busy(text),
            Self::Browser(page) => page.show_busy(text),
        }
    }

    pub(super) fn show_problem(&self, problem: WebProblem) {
        match self {
            Self::Web(page) => page.show_problem(problem),
            Self::Browser(page) => page.show_problem(problem),
        }
    }

    /// Says above the page that no program waits any more.
    pub(super) fn show_alone(&self, text: &str) {
        match self {
            Self::Web(page) => page.show_alone(text),
            Self::Browser(page) => page.show_alone(text),
        }
    }

    /// The shop has led back: a browser hears whether it says that all went well.
    pub(super) fn end(&self, is_done: bool) {
        if let Self::Browser(page) = self {
            page.end(is_done);
        }
    }

    pub(super) fn close(&self) {
        match self {
            Self::Web(page) => page.close(),
            Self::Browser(page) => page.close(),
        }
    }
}
