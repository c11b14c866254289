// SPDX-License-Identifier: GPL-3.0-or-later
//! Waits for a redirect at the literal 127.0.0.1, on a port from the kernel: GET only, one valid use, bounded heads and
//! connections. Every user of this computer can connect, so nothing but the issued path with its state ends the wait. The
//! browser is sent on to a clean page, so that the address with the credential does not stay in its history.

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
use usher_core::{
    i18n::gettext,
    redirect::{Match, Parameters, Redirect},
};

/// Most connections at once.
const CONNECTIONS: usize = 16;
/// Largest request head, in bytes.
const HEAD_LIMIT: usize = 32 * 1024;
/// Longest wait for a request head.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Longest time that the browser has to fetch the last page.
const LAST_PAGE_TIME: Duration = Duration::from_secs(5);
/// Where the browser ends.
const DONE_PATH: &str = "/done";

/// A listener that has its port.
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
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

    /// Waits for the redirect and gives what it carried.
    pub(crate) async fn wait(self, redirect: &Redirect) -> Parameters {
        let site =
            Site { redirect, host: self.address.to_string(), hit: RefCell::default(), is_over: Cell::new(false) };
        let mut connections = FuturesUnordered::new();
        let mut end: Option<Instant> = None;
        loop {
            tokio::select! {
                accepted = self.socket.accept(), if connections.len() < CONNECTIONS => {
                    if let Ok((stream, _)) = accepted {
                        connections.push(serve(stream, &site));
                    }
                }
                Some(()) = connections.next(), if !connections.is_empty() => {}
                () = sleep_until(end.unwrap_or_else(Instant::now)), if end.is_some() => site.is_over.set(true),
            }
            if site.hit.borrow().is_some() && end.is_none() {
                end = Some(Instant::now() + LAST_PAGE_TIME);
            }
            if site.is_over.get()
                && let Some(parameters) = site.hit.take()
            {
                return parameters;
            }
        }
    }
}

/// What the connections share.
struct Site<'a> {
    redirect: &'a Redirect,
    host: String,
    hit: RefCell<Option<Parameters>>,
    is_over: Cell<bool>,
}

async fn serve(stream: TcpStream, site: &Site<'_>) {
    // A broken connection is the other side's affair.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_LIMIT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service_fn(async |request| Ok::<_, Infallible>(site.answer(&request))))
        .await;
}

impl Site<'_> {
    fn answer(&self, request: &Request<Incoming>) -> Response<String> {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let is_foreign = header(header::ORIGIN).is_some() || header(header::HOST) != Some(self.host.as_str());
        if is_foreign {
            return page(StatusCode::FORBIDDEN, "");
        }
        if request.method() != Method::GET {
            return page(StatusCode::METHOD_NOT_ALLOWED, "");
        }
        match request.uri().path() {
            DONE_PATH => match &*self.hit.borrow() {
                Some(parameters) => {
                    self.is_over.set(true);
                    done_page(parameters.get("error").is_none())
                }
                None => page(StatusCode::NOT_FOUND, ""),
            },
            path if path == self.redirect.path() => self.take(&request.uri().to_string()),
            _ => page(StatusCode::NOT_FOUND, ""),
        }
    }

    fn take(&self, target: &str) -> Response<String> {
        let mut hit = self.hit.borrow_mut();
        match self.redirect.recognise(&format!("http://{}{target}", self.host)) {
            Match::Redirect(parameters) if hit.is_none() => {
                *hit = Some(parameters);
                let mut response = page(StatusCode::SEE_OTHER, "");
                response.headers_mut().insert(header::LOCATION, header::HeaderValue::from_static(DONE_PATH));
                response
            }
            _ => page(StatusCode::BAD_REQUEST, ""),
        }
    }
}

fn done_page(is_signed_in: bool) -> Response<String> {
    let (title, text) = if is_signed_in {
        (gettext("Signed In"), gettext("Usher has taken over. This tab can be closed."))
    } else {
        (gettext("Not Signed In"), gettext("Go back to Usher to see why."))
    };
    page(
        StatusCode::OK,
        &format!("<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{text}</p>"),
    )
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
            assert!(
                redirected.contains("no-store") && redirected.contains("no-referrer") && !redirected.contains("abc")
            );
            assert!(send(port, &get(port, &right)).await.starts_with("HTTP/1.1 400"));
            assert!(send(port, &get(port, "/done")).await.contains("<h1>"));
        };
        let (parameters, ()) = tokio::join!(listener.wait(&redirect), visitor);
        assert_eq!(parameters.get("token"), Some("abc"));
    }
}
