// SPDX-License-Identifier: GPL-3.0-or-later
//! Opens the shop of a session, and the server that people sign in at.

use std::path::Path;

use usher_demo_store::{DemoIssuer, DemoStore, StoreOptions, SummaryAuthenticator};

use crate::sandbox::{self, Package};
use crate::secure_front;
use crate::session::{AUTHENTICATOR, Setup, workspace};

/// The daemon's bus name in a release.
const RELEASE: &str = "io.github.usher.Usher";

/// Starts the server that people sign in at, where the shop leaves that to another.
pub(crate) async fn start_issuer(is_at_another_host: bool) -> DemoIssuer {
    let started =
        if is_at_another_host { DemoIssuer::start_at_another_host().await } else { DemoIssuer::start().await };
    started.expect("build-aux/openid has installed the issuer")
}

/// Opens the shop. If Usher is not installed, the shop's repository brings it.
pub(crate) async fn open_shop(mut options: StoreOptions, package: Package) -> DemoStore {
    if package == Package::NotInstalled {
        let brought_from = Some(sandbox::repository());
        options.summary_authenticator =
            Some(SummaryAuthenticator { name: AUTHENTICATOR.to_owned(), url: None, brought_from });
    }
    DemoStore::start(options).await.expect("the shop opens")
}

/// Opens the shop under its name. The command that adds its repository names a release of Usher.
pub(crate) async fn open_named_shop(mut options: StoreOptions) -> DemoStore {
    options.base_url = Some(secure_front::address());
    RELEASE.clone_into(&mut options.authenticator);
    DemoStore::start(options).await.expect("the shop opens")
}

/// Options of the session's shop.
pub(crate) fn shop_options(folder: &Path, setup: &Setup, issuer: Option<&DemoIssuer>) -> StoreOptions {
    let issuer = issuer.map(|issuer| issuer.issuer().clone());
    let usual = options_of_shop_in(folder);
    StoreOptions {
        token_lifetime: setup.token_lifetime.unwrap_or(usual.token_lifetime),
        sign_in: setup.sign_in,
        sign: setup.signed,
        private_listing: setup.private_listing,
        signed_tokens: setup.signed_tokens,
        issuer,
        ..usual
    }
}

/// Options of a shop in that folder. Its repository is built once, and later sessions copy it.
pub(crate) fn options_of_shop_in(folder: &Path) -> StoreOptions {
    StoreOptions { repository_cache: Some(workspace().join("build/demo-repository")), ..StoreOptions::new(folder) }
}
