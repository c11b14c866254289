// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing in in the person's own browser, from the window. The desktop's browser writes down what it gets, and a scripted
//! one goes there.

use tokio::net::TcpStream;
use usher_demo_store::Reply;
use usher_tests::{DefaultBrowser, Session, Setup, Window, browser, wait_until};

const APP: &str = "org.example.Postcard";

/// A session whose person has sign-in pages open in the browser.
async fn session() -> (Session, DefaultBrowser) {
    let session = Session::start(Setup::default()).await;
    let browser = DefaultBrowser::install(&session);
    session.change_setting("sign-in-pages-in-browser", "true").await;
    (session, browser)
}

/// An install leads to a prompt, and that to the server's page.
async fn install(session: &Session) {
    session.flatpak().install(APP).end().await;
    session.screen().front().press(&format!("Continue to {}", session.host())).await;
}

/// Opens the browser after the warning. Returns the address that it got.
async fn open(prompt: &Window<'_>, browser: &DefaultBrowser, count: usize) -> String {
    prompt.press("Open the Browser").await;
    prompt.says("Waiting for the browser…").await;
    browser.wait_for(count).await
}

/// The page of the shop to which an address of Usher's leads.
async fn page_behind(address: &str) -> String {
    let (status, page) = browser::visit(address).await;
    assert_eq!(status, "303", "{address}");
    page
}

/// Waits until nobody listens at the port of an address of Usher's.
async fn is_closed(address: &str) {
    let place = address.strip_prefix("http://").and_then(|rest| rest.split('/').next()).expect("it is an address");
    wait_until("the end of the listener", async || TcpStream::connect(place).await.is_err()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_in_the_browser_is_noticed_by_itself() {
    let (session, browser) = session().await;
    let host = session.host();
    install(&session).await;
    let screen = session.screen();
    let prompt = screen.front();
    prompt.says("Continue in Browser").await;
    let warning = format!("{host} hands the sign-in itself to the browser. Its history or an extension could keep it.");
    prompt.says(&warning).await;
    assert!(browser.opened().is_empty(), "nothing opens before it was read");

    let address = open(&prompt, &browser, 1).await;
    prompt.says(&format!("Finish signing in to {host} in the browser window. This page notices by itself.")).await;
    let page = page_behind(&address).await;
    let state = browser::parameter(&page, "state");
    assert!(address.starts_with("http://127.0.0.1:") && !address.contains(&state), "{address}");
    assert_eq!(browser::visit(&address).await.0, "410", "it leads there once");

    // A wrong answer ends nothing.
    let back = browser::parameter(&page, "redirect_uri");
    assert_eq!(browser::visit(&format!("{back}?token=x&state=other")).await.0, "400");
    prompt.says("Waiting for the browser…").await;

    let last = browser::sign_in(&page, "demo").await;
    assert!(last.contains("Signed In") && last.contains("Usher has taken over. This tab can be closed."), "{last}");
    prompt.says("Signed In").await;
    prompt.says(&format!("demo at {host}")).await;
    is_closed(&address).await;
    prompt.press("Done").await;
    screen.wait_until_empty().await;
    session.flatpak().install(APP).end().await.expect_success();
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_can_be_opened_again_and_its_link_copied() {
    let (session, browser) = session().await;
    install(&session).await;
    let screen = session.screen();
    let prompt = screen.front();
    let first = open(&prompt, &browser, 1).await;
    prompt.press("Reopen").await;
    let second = browser.wait_for(2).await;
    prompt.toast_after("Copied", async || prompt.press("Copy Link").await).await;
    let copied = session.clipboard().await.expect("something is copied");
    let page = page_behind(&first).await;
    for other in [second, copied] {
        assert_ne!(other, first);
        assert_eq!(page_behind(&other).await, page);
    }
    browser::sign_in(&page, "demo").await;
    prompt.says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens_after_cancel_or_without_the_window() {
    let (session, browser) = session().await;
    let host = session.host();
    install(&session).await;
    let screen = session.screen();
    let prompt = screen.front();
    let address = open(&prompt, &browser, 1).await;
    prompt.press("Cancel").await;
    is_closed(&address).await;
    prompt.press(&format!("Continue to {host}")).await;
    let address = open(&prompt, &browser, 2).await;
    prompt.close().await;
    screen.wait_until_empty().await;
    is_closed(&address).await;
    assert_eq!(session.keyring().items().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_expires_and_the_person_can_start_again() {
    let (session, browser) = session().await;
    let mut usher = session.command("usher");
    usher.arg("--sign-in-limit=5");
    session.processes.start("usher", usher);
    let host = session.host();
    let screen = session.screen();
    screen.window("Usher").await.press(&format!("Sign In to {host}")).await;
    screen.front().press(&format!("Continue to {host}")).await;
    let view = screen.front();
    let address = open(&view, &browser, 1).await;
    view.says("The link has expired").await;
    is_closed(&address).await;
    view.press("Start Again").await;
    // What was read once is not shown again.
    let address = browser.wait_for(2).await;
    let last = browser::sign_in(&page_behind(&address).await, "demo").await;
    assert!(last.contains("Signed In"), "{last}");
    view.says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_browser_the_link_can_be_copied() {
    let session = Session::start(Setup::default()).await;
    DefaultBrowser::remove_all(&session);
    session.change_setting("sign-in-pages-in-browser", "true").await;
    install(&session).await;
    let screen = session.screen();
    let prompt = screen.front();
    prompt.press("Open the Browser").await;
    prompt.says("No browser could be opened. Copy the link into one.").await;
    prompt.toast_after("Copied", async || prompt.press("Copy Link").await).await;
    let address = session.clipboard().await.expect("something is copied");
    browser::sign_in(&page_behind(&address).await, "demo").await;
    prompt.says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn w19_a_sign_in_that_is_refused_in_the_browser_is_a_cancel_or_is_said() {
    let (session, browser) = session().await;
    let host = session.host();
    install(&session).await;
    let screen = session.screen();
    let prompt = screen.front();
    let page = page_behind(&open(&prompt, &browser, 1).await).await;
    let last = browser::cancel(&page, "Cancel").await;
    assert!(last.contains("Not Signed In") && last.contains("This tab can be closed."), "{last}");
    prompt.press(&format!("Continue to {host}")).await;

    let page = page_behind(&open(&prompt, &browser, 2).await).await;
    let [back, state] = ["redirect_uri", "state"].map(|name| browser::parameter(&page, name));
    let last = browser::open(&format!("{back}?error=server_error&state={state}")).await;
    assert!(last.contains("Not Signed In") && last.contains("Go back to Usher to see why."), "{last}");
    prompt.says("Sign-In Was Not Finished").await;
    prompt.press("Try Again").await;
    browser.wait_for(3).await;
    assert_eq!(session.keyring().items().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_waits_until_the_keyring_has_the_sign_in() {
    let (session, browser) = session().await;
    install(&session).await;
    let screen = session.screen();
    let prompt = screen.front();
    let page = page_behind(&open(&prompt, &browser, 1).await).await;
    session.keyring().lock().await;
    session.keyring().dismiss_next_prompt();
    let last = browser::sign_in(&page, "demo").await;
    assert!(last.contains("Usher is not finished yet.") && !last.contains("taken over"), "{last}");
    prompt.says("Sign-In Was Not Saved").await;
    session.keyring().answer_next_prompt();
    assert!(session.keyring().ask_to_unlock().await);
    prompt.says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_is_remembered_for_the_account() {
    let session = Session::start(Setup::default()).await;
    let browser = DefaultBrowser::install(&session);
    let host = session.host();
    // The page of the server refuses the view: the browser is chosen there.
    let asks = Reply::new(401, "").with_header("www-authenticate", "Basic realm=\"x\"");
    session.shop().control().set_page("/login", asks);
    install(&session).await;
    let screen = session.screen();
    let first = screen.front();
    first.says("Page Cannot Be Shown Here").await;
    first.press("Continue in Browser").await;
    session.shop().control().remove_page("/login");
    let page = page_behind(&open(&first, &browser, 1).await).await;
    browser::sign_in(&page, "demo").await;
    first.says("Signed In").await;
    first.press("Done").await;
    screen.wait_until_empty().await;

    session.shop().control().expire_credentials(None).expect("the shop expires credentials");
    session.flatpak().install(APP).end().await;
    let again = screen.window(&format!("Sign In to {host} Again")).await;
    again.press(&format!("Continue to {host}")).await;
    let page = page_behind(&browser.wait_for(2).await).await;
    let front = screen.front();
    assert!(!front.tree().await.mentions("hands the sign-in itself"), "it was read before");

    // From there, back into Usher: that is remembered then.
    front.press("Sign In Here Instead").await;
    front.sign_in_on_the_page("demo").await;
    front.says("Signed In").await;
    assert!(browser::visit(&page).await.0.starts_with('2'), "the page in the browser leads nowhere any more");
    front.press("Done").await;
    screen.wait_until_empty().await;
    session.shop().control().expire_credentials(None).expect("the shop expires credentials");
    session.flatpak().install(APP).end().await;
    front.press(&format!("Continue to {host}")).await;
    front.ready("User name").await;
    assert_eq!(browser.opened().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preference_sends_every_sign_in_to_the_browser() {
    let session = Session::start(Setup::default()).await;
    let browser = DefaultBrowser::install(&session);
    session.open_usher();
    let (host, screen) = (session.host(), session.screen());
    let window = screen.window("Usher").await;
    screen.key("ctrl+comma").await;
    let row = "Sign-In Pages Open";
    window.says("In Usher").await;
    window.choose(row, "In the Browser").await;
    screen.key("Escape").await;
    window.press(&format!("Sign In to {host}")).await;
    window.press(&format!("Continue to {host}")).await;
    let page = page_behind(&open(&screen.front(), &browser, 1).await).await;
    browser::sign_in(&page, "demo").await;
    screen.front().says("Signed In").await;
}
