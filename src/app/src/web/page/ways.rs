// SPDX-License-Identifier: GPL-3.0-or-later
//! The ways on from a page that does not work here: in the browser, or with a code.

use adw::{prelude::*, subclass::prelude::*};
use gtk::glib;
use url::Url;
use usher_core::{provider::Way, service};
use webkit6::prelude::*;

use super::imp;
use crate::{
    i18n::{gettext, gettext_f},
    text,
    web::{refusal, view},
    widgets::{BannerText, show_banner},
};

/// The title of a document and the beginning of its text, which never leave this process.
const READ: &str = "document.title + '\\n' + (document.body?.innerText ?? '').slice(0, 4000)";

impl imp::WebPage {
    /// Shows in the menu what the person can do instead.
    pub(super) fn offer_ways(&self) {
        let page = self.obj();
        page.action_set_enabled("web.continue-in-browser", self.has_way(Way::Browser));
        page.action_set_enabled("web.use-code", self.has_way(Way::Code));
    }

    pub(super) fn has_way(&self, way: Way) -> bool {
        !self.is_landing.get() && self.task().is_some_and(|task| task.ways().contains(&way))
    }

    /// The person goes on another way. Another page takes the place of this one.
    pub(super) fn take_way(&self, way: Way) {
        if self.is_busy() || !self.has_way(way) {
            return;
        }
        if let Some(task) = self.task() {
            task.change_way(way);
        }
    }

    /// A banner that leads to the browser, where that is a way.
    pub(super) fn browser_banner(&self, title: String) -> BannerText {
        let button = self.has_way(Way::Browser).then(|| gettext("Continue in Browser"));
        BannerText { title, button }
    }

    /// Says that the page wants a browser, if it says so.
    pub(super) fn look_for_refusal(&self) {
        let address = self.committed();
        if refusal::is_by_address(&address) {
            return self.show_refusal();
        }
        let reading = self.view().evaluate_javascript_future(READ, Some(view::WORLD), None);
        let (page, document) = (self.obj().downgrade(), self.loading.documents.get());
        glib::spawn_future_local(async move {
            let read = reading.await.map(|read| read.to_str()).unwrap_or_default();
            if let Some(page) = page.upgrade()
                && page.imp().loading.documents.get() == document
                && refusal::is_by_text(&read)
            {
                page.imp().show_refusal();
            }
        });
    }

    fn show_refusal(&self) {
        let host = text::plain(&service::host_of(&self.committed()));
        let title = gettext_f("{host} wants to be opened in a browser", &[("host", &host)]);
        show_banner(&self.refusal_banner, Some(&self.browser_banner(title)));
    }

    /// The page goes to another of its addresses without loading anything.
    pub(super) fn moved(&self) {
        let address = self.view().uri().and_then(|address| Url::parse(&address).ok());
        if !self.loading.is_pending.get() && address.as_ref().is_some_and(refusal::is_by_address) {
            self.show_refusal();
        }
    }

    /// A part of the page asks for a password outside the page, and stays away.
    pub(super) fn tell_unsupported(&self) {
        if self.has_way(Way::Browser) {
            let title = gettext("A part of this page works in a browser only");
            show_banner(&self.refusal_banner, Some(&self.browser_banner(title)));
        } else {
            self.tell_once(&gettext("The page asked for a password in an unsupported way"));
        }
    }

    /// A page that is empty here may not be empty in a browser.
    pub(super) fn suggest_browser(&self, host: &str) {
        if self.has_way(Way::Browser) {
            let title = gettext_f("The page of {host} may work in a browser only", &[("host", &text::plain(host))]);
            show_banner(&self.refusal_banner, Some(&self.browser_banner(title)));
        }
    }

    pub(super) fn hide_refusal(&self) {
        show_banner(&self.refusal_banner, None);
    }
}
