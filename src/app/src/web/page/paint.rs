// SPDX-License-Identifier: GPL-3.0-or-later
//! What is over the view until there is something to see in it: a spinner, and what it waits for.
//!
//! `WebKit` tells the application no paint. “Committed” comes with the first bytes, before any style and script has
//! loaded; “finished” comes after the last picture, long after a person can read the page; the load progress counts bytes.
//! What tells the truth is the document's own *first contentful paint*, the first frame with text or a picture in it: the
//! view reports it (see [`view`]).

use std::time::Duration;

use adw::subclass::prelude::*;
use gtk::glib;
use url::Url;
use usher_core::service;
use webkit6::prelude::*;

use super::imp;
use crate::{
    i18n::gettext_f,
    text,
    web::{
        policy,
        problem::{Bare, WebProblem},
        view,
    },
    widgets::show_banner,
};

/// Nothing is to be seen of a document, nor will be.
const BARE: &str = "bare";
/// Something is to be seen of it, though perhaps without text or picture, such as a field.
const SHOWS: &str = "shows";
/// What there is to see of a document. Where it is neither, scripts are at work.
const LOOK: &str = "(() => { \
    const all = selector => [...document.querySelectorAll(selector)]; \
    const isBare = document.body?.textContent.trim() === '' && \
        !all('script, frame, meta[http-equiv=refresh i], body *:not(pre)').length; \
    const parts = 'button, canvas, embed, frame, iframe, img, input, object, select, svg, textarea, video'; \
    const shows = document.body?.innerText?.trim() || all(parts).some(part => part.getClientRects().length); \
    return isBare ? 'bare' : shows ? 'shows' : ''; \
})()";
/// How long what the view has shown before may stay once another document is there.
const PATIENCE: Duration = Duration::from_millis(500);
/// The time between two looks at a document that its opener writes.
const GLANCE: Duration = Duration::from_millis(200);
/// After so long a banner says that the page has not come yet.
const SLOW: Duration = Duration::from_secs(10);

impl imp::WebPage {
    /// Whether nothing of the page is to be seen yet.
    pub(super) fn is_covered(&self) -> bool {
        !self.opening_text.borrow().is_empty() && self.is_at_page()
    }

    /// Hides what is in the view until the document at that address has painted something.
    pub(super) fn cover(&self, address: &Url) {
        self.stop_cover_timer();
        let host = text::within(&service::host_of(address));
        self.obj().set_opening_text(gettext_f("Opening {host}…", &[("host", &host)]));
        self.show_reload();
    }

    /// The same where that takes longer than a moment, as it rarely does from one page to the next.
    fn cover_soon(&self) {
        self.after(PATIENCE, |imp| imp.cover(&imp.address_ahead()));
    }

    /// Covers a pop-up that may never load anything. What its opener writes there reports no paint, so this looks now and
    /// then.
    pub(super) fn cover_until_written(&self) {
        self.cover(&self.address_ahead());
        self.after(GLANCE, |imp| {
            imp.look(|imp, look| match look {
                _ if imp.loading.documents.get() > 0 || !imp.is_covered() => {}
                SHOWS => imp.painted(),
                _ => imp.cover_until_written(),
            });
        });
    }

    /// Does this after a while, unless the cover changes before.
    fn after(&self, time: Duration, act: impl FnOnce(&Self) + 'static) {
        let timer = glib::timeout_add_local_once(
            time,
            glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move || {
                    imp.loading.cover_timer.take();
                    act(&imp);
                }
            ),
        );
        if let Some(earlier) = self.loading.cover_timer.replace(Some(timer)) {
            earlier.remove();
        }
    }

    fn uncover(&self) {
        self.stop_cover_timer();
        self.obj().set_opening_text("");
        self.show_reload();
    }

    pub(super) fn stop_cover_timer(&self) {
        if let Some(timer) = self.loading.cover_timer.take() {
            timer.remove();
        }
    }

    /// Where the view is going, or else is.
    fn address_ahead(&self) -> Url {
        let ahead = self.view().uri().filter(|address| policy::is_showable(address));
        ahead.and_then(|address| Url::parse(&address).ok()).unwrap_or_else(|| self.committed())
    }

    /// The view is on its way somewhere.
    pub(super) fn follow_way(&self) {
        if self.is_covered() {
            self.cover(&self.address_ahead());
        }
    }

    /// Another document is there, of which nothing has been painted.
    pub(super) fn document_begun(&self) {
        if view::is_blank(self.view()) {
            return self.cover_until_written();
        }
        self.loading.documents.set(self.loading.documents.get() + 1);
        if self.is_covered() {
            self.follow_way();
        } else {
            self.cover_soon();
        }
    }

    /// Uncovers each document once it has painted something.
    pub(super) fn follow_paint(&self) {
        let page = self.obj().downgrade();
        view::connect_painted(self.view(), move || {
            if let Some(page) = page.upgrade() {
                page.imp().painted();
            }
        });
    }

    fn painted(&self) {
        self.uncover();
        if !self.loading.is_pending.get() {
            self.stop_waiting();
        }
    }

    /// The document and all of its parts are there: looks for what no paint tells of.
    pub(super) fn look_at_document(&self) {
        let (document, status) = (self.loading.documents.get(), self.loading.error_status.take());
        if document == 0 {
            return;
        }
        self.look(move |imp, look| {
            if imp.loading.is_pending.get() || imp.loading.documents.get() != document {
                return;
            }
            match look {
                BARE => imp.meet(WebProblem::Bare(Bare::of(status)), &service::host_of(&imp.committed())),
                SHOWS => imp.painted(),
                _ => {}
            }
        });
    }

    /// Looks at the document. A page that does not answer keeps nothing alive but its view.
    fn look(&self, found: impl FnOnce(&Self, &str) + 'static) {
        let look = self.view().evaluate_javascript_future(LOOK, Some(view::WORLD), None);
        let page = self.obj().downgrade();
        glib::spawn_future_local(async move {
            let look = look.await.map(|look| look.to_str()).unwrap_or_default();
            if let Some(page) = page.upgrade() {
                found(page.imp(), &look);
            }
        });
    }

    /// Says so if nothing can be seen of the page after a while.
    pub(super) fn await_slow(&self) {
        self.stop_waiting();
        let timer = glib::timeout_add_local_once(
            SLOW,
            glib::clone!(
                #[weak(rename_to = imp)]
                self,
                move || {
                    imp.loading.slow_timer.take();
                    let host = text::plain(&service::host_of(&imp.address_ahead()));
                    let title = gettext_f("Still waiting for {host}", &[("host", &host)]);
                    show_banner(&imp.slow_banner, Some(&imp.browser_banner(title)));
                }
            ),
        );
        self.loading.slow_timer.replace(Some(timer));
    }

    pub(super) fn stop_waiting(&self) {
        if let Some(timer) = self.loading.slow_timer.take() {
            timer.remove();
        }
        self.slow_banner.set_revealed(false);
    }
}
