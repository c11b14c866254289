// SPDX-License-Identifier: GPL-3.0-or-later
//! The page for each kind of step. Where the next step is of another kind, its page takes the place of the one before.

use std::rc::Rc;

use usher_core::provider::Way;

use super::{CodePage, Flow, FormPage, StepPage};
use crate::{browser::BrowserPage, web::WebPage};

impl Flow {
    /// A page of the kind with which a sign-in begins on the way that the person takes.
    pub(super) fn new_page(self: &Rc<Self>) -> StepPage {
        let page = match self.way.get() {
            Way::Browser => self.new_browser_page().into(),
            Way::Code => CodePage::new(self).into(),
            Way::Embedded if self.request.binding.provider.has_sign_in_page() => self.new_web_page().into(),
            Way::Embedded => FormPage::new(self).into(),
        };
        self.set_page(page)
    }

    /// A web page in the session of its window.
    fn new_web_page(self: &Rc<Self>) -> WebPage {
        WebPage::first(self.services.accounts(), self.clone(), &self.session)
    }

    fn new_browser_page(self: &Rc<Self>) -> BrowserPage {
        BrowserPage::new(&self.services, self.clone())
    }

    fn set_page(&self, page: StepPage) -> StepPage {
        self.page.set(Some(page.page()));
        page
    }

    /// The page that is shown now.
    pub(in crate::sign_in) fn page(&self) -> Option<StepPage> {
        StepPage::of(self.page.upgrade()?)
    }

    /// The web page that is shown, or a new one in place of another page.
    pub(super) fn web_page(self: &Rc<Self>) -> Option<WebPage> {
        match self.page()? {
            StepPage::Web(page) => Some(page),
            other => Some(self.put_in_place(&other, self.new_web_page())),
        }
    }

    /// The same for the browser.
    pub(super) fn browser_page(self: &Rc<Self>) -> Option<BrowserPage> {
        match self.page()? {
            StepPage::Browser(page) => Some(page),
            other => Some(self.put_in_place(&other, self.new_browser_page())),
        }
    }

    /// The same for a form.
    pub(super) fn form_page(self: &Rc<Self>) -> Option<FormPage> {
        match self.page()? {
            StepPage::Form(page) => Some(page),
            other => Some(self.put_in_place(&other, FormPage::new(self))),
        }
    }

    /// The same for a code.
    pub(super) fn code_page(self: &Rc<Self>) -> Option<CodePage> {
        match self.page()? {
            StepPage::Code(page) => Some(page),
            other => Some(self.put_in_place(&other, CodePage::new(self))),
        }
    }

    fn put_in_place<P: Clone + Into<StepPage>>(&self, earlier: &StepPage, page: P) -> P {
        self.replace_page(earlier, page.clone().into());
        page
    }

    /// Shows another page in place of the one before.
    pub(super) fn replace_page(&self, earlier: &StepPage, page: StepPage) {
        if let Some(view) = self.view.upgrade() {
            let page = self.set_page(page);
            let mut pages = self.pages_before(&view);
            pages.push(page.page().clone());
            view.replace(&pages);
            earlier.close();
        }
    }
}
