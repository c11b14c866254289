// SPDX-License-Identifier: GPL-3.0-or-later
//! Calls through proxies: little real ones, which note what they see. A process of its own has each environment.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use super::*;
use crate::testing::Bus;

const STORE: &str = "https://store.example.org/a/path?query";

#[tokio::test]
#[ignore = "is run by others, with a proxy"]
async fn posting_in_vain() {
    let url = Url::parse(&std::env::var("HTTP_TEST_URL").unwrap()).unwrap();
    let client = HttpClient::with_desktop(HttpLimits::default(), Arc::new(PortalProxies::new(None)));
    let answer = client.post(&url).bearer(&Token::parse("CANARY").unwrap()).json(&"CANARY").send().await;
    let error = answer.err().expect("no proxy here leads anywhere");
    println!("error: {error:?}");
}

/// Starts a process with these variables that calls a server, and sees only that it cannot.
fn call(url: &str, variables: &[(&str, &str)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in ["https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    command
        .args(["--exact", "http::tests::proxies::posting_in_vain", "--ignored", "--nocapture"])
        .env("HTTP_TEST_URL", url)
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The error that the call met.
fn error(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text.split_once("error: ").unwrap().1.lines().next().unwrap().to_owned()
}

/// What a proxy saw of one connection.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// The protocol.
    kind: &'static str,
    /// The server that it was asked for.
    server: String,
    /// The login.
    login: String,
    /// Whether TLS with the server begins after that.
    is_tls: bool,
}

fn seen(kind: &'static str, server: &str, login: &str) -> Seen {
    Seen { kind, server: server.into(), login: login.into(), is_tls: true }
}

/// Serves one connection as the proxy that its first byte asks for.
fn serve(stream: &mut TcpStream) -> io::Result<Seen> {
    let mut first = [0];
    stream.read_exact(&mut first)?;
    let (kind, server, login) = match first[0] {
        5 => serve_socks_5(stream)?,
        4 => serve_socks_4(stream)?,
        b'C' => serve_connect(stream)?,
        0x16 => ("https", String::new(), String::new()),
        other => panic!("nobody begins with {other}"),
    };
    let mut after = [0];
    let is_tls = kind == "https" || stream.read_exact(&mut after).is_ok() && after[0] == 0x16;
    Ok(Seen { kind, server, login, is_tls })
}

fn bytes(stream: &mut TcpStream, count: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count.into()];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn byte(stream: &mut TcpStream) -> io::Result<u8> {
    Ok(bytes(stream, 1)?[0])
}

fn text(stream: &mut TcpStream, count: u8) -> io::Result<String> {
    Ok(String::from_utf8(bytes(stream, count)?).unwrap())
}

fn port(stream: &mut TcpStream) -> io::Result<u16> {
    Ok(u16::from_be_bytes(bytes(stream, 2)?.try_into().unwrap()))
}

fn serve_socks_5(stream: &mut TcpStream) -> io::Result<(&'static str, String, String)> {
    let count = byte(stream)?;
    let wants_login = bytes(stream, count)?.contains(&2);
    stream.write_all(&[5, if wants_login { 2 } else { 0 }])?;
    let mut login = String::new();
    if wants_login {
        assert_eq!(byte(stream)?, 1);
        let count = byte(stream)?;
        login = text(stream, count)?;
        let count = byte(stream)?;
        login = format!("{login}:{}", text(stream, count)?);
        stream.write_all(&[1, 0])?;
    }
    assert_eq!(bytes(stream, 3)?, [5, 1, 0]);
    let host = match byte(stream)? {
        1 => format!("{:?}", bytes(stream, 4)?),
        3 => {
            let count = byte(stream)?;
            text(stream, count)?
        }
        4 => format!("{:x?}", bytes(stream, 16)?),
        other => panic!("no such kind of address: {other}"),
    };
    let server = format!("{host}:{}", port(stream)?);
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    Ok(("socks5", server, login))
}

fn serve_socks_4(stream: &mut TcpStream) -> io::Result<(&'static str, String, String)> {
    assert_eq!(byte(stream)?, 1);
    let port = port(stream)?;
    let address = bytes(stream, 4)?;
    let login = zero_ended(stream)?;
    // An address that cannot be announces a name.
    let is_named = address[..3] == [0, 0, 0] && address[3] != 0;
    let host = if is_named { zero_ended(stream)? } else { format!("{address:?}") };
    stream.write_all(&[0, 90, 0, 0, 0, 0, 0, 0])?;
    Ok(("socks4", format!("{host}:{port}"), login))
}

fn zero_ended(stream: &mut TcpStream) -> io::Result<String> {
    let mut text = Vec::new();
    loop {
        match byte(stream)? {
            0 => return Ok(String::from_utf8(text).unwrap()),
            other => text.push(other),
        }
    }
}

fn serve_connect(stream: &mut TcpStream) -> io::Result<(&'static str, String, String)> {
    let mut head = vec![b'C'];
    while !head.ends_with(b"\r\n\r\n") {
        head.push(byte(stream)?);
    }
    let head = String::from_utf8(head).unwrap();
    assert!(!head.contains("CANARY") && !head.contains("Bearer") && !head.contains("path"), "{head}");
    let server = head.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap().to_owned();
    let login = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("proxy-authorization").then(|| value.to_owned())
    });
    stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    Ok(("http", server, login.unwrap_or_default()))
}

/// Serves one connection, and refuses all others.
fn serve_one(listener: TcpListener) -> Seen {
    let mut stream = listener.accept().unwrap().0;
    drop(listener);
    serve(&mut stream).unwrap()
}

/// What a proxy sees of one call to a server, where `PORT` in its address stands for its port; and the error.
fn through(proxy: &str, url: &str) -> (Seen, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = proxy.replace("PORT", &listener.local_addr().unwrap().port().to_string());
    let child = call(url, &[("https_proxy", &proxy)]);
    (serve_one(listener), error(child))
}

#[test]
fn h40_every_form_of_a_proxy_is_used() {
    let (name, address) = ("store.example.org:443", "[192, 0, 2, 7]:8443");
    let basic = "Basic cG9ydGVyOnAmw6k6QA==";
    for (proxy, url, wanted) in [
        ("http://localhost:PORT", STORE, seen("http", name, "")),
        ("127.0.0.1:PORT", STORE, seen("http", name, "")),
        ("localhost:PORT/", STORE, seen("http", name, "")),
        ("HTTP://localhost:PORT/x", STORE, seen("http", name, "")),
        ("http://porter:p%26é:%40@localhost:PORT/", STORE, seen("http", name, basic)),
        ("porter:p%26é:%40@localhost:PORT", STORE, seen("http", name, basic)),
        ("http://localhost:PORT", "https://192.0.2.7:8443/", seen("http", "192.0.2.7:8443", "")),
        ("https://localhost:PORT", STORE, seen("https", "", "")),
        ("socks5h://localhost:PORT/", STORE, seen("socks5", name, "")),
        ("socks5h://porter:p%26@localhost:PORT/", STORE, seen("socks5", name, "porter:p&")),
        ("socks://127.0.0.1:PORT/", STORE, seen("socks5", name, "")),
        ("socks5://localhost:PORT", "https://192.0.2.7:8443/", seen("socks5", address, "")),
        ("socks4a://localhost:PORT", STORE, seen("socks4", name, "")),
        ("socks4://localhost:PORT", "https://192.0.2.7:8443/", seen("socks4", address, "")),
    ] {
        let (seen, error) = through(proxy, url);
        assert_eq!(seen, wanted, "{proxy}");
        assert!(!error.contains("porter") && !error.contains("localhost"), "{error}");
    }
}

#[test]
fn h40_socks_without_a_version_finds_the_one_that_the_proxy_speaks() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("socks://localhost:{}/", listener.local_addr().unwrap().port());
    let child = call(STORE, &[("all_proxy", &proxy)]);
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(byte(&mut stream).unwrap(), 5);
    // It speaks version 4 alone.
    drop(stream);
    let found = serve(&mut listener.accept().unwrap().0).unwrap();
    assert_eq!(found, seen("socks4", "store.example.org:443", ""));
    error(child);
}

#[test]
fn h40_nothing_goes_past_a_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = format!("https://192.0.2.7:{port}/");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let other = format!("http://127.0.0.1:{port}");
    for (variables, wanted) in [
        (&[("https_proxy", "what://proxy.example:1")][..], r#"Proxy(NotUnderstood(Variable("https_proxy")))"#),
        (
            &[("HTTPS_PROXY", "proxy.example:port"), ("all_proxy", &other)],
            r#"Proxy(NotUnderstood(Variable("HTTPS_PROXY")))"#,
        ),
        (&[("https_proxy", &format!("http://127.0.0.1:{closed}")), ("all_proxy", &other)], "Proxy(Unreachable)"),
        (&[("https_proxy", &format!("socks://127.0.0.1:{closed}")), ("all_proxy", &other)], "Proxy(Unreachable)"),
        (&[("https_proxy", "http://proxy.invalid:1"), ("all_proxy", &other)], "Proxy(Unreachable)"),
    ] {
        assert_eq!(error(call(&server, variables)), wanted, "{variables:?}");
    }
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().err().map(|error| error.kind()), Some(io::ErrorKind::WouldBlock));
}

/// A desktop whose settings name this proxy for everything.
struct Portal(String);

#[zbus::interface(name = "org.freedesktop.portal.ProxyResolver")]
impl Portal {
    fn lookup(&self, uri: &str) -> Vec<String> {
        assert!(uri.starts_with("https://store."), "{uri}");
        vec![self.0.clone()]
    }
}

async fn desktop_with(proxy: &str) -> (Bus, zbus::Connection) {
    let bus = Bus::start();
    let portal = bus.connect().serve_at("/org/freedesktop/portal/desktop", Portal(proxy.to_owned())).unwrap();
    let portal = portal.name("org.freedesktop.portal.Desktop").unwrap().build().await.unwrap();
    (bus, portal)
}

#[tokio::test(flavor = "multi_thread")]
async fn h41_a_proxy_that_only_the_desktop_knows_is_used() {
    for (proxy, kind) in [("http://127.0.0.1:PORT", "http"), ("socks5://127.0.0.1:PORT", "socks5")] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = proxy.replace("PORT", &listener.local_addr().unwrap().port().to_string());
        let (bus, _portal) = desktop_with(&proxy).await;
        let child = call(STORE, &[("DBUS_SESSION_BUS_ADDRESS", bus.address())]);
        let found = tokio::task::spawn_blocking(|| (serve_one(listener), error(child))).await.unwrap().0;
        assert_eq!(found, seen(kind, "store.example.org:443", ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h41_the_environment_counts_before_the_desktop() {
    let (bus, _portal) = desktop_with("quic://proxy.example:1").await;
    let address = ("DBUS_SESSION_BUS_ADDRESS", bus.address());
    for (variables, wanted) in [
        (&[address][..], "Proxy(NotUnderstood(Settings))"),
        (&[address, ("http_proxy", "http://proxy.invalid:1")], "Proxy(NotUnderstood(Settings))"),
        (&[address, ("https_proxy", "http://proxy.invalid:1")], "Proxy(Unreachable)"),
        (&[address, ("no_proxy", "store.invalid")], "NoSuchHost"),
    ] {
        let child = call("https://store.invalid/", variables);
        assert_eq!(tokio::task::spawn_blocking(|| error(child)).await.unwrap(), wanted, "{variables:?}");
    }
}

#[test]
fn h40_a_proxy_that_refuses_is_named() {
    for answer in ["407 Login Needed", "403 Forbidden", "502 Bad Gateway"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("localhost:{}", listener.local_addr().unwrap().port());
        let child = call(STORE, &[("https_proxy", &proxy)]);
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(byte(&mut stream).unwrap());
        }
        stream.write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n").as_bytes()).unwrap();
        assert_eq!(error(child), "Proxy(Unreachable)", "{answer}");
    }
}

#[test]
fn h40_this_computer_is_not_reached_through_a_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("localhost:{}", listener.local_addr().unwrap().port());
    for url in ["https://localhost/", "https://127.0.0.2/", "https://169.254.1.1/"] {
        assert_eq!(error(call(url, &[("https_proxy", &proxy)])), "Forbidden", "{url}");
    }
}
