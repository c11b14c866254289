// SPDX-License-Identifier: GPL-3.0-or-later
//! The form of a sign-in under the keyboard, the clipboard, a server that does not answer and a keyring that is locked, and
//! where what is typed goes.

use usher_demo_store::{DemoRegistry, Failure, RegistryAuthentication, RegistryRoute, Route, SignInKind};
use usher_tests::{Session, Setup, Window, token_requests};

const CANARY: &str = "CANARY-password";

/// The form of the shop, opened from the list of accounts.
async fn open<'s>(session: &'s Session, window: &Window<'s>) {
    let host = session.host();
    session.open_usher();
    window.press(&format!("Sign In to {host}")).await;
    window.press(&format!("Continue to {host}")).await;
    window.ready("User Name").await;
}

async fn start() -> Session {
    Session::start(Setup { sign_in: SignInKind::Basic, ..Setup::default() }).await
}

async fn focus_at(window: &Window<'_>, name: &str) {
    window
        .wait(&format!("the keyboard at “{name}”"), |tree| {
            tree.usable(name).filter(|node| node.is_focused()).map(drop)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_leads_to_what_is_missing_and_then_signs_in() {
    let session = start().await;
    let screen = session.screen();
    let window = screen.front();
    open(&session, &window).await;
    focus_at(&window, "User Name").await;
    screen.type_text("demo").await;
    screen.key("Return").await;
    focus_at(&window, "Password").await;
    screen.key("Return").await;
    focus_at(&window, "Password").await;
    assert_eq!(session.requests_for("/api/v1/get_tokens").len(), 0, "nothing is sent before all is filled in");
    screen.type_text("demo").await;
    assert!(window.holds("Password", 4).await);
    screen.key("Return").await;
    window.says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn escape_leaves_the_form_for_the_page_before() {
    let session = start().await;
    let screen = session.screen();
    let window = screen.front();
    open(&session, &window).await;
    window.fill("User Name", "demo").await;
    screen.key("Escape").await;
    window.ready(&format!("Continue to {}", session.host())).await;
    assert!(window.tree().await.usable("User Name").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_a_long_password_can_be_pasted_and_leaks_nowhere() {
    let long = format!("{CANARY}: \"é\\ {}", "ä:b ".repeat(820));
    assert!(long.len() > 4096 && long.chars().count() < long.len());
    let session = start().await;
    session.shop().control().set_password("demo", &long).expect("the shop has this user");
    let screen = session.screen();
    let window = screen.front();
    open(&session, &window).await;
    for (field, text) in [("User Name", "demo\n"), ("Password", &format!("{long}\n"))] {
        session.copy(text).await;
        window.focus_field(field).await;
        screen.key("ctrl+v").await;
        assert!(window.holds(field, text.chars().count()).await, "{field} takes what is pasted");
    }
    window.press("Sign In").await;
    window.says("Signed In").await;
    window.says(&format!("demo at {}", session.host())).await;
    assert_eq!(session.leaks(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_can_be_stopped_and_what_was_typed_stays() {
    let session = start().await;
    let screen = session.screen();
    let window = screen.front();
    open(&session, &window).await;
    session.shop().control().fail(Route::GetTokens, Failure::Hang);
    for stop in ["Escape", "Cancel"] {
        window.fill_in_the_form("demo", "demo").await;
        session.shop().control().wait_for_request(|request| request.path == "/api/v1/get_tokens").await;
        window.says("Signing in…").await;
        assert!(!window.tree().await.usable("Password").expect("the form stays").is_sensitive());
        if stop == "Escape" {
            screen.key("Escape").await;
        } else {
            window.press("Cancel").await;
        }
        window.ready("Password").await;
        assert_eq!(window.ready("User Name").await.text, "demo");
        assert!(window.holds("Password", 4).await);
        session.shop().control().clear_requests();
    }
    session.shop().control().succeed(Route::GetTokens);
    window.press("Sign In").await;
    window.says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_at_the_server_is_said_above_the_form_which_can_be_sent_again() {
    let session = start().await;
    let (screen, host) = (session.screen(), session.host());
    let window = screen.front();
    open(&session, &window).await;
    for (failure, said) in [
        (Failure::Reset, format!("{host} cannot be reached")),
        (Failure::Nonsense, format!("{host} answered in an unexpected way")),
    ] {
        session.shop().control().fail(Route::GetTokens, failure);
        window.fill_in_the_form("demo", "demo").await;
        window.says(&said).await;
        assert!(window.holds("Password", 4).await, "what was typed stays");
        session.shop().control().succeed(Route::GetTokens);
    }
    window.press("Try Again").await;
    window.says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_name_that_cannot_be_sent_is_said_at_its_field() {
    let session = start().await;
    let screen = session.screen();
    let window = screen.front();
    open(&session, &window).await;
    window.fill_in_the_form("de:mo", "demo").await;
    let reason = "A user name with a colon or a line break cannot be sent";
    window.says(reason).await;
    focus_at(&window, "User Name").await;
    assert!(window.holds("Password", 4).await);
    assert_eq!(session.requests_for("/api/v1/get_tokens").len(), 0);
    window.fill("User Name", "demo").await;
    window.wait("no complaint any more", |tree| (!tree.says(reason)).then_some(())).await;
    window.press("Sign In").await;
    window.says("Signed In").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_is_locked_meanwhile_costs_nobody_what_was_typed() {
    let session = start().await;
    let screen = session.screen();
    let window = screen.front();
    open(&session, &window).await;
    window.fill("User Name", "demo").await;
    window.fill("Password", "demo").await;
    session.keyring().lock().await;
    session.keyring().dismiss_next_prompt();
    window.press("Sign In").await;
    window.says("Sign-In Was Not Saved").await;
    session.keyring().answer_next_prompt();
    window.press("Try Again").await;
    window.says("Signed In").await;
}

/// A session with a registry alone, and the page that asks for its address.
async fn with_registry(authentication: RegistryAuthentication) -> (Session, DemoRegistry) {
    let session = Session::start(Setup { without_shop: true, ..Setup::default() }).await;
    let registry = session.start_registry("images", authentication).await;
    session.open_usher();
    (session, registry)
}

/// Leads from *Add Account* to the registry.
async fn lead_to(window: &Window<'_>, registry: &DemoRegistry) {
    window.press("Add Account").await;
    window.press_row("Container Registry").await;
    window.fill("Address", registry.registry_url().as_str()).await;
    window.press("Continue").await;
    window.says("User name and password").await;
    window.press(&format!("Continue to {}", registry.host())).await;
}

/// As whom tokens were asked for.
fn users(registry: &DemoRegistry) -> Vec<Option<String>> {
    let requests = registry.requests();
    token_requests(&requests).into_iter().map(|(_, user)| user.map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_a_password_goes_only_where_the_form_said_that_it_goes() {
    let (session, registry) = with_registry(RegistryAuthentication::Tokens).await;
    let screen = session.screen();
    let window = screen.front();
    lead_to(&window, &registry).await;
    let first = registry.realm_host();
    window.says(&format!("The password goes to {first}.")).await;
    assert_eq!(users(&registry), [] as [Option<String>; 0], "nobody has signed in yet");

    registry.control().fail(RegistryRoute::Token, Failure::Hang);
    let password = registry.control().password("demo").expect("the registry knows this user");
    window.fill_in_the_form("demo", &password).await;
    registry.control().wait_for_request(|request| request.path.ends_with("/token")).await;
    screen.key("Escape").await;
    window.ready("Password").await;

    registry.control().succeed(RegistryRoute::Token);
    registry.control().move_realm();
    registry.control().clear_requests();
    let second = registry.realm_host();
    assert_ne!(first, second);
    window.press("Sign In").await;
    window.says(&format!("The password goes to {second}.")).await;
    window.ready("Password").await;
    assert_eq!(users(&registry), [] as [Option<String>; 0], "the other host has got nothing");
    assert!(window.holds("Password", password.chars().count()).await, "what was typed stays");

    window.press("Sign In").await;
    window.says("Signed In").await;
    assert!(users(&registry).contains(&Some("demo".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_a_registry_that_flatpak_cannot_use_is_said_before_anything_is_typed() {
    let (session, registry) = with_registry(RegistryAuthentication::Basic).await;
    let screen = session.screen();
    let window = screen.front();
    lead_to(&window, &registry).await;
    window.says("Not Possible Here").await;
    window.says(&format!("{} offers only a way of signing in that flatpak cannot use.", registry.host())).await;
    assert!(window.tree().await.usable("Try Again").is_none(), "trying again would change nothing");
    screen.key("Escape").await;
    window.ready(&format!("Continue to {}", registry.host())).await;
}
