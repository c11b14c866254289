// SPDX-License-Identifier: GPL-3.0-or-later
//! What a web page shows while it loads, and where nothing comes of that: at no time is it empty.

use usher_demo_store::{Control, Failure, Reply, Route};
use usher_tests::{Role, Screen, Session, Setup, Tree, Window};

const APP: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";
/// What a page says that is there.
const HERE: &str = "Here It Is";
const HTML: &str = "content-type: text/html\r\n";

/// A page with that in its head and that in its body.
fn page(head: &str, body: &str) -> Reply {
    Reply::html(&format!("<!doctype html><html lang=en><meta charset=utf-8><title>x</title>{head}<body>{body}"))
}

/// An answer as it goes over the line, and the end of the connection.
fn raw(status: u16, headers: &str, body: &str) -> Failure {
    let head = format!("HTTP/1.1 {status} Status\r\nconnection: close\r\n{headers}\r\n");
    Failure::Raw { bytes: (head + body).into() }
}

/// Opens the sign-in page in a prompt.
async fn go_to_the_page<'s>(session: &'s Session, screen: &'s Screen<'s>) -> Window<'s> {
    session.flatpak().install(APP).end().await;
    let host = session.host();
    screen.window(&format!("Sign In to {host}")).await.press(&format!("Continue to {host}")).await;
    screen.front()
}

/// A way to keep a page from painting anything.
type Hindrance = (&'static str, fn(&Control));

/// What comes before the first paint, each with nothing to see.
const HINDRANCES: [Hindrance; 6] = [
    ("no answer", |control| control.fail(Route::Login, Failure::Hang)),
    ("an answer that begins with nothing", |control| {
        control.fail(Route::Login, Failure::Endless { milliseconds: 100 });
    }),
    ("a redirect to no answer", |control| {
        control.fail(Route::Login, Failure::Redirect { location: "/elsewhere".into() });
        control.fail(Route::Other, Failure::Hang);
    }),
    ("a style that does not come", |control| {
        control.set_page("/login", page("<link rel=stylesheet href=/late>", HERE));
        control.fail(Route::Other, Failure::Hang);
    }),
    ("a script that does not come", |control| {
        control.set_page("/login", page("<script src=/late></script>", HERE));
        control.fail(Route::Other, Failure::Hang);
    }),
    ("a script that waits for what to write", |control| {
        let script = format!("<script>fetch('/late').then(() => document.body.append('{HERE}'))</script>");
        control.set_page("/login", page("", &script));
        control.fail(Route::Other, Failure::Hang);
    }),
];

/// Waits until the page is there, and nothing is over it.
async fn is_there(view: &Window<'_>, opening: &str) {
    view.wait(&format!("“{HERE}” and nothing over it"), |tree| {
        (tree.mentions(HERE) && !tree.says(opening)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w15_until_its_first_paint_a_page_says_what_it_waits_for_and_can_be_stopped() {
    let session = Session::start(Setup::default()).await;
    let (host, control) = (session.host(), session.shop().control());
    let opening = format!("Opening {host}…");
    let screen = session.screen();
    HINDRANCES[0].1(control);
    let view = go_to_the_page(&session, &screen).await;
    for (n, (what, hinder)) in HINDRANCES.into_iter().enumerate() {
        if n > 0 {
            control.reset();
            hinder(control);
            view.press("Try Again").await;
        }
        view.says(&opening).await;
        let request = if n < 2 { "/login" } else { "/late" };
        if n != 2 {
            control.wait_for_request(|known| known.path == request).await;
        }
        // Nothing of the page is to be seen, whatever has come of it. Not all that a screen reader finds has been painted.
        let tree = view.tree().await;
        assert!(tree.says(&opening), "{what}: {tree}");
        if n % 2 == 0 {
            view.press("Stop").await;
        } else {
            view.focus().await;
            screen.key("Escape").await;
        }
        view.says("Loading Stopped").await;
        view.ready("Try Again").await;
        view.ready("Cancel").await;
        control.clear_requests();
    }
    control.reset();
    control.set_page("/login", page("", HERE));
    view.press("Try Again").await;
    is_there(&view, &opening).await;
    // Escape stops first, then cancels.
    control.fail(Route::Login, Failure::Hang);
    view.focus().await;
    screen.key("Escape").await;
    view.press(&format!("Continue to {host}")).await;
    view.says(&opening).await;
    screen.key("Escape").await;
    view.says("Loading Stopped").await;
    screen.key("Escape").await;
    view.ready(&format!("Continue to {host}")).await;
    assert_eq!(session.keyring().items().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn w15_a_page_is_shown_as_soon_as_it_has_painted_something() {
    let late = format!("<script>fetch('/late').then(() => document.body.append('{HERE}'))</script>");
    // The last picture never comes.
    let picture = "<img alt='' src=/late>";
    let bodies: [(&str, String); 5] = [
        ("text before a picture", format!("<p>{HERE}</p>{picture}")),
        ("a field alone", format!("<input aria-label='{HERE}'>")),
        ("a page within the page", format!("<iframe srcdoc='<p>{HERE}</p>'></iframe>")),
        ("what a script writes late", late),
        (
            "a document that a script writes",
            format!("<script>onload = () => {{ document.open(); document.write('<p>{HERE}') }}</script>"),
        ),
    ];
    let session = Session::start(Setup::default()).await;
    let (host, control) = (session.host(), session.shop().control());
    let opening = format!("Opening {host}…");
    control.fail(Route::Login, Failure::Hang);
    let screen = session.screen();
    let view = go_to_the_page(&session, &screen).await;
    for (what, body) in bodies {
        view.says(&opening).await;
        view.press("Stop").await;
        view.says("Loading Stopped").await;
        control.reset();
        control.set_page("/login", page("", &body));
        if body.contains(picture) {
            control.fail(Route::Other, Failure::Hang);
        } else {
            control.fail(Route::Other, Failure::Slow { milliseconds: 1500 });
        }
        view.press("Try Again").await;
        is_there(&view, &opening).await;
        let tree = view.tree().await;
        assert!(!tree.says("Loading Stopped"), "{what}: {tree}");
        if body.contains(picture) {
            // It is still loading, and stays once that is stopped.
            view.press("Stop").await;
            view.ready("Reload").await;
            is_there(&view, &opening).await;
        }
        control.fail(Route::Login, Failure::Hang);
        view.press("Cancel").await;
        view.press(&format!("Continue to {host}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn w15_from_one_page_to_the_next_something_is_to_be_seen() {
    let session = Session::start(Setup::default()).await;
    let (host, control) = (session.host(), session.shop().control());
    let opening = format!("Opening {host}…");
    let links = "<p>First</p><button onclick=\"location.href = '/next'\">Next</button>";
    control.set_page("/login", page("", links));
    let screen = session.screen();
    let view = go_to_the_page(&session, &screen).await;

    // Nothing of the next page has come: this one stays, also when that is stopped.
    control.fail(Route::Other, Failure::Hang);
    view.press("Next").await;
    view.press("Stop").await;
    view.ready("Reload").await;
    let tree = view.tree().await;
    assert!(tree.says("First") && !tree.says(&opening) && !tree.says("Loading Stopped"), "{tree}");

    // The next page is there, and has painted nothing yet.
    control.reset();
    control.set_page("/login", page("", links));
    let late = format!(
        "<script>const ask = () => fetch('/purchase/late', {{signal: AbortSignal.timeout(300)}})\
         .then(() => document.body.append('{HERE}'), ask); ask()</script>"
    );
    control.set_page("/next", page("", &late));
    control.fail(Route::Purchase, Failure::Hang);
    view.press("Next").await;
    view.says(&opening).await;
    control.succeed(Route::Purchase);
    is_there(&view, &opening).await;

    // What a page opens has the same states.
    control.reset();
    control.set_page("/next", page("", "<button onclick=\"window.open('/pop-up')\">Open</button>"));
    view.press("Reload").await;
    view.ready("Open").await;
    control.fail(Route::Other, Failure::Hang);
    view.press("Open").await;
    view.says(&opening).await;
    view.press("Stop").await;
    view.says("Loading Stopped").await;
    control.succeed(Route::Other);
    control.set_page("/pop-up", page("", HERE));
    view.press("Try Again").await;
    is_there(&view, &opening).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w15_a_purchase_page_that_is_stopped_is_opened_again_after_asking_the_store() {
    let session = Session::start(Setup::default()).await;
    session.update_appstream().await;
    session.sign_in_as("demo").await;
    let control = session.shop().control();
    control.fail(Route::Purchase, Failure::Hang);
    session.flatpak().install(PAID).end().await;
    let screen = session.screen();
    screen.window("Buy “Sketchbook”?").await.press("Continue to Purchase").await;
    let view = screen.front();
    view.says(&format!("Opening {}…", session.host())).await;
    view.press("Stop").await;
    view.says("Loading Stopped").await;
    control.reset();
    control.clear_requests();
    view.press("Try Again").await;
    view.says("Buy Now").await;
    assert_eq!(session.requests_for("/api/v1/get_tokens").len(), 1, "the server was asked first");
    assert!(session.begun_purchases().is_empty(), "nothing was begun again");
}

#[tokio::test(flavor = "multi_thread")]
async fn w15_a_page_that_takes_long_says_so() {
    let session = Session::start(Setup::default()).await;
    let (host, control) = (session.host(), session.shop().control());
    let slow = format!("Still waiting for {host}");
    control.set_page("/login", page("<link rel=stylesheet href=/late>", HERE));
    control.fail(Route::Other, Failure::Hang);
    let screen = session.screen();
    let view = go_to_the_page(&session, &screen).await;
    view.find(Role::Label, &slow).await;
    view.says(&format!("Opening {host}…")).await;
    view.press("Stop").await;
    view.says("Loading Stopped").await;
    view.wait("the end of the banner", |tree| tree.find(Role::Label, &slow).is_none().then_some(())).await;
}

/// What an answer without a page brings, and what Usher says of it.
fn bare_answers() -> Vec<(String, Failure, &'static str)> {
    let error = "The server answered with an error.";
    let nothing = "The server answered with nothing to read.";
    let unshowable = "What the server sent cannot be shown here.";
    // How the server says that nothing follows, or what follows that is no page.
    let bare = [
        ("content-length: 0\r\n".to_owned(), ""),
        (format!("{HTML}content-length: 0\r\n"), ""),
        ("transfer-encoding: chunked\r\n".to_owned(), "0\r\n\r\n"),
        (format!("{HTML}transfer-encoding: chunked\r\n"), "0\r\n\r\n"),
        (HTML.to_owned(), ""),
        (HTML.to_owned(), "<!doctype html><html lang=en><title>Error</title>"),
    ];
    let file = ("content-type: application/octet-stream\r\ncontent-length: 3\r\n".to_owned(), "\x01\x02\x03");
    let statuses = [400, 401, 403, 404, 429, 500, 502, 503];
    let errors = bare.iter().chain([&file]).cycle().zip(statuses).map(|(answer, status)| (answer, status, error));
    let empty = bare.iter().map(|answer| (answer, 200, nothing));
    let mut answers: Vec<_> = errors
        .chain(empty)
        .chain([(&file, 200, unshowable)])
        .map(|((headers, body), status, says)| (format!("{status} {headers}"), raw(status, headers, body), says))
        .collect();
    answers.extend([204, 205].map(|status| (status.to_string(), raw(status, "", ""), nothing)));
    let away = |location: &str| Failure::Redirect { location: location.to_owned() };
    answers.extend(["mailto:a@example.org"].map(|to| (to.to_owned(), away(to), unshowable)));
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn w29_an_answer_that_brings_nothing_to_read_is_said_by_usher() {
    let session = Session::start(Setup::default()).await;
    let (host, control) = (session.host(), session.shop().control());
    let screen = session.screen();
    let answers = bare_answers();
    control.fail(Route::Login, answers[0].1.clone());
    let view = go_to_the_page(&session, &screen).await;
    for (n, (what, failure, says)) in answers.into_iter().enumerate() {
        if n > 0 {
            control.fail(Route::Login, failure);
            view.press(&format!("Continue to {host}")).await;
        }
        view.wait(&format!("“{says}” after {what}"), |tree| tree.says(says).then_some(())).await;
        let tree = view.tree().await;
        assert!(tree.says(&format!("{host} Sent No Page")) && names_no_code(&tree), "{what}: {tree}");
        // A browser may show what Usher cannot.
        let onward =
            if says == "What the server sent cannot be shown here." { "Continue in Browser" } else { "Try Again" };
        view.ready(onward).await;
        view.press("Cancel").await;
    }
    // What there is to read is the server's to show, whatever the number.
    control.succeed(Route::Login);
    for status in [200, 401, 500] {
        let written = [
            (HTML, format!("<!doctype html><html lang=en><title>Sorry</title><p>Markup of {status}")),
            ("content-type: application/json\r\n", format!("Values of {status}")),
            ("content-type: text/plain\r\n", format!("Words of {status}")),
        ];
        for (headers, body) in written {
            let words = body.rsplit('>').next().expect("there is a last part").to_owned();
            control.fail(Route::Login, raw(status, headers, &body));
            view.press(&format!("Continue to {host}")).await;
            view.mentions(&words).await;
            view.press("Cancel").await;
        }
    }
    assert_eq!(session.keyring().items().await.len(), 0);
}

/// Whether no widget of Usher's names the number of an error.
fn names_no_code(tree: &Tree) -> bool {
    (400..600).all(|code: u16| !tree.says(&format!("{code}")) && !tree.mentions(&format!("error {code}")))
}
