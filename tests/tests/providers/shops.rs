// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop in its three kinds: with a page of its own, with passwords, and with pasted tokens.

use std::sync::Mutex;

use usher_demo_store::{
    Authorization, CREDENTIAL_MARK, Control, Failure, LoggedRequest, Publication, Route, SignInKind, TokenTerms,
};
use usher_tests::{Session, Setup, Terminal, Window, browser};

use super::kind::{Credential, Install, Kept, Kind, Lapse, Meets, SignOut};

/// The shop of a session.
pub(crate) struct Shop {
    pub(crate) control: Control,
    pub(crate) host: String,
    pub(crate) address: String,
    repository: String,
}

impl Shop {
    pub(crate) fn of(session: &Session) -> Self {
        let shop = session.shop();
        let (address, repository) = (shop.base_url().to_string(), shop.repository_url().to_string());
        Self { control: shop.control().clone(), host: session.host(), address, repository }
    }

    pub(crate) fn go_down(&self, routes: &[Route]) {
        for route in routes {
            self.control.fail(*route, Failure::Reset);
        }
    }

    /// How many requests to end a sign-in there were, made and answered like this.
    fn sign_outs(&self, authorization: Authorization, status: u16) -> usize {
        let is_one = |request: &&LoggedRequest| {
            let is_answered = request.authorization == authorization && request.status() == Some(status);
            request.path == "/api/v1/sign_out" && is_answered
        };
        self.control.requests().iter().filter(is_one).count()
    }

    /// Lets a user have an app that is sold.
    pub(crate) fn another_app(&self, user: &str) -> &'static str {
        self.control.grant(user, SOLD).expect("the shop knows both");
        SOLD
    }

    pub(crate) async fn publish_updates<K: Kind>(&self) {
        let updates = [K::APP, K::OPEN_APP].map(|app| Publication::Update(app.to_owned()));
        self.control.publish(updates.into()).await.expect("the shop publishes");
    }
}

/// An app that is sold.
const SOLD: &str = "org.example.Sketchbook";
/// The shop without its repository.
pub(crate) const ACCOUNTS: [Route; 6] =
    [Route::Login, Route::SignIn, Route::GetTokens, Route::BeginPurchase, Route::SignOut, Route::Other];

/// A page of the shop, which gives a bearer token.
pub(crate) struct Webflow(Shop);

impl Kind for Webflow {
    const PROVIDER: &'static str = "webflow";
    const FIRST_FIELD: &'static str = "User name";
    const FIRST_QUESTION: &'static str = "Waiting… (Ctrl+C to stop)";
    const MEETS: Meets = Meets::Browser;

    fn setup(setup: Setup) -> Setup {
        Setup { sign_in: SignInKind::WebPage, ..setup }
    }

    async fn open(session: &Session) -> Self {
        Self(Shop::of(session))
    }

    fn address(&self) -> String {
        self.0.address.clone()
    }

    fn host(&self) -> String {
        self.0.host.clone()
    }

    fn is_credential_in(&self, item: &str) -> bool {
        item.contains(CREDENTIAL_MARK)
    }

    async fn enter_in_window(&self, window: &Window<'_>, credential: Credential) {
        match credential {
            Credential::Right => window.sign_in_on_the_page(Self::USER).await,
            Credential::Wrong => {
                window.type_into("User name", Self::USER).await;
                window.type_into("Password", "CANARY wrong").await;
                window.press("Sign In").await;
            }
        }
    }

    async fn enter_in_terminal(&self, terminal: &Terminal, credential: Credential, _before: usize) {
        terminal.wait_for_text(Self::FIRST_QUESTION).await;
        let (password, said) = match credential {
            Credential::Right => (Self::USER, "Signed In"),
            Credential::Wrong => ("CANARY+wrong", "User name or password is wrong."),
        };
        let page = browser::sign_in_with(&terminal.address(), Self::USER, password).await;
        assert!(page.contains(said), "{page}");
    }

    fn refusal(&self) -> String {
        "User name or password is wrong. Try again.".to_owned()
    }

    fn kept(&self) -> Kept {
        Kept::Text(Self::FIRST_FIELD, Self::USER)
    }

    async fn refused_in_terminal(&self, terminal: &Terminal) {
        assert!(!terminal.text().contains("Not signed in"), "the page has said it: {}", terminal.text());
    }

    fn let_lapse(&self) {
        let ended = self.0.control.expire_credentials(None).expect("the shop lets sign-ins expire");
        assert_ne!(ended, 0, "somebody is signed in");
    }

    fn go_down(&self) {
        self.0.go_down(&ACCOUNTS);
    }

    fn come_back(&self) {
        self.0.control.reset();
    }

    fn sign_out(&self) -> SignOut {
        SignOut::Ends(self.0.sign_outs(Authorization::Bearer, 204))
    }

    fn requests(&self) -> Vec<String> {
        self.0.control.requests().into_iter().map(|request| request.path).collect()
    }

    fn another_app(&self) -> &'static str {
        self.0.another_app(Self::USER)
    }

    async fn publish_updates(&self) {
        self.0.publish_updates::<Self>().await;
    }
}

/// User name and password in each call of the shop's API.
pub(crate) struct Basic {
    shop: Shop,
    password: Mutex<String>,
}

impl Basic {
    fn password(&self, credential: Credential) -> String {
        match credential {
            Credential::Right => self.password.lock().expect("nobody panics with the lock").clone(),
            Credential::Wrong => "CANARY wrong".to_owned(),
        }
    }

    fn set_password(&self, password: &str) {
        self.shop.control.set_password(Self::USER, password).expect("the shop has this user");
        password.clone_into(&mut self.password.lock().expect("nobody panics with the lock"));
    }
}

impl Kind for Basic {
    const PROVIDER: &'static str = "basic";
    const FIRST_FIELD: &'static str = "User Name";
    const FIRST_QUESTION: &'static str = "User name: ";
    const MEETS: Meets = Meets::UsherThen;

    fn setup(setup: Setup) -> Setup {
        Setup { sign_in: SignInKind::Basic, ..setup }
    }

    async fn open(session: &Session) -> Self {
        let basic = Self { shop: Shop::of(session), password: Mutex::default() };
        basic.set_password("CANARY first: “é”");
        basic
    }

    fn address(&self) -> String {
        self.shop.address.clone()
    }

    fn host(&self) -> String {
        self.shop.host.clone()
    }

    async fn enter_in_window(&self, window: &Window<'_>, credential: Credential) {
        window.fill_in_the_form(Self::USER, &self.password(credential)).await;
    }

    async fn enter_in_terminal(&self, terminal: &Terminal, credential: Credential, before: usize) {
        enter_password(terminal, Self::USER, &self.password(credential), before).await;
    }

    fn refusal(&self) -> String {
        "User name or password is wrong".to_owned()
    }

    fn kept(&self) -> Kept {
        Kept::Text(Self::FIRST_FIELD, Self::USER)
    }

    fn let_lapse(&self) {
        self.set_password("CANARY second: “é”");
    }

    fn go_down(&self) {
        self.shop.go_down(&ACCOUNTS);
    }

    fn come_back(&self) {
        self.shop.control.reset();
    }

    fn sign_out(&self) -> SignOut {
        SignOut::Declines(self.shop.sign_outs(Authorization::Basic, 404))
    }

    fn requests(&self) -> Vec<String> {
        self.shop.control.requests().into_iter().map(|request| request.path).collect()
    }

    fn another_app(&self) -> &'static str {
        self.shop.another_app(Self::USER)
    }

    async fn publish_updates(&self) {
        self.shop.publish_updates::<Self>().await;
    }
}

/// Types user name and password, as usherctl asks for them after it asked `before` times already.
pub(crate) async fn enter_password(terminal: &Terminal, user: &str, password: &str, before: usize) {
    terminal.wait_for_nth("User name", before + 1).await;
    terminal.enter(user);
    terminal.wait_for_nth("Password: ", before + 1).await;
    terminal.enter(password);
}

/// Tokens that the shop hands out for people to paste.
pub(crate) struct Token {
    shop: Shop,
    right: Mutex<String>,
    /// One that the shop has revoked.
    wrong: String,
}

impl Token {
    fn hand_out(shop: &Shop) -> String {
        let terms = TokenTerms { name: Self::USER.to_owned(), ..TokenTerms::for_apps(&[]) };
        shop.control.hand_out_token(terms).expect("the shop hands out tokens")
    }

    fn token(&self, credential: Credential) -> String {
        match credential {
            Credential::Right => self.right.lock().expect("nobody panics with the lock").clone(),
            Credential::Wrong => self.wrong.clone(),
        }
    }
}

impl Kind for Token {
    const PROVIDER: &'static str = "token";
    const USER: &'static str = "Ada";
    const FIRST_FIELD: &'static str = "Access Token";
    const FIRST_QUESTION: &'static str = "Access token: ";
    const MEETS: Meets = Meets::UsherThen;
    const INSTALL: Install = Install::AsksNobody;
    const LAPSE: Lapse = Lapse::MetByFlatpak;

    fn setup(setup: Setup) -> Setup {
        Setup { sign_in: SignInKind::Token, ..setup }
    }

    async fn open(session: &Session) -> Self {
        session.flatpak().run(&["remote-ls", "--user", Self::REMOTE]).await.expect_success();
        let shop = Shop::of(session);
        let wrong = Self::hand_out(&shop);
        assert!(shop.control.revoke_token(&wrong), "it was handed out");
        let right = Mutex::new(Self::hand_out(&shop));
        Self { shop, right, wrong }
    }

    fn address(&self) -> String {
        self.shop.repository.clone()
    }

    fn host(&self) -> String {
        self.shop.host.clone()
    }

    fn is_credential_in(&self, item: &str) -> bool {
        item.contains(CREDENTIAL_MARK)
    }

    async fn enter_in_window(&self, window: &Window<'_>, credential: Credential) {
        window.fill("Access Token", &self.token(credential)).await;
        window.press("Sign In").await;
    }

    async fn enter_in_terminal(&self, terminal: &Terminal, credential: Credential, before: usize) {
        terminal.wait_for_nth("Access token: ", before + 1).await;
        terminal.enter(&self.token(credential));
    }

    fn refusal(&self) -> String {
        format!("This token is not accepted by {}", self.shop.host)
    }

    fn kept(&self) -> Kept {
        Kept::Hidden(Self::FIRST_FIELD, self.wrong.len())
    }

    fn let_lapse(&self) {
        let next = Self::hand_out(&self.shop);
        let ended = std::mem::replace(&mut *self.right.lock().expect("nobody panics with the lock"), next);
        assert!(self.shop.control.revoke_token(&ended), "it was handed out");
    }

    fn go_down(&self) {
        self.shop.go_down(&[Route::Repository]);
    }

    fn come_back(&self) {
        self.shop.control.reset();
    }

    fn sign_out(&self) -> SignOut {
        SignOut::KeepsNone
    }

    fn requests(&self) -> Vec<String> {
        self.shop.control.requests().into_iter().map(|request| request.path).collect()
    }

    fn another_app(&self) -> &'static str {
        // The token is for all of them.
        SOLD
    }

    async fn publish_updates(&self) {
        self.shop.publish_updates::<Self>().await;
    }
}
