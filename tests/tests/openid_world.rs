// SPDX-License-Identifier: GPL-3.0-or-later
//! A store behind single sign-on, its issuer, and the provider of `usher-core` between them.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use usher_core::ask::Ask;
use usher_core::binding::Binding;
use usher_core::credential::{Credential, Secret};
use usher_core::http::{HttpClient, HttpLimits};
use usher_core::provider::{
    Beginning, Claim, Grant, Notes, Progress, Provider, RedirectReceiver, RenewCall, SignIn, SignInError, SignedIn,
    Step, StepAnswer, TokensCall, TokensError,
};
use usher_core::redirect::Match;
use usher_demo_store::{DemoIssuer, DemoStore, StoreOptions};
use usher_tests::IssuerBrowser;

pub(crate) const APP: &str = "org.example.Postcard";
pub(crate) const SOLD: &str = "org.example.Sketchbook";
pub(crate) const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A store, its issuer, and a browser.
pub(crate) struct World {
    pub(crate) issuer: DemoIssuer,
    pub(crate) store: DemoStore,
    pub(crate) binding: Binding,
    pub(crate) http: HttpClient,
    pub(crate) browser: IssuerBrowser,
    _folder: TempDir,
}

impl World {
    pub(crate) async fn open() -> Self {
        Self::with(DemoIssuer::start().await.expect("build-aux/openid has installed the issuer")).await
    }

    /// A store whose issuer is at another host.
    pub(crate) async fn of_two_hosts() -> Self {
        let issuer = DemoIssuer::start_at_another_host().await;
        Self::with(issuer.expect("build-aux/openid has installed the issuer")).await
    }

    async fn with(issuer: DemoIssuer) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let terms = Some(issuer.issuer().clone());
        let options = StoreOptions { issuer: terms, ..StoreOptions::without_repository(folder.path()) };
        let store = DemoStore::start(options).await.expect("the store opens");
        let binding = claim(&issuer, &store);
        let (http, browser) = (HttpClient::new(HttpLimits::default()), IssuerBrowser::default());
        Self { issuer, store, binding, http, browser, _folder: folder }
    }

    pub(crate) async fn begin(&self, receiver: RedirectReceiver) -> Result<Box<dyn SignIn>, SignInError> {
        let beginning = Beginning { binding: &self.binding, receiver, samples: &[], is_typed: false };
        self.binding.provider.begin(&self.http, beginning).await
    }

    /// Signs in as `demo`.
    pub(crate) async fn sign_in(&self) -> SignedIn {
        let sign_in = self.begin(RedirectReceiver::Embedded).await.expect("a sign-in begins");
        let redirect = self.browser.redirect_of_sign_in(&start(&*sign_in), "demo").await;
        self.finish(sign_in, &redirect).await.expect("the sign-in ends well")
    }

    /// Comes back to Usher with this redirect.
    pub(crate) async fn finish(&self, sign_in: Box<dyn SignIn>, redirect: &str) -> Result<SignedIn, SignInError> {
        let Step::Web { redirect: expected, .. } = sign_in.step() else { panic!("the step is a page") };
        let Match::Redirect(parameters) = expected.recognise(redirect) else {
            panic!("this is the redirect: {redirect}")
        };
        done(sign_in.answer(&self.http, StepAnswer::Redirect(parameters)).await)
    }

    pub(crate) fn call<'a>(&'a self, signed_in: &'a SignedIn) -> RenewCall<'a> {
        let SignedIn { credential, endpoints, .. } = signed_in;
        RenewCall { http: &self.http, binding: &self.binding, credential, endpoints }
    }

    pub(crate) async fn renew(&self, signed_in: &SignedIn) -> Result<SignedIn, TokensError> {
        let credential = self.binding.provider.renew(self.call(signed_in)).await?;
        Ok(SignedIn { credential, ..signed_in.clone() })
    }

    /// What the store says about an app.
    pub(crate) async fn grant(&self, signed_in: &SignedIn, app: &str) -> Result<Grant, TokensError> {
        let (asks, notes) = ([Ask::of_app(app)], Notes::default());
        let granted = self.binding.provider.tokens(TokensCall {
            http: &self.http,
            binding: &self.binding,
            credential: Some(&signed_in.credential),
            endpoints: &signed_in.endpoints,
            asks: &asks,
            notes: &notes,
        });
        let grants = granted.await?.grants;
        Ok(grants.iter().next().expect("there is a grant for each ask").clone())
    }
}

fn claim(issuer: &DemoIssuer, store: &DemoStore) -> Binding {
    let options = [
        ("type", "oauth2"),
        ("url", store.base_url().as_str()),
        ("issuer", issuer.address()),
        ("client-id", issuer.issuer().client_id.as_str()),
    ];
    let options: BTreeMap<_, _> = options.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let remote = store.repository_url();
    let claim = Claim { remote_uri: remote.as_str(), options: &options, registry: None };
    let provider = Provider::from_name("oauth2").expect("the table has it");
    provider.claim(&claim).expect("these options say all")
}

pub(crate) fn start(sign_in: &dyn SignIn) -> String {
    let Step::Web { start, .. } = sign_in.step() else { panic!("the step is a page") };
    start.to_string()
}

pub(crate) fn done(progress: Result<Progress, SignInError>) -> Result<SignedIn, SignInError> {
    match progress? {
        Progress::Done(signed_in) => Ok(signed_in),
        Progress::Next(_) => panic!("one step is all"),
    }
}

pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    now.as_secs().try_into().expect("the clock is near")
}

pub(crate) fn is_granted(grant: &Result<Grant, TokensError>) -> bool {
    matches!(grant, Ok(Grant::Token(..)))
}

pub(crate) fn refresh_token(signed_in: &SignedIn) -> Option<&str> {
    let Credential::OAuth2 { refresh, .. } = &signed_in.credential else { panic!("another kind of credential") };
    refresh.as_ref().map(Secret::expose)
}
