// SPDX-License-Identifier: GPL-3.0-or-later
//! An HTTP error that brings nothing to read: Usher says what the server did not.

use gtk::glib;
use usher_core::service;
use webkit6::{ResponsePolicyDecision, prelude::*};

use super::imp;
use crate::web::problem::WebProblem;

/// Runs in a world of its own, which the page does not see.
const WORLD: &str = "usher";
/// Whether nothing is to be seen of a document, nor will be.
const IS_BARE: &str = "document.body?.textContent.trim() === '' \
                       && !document.querySelector('script, frame, body *:not(pre)')";

impl imp::WebPage {
    /// What an answer that is about to fill the main frame brings in place of a page, as far as its head tells.
    pub(super) fn bare_error(&self, decision: &ResponsePolicyDecision) -> Option<WebProblem> {
        let response = decision.response().filter(|_| decision.is_main_frame_main_resource())?;
        let status = Some(response.status_code()).filter(|status| *status >= 400);
        self.error_status.set(status);
        let length = response.http_headers().and_then(|headers| headers.one("content-length"));
        let is_bare = length.as_deref() == Some("0") || !decision.is_mime_type_supported();
        status.filter(|_| is_bare).map(WebProblem::Bare)
    }

    /// The same once all of it is there: not every head says how much will follow.
    pub(super) fn look_for_words(&self) {
        let Some(status) = self.error_status.take() else {
            return;
        };
        glib::spawn_future_local(glib::clone!(
            #[weak(rename_to = imp)]
            self,
            async move {
                let is_bare = imp.view().evaluate_javascript_future(IS_BARE, Some(WORLD), None).await;
                if !imp.is_pending.get() && is_bare.is_ok_and(|is_bare| is_bare.to_boolean()) {
                    imp.meet(WebProblem::Bare(status), &service::host_of(&imp.committed()));
                }
            }
        ));
    }
}
