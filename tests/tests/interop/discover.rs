// SPDX-License-Identifier: GPL-3.0-or-later
//! KDE Discover as the client. It uses libflatpak in its own process and has windows of its own.

use usher_tests::{Setup, Story, wait_until};

const APP: &str = "org.example.Postcard";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the programs that build-aux/interop installs"]
async fn discover_installs_an_app_after_signing_in() {
    let environment = vec![("QT_LINUX_ACCESSIBILITY_ALWAYS_ON", "1".to_owned())];
    let setup = Setup { environment, ..Setup::default() };
    let story = Story::begin("interop-discover", "An account for Discover", setup).await;
    let session = &story.session;
    let host = session.host();
    let (usher, discover) = (session.screen(), session.screen().of_program("discover"));

    story.step("Discover shows the app").await;
    session.update_appstream().await;
    let mut command = session.processes.command("plasma-discover");
    command.args(["--backends", "flatpak-backend", "--application"]).arg(format!("appstream://{APP}"));
    session.processes.start("discover", command);
    let window = discover.front();
    window.mentions("A demo app: a greeting from far away").await;

    story.step("“Install” waits for an account, since Discover shows nobody an error").await;
    window.press("Install from Demo Store (user)").await;
    let prompt = usher.window(&format!("Sign In to {host}")).await;
    for (row, text) in [("Asked By", "Discover"), ("For", "Postcard"), ("Server", &host)] {
        prompt.row_says(row, text).await;
    }

    story.step("Discover installs the app after signing in").await;
    prompt.press(&format!("Continue to {host}")).await;
    let page = usher.front();
    page.sign_in_on_the_page("demo").await;
    page.says("Signed In").await;
    wait_until("the installed app", async || session.flatpak().is_installed(APP).await).await;
    session.flatpak().run(&["run", "--user", APP]).await.expect_success();
    story.end().await;
}
