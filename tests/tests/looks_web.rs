// SPDX-License-Identifier: GPL-3.0-or-later
//! What is around a web page, and what takes its place: it fits on a narrow screen, and its buttons keep their shape.

use usher_demo_store::{Failure, Reply, Route};
use usher_tests::{Role, Setup, Story, Window};

const APP: &str = "org.example.Postcard";
/// The largest height of a button with one line of text of the usual size.
const LARGEST_BUTTON: i32 = 40;

/// The narrow screen that everything has to fit into, where that is asked for.
type Width = Option<i32>;

async fn look(story: &Story, view: &Window<'_>, width: Width, what: &str) {
    story.step(what).await;
    if let Some(width) = width {
        view.fits_into(width).await;
    }
    // Until a page is there, a web view's own entry does not look like a part of one.
    view.wait("a name for each control", |tree| tree.controls_without_name().is_empty().then_some(())).await;
    story.finish_step().await;
}

/// A page that leads back with an error.
fn refusing_page() -> Reply {
    Reply::html(
        "<!doctype html><html lang=en><meta charset=utf-8><title>x</title><h1>Scripted</h1>\
         <script>const query = new URLSearchParams(location.search);\
         location.href = query.get('redirect_uri') + '?error=server_error&error_description=Closed%20for%20today&state='\
             + query.get('state')</script>",
    )
}

/// Visits everything that a web page can be before, after and instead of itself.
async fn walk_around_a_page(story: &Story, width: Width) {
    let (host, control) = (story.session.host(), story.session.shop().control());
    control.fail(Route::Login, Failure::Hang);
    story.session.flatpak().install(APP).end().await;
    let screen = story.session.screen();
    screen.window(&format!("Sign In to {host}")).await.press(&format!("Continue to {host}")).await;
    let view = screen.front();
    view.says(&format!("Opening {host}…")).await;
    look(story, &view, width, "Opening").await;
    view.press("Stop").await;
    view.says("Loading Stopped").await;
    look(story, &view, width, "Stopped").await;
    control.fail(Route::Login, Failure::Reply(Reply::new(502, "")));
    view.press("Try Again").await;
    view.says(&format!("{host} Sent No Page")).await;
    look(story, &view, width, "No page").await;
    control.succeed(Route::Login);
    control.set_page("/login", refusing_page());
    view.press("Try Again").await;
    view.says(&format!("{host} stopped the sign-in.")).await;
    view.press("Details").await;
    view.says("Closed for today").await;
    look(story, &view, width, "Stopped by the server").await;
    control.reset();
    view.press("Try Again").await;
    view.ready("User name").await;
    if width.is_none() {
        for button in ["Cancel", "Reload", "Page Menu"] {
            let (_, height) = view.size_of(Role::Button, button).await;
            assert!(height <= LARGEST_BUTTON, "“{button}” is as high as its text: {height}");
        }
    }
    view.focus().await;
    screen.key("ctrl+l").await;
    view.wait("the keyboard at “Copy Address”", |tree| {
        tree.usable("Copy Address").filter(|node| node.is_focused()).map(drop)
    })
    .await;
    look(story, &view, width, "Address").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_around_a_page_fits_into_360_pixels() {
    let story = Story::begin("looks-web", "Around a web page, narrow", Setup::default()).await;
    walk_around_a_page(&story, Some(360)).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_around_a_page_keeps_its_shape_in_the_dark() {
    let dark = ("ADW_DEBUG_COLOR_SCHEME", "prefer-dark".to_owned());
    let setup = Setup { environment: vec![dark], ..Setup::default() };
    let story = Story::begin("looks-web-dark", "Around a web page, dark", setup).await;
    walk_around_a_page(&story, None).await;
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_around_a_page_fits_with_text_of_twice_the_size() {
    let setup = Setup { large_text: true, ..Setup::default() };
    let story = Story::begin("looks-web-large", "Around a web page, text of twice the size", setup).await;
    walk_around_a_page(&story, Some(360)).await;
    story.end().await;
}
