// SPDX-License-Identifier: GPL-3.0-or-later
//! An answer that brings nothing to read: Usher says what the server did not.

use webkit6::ResponsePolicyDecision;

use super::imp;
use crate::web::problem::Bare;

/// Answers after which a page stays as it is.
const NO_CONTENT: [u32; 2] = [204, 205];

impl imp::WebPage {
    /// What an answer that is about to fill the main frame brings in place of a page, as far as its head tells. Not every
    /// head gives a length: whether such an answer is empty shows once all of it has arrived.
    pub(super) fn bare_answer(&self, decision: &ResponsePolicyDecision) -> Option<Bare> {
        let response = decision.response().filter(|_| decision.is_main_frame_main_resource())?;
        let header = |name| response.http_headers().and_then(|headers| headers.one(name));
        let status = response.status_code();
        let error = Some(status).filter(|status| *status >= 400);
        self.loading.error_status.set(error);
        if let Some(status) = error {
            tracing::info!(status, "a page is an error");
        }
        let is_empty = header("content-length").as_deref() == Some("0") && header("refresh").is_none();
        let is_shown = decision.is_mime_type_supported();
        match error {
            Some(_) if is_empty || !is_shown => Some(Bare::Error),
            None if NO_CONTENT.contains(&status) => self.is_covered().then_some(Bare::Empty),
            None if is_empty => Some(Bare::Empty),
            None if !is_shown && self.is_covered() => Some(Bare::Unshowable),
            _ => None,
        }
    }
}
