// SPDX-License-Identifier: GPL-3.0-or-later
//! The page that a sign-in is at: one of the server, in Usher or in the browser, a form of our own, or a code.

use adw::prelude::*;

use super::{code::CodePage, form::FormPage};
use crate::{
    browser::BrowserPage,
    web::{WebPage, WebProblem},
};

pub(super) enum StepPage {
    Web(WebPage),
    Browser(BrowserPage),
    Form(FormPage),
    Code(CodePage),
}

impl From<WebPage> for StepPage {
    fn from(page: WebPage) -> Self {
        Self::Web(page)
    }
}

impl From<BrowserPage> for StepPage {
    fn from(page: BrowserPage) -> Self {
        Self::Browser(page)
    }
}

impl From<FormPage> for StepPage {
    fn from(page: FormPage) -> Self {
        Self::Form(page)
    }
}

impl From<CodePage> for StepPage {
    fn from(page: CodePage) -> Self {
        Self::Code(page)
    }
}

impl StepPage {
    /// The page of a sign-in, if this is one.
    pub(super) fn of(page: adw::NavigationPage) -> Option<Self> {
        let page = match page.downcast() {
            Ok(page) => return Some(Self::Web(page)),
            Err(page) => page,
        };
        let page = match page.downcast() {
            Ok(page) => return Some(Self::Browser(page)),
            Err(page) => page,
        };
        match page.downcast() {
            Ok(page) => Some(Self::Code(page)),
            Err(page) => page.downcast().ok().map(Self::Form),
        }
    }

    pub(super) fn page(&self) -> &adw::NavigationPage {
        match self {
            Self::Web(page) => page.upcast_ref(),
            Self::Browser(page) => page.upcast_ref(),
            Self::Form(page) => page.upcast_ref(),
            Self::Code(page) => page.upcast_ref(),
        }
    }

    /// The server is asked how one signs in: the person can leave. A web page says by itself what it opens.
    pub(super) fn show_asking(&self, text: &str) {
        match self {
            Self::Web(_) => {}
            Self::Browser(page) => page.show_wait(text),
            Self::Form(page) => page.show_asking(text),
            Self::Code(page) => page.show_wait(text),
        }
    }

    /// The server has answered: lets nobody do anything meanwhile.
    pub(super) fn show_busy(&self, text: &str) {
        match self {
            Self::Web(page) => page.show_busy(text),
            Self::Browser(page) => page.show_busy(text),
            Self::Form(page) => page.show_busy(text),
            Self::Code(page) => page.show_busy(text),
        }
    }

    /// The same where it takes long: the person can leave.
    pub(super) fn show_wait(&self, text: &str) {
        match self {
            Self::Web(page) => page.show_wait(text),
            Self::Browser(page) => page.show_wait(text),
            Self::Form(page) => page.show_wait(text),
            Self::Code(page) => page.show_wait(text),
        }
    }

    pub(super) fn show_problem(&self, problem: WebProblem) {
        match self {
            Self::Web(page) => page.show_problem(problem),
            Self::Browser(page) => page.show_problem(problem),
            Self::Form(page) => page.show_problem(problem),
            Self::Code(page) => page.show_problem(problem),
        }
    }

    /// Whether something was signed in to that is not saved yet.
    pub(super) fn holds_unsaved(&self) -> bool {
        match self {
            Self::Web(page) => page.holds_unsaved(),
            Self::Browser(page) => page.holds_unsaved(),
            Self::Form(page) => page.holds_unsaved(),
            Self::Code(page) => page.holds_unsaved(),
        }
    }

    /// The account is saved.
    pub(super) fn show_saved(&self) {
        if let Self::Browser(page) = self {
            page.end(true);
        }
    }

    /// Ends the page, and forgets what was typed.
    pub(super) fn close(&self) {
        match self {
            Self::Web(page) => page.close(),
            Self::Browser(page) => page.close(),
            Self::Form(page) => page.close(),
            Self::Code(page) => page.close(),
        }
    }
}
