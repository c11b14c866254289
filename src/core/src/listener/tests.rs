// SPDX-License-Identifier: GPL-3.0-or-later

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
    let last_page = ["Well", "Cancelled", "Ill"].map(page);
    ListenerPages { redirect, one_time_addresses: None, landing: &|_| None, last_page }
}

const LONG: Duration = Duration::from_secs(60);

async fn kept(parameters: Parameters) -> Result<Parameters, Infallible> {
    Ok(parameters)
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
        assert!(send(port, &get(port, &right).replace("GET", "POST")).await.starts_with("HTTP/1.1 405"));
        assert!(send(port, &get(port, &right).replace("127.0.0.1:", "localhost:")).await.starts_with("HTTP/1.1 403"));
        let foreign = get(port, &right).replace("\r\n\r\n", "\r\nOrigin: https://evil.example\r\n\r\n");
        assert!(send(port, &foreign).await.starts_with("HTTP/1.1 403"));
        let redirected = send(port, &get(port, &right)).await;
        assert!(redirected.starts_with("HTTP/1.1 303") && redirected.contains("location: /done\r\n"), "{redirected}");
        for header in ["no-store", "referrer-policy: no-referrer", "content-security-policy: default-src 'none'"] {
            assert!(redirected.contains(header), "{redirected}");
        }
        assert!(!redirected.contains("abc"), "{redirected}");
        assert!(send(port, &get(port, &right)).await.starts_with("HTTP/1.1 400"));
        assert!(send(port, &get(port, "/done")).await.contains("<h1>Well</h1>"));
    };
    let pages = pages(&redirect);
    let (parameters, ()) = tokio::join!(listener.wait(&pages, LONG, kept), visitor);
    assert_eq!(parameters.unwrap().unwrap().get("token"), Some("abc"));
}

#[tokio::test]
async fn w05_what_a_page_fetches_from_the_listener_is_no_redirect() {
    let listener = Listener::open().await.unwrap();
    let port = listener.port();
    let redirect = Redirect::issue_at(port).unwrap();
    let right = format!("{}?token=abc&state={}", redirect.path(), redirect.state());
    let with = |mode: &str, dest: &str| {
        let more =
            format!("\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: {mode}\r\nSec-Fetch-Dest: {dest}\r\n\r\n");
        get(port, &right).replace("\r\n\r\n", &more)
    };
    let visitor = async {
        for (mode, dest) in [
            ("no-cors", "image"),
            ("no-cors", "script"),
            ("no-cors", "empty"),
            ("cors", "empty"),
            ("websocket", "websocket"),
            ("navigate", "iframe"),
            ("navigate", "embed"),
            ("no-cors", "document"),
            ("navigate", ""),
        ] {
            let answer = send(port, &with(mode, dest)).await;
            assert!(answer.starts_with("HTTP/1.1 403"), "{mode} {dest} {answer}");
        }
        let doubled = with("navigate", "document\r\nSec-Fetch-Dest: image");
        assert!(send(port, &doubled).await.starts_with("HTTP/1.1 403"));
        let redirected = send(port, &with("navigate", "document")).await;
        assert!(redirected.starts_with("HTTP/1.1 303"), "{redirected}");
        assert!(send(port, &get(port, "/done")).await.contains("<h1>Well</h1>"));
    };
    let pages = pages(&redirect);
    let (parameters, ()) = tokio::join!(listener.wait(&pages, LONG, kept), visitor);
    assert_eq!(parameters.unwrap().unwrap().get("token"), Some("abc"));
}

/// A path of its own, and the fixed one of single sign-on.
fn redirects_at(port: u16) -> [Redirect; 2] {
    [Redirect::issue_at(port).unwrap(), Redirect::issue_at(port).unwrap().at_callback()]
}

#[tokio::test]
async fn r5_a_wrong_hit_is_refused_and_consumes_nothing_on_both_kinds_of_path() {
    for kind in 0..2 {
        let listener = Listener::open().await.unwrap();
        let port = listener.port();
        let redirect = &redirects_at(port)[kind];
        let (path, state) = (redirect.path(), redirect.state());
        let issuer = "iss=https%3A%2F%2Flogin.example.org";
        let right = format!("{path}?code=c1&{issuer}&state={state}");
        let at_host = |host: &str| get(port, &right).replace(&format!("127.0.0.1:{port}"), host);
        let mut wrong: Vec<(String, u16)> =
            ["localhost", "[::1]", "127.1", "127.0.0.2"].map(|name| (at_host(&format!("{name}:{port}")), 403)).into();
        wrong.extend([
            (at_host("127.0.0.1"), 403),
            (at_host(&format!("127.0.0.1:{}", port ^ 1)), 403),
            (get(port, &right).replace("\r\n\r\n", "\r\nOrigin: https://login.example.org\r\n\r\n"), 403),
            (get(port, &right).replace("GET", "HEAD"), 405),
            (get(port, &right).replace("GET", "POST"), 405),
            (get(port, &right).replace("GET", "OPTIONS"), 405),
            (get(port, &right.replace(path, &format!("{path}/"))), 404),
            (get(port, &right.replace(path, &path.to_uppercase())), 404),
            (get(port, &right.replace("/io", "/%69o")), 404),
            (get(port, &right.replace(path, "/io.github.usher/")), 404),
            (get(port, path), 400),
            (get(port, &format!("{path}?code=c1")), 400),
            (get(port, &format!("{path}?code=c1&state=")), 400),
            (get(port, &format!("{path}?code=c1&state={}", redirects_at(port)[kind].state())), 400),
            (get(port, &format!("{right}&state={state}")), 400),
            (get(port, &format!("{right}&code=c2")), 400),
            (get(port, &format!("{right}&x=%ff")), 400),
        ]);
        let visitor = async {
            for (request, status) in wrong {
                let answer = send(port, &request).await;
                assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request} {answer}");
            }
            let redirected = send(port, &get(port, &right)).await;
            assert!(redirected.contains("location: /done\r\n") && !redirected.contains("c1"), "{redirected}");
            assert!(send(port, &get(port, &right)).await.starts_with("HTTP/1.1 400"), "it is good once");
            assert!(send(port, &get(port, "/done")).await.contains("<h1>Well</h1>"));
        };
        let pages = pages(redirect);
        let (parameters, ()) = tokio::join!(listener.wait(&pages, LONG, kept), visitor);
        let parameters = parameters.unwrap().unwrap();
        let passed_on = ["code", "iss", "state"].map(|name| parameters.get(name));
        assert_eq!(passed_on, [Some("c1"), Some("https://login.example.org"), None]);
    }
}

#[tokio::test]
async fn r24_two_flows_on_the_fixed_path_do_not_mix() {
    let (one, other) = (Listener::open().await.unwrap(), Listener::open().await.unwrap());
    let ports = [one.port(), other.port()];
    let redirects = ports.map(|port| Redirect::issue_at(port).unwrap().at_callback());
    assert_eq!(redirects[0].path(), redirects[1].path());
    let hit = |at: usize, of: usize, code: &str| {
        let redirect = &redirects[of];
        get(ports[at], &format!("{}?code={code}&state={}", redirect.path(), redirect.state()))
    };
    let visitor = async {
        // What the one waits for is nothing to the other.
        for (at, of) in [(0, 1), (1, 0)] {
            assert!(send(ports[at], &hit(at, of, "strange")).await.starts_with("HTTP/1.1 400"));
        }
        for at in [1, 0] {
            assert!(send(ports[at], &hit(at, at, &format!("own{at}"))).await.starts_with("HTTP/1.1 303"));
            assert!(send(ports[at], &get(ports[at], "/done")).await.contains("<h1>Well</h1>"));
        }
    };
    let pages = [pages(&redirects[0]), pages(&redirects[1])];
    let (first, second, ()) = tokio::join!(one.wait(&pages[0], LONG, kept), other.wait(&pages[1], LONG, kept), visitor);
    let code = |waited: Option<Result<Parameters, Infallible>>| waited.unwrap().unwrap().get("code").map(str::to_owned);
    assert_eq!([first, second].map(code), [Some("own0".to_owned()), Some("own1".to_owned())]);
}

#[tokio::test]
async fn a_wait_has_an_end() {
    let listener = Listener::open().await.unwrap();
    let redirect = Redirect::issue_at(listener.port()).unwrap();
    assert!(listener.wait(&pages(&redirect), Duration::from_millis(10), kept).await.is_none());
}

#[tokio::test]
async fn a_one_time_address_leads_to_the_first_page_once() {
    let listener = Listener::open().await.unwrap();
    let port = listener.port();
    let redirect = Redirect::issue_at(port).unwrap();
    let start = Url::parse("https://store.example.org/login?state=s").unwrap();
    let addresses = listener.one_time_addresses(start);
    let issue = || addresses.issue().unwrap().strip_prefix(&format!("http://127.0.0.1:{port}")).unwrap().to_owned();
    let [path, reopened] = [issue(), issue()];
    let pages = ListenerPages { one_time_addresses: Some(addresses.clone()), ..pages(&redirect) };
    let right = format!("{}?error=e&state={}", redirect.path(), redirect.state());
    let visitor = async {
        let first = send(port, &get(port, &path)).await;
        assert!(first.contains("location: https://store.example.org/login?state=s\r\n"), "{first}");
        assert!(send(port, &get(port, &path)).await.starts_with("HTTP/1.1 410"));
        // Others lead there too, and so does one that is issued meanwhile.
        for other in [reopened, issue()] {
            assert!(send(port, &get(port, &other)).await.starts_with("HTTP/1.1 303"));
        }
        // So many are known, and no more.
        (0..16).for_each(|_| _ = issue());
        assert!(send(port, &get(port, &path)).await.starts_with("HTTP/1.1 404"));
        send(port, &get(port, &right)).await;
        assert!(send(port, &get(port, "/done")).await.contains("<h1>Ill</h1>"));
    };
    let (parameters, ()) = tokio::join!(listener.wait(&pages, LONG, kept), visitor);
    assert_eq!(parameters.unwrap().unwrap().get("error"), Some("e"));
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
    let (parameters, ()) = tokio::join!(listener.wait(&pages, LONG, kept), visitor);
    assert!(parameters.is_some());
}

#[tokio::test]
async fn u04_half_open_connections_never_keep_the_browser_out() {
    let listener = Listener::open().await.unwrap();
    let port = listener.port();
    let redirect = Redirect::issue_at(port).unwrap();
    let right = format!("{}?state={}", redirect.path(), redirect.state());
    let visitor = async {
        let mut half_open = Vec::new();
        for number in 0..300 {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
            // Some say nothing at all, some begin and stop.
            if number % 2 == 0 {
                stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
            }
            half_open.push(stream);
        }
        // None of them has gone, and none has been given up for its slowness: the browser takes a place nevertheless.
        let redirected = send(port, &get(port, &right)).await;
        assert!(redirected.starts_with("HTTP/1.1 303"), "{redirected}");
        assert!(send(port, &get(port, "/done")).await.contains("<h1>Well</h1>"));
        // The oldest had to go.
        assert_eq!(half_open[0].read(&mut [0]).await.unwrap_or(0), 0);
        half_open
    };
    let pages = pages(&redirect);
    let (parameters, _half_open) = tokio::join!(listener.wait(&pages, LONG, kept), visitor);
    assert!(parameters.is_some());
}

#[tokio::test]
async fn u04_a_head_that_does_not_come_ends_its_connection() {
    let listener = Listener::open().await.unwrap();
    let port = listener.port();
    let redirect = Redirect::issue_at(port).unwrap();
    let right = format!("{}?state={}", redirect.path(), redirect.state());
    let visitor = async {
        let long = format!("GET /{} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n", "a".repeat(2 * HEAD_LIMIT));
        let refused = send_what_goes(port, &long).await;
        assert!(!refused.starts_with("HTTP/1.1 2") && !refused.starts_with("HTTP/1.1 3"), "{refused}");
        for begun in ["", "GET", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"] {
            assert!(!send_what_goes(port, begun).await.starts_with("HTTP/1.1 2"), "{begun}");
        }
        send(port, &get(port, &right)).await;
        send(port, &get(port, "/done")).await;
    };
    let pages = pages(&redirect);
    let (parameters, ()) = tokio::join!(listener.wait(&pages, LONG, kept), visitor);
    assert!(parameters.is_some());
}

#[tokio::test]
async fn u05_the_browser_hears_of_success_only_after_it() {
    for is_success in [true, false] {
        let listener = Listener::open().await.unwrap();
        let port = listener.port();
        let redirect = Redirect::issue_at(port).unwrap();
        let right = format!("{}?state={}", redirect.path(), redirect.state());
        let saved = Notify::new();
        let visitor = async {
            assert!(send(port, &get(port, &right)).await.starts_with("HTTP/1.1 303"));
            let meanwhile = send(port, &get(port, "/done")).await;
            assert!(meanwhile.contains("http-equiv=refresh"), "{meanwhile}");
            assert!(!meanwhile.contains("Well") && !meanwhile.contains("Ill"), "{meanwhile}");
            saved.notify_one();
            let said = send(port, &get(port, "/done")).await;
            assert!(said.contains(if is_success { "<h1>Well</h1>" } else { "<h1>Ill</h1>" }), "{said}");
        };
        let finish = async |_| {
            saved.notified().await;
            if is_success { Ok(()) } else { Err(()) }
        };
        let pages = pages(&redirect);
        let (result, ()) = tokio::join!(listener.wait(&pages, LONG, finish), visitor);
        assert_eq!(result.unwrap().is_ok(), is_success);
    }
}

#[tokio::test]
async fn w19_the_browser_says_what_a_refusal_was() {
    for (error, title) in [("access_denied", "Cancelled"), ("server_error", "Ill")] {
        let listener = Listener::open().await.unwrap();
        let port = listener.port();
        let redirect = Redirect::issue_at(port).unwrap();
        let right = format!("{}?error={error}&state={}", redirect.path(), redirect.state());
        let visitor = async {
            send(port, &get(port, &right)).await;
            let said = send(port, &get(port, "/done")).await;
            assert!(said.contains(&format!("<h1>{title}</h1>")), "{said}");
        };
        let pages = pages(&redirect);
        tokio::join!(listener.wait(&pages, LONG, kept), visitor);
    }
}

/// Sends as much as the other side accepts.
async fn send_what_goes(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}
