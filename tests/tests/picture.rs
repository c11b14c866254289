// SPDX-License-Identifier: GPL-3.0-or-later
//! The picture in the README: prompt, page and end of a sign-in, as a release shows them at a shop with a name.

use std::env;
use std::path::PathBuf;

use usher_tests::{Session, Setup, ShopAddress};

const APP: &str = "org.example.Postcard";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "build-aux/picture runs it, in a network of its own"]
async fn prompt_page_and_end() {
    let folder = PathBuf::from(env::var_os("USHER_PICTURE_DIR").expect("build-aux/picture names a folder"));
    let setup = Setup { stage: Some("release-stage"), shop_address: ShopAddress::Named, ..Setup::default() };
    let session = Session::start(setup).await;
    let host = session.host();
    let _network = session.connect_network().await;
    session.update_appstream().await;
    let screen = session.screen();
    let compositor = screen.claim_compositing();
    let save = async |name: &str| screen.front().save_picture(&compositor, &folder.join(name)).await;

    session
        .flatpak()
        .install(APP)
        .end()
        .await
        .expect_refusal(&format!("Account needed. Sign in to {host} in the Usher window, then try again."));
    let prompt = screen.window(&format!("Sign In to {host}")).await;
    prompt.ready(&format!("Continue to {host}")).await;
    save("1.png").await;

    prompt.press(&format!("Continue to {host}")).await;
    let window = screen.front();
    window.ready("User name").await;
    window.type_into("User name", "demo").await;
    window.type_into("Password", "demo").await;
    save("2.png").await;

    window.press("Sign In").await;
    window.says("Signed In").await;
    save("3.png").await;
}
