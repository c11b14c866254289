// SPDX-License-Identifier: GPL-3.0-or-later
//! GNOME Software as the client. It uses libflatpak in its own process and has windows of its own.

use usher_tests::{Role, Screen, Session, Setup, Story};

const APP: &str = "org.example.Postcard";
const PAID: &str = "org.example.Sketchbook";
const SOFTWARE: &str = "gnome-software";

/// Opens Software as a link to an app does. Here it has no system bus, no network manager and no reviews.
async fn open_software(session: &Session, app: &str) {
    session.update_appstream().await;
    let mut command = session.processes.command(SOFTWARE);
    command
        .arg(format!("--details={app}"))
        .env("GNOME_SOFTWARE_PLUGINS_ALLOWLIST", "appstream,flatpak,icons")
        // Otherwise it would queue installs on a computer without a network.
        .env("GIO_USE_NETWORK_MONITOR", "base");
    session.processes.start(SOFTWARE, command);
    session.bus.wait_for_owner("org.gnome.Software").await;
    session.screen().of_program(SOFTWARE).window("Software").await;
}

/// Waits until Software shows `message` under “Details”.
async fn software_says(software: &Screen<'_>, message: &str) {
    let window = software.window("Software").await;
    window.press("Details").await;
    window.mentions(message).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn software_installs_an_app_after_signing_in() {
    let story = Story::begin("17-software", "An account for Software", Setup::default()).await;
    let session = &story.session;
    let host = session.host();
    let (usher, software) = (session.screen(), session.screen().of_program(SOFTWARE));

    story.step("Software shows the app").await;
    open_software(session, APP).await;
    let window = software.window("Software").await;
    window.says("Postcard").await;

    story.step("“Install” stops, and Software shows why").await;
    window.press("Install").await;
    let message = format!("Account needed. Sign in to {host} in the Usher window, then try again.");
    software_says(&software, &message).await;

    story.step("The prompt names Software, and stays after Software got its answer").await;
    let prompt = usher.window(&format!("Sign In to {host}")).await;
    for (row, text) in [("Asked By", "Software"), ("For", "Postcard"), ("For", APP), ("Server", &host)] {
        prompt.row_says(row, text).await;
    }
    prompt.says("The install was stopped. Sign in, then start it again.").await;

    story.step("Signing in leads back to Software").await;
    prompt.press(&format!("Continue to {host}")).await;
    let page = usher.front();
    page.sign_in_on_the_page("demo").await;
    page.says("Signed In").await;
    page.says("“Postcard” can be installed now.").await;
    page.ready("Install in Software").await;

    story.step("“Install in Software” installs the app there, and nothing is asked").await;
    page.press("Install in Software").await;
    window.ready("Uninstall").await;
    usher.wait_until_empty().await;
    session.flatpak().run(&["run", "--user", APP]).await.expect_success();
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn software_installs_an_app_after_buying_it() {
    let story = Story::begin("17-software-buys", "Buying what Software is to install", Setup::default()).await;
    let session = &story.session;
    let host = session.host();
    let (usher, software) = (session.screen(), session.screen().of_program(SOFTWARE));
    session.sign_in_as("demo").await;

    story.step("“Install” stops, and Software shows that the app has to be bought").await;
    open_software(session, PAID).await;
    let window = software.window("Software").await;
    window.press("Install").await;
    let message = format!(
        "Purchase needed. “{PAID}” is not in the account of demo at {host}. See the Usher window, then try again."
    );
    software_says(&software, &message).await;

    story.step("The prompt names Software, and buys on the shop's page").await;
    let prompt = usher.window("Buy “Sketchbook”?").await;
    prompt.row_says("Asked By", "Software").await;
    prompt.press("Continue to Purchase").await;
    let page = usher.front();
    page.pay_on_the_page("Sketchbook").await;
    page.says("“Sketchbook” now belongs to demo.").await;

    story.step("“Install in Software” installs the app there, and nothing is asked").await;
    page.press("Install in Software").await;
    window.ready("Uninstall").await;
    usher.wait_until_empty().await;
    session.flatpak().run(&["run", "--user", PAID]).await.expect_success();
    assert_eq!((session.begun_purchases(), session.paid_purchases()), (vec![PAID.to_owned()], vec![PAID.to_owned()]));
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn software_waits_for_the_account_if_that_was_chosen() {
    let story = Story::begin("17-software-waits", "An install in Software that waits", Setup::default()).await;
    let session = &story.session;
    let host = session.host();
    let (usher, software) = (session.screen(), session.screen().of_program(SOFTWARE));
    session.change_setting("continue-installs", "true").await;

    story.step("“Install” waits for the account").await;
    open_software(session, APP).await;
    let window = software.window("Software").await;
    window.press("Install").await;
    let prompt = usher.window(&format!("Sign In to {host}")).await;
    prompt.row_says("Asked By", "Software").await;
    window.ready("Cancel").await;

    story.step("It goes on by itself after signing in").await;
    prompt.press(&format!("Continue to {host}")).await;
    let page = usher.front();
    page.sign_in_on_the_page("demo").await;
    page.says("The install continues in Software.").await;
    window.ready("Uninstall").await;
    usher.wait_until_empty().await;
    session.flatpak().run(&["run", "--user", APP]).await.expect_success();
    story.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_install_that_waits_in_software_ends_with_not_now() {
    let story = Story::begin("17-software-not-now", "An install in Software that is put off", Setup::default()).await;
    let session = &story.session;
    let host = session.host();
    let (usher, software) = (session.screen(), session.screen().of_program(SOFTWARE));
    session.change_setting("continue-installs", "true").await;

    story.step("“Install” waits for the account").await;
    open_software(session, APP).await;
    let window = software.window("Software").await;
    window.press("Install").await;
    let prompt = usher.window(&format!("Sign In to {host}")).await;

    story.step("“Not Now” ends it, and Software reports no error").await;
    // Cancelling in Software would not end it: libflatpak waits for the answer in any case.
    prompt.press("Not Now").await;
    window.ready("Install").await;
    usher.wait_until_empty().await;
    let tree = window.tree().await;
    assert!(tree.nodes.iter().all(|node| node.role != Role::Alert), "{tree}");
    assert!(!session.flatpak().is_installed(APP).await);
    story.end().await;
}
