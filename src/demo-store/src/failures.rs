// SPDX-License-Identifier: GPL-3.0-or-later
//! Failures that the shop can simulate.

use std::{convert::Infallible, future, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use flate2::{Compress, Compression, Crc, FlushCompress};
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::connection::{ConnectionHandle, ForcedEnd};

/// The parts of the shop that can fail separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// The sign-in page.
    Login,
    /// The request that submits the sign-in page.
    SignIn,
    /// The request for download tokens.
    GetTokens,
    /// The request for a token for the list of what the repository has.
    GetListingToken,
    /// The request to buy an app.
    BeginPurchase,
    /// The request to end a sign-in.
    SignOut,
    /// The purchase pages.
    Purchase,
    /// The repository.
    Repository,
    /// Everything else.
    Other,
}

impl Route {
    /// The part of the shop that this request is for.
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        match path {
            "/login" if method == Method::POST => Self::SignIn,
            "/login" => Self::Login,
            "/api/v1/get_tokens" => Self::GetTokens,
            "/api/v1/get_listing_token" => Self::GetListingToken,
            "/api/v1/begin_purchase" => Self::BeginPurchase,
            "/api/v1/sign_out" => Self::SignOut,
            _ if path.starts_with("/purchase/") => Self::Purchase,
            _ if path.starts_with("/repo/") => Self::Repository,
            _ => Self::Other,
        }
    }
}

/// How an answer fails. The shop carries out the request first, and replaces only the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum Failure {
    /// The correct answer, late.
    Slow {
        /// How late.
        milliseconds: u64,
    },
    /// This answer instead.
    Reply(Reply),
    /// 200 with this as JSON.
    Json {
        /// What to send.
        value: serde_json::Value,
    },
    /// 200 with text that is not JSON.
    Nonsense,
    /// No answer, on an open connection.
    Hang,
    /// The connection is closed in the middle of the answer's body.
    CloseEarly,
    /// The connection is reset instead of an answer.
    Reset,
    /// A redirect to somewhere else.
    Redirect {
        /// The address.
        location: String,
    },
    /// 200 with a JSON string of this length.
    Big {
        /// The length, without the quotes.
        bytes: u64,
    },
    /// 200 and white space, one byte at a time, forever.
    Endless {
        /// The time between two bytes.
        milliseconds: u64,
    },
    /// 200 with zeros of this size, compressed to about a thousandth.
    GzipBomb {
        /// The size when uncompressed, in MiB.
        mebibytes: u32,
    },
    /// These bytes instead of an HTTP answer, then the end of the connection.
    Raw {
        /// What to send.
        bytes: Content,
    },
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The HTTP status.
    #[serde(default = "Reply::ok")]
    pub status: u16,
    /// Headers. The default `content-type` is HTML.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(default)]
    pub body: Content,
}

impl Reply {
    /// An answer without headers of its own.
    pub fn new(status: u16, body: impl Into<Content>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// An HTML page.
    pub fn html(markup: &str) -> Self {
        Self::new(200, markup)
    }

    /// The same with one more header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn ok() -> u16 {
        200
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, self.body.0).into_response();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        for (name, value) in self.headers {
            // Use `Failure::Raw` for names and values that HTTP does not allow.
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("text/html; charset=utf-8"));
        response
    }
}

/// Bytes. In JSON a string, or a list of numbers if they are not text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ContentJson")]
pub struct Content(pub Vec<u8>);

#[derive(Deserialize)]
#[serde(untagged)]
enum ContentJson {
    Text(String),
    Bytes(Vec<u8>),
}

impl From<ContentJson> for Content {
    fn from(written: ContentJson) -> Self {
        match written {
            ContentJson::Text(text) => Self(text.into_bytes()),
            ContentJson::Bytes(bytes) => Self(bytes),
        }
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Failure {
    /// Replaces the correct answer.
    pub(crate) async fn apply(self, answer: Response, connection: &ConnectionHandle) -> Response {
        match self {
            Self::Slow { milliseconds } => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                answer
            }
            Self::Reply(reply) => reply.into_response(),
            Self::Json { value } => axum::Json(value).into_response(),
            Self::Nonsense => Reply::new(200, "This is not JSON, and was not meant to be.")
                .with_header("content-type", "application/json")
                .into_response(),
            Self::Hang => future::pending().await,
            Self::CloseEarly => {
                let head =
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4096\r\n\r\n{\"tokens\":";
                break_connection(connection, head.into(), false)
            }
            Self::Reset => break_connection(connection, Vec::new(), true),
            Self::Redirect { location } => Reply::new(302, "").with_header("location", &location).into_response(),
            Self::Big { bytes } => json_stream(big_string(bytes)),
            Self::Endless { milliseconds } => json_stream(endless(Duration::from_millis(milliseconds))),
            Self::GzipBomb { mebibytes } => {
                let mut response = json_stream(gzip_bomb(mebibytes));
                response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                response
            }
            Self::Raw { bytes } => break_connection(connection, bytes.0, false),
        }
    }
}

fn break_connection(connection: &ConnectionHandle, bytes: Vec<u8>, reset: bool) -> Response {
    connection.end(ForcedEnd { bytes, reset });
    StatusCode::OK.into_response()
}

fn json_stream(chunks: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let body = Body::from_stream(chunks.map(Ok::<_, Infallible>));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn big_string(bytes: u64) -> impl Stream<Item = Bytes> {
    const CHUNK: u64 = 64 * 1024;
    let quote = || stream::iter([Bytes::from_static(b"\"")]);
    let chunks = (0..bytes.div_ceil(CHUNK)).map(move |index| {
        let length = CHUNK.min(bytes - index * CHUNK);
        Bytes::from(vec![b'a'; usize::try_from(length).expect("a chunk is small")])
    });
    quote().chain(stream::iter(chunks)).chain(quote())
}

fn endless(interval: Duration) -> impl Stream<Item = Bytes> {
    stream::unfold((), move |()| async move {
        tokio::time::sleep(interval).await;
        Some((Bytes::from_static(b" "), ()))
    })
}

/// A gzip stream of zeros: one compressed mebibyte, repeated. It can be repeated because it ends with a full flush.
fn gzip_bomb(mebibytes: u32) -> impl Stream<Item = Bytes> {
    const MEBIBYTE: usize = 1 << 20;
    let zeros = vec![0; MEBIBYTE];
    let mut block = Vec::with_capacity(MEBIBYTE);
    Compress::new(Compression::best(), false)
        .compress_vec(&zeros, &mut block, FlushCompress::Full)
        .expect("zeros compress into the space that they take");
    let mut one = Crc::new();
    one.update(&zeros);
    let mut all = Crc::new();
    for _ in 0..mebibytes {
        all.combine(&one);
    }

    let header = Bytes::from_static(b"\x1f\x8b\x08\0\0\0\0\0\x02\xff");
    let last_block = Bytes::from_static(b"\x03\0");
    let trailer = [all.sum().to_le_bytes(), all.amount().to_le_bytes()].concat();
    let block = Bytes::from(block);
    let blocks = (0..mebibytes).map(move |_| block.clone());
    stream::iter([header]).chain(stream::iter(blocks)).chain(stream::iter([last_block, Bytes::from(trailer)]))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[tokio::test]
    async fn the_bomb_is_a_valid_gzip_file_of_zeros() {
        let packed = gzip_bomb(3).collect::<Vec<_>>().await.concat();
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked.len(), 3 << 20);
        assert!(unpacked.iter().all(|byte| *byte == 0));
        assert!(packed.len() < 8 << 10);
    }

    #[tokio::test]
    async fn a_big_answer_has_the_length_that_was_asked_for() {
        for bytes in [0, 1, 65_536, 100_000] {
            let sent = big_string(bytes).collect::<Vec<_>>().await.concat();
            let text: String = serde_json::from_slice(&sent).unwrap();
            assert_eq!(text.len() as u64, bytes);
        }
    }

    #[test]
    fn modes_are_written_as_json_objects() {
        let read = |json| serde_json::from_str::<Failure>(json).unwrap();
        assert_eq!(read(r#"{"mode":"hang"}"#), Failure::Hang);
        assert_eq!(
            read(r#"{"mode":"reply","status":503,"headers":[["retry-after","5"]],"body":[255]}"#),
            Failure::Reply(Reply::new(503, vec![255]).with_header("retry-after", "5"))
        );
        assert!(serde_json::from_str::<Failure>(r#"{"mode":"unheard of"}"#).is_err());
    }
}
