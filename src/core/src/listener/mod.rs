// SPDX-License-Identifier: GPL-3.0-or-later
//! Waits for a redirect at the literal 127.0.0.1, on a port from the kernel: GET only, one valid use, and limits for
//! request heads, connections and time. Every user of this computer can connect, so only the issued path with its state
//! ends the wait, and the newest connection takes the place of the oldest (rule R5). The listener redirects the browser
//! to a clean page, so that the address with the credential does not stay in its history, and shows there what became of
//! it, once that is known. It can also serve one-time addresses that lead to the first page, so that the page's address
//! is never among the arguments of a program.

mod one_time;

use std::{
    collections::VecDeque,
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    time::Duration,
};

pub use self::one_time::OneTimeAddresses;

use self::one_time::Visit;
use crate::{
    i18n::gettext,
    patience::within,
    redirect::{Match, Parameters, Redirect, Refusal},
};
use futures_util::{
    FutureExt, StreamExt,
    future::{AbortHandle, BoxFuture, abortable, pending},
    stream::FuturesUnordered,
};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode, body::Incoming, header, server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc, watch},
    time::sleep,
};
use url::Url;

/// Most connections at once. One more takes the place of the oldest.
const PLACES: usize = 64;
/// Largest request head, in bytes.
const HEAD_LIMIT: usize = 32 * 1024;
/// Longest wait for a request head.
const HEAD_TIME: Duration = Duration::from_secs(2);
/// Longest time for a whole connection.
const CONNECTION_TIME: Duration = Duration::from_secs(10);
/// Longest time that the browser may take to fetch the last page.
const LAST_PAGE_TIME: Duration = Duration::from_secs(5);
/// How long the browser waits for the outcome before it shows a page that asks again.
const OUTCOME_TIME: Duration = Duration::from_secs(2);
/// The path of Usher's last page.
const DONE_PATH: &str = "/done";

/// A listener with its port.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// The pages that a browser finds at a listener.
pub struct ListenerPages<'a> {
    /// Where it comes back to.
    pub redirect: &'a Redirect,
    /// The one-time addresses that lead to the first page, if the browser does not open that page itself.
    pub one_time_addresses: Option<OneTimeAddresses>,
    /// The page to show after the redirect, if the server has one.
    pub landing: &'a (dyn Fn(&Parameters) -> Option<Url> + Send + Sync),
    /// Title and text of Usher's last page, for each outcome.
    pub last_page: [(String, String); 3],
}

/// What became of it, in the order of the last pages.
#[derive(Clone, Copy)]
enum Outcome {
    Done,
    Cancelled,
    Failed,
}

/// Title and text of Usher's last page for each outcome, from its titles after success and after anything else.
pub fn last_pages([done, failed]: [String; 2]) -> [(String, String); 3] {
    [
        (done, gettext("Usher has taken over. This tab can be closed.")),
        (failed.clone(), gettext("This tab can be closed.")),
        (failed, gettext("Go back to Usher to see why.")),
    ]
}

impl Listener {
    /// A listener at a port from the kernel.
    pub async fn open() -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Addresses here that lead to that page, each once.
    pub fn one_time_addresses(&self, start: Url) -> OneTimeAddresses {
        OneTimeAddresses::new(self.port(), start)
    }

    /// Waits for the redirect, hands its parameters to `finish`, and shows the browser what came of that. Gives the
    /// result of `finish`; `None` if no redirect comes within `limit`.
    pub async fn wait<T, E>(
        self,
        pages: &ListenerPages<'_>,
        limit: Duration,
        finish: impl AsyncFnOnce(Parameters) -> Result<T, E>,
    ) -> Option<Result<T, E>> {
        let (received, mut parameters) = mpsc::unbounded_channel();
        let state = ListenerState {
            pages,
            host: self.address.to_string(),
            is_received: AtomicBool::new(false),
            received,
            outcome: watch::Sender::new(None),
            is_over: Notify::new(),
        };
        let mut connections = Connections::default();
        let parameters = tokio::select! {
            parameters = parameters.recv() => parameters?,
            never = self.serve(&state, &mut connections) => match never {},
            () = sleep(limit) => return None,
        };
        let refusal = parameters.refusal();
        let result = tokio::select! {
            result = Box::pin(finish(parameters)) => result,
            never = self.serve(&state, &mut connections) => match never {},
        };
        state.outcome.send_replace(Some(match refusal {
            Some(Refusal::Cancelled) => Outcome::Cancelled,
            None if result.is_ok() => Outcome::Done,
            _ => Outcome::Failed,
        }));
        tokio::select! {
            () = state.is_over.notified() => {}
            never = self.serve(&state, &mut connections) => match never {},
            () = sleep(LAST_PAGE_TIME) => {}
        }
        Some(result)
    }

    /// Accepts connections and serves them, for as long as it is polled.
    async fn serve<'a>(&self, state: &'a ListenerState<'a>, connections: &mut Connections<'a>) -> Infallible {
        loop {
            tokio::select! {
                accepted = self.socket.accept() => {
                    if let Ok((stream, _)) = accepted {
                        connections.add(serve(stream, state));
                    }
                }
                () = connections.next() => {}
            }
        }
    }
}

/// The open connections. A new one takes the place of the oldest if all places are taken: others may open as many as
/// they like, but never keep the browser out.
#[derive(Default)]
struct Connections<'a> {
    all: FuturesUnordered<BoxFuture<'a, u64>>,
    /// The oldest first, by number.
    handles: VecDeque<(u64, AbortHandle)>,
    count: u64,
}

impl<'a> Connections<'a> {
    fn add(&mut self, connection: impl Future<Output = ()> + Send + 'a) {
        if self.handles.len() == PLACES
            && let Some((_, oldest)) = self.handles.pop_front()
        {
            oldest.abort();
        }
        let number = self.count;
        self.count += 1;
        let (connection, handle) = abortable(connection);
        self.handles.push_back((number, handle));
        self.all.push(connection.map(move |_| number).boxed());
    }

    /// Waits for the end of one of them.
    async fn next(&mut self) {
        match self.all.next().await {
            Some(ended) => self.handles.retain(|(number, _)| *number != ended),
            None => pending().await,
        }
    }
}

/// The state that the connections share.
struct ListenerState<'a> {
    pages: &'a ListenerPages<'a>,
    host: String,
    is_received: AtomicBool,
    received: mpsc::UnboundedSender<Parameters>,
    /// What became of it, once that is known.
    outcome: watch::Sender<Option<Outcome>>,
    /// The browser needs nothing more.
    is_over: Notify,
}

async fn serve(stream: TcpStream, state: &ListenerState<'_>) {
    let leads_away = AtomicBool::new(false);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_LIMIT)
        .keep_alive(false)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(async |request| Ok::<_, Infallible>(state.answer(&request, &leads_away).await)),
        );
    // A broken connection is the client's problem.
    let _ = within(CONNECTION_TIME, connection).await;
    if leads_away.load(SeqCst) {
        state.is_over.notify_one();
    }
}

impl ListenerState<'_> {
    async fn answer(&self, request: &Request<Incoming>, leads_away: &AtomicBool) -> Response<String> {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let is_foreign =
            request.headers().contains_key(header::ORIGIN) || header(header::HOST) != Some(self.host.as_str());
        if is_foreign || !is_visit(request.headers()) {
            return page(StatusCode::FORBIDDEN, "");
        }
        if request.method() != Method::GET {
            return page(StatusCode::METHOD_NOT_ALLOWED, "");
        }
        match request.uri().path() {
            DONE_PATH if self.is_received.load(SeqCst) => {
                let is_last = self.last_page().await;
                leads_away.store(is_last.is_some(), SeqCst);
                is_last.unwrap_or_else(waiting_page)
            }
            DONE_PATH => page(StatusCode::NOT_FOUND, ""),
            path if path == self.pages.redirect.path() => self.take(&request.uri().to_string(), leads_away),
            path => match self.pages.one_time_addresses.as_ref().map(|addresses| addresses.visit(path)) {
                Some(Visit::First(start)) => see_other(start.as_str()),
                Some(Visit::Again) => page(StatusCode::GONE, ""),
                Some(Visit::Elsewhere) | None => page(StatusCode::NOT_FOUND, ""),
            },
        }
    }

    fn take(&self, target: &str, leads_away: &AtomicBool) -> Response<String> {
        match self.pages.redirect.recognise(&format!("http://{}{target}", self.host)) {
            Match::Redirect(parameters) if !self.is_received.swap(true, SeqCst) => {
                let landing = (self.pages.landing)(&parameters);
                leads_away.store(landing.is_some(), SeqCst);
                let _ = self.received.send(parameters);
                see_other(landing.as_ref().map_or(DONE_PATH, Url::as_str))
            }
            _ => page(StatusCode::BAD_REQUEST, ""),
        }
    }

    /// Usher's last page, once it is known what to say there.
    async fn last_page(&self) -> Option<Response<String>> {
        let mut outcome = self.outcome.subscribe();
        let known = within(OUTCOME_TIME, outcome.wait_for(Option::is_some)).await;
        let outcome = known.ok()?.ok().and_then(|known| *known)?;
        let (title, text) = &self.pages.last_page[outcome as usize];
        Some(page(StatusCode::OK, &document(title, text, "")))
    }
}

/// Whether somebody goes to the address in a browser. Browsers say what they want an answer for, and no page can change
/// that (W3C, Fetch Metadata Request Headers): a part of a page, a frame or a script is not somebody who comes back. What
/// says nothing of it counts, as some browsers do not.
fn is_visit(headers: &HeaderMap) -> bool {
    [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")]
        .into_iter()
        .all(|(name, wanted)| headers.get_all(name).iter().all(|value| value == wanted))
}

/// Asks for the last page again.
fn waiting_page() -> Response<String> {
    let (title, text) = (gettext("Signing In…"), gettext("Usher is not finished yet. This page says when it is."));
    page(StatusCode::OK, &document(&title, &text, "<meta http-equiv=refresh content=1>"))
}

fn document(title: &str, text: &str, head: &str) -> String {
    format!("<!doctype html><meta charset=utf-8>{head}<title>{title}</title><h1>{title}</h1><p>{text}</p>")
}

fn see_other(location: &str) -> Response<String> {
    match header::HeaderValue::try_from(location) {
        Ok(location) => {
            let mut response = page(StatusCode::SEE_OTHER, "");
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        Err(_) => page(StatusCode::BAD_REQUEST, ""),
    }
}

fn page(status: StatusCode, body: &str) -> Response<String> {
    let mut response = Response::new(body.to_owned());
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ] {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
