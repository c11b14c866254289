// SPDX-License-Identifier: GPL-3.0-or-later
//! Waits for a redirect at the literal 127.0.0.1, on a port from the kernel: GET only, one valid use, and limits for
//! request heads, connections and time. Every user of this computer can connect, so only the issued path with its state
//! ends the wait. The listener redirects the browser to a clean page, so that the address with the credential does not
//! stay in its history. It can also serve a one-time address that leads to the first page, so that the page's address is
//! never among the arguments of a program.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep_until},
};
use url::Url;
use usher_core::redirect::{Match, Parameters, RandomError, Redirect};

/// Most connections at once.
const CONNECTIONS: usize = 16;
/// Largest request head, in bytes.
const HEAD_LIMIT: usize = 32 * 1024;
/// Longest wait for a request head.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Longest time that the browser may take to fetch the last page.
const LAST_PAGE_TIME: Duration = Duration::from_secs(5);
/// The path of Usher's last page.
const DONE_PATH: &str = "/done";

/// A listener with its port.
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// The pages that a browser finds at a listener.
pub(crate) struct ListenerPages<'a> {
    /// Where it comes back to.
    pub(crate) redirect: &'a Redirect,
    /// The one-time address that leads to the first page, if the browser does not open that page itself.
    pub(crate) one_time_address: Option<OneTimeAddress>,
    /// The page to show after the redirect, if the server has one.
    pub(crate) landing: &'a dyn Fn(&Parameters) -> Option<Url>,
    /// Title and text of Usher's last page: after success, and after an error.
    pub(crate) last_page: [(String, String); 2],
}

/// An address at the listener that leads to the first page, once.
pub(crate) struct OneTimeAddress {
    path: Redirect,
    start: Url,
    is_used: Cell<bool>,
}

impl OneTimeAddress {
    /// The address.
    pub(crate) fn address(&self) -> String {
        self.path.uri()
    }
}

impl Listener {
    pub(crate) async fn open() -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Issues an address that leads to that page once.
    pub(crate) fn one_time_address(&self, start: Url) -> Result<OneTimeAddress, RandomError> {
        Ok(OneTimeAddress { path: Redirect::issue_at(self.port())?, start, is_used: Cell::new(false) })
    }

    /// Waits for the redirect, and returns its parameters; `None` if it does not come within `limit`.
    pub(crate) async fn wait(self, pages: &ListenerPages<'_>, limit: Duration) -> Option<Parameters> {
        let state = ListenerState {
            pages,
            host: self.address.to_string(),
            received: RefCell::default(),
            is_over: Cell::new(false),
        };
        let mut connections = FuturesUnordered::new();
        let mut end = Instant::now() + limit;
        let mut is_received = false;
        loop {
            tokio::select! {
                accepted = self.socket.accept(), if connections.len() < CONNECTIONS => {
                    if let Ok((stream, _)) = accepted {
                        connections.push(serve(stream, &state));
                    }
                }
                Some(()) = connections.next(), if !connections.is_empty() => {}
                () = sleep_until(end) => state.is_over.set(true),
            }
            if !is_received && state.received.borrow().is_some() {
                is_received = true;
                end = Instant::now() + LAST_PAGE_TIME;
            }
            if state.is_over.get() {
                return state.received.take();
            }
        }
    }
}

/// The state that the connections share.
struct ListenerState<'a> {
    pages: &'a ListenerPages<'a>,
    host: String,
    received: RefCell<Option<Parameters>>,
    is_over: Cell<bool>,
}

async fn serve(stream: TcpStream, state: &ListenerState<'_>) {
    let leads_away = Cell::new(false);
    // A broken connection is the client's problem.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_LIMIT)
        .keep_alive(false)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(async |request| Ok::<_, Infallible>(state.answer(&request, &leads_away))),
        )
        .await;
    if leads_away.get() {
        state.is_over.set(true);
    }
}

impl ListenerState<'_> {
    fn answer(&self, request: &Request<Incoming>, leads_away: &Cell<bool>) -> Response<String> {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let is_foreign =
            request.headers().contains_key(header::ORIGIN) || header(header::HOST) != Some(self.host.as_str());
        if is_foreign {
            return page(StatusCode::FORBIDDEN, "");
        }
        if request.method() != Method::GET {
            return page(StatusCode::METHOD_NOT_ALLOWED, "");
        }
        match request.uri().path() {
            DONE_PATH => match &*self.received.borrow() {
                Some(parameters) => {
                    self.is_over.set(true);
                    self.done_page(parameters.get("error").is_none())
                }
                None => page(StatusCode::NOT_FOUND, ""),
            },
            path if path == self.pages.redirect.path() => self.take(&request.uri().to_string(), leads_away),
            path => match &self.pages.one_time_address {
                Some(address) if path == address.path.path() => redirect_once(address),
                _ => page(StatusCode::NOT_FOUND, ""),
            },
        }
    }

    fn take(&self, target: &str, leads_away: &Cell<bool>) -> Response<String> {
        let mut received = self.received.borrow_mut();
        match self.pages.redirect.recognise(&format!("http://{}{target}", self.host)) {
            Match::Redirect(parameters) if received.is_none() => {
                let landing = (self.pages.landing)(&parameters);
                leads_away.set(landing.is_some());
                *received = Some(parameters);
                see_other(landing.as_ref().map_or(DONE_PATH, Url::as_str))
            }
            _ => page(StatusCode::BAD_REQUEST, ""),
        }
    }

    fn done_page(&self, is_success: bool) -> Response<String> {
        let (title, text) = &self.pages.last_page[usize::from(!is_success)];
        page(
            StatusCode::OK,
            &format!("<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{text}</p>"),
        )
    }
}

fn redirect_once(address: &OneTimeAddress) -> Response<String> {
    if address.is_used.replace(true) { page(StatusCode::GONE, "") } else { see_other(address.start.as_str()) }
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
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn send(port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn get(port: u16, target: &str) -> String {
        format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
    }

    fn pages(redirect: &Redirect) -> ListenerPages<'_> {
        let page = |title: &str| (title.to_owned(), String::new());
        ListenerPages { redirect, one_time_address: None, landing: &|_| None, last_page: [page("Well"), page("Ill")] }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn only_the_issued_redirect_ends_the_wait_and_the_browser_is_led_to_a_clean_page() {
        let listener = Listener::open().await.unwrap();
        let port = listener.port();
        let redirect = Redirect::issue_at(port).unwrap();
        let right = format!("{}?token=abc&state={}", redirect.path(), redirect.state());
        let visitor = async {
            let wrong = format!("{}?token=abc&state=other", redirect.path());
            assert!(send(port, &get(port, &wrong)).await.starts_with("HTTP/1.1 400"));
            assert!(send(port, &get(port, "/done")).await.starts_with("HTTP/1.1 404"));
            assert!(send(port, &get(port, &right).replace("GET", "HEAD")).await.starts_with("HTTP/1.1 405"));
            assert!(send(port, &get(port, &right).replace("GET", "POST")).await.starts_with("HTTP/1.1 405"));
            assert!(
                send(port, &get(port, &right).replace("127.0.0.1:", "localhost:")).await.starts_with("HTTP/1.1 403")
            );
            let foreign = get(port, &right).replace("\r\n\r\n", "\r\nOrigin: https://evil.example\r\n\r\n");
            assert!(send(port, &foreign).await.starts_with("HTTP/1.1 403"));
            let redirected = send(port, &get(port, &right)).await;
            assert!(
                redirected.starts_with("HTTP/1.1 303") && redirected.contains("location: /done\r\n"),
                "{redirected}"
            );
            for header in ["no-store", "referrer-policy: no-referrer", "content-security-policy: default-src 'none'"] {
                assert!(redirected.contains(header), "{redirected}");
            }
            assert!(!redirected.contains("abc"), "{redirected}");
            assert!(send(port, &get(port, &right)).await.starts_with("HTTP/1.1 400"));
            assert!(send(port, &get(port, "/done")).await.contains("<h1>Well</h1>"));
        };
        let pages = pages(&redirect);
        let (parameters, ()) = tokio::join!(listener.wait(&pages, LONG), visitor);
        assert_eq!(parameters.unwrap().get("token"), Some("abc"));
    }

    #[tokio::test]
    async fn a_wait_has_an_end() {
        let listener = Listener::open().await.unwrap();
        let redirect = Redirect::issue_at(listener.port()).unwrap();
        assert!(listener.wait(&pages(&redirect), Duration::from_millis(10)).await.is_none());
    }

    #[tokio::test]
    async fn a_one_time_address_leads_to_the_first_page_once() {
        let listener = Listener::open().await.unwrap();
        let port = listener.port();
        let redirect = Redirect::issue_at(port).unwrap();
        let start = Url::parse("https://store.example.org/login?state=s").unwrap();
        let address = listener.one_time_address(start).unwrap();
        let path = address.path.path().to_owned();
        let pages = ListenerPages { one_time_address: Some(address), ..pages(&redirect) };
        let right = format!("{}?error=e&state={}", redirect.path(), redirect.state());
        let visitor = async {
            let first = send(port, &get(port, &path)).await;
            assert!(first.contains("location: https://store.example.org/login?state=s\r\n"), "{first}");
            assert!(send(port, &get(port, &path)).await.starts_with("HTTP/1.1 410"));
            send(port, &get(port, &right)).await;
            assert!(send(port, &get(port, "/done")).await.contains("<h1>Ill</h1>"));
        };
        let (parameters, ()) = tokio::join!(listener.wait(&pages, LONG), visitor);
        assert_eq!(parameters.unwrap().get("error"), Some("e"));
    }

    #[tokio::test]
    async fn a_landing_page_takes_the_place_of_ours_and_ends_the_wait() {
        let listener = Listener::open().await.unwrap();
        let port = listener.port();
        let redirect = Redirect::issue_at(port).unwrap();
        let thanks = Url::parse("https://store.example.org/thanks").unwrap();
        let pages = ListenerPages { landing: &|_| Some(thanks.clone()), ..pages(&redirect) };
        let right = format!("{}?state={}", redirect.path(), redirect.state());
        let visitor = async {
            let redirected = send(port, &get(port, &right)).await;
            assert!(redirected.contains("location: https://store.example.org/thanks\r\n"), "{redirected}");
        };
        let (parameters, ()) = tokio::join!(listener.wait(&pages, LONG), visitor);
        assert!(parameters.is_some());
    }

    #[tokio::test]
    async fn connections_and_heads_are_bounded() {
        let listener = Listener::open().await.unwrap();
        let port = listener.port();
        let redirect = Redirect::issue_at(port).unwrap();
        let right = format!("{}?state={}", redirect.path(), redirect.state());
        let visitor = async {
            let long = format!("GET /{} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n", "a".repeat(2 * HEAD_LIMIT));
            let refused = send_what_goes(port, &long).await;
            assert!(!refused.starts_with("HTTP/1.1 2") && !refused.starts_with("HTTP/1.1 3"), "{refused}");
            let mut idle = Vec::new();
            for _ in 0..CONNECTIONS {
                idle.push(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap());
            }
            // The listener accepts one more once another one has gone.
            let mut waiting = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
            waiting.write_all(get(port, &right).as_bytes()).await.unwrap();
            idle.pop();
            let mut answer = String::new();
            waiting.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
            drop(idle);
            send(port, &get(port, "/done")).await;
        };
        let pages = pages(&redirect);
        let (parameters, ()) = tokio::join!(listener.wait(&pages, LONG), visitor);
        assert!(parameters.is_some());
    }

    /// Sends as much as the other side accepts.
    async fn send_what_goes(port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}
