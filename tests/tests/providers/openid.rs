// SPDX-License-Identifier: GPL-3.0-or-later
//! A shop that leaves signing in to an issuer: oidc-provider, which others wrote.

use std::sync::Arc;

use usher_demo_store::{DemoIssuer, IssuerRequest};
use usher_tests::{IssuerBrowser, Session, Setup, Terminal, Window};

use super::{
    kind::{Credential, Kept, Kind, Meets, SignOut},
    shops::{ACCOUNTS, Shop},
};

/// A shop and its issuer.
pub(crate) struct Oauth2 {
    shop: Shop,
    issuer: Arc<DemoIssuer>,
}

impl Kind for Oauth2 {
    const PROVIDER: &'static str = "oauth2";
    const FIRST_FIELD: &'static str = "User name";
    const FIRST_QUESTION: &'static str = "Waiting… (Ctrl+C to stop)";
    const MEETS: Meets = Meets::UsherFirst;

    fn setup(setup: Setup) -> Setup {
        Setup { single_sign_on: true, ..setup }
    }

    async fn open(session: &Session) -> Self {
        Self { shop: Shop::of(session), issuer: Arc::clone(session.issuer()) }
    }

    fn address(&self) -> String {
        self.shop.address.clone()
    }

    fn host(&self) -> String {
        self.shop.host.clone()
    }

    fn sign_in_host(&self) -> String {
        self.issuer.host().to_owned()
    }

    fn is_credential_in(&self, item: &str) -> bool {
        self.issuer.issued_secrets().iter().any(|secret| item.contains(secret))
    }

    async fn enter_in_window(&self, window: &Window<'_>, credential: Credential) {
        match credential {
            Credential::Right => window.sign_in_at_the_issuer(Self::USER).await,
            Credential::Wrong => {
                window.type_into("User name", Self::USER).await;
                window.type_into("Password", "CANARY wrong").await;
                window.press("Sign In").await;
            }
        }
    }

    async fn enter_in_terminal(&self, terminal: &Terminal, credential: Credential, _before: usize) {
        terminal.wait_for_text(Self::FIRST_QUESTION).await;
        let (browser, address) = (IssuerBrowser::default(), terminal.address());
        let (page, said) = match credential {
            Credential::Right => (browser.sign_in(&address, Self::USER).await, "Signed In".to_owned()),
            Credential::Wrong => (browser.refused_sign_in(&address, Self::USER, "CANARY wrong").await, self.refusal()),
        };
        assert!(page.contains(&said), "{page}");
    }

    fn refusal(&self) -> String {
        "User name or password is wrong.".to_owned()
    }

    fn kept(&self) -> Kept {
        Kept::Text(Self::FIRST_FIELD, Self::USER)
    }

    async fn refused_in_terminal(&self, terminal: &Terminal) {
        assert!(!terminal.text().contains("Not signed in"), "the page has said it: {}", terminal.text());
    }

    fn let_lapse(&self) {
        self.issuer.end_everything();
        let ended = self.shop.control.revoke_credentials(None).expect("the shop ends access tokens");
        assert_ne!(ended, 0, "somebody is signed in");
    }

    fn go_down(&self) {
        self.issuer.go_down();
        self.shop.go_down(&ACCOUNTS);
    }

    fn come_back(&self) {
        self.issuer.succeed();
        self.shop.control.reset();
    }

    fn sign_out(&self) -> SignOut {
        let asked = self.issuer.requests();
        let is_ended = |request: &&IssuerRequest| request.route == "revocation" && request.status == Some(200);
        SignOut::Ends(asked.iter().filter(is_ended).count())
    }

    fn requests(&self) -> Vec<String> {
        let at_the_shop = self.shop.control.requests().into_iter().map(|request| request.path);
        at_the_shop.chain(self.issuer.requests().into_iter().map(|request| request.route)).collect()
    }

    fn another_app(&self) -> &'static str {
        self.shop.another_app(Self::USER)
    }

    async fn publish_updates(&self) {
        self.shop.publish_updates::<Self>().await;
    }
}
