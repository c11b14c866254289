// SPDX-License-Identifier: GPL-3.0-or-later
//! The answer of a server: read whole, within a limit, and never printed.

use futures_util::StreamExt;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use super::{HttpError, fault::classify};

/// An answer, whatever its status. All of it comes from outside.
pub struct HttpResponse {
    /// HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The decoded body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// Reads at most `limit` bytes of a body. A redirect counts as an unexpected answer (rule R3).
    pub(super) async fn read(response: reqwest::Response, limit: usize) -> Result<Self, HttpError> {
        let status = response.status();
        if status.is_redirection() {
            return Err(HttpError::Unexpected);
        }
        let headers = response.headers().clone();
        // What the server says of its length is only a hint.
        let length = response.content_length().and_then(|length| usize::try_from(length).ok());
        let mut body = Vec::with_capacity(length.unwrap_or_default().min(limit));
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| classify(&error))?;
            if body.len() + chunk.len() > limit {
                return Err(HttpError::Unexpected);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self { status: status.as_u16(), headers, body })
    }

    /// Status and headers alone.
    pub(super) fn head(response: &reqwest::Response) -> Self {
        Self { status: response.status().as_u16(), headers: response.headers().clone(), body: Vec::new() }
    }

    /// Whether the server calls it JSON, or one of the formats that are JSON (`application/problem+json`, RFC 6839).
    pub fn is_json(&self) -> bool {
        let content_type = self.header(CONTENT_TYPE.as_str()).and_then(|value| value.split(';').next());
        let format = content_type.map(|value| value.trim().to_ascii_lowercase());
        let subtype = format.as_deref().and_then(|format| format.strip_prefix("application/"));
        subtype.is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
    }

    /// The first header with this name, if it is plain ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Every header with this name that is plain ASCII: a server may send several challenges.
    pub fn headers_named(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// An answer without a body that has these headers, for tests.
    #[cfg(test)]
    pub(crate) fn with_headers<'h>(status: u16, headers: impl IntoIterator<Item = (&'static str, &'h str)>) -> Self {
        use reqwest::header::{HeaderName, HeaderValue};
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        Self { status, headers: all, body: Vec::new() }
    }

    /// An answer with this content type, for tests.
    #[cfg(test)]
    pub(crate) fn of(status: u16, content_type: &'static str, body: &[u8]) -> Self {
        let content_type = reqwest::header::HeaderValue::from_static(content_type);
        Self { status, headers: HeaderMap::from_iter([(CONTENT_TYPE, content_type)]), body: body.to_vec() }
    }
}
