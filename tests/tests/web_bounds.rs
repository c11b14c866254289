// SPDX-License-Identifier: GPL-3.0-or-later
//! A sign-in page that knows where another sign-in waits for the browser, with its state. It tries everything that a page
//! can do to complete that one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use usher_demo_store::Reply;
use usher_tests::usherctl::BrowserCommand;
use usher_tests::{Session, Setup, browser};

const APP: &str = "org.example.Postcard";
/// What the page would have the other sign-in end with.
const WRONG: &str = "wrong-CANARY-5f20";

/// Everything by which a page can fetch something without going there itself. Says when all of it has been tried.
const TRIES: &str = r"
    const settled = [];
    const until = (child, events) => settled.push(new Promise(done => {
        for (const event of events) child.addEventListener(event, done);
    }));
    const add = (tag, attributes, events) => {
        const child = Object.assign(document.createElement(tag), attributes);
        if (events) until(child, events);
        document.body.append(child);
        return child;
    };
    const hit = n => `${other}&token=${wrong}${n}`;
    add('img', {src: hit(0)}, ['load', 'error']);
    add('script', {src: hit(1)}, ['load', 'error']);
    add('link', {rel: 'stylesheet', href: hit(2)}, ['load', 'error']);
    for (const rel of ['prefetch', 'preload', 'preconnect', 'icon', 'manifest', 'dns-prefetch'])
        add('link', {rel, as: 'image', href: hit(rel)});
    add('video', {src: hit(3)}, ['loadeddata', 'error']);
    add('iframe', {src: hit(4)});
    add('iframe', {srcdoc: `<img src='${hit(5)}'><meta http-equiv=refresh content='0; url=${hit(6)}'>`}, ['load']);
    add('embed', {src: hit(7)});
    add('object', {data: hit(8)});
    add('iframe', {name: 'inner'});
    add('form', {target: 'inner', method: 'post', action: hit(9)}).submit();
    add('iframe', {src: '/bounce?n=10'});
    add('img', {src: '/bounce?n=11'}, ['load', 'error']);
    settled.push(fetch(hit(12), {mode: 'no-cors'}), fetch('/bounce?n=13', {mode: 'no-cors'}));
    navigator.sendBeacon(hit(14));
    try { window.open(hit(15)) } catch {}
    for (const make of [() => new EventSource(hit(16)), () => new WebSocket(hit(17).replace('http:', 'ws:'))]) {
        try { until(make(), ['open', 'error', 'close']) } catch {}
    }
    const work = `fetch('${hit(18)}', {mode: 'no-cors'}).finally(() => postMessage('')).catch(() => {})`;
    until(new Worker(URL.createObjectURL(new Blob([work]))), ['message', 'error']);
    until(new Worker('/worker.js'), ['message', 'error']);
    if (navigator.serviceWorker) {
        add('p', {textContent: 'A worker may outlive the page'});
        until(navigator.serviceWorker, ['message']);
        settled.push(navigator.serviceWorker.register('/served.js').then(() => navigator.serviceWorker.ready)
            .then(all => all.active.postMessage('')));
    }
    add('button', {textContent: 'Go There', onclick: () => location.href = hit(20)});
    add('button', {textContent: 'Be Sent There', onclick: () => location.href = '/bounce?n=21'});
    add('button', {textContent: 'Send It', onclick: () => add('form', {method: 'post', action: hit(22)}).submit()});
    add('button', {textContent: 'Open It', onclick: () => window.open(hit(23))});
    Promise.allSettled(settled).then(() => add('p', {textContent: 'All tried'}));
";
/// What goes there itself; the last one in a pop-up.
const WAYS_THERE: [&str; 4] = ["Go There", "Be Sent There", "Send It", "Open It"];

fn script(code: String) -> Reply {
    Reply::new(200, code).with_header("content-type", "text/javascript")
}

/// Opens a window with a sign-in page that knows `other`, the redirect of another sign-in with its state.
async fn open_hostile_page(session: &Session, other: &str) {
    let control = session.shop().control();
    let constants = format!("const other = '{other}', wrong = '{WRONG}';");
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Hostile</title><body><h1>Hostile</h1>\
         <script>{constants}{TRIES}</script>"
    );
    control.set_page("/login", Reply::html(&page));
    control.set_page("/bounce", Reply::new(302, "").with_header("location", &format!("{other}&token={WRONG}")));
    let fetched = format!("fetch('{other}&token={WRONG}', {{mode: 'no-cors'}})");
    control.set_page("/worker.js", script(format!("{fetched}.catch(() => {{}}).then(() => postMessage(''))")));
    let answer = "event.waitUntil(tried.then(() => event.source.postMessage('')))";
    control.set_page(
        "/served.js",
        script(format!("const tried = {fetched}.catch(() => {{}}); addEventListener('message', event => {answer});")),
    );
    session.flatpak().install(APP).end().await;
    let host = session.host();
    let screen = session.screen();
    screen.window(&format!("Sign In to {host}")).await.press(&format!("Continue to {host}")).await;
    screen.front().says("All tried").await;
    assert!(!screen.tree().await.says("A worker may outlive the page"));
}

/// Lets the page go there itself, in every way. Each is refused, and the person can begin again.
async fn go_there(session: &Session, refused: &str) {
    let screen = session.screen();
    let view = screen.front();
    for (index, way) in WAYS_THERE.into_iter().enumerate() {
        if index > 0 {
            view.press("Try Again").await;
            view.says("All tried").await;
        }
        view.press(way).await;
        view.says("Connection Is Not Secure").await;
        view.says(&format!("The page wanted to go to {refused} without encryption.")).await;
    }
}

/// Counts connections to a port, at which it answers nothing.
async fn count_connections() -> (String, Arc<AtomicUsize>, AbortHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let host = listener.local_addr().expect("it has an address").to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let counting = tokio::spawn({
        let count = count.clone();
        async move {
            while let Ok((connection, _)) = listener.accept().await {
                count.fetch_add(1, SeqCst);
                drop(connection);
            }
        }
    });
    (host, count, counting.abort_handle())
}

#[tokio::test(flavor = "multi_thread")]
async fn w05_a_page_reaches_nothing_else_that_listens_on_this_computer() {
    let (host, count, counting) = count_connections().await;
    let session = Session::start(Setup::default()).await;
    open_hostile_page(&session, &format!("http://{host}/io.github.usher/0a?state=1b")).await;
    go_there(&session, &host).await;
    assert_eq!(count.load(SeqCst), 0, "nobody has connected");
    counting.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn w05_a_page_completes_no_sign_in_that_waits_for_the_browser() {
    let session = Session::start(Setup::default()).await;
    let waiting = BrowserCommand::start(&session, &["sign-in", "demo", "--no-browser"]).await;
    let [redirect, state] = ["redirect_uri", "state"].map(|name| browser::parameter(&waiting.address, name));
    let other = format!("{redirect}?state={state}");
    let (host, _) = redirect.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("it is an address");

    open_hostile_page(&session, &other).await;
    go_there(&session, host).await;
    assert_eq!(session.keyring().items().await.len(), 0, "nobody is signed in");

    session.shop().control().remove_page("/login");
    browser::sign_in(&waiting.address, "demo").await;
    assert_eq!(waiting.end().await.code, 0, "it still waited");
    assert!(!session.keyring().only_item().await.text().contains(WRONG), "the right sign-in counts");
}
