// SPDX-License-Identifier: GPL-3.0-or-later
//! Options of a shop.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use url::Url;

use crate::{Issuer, server::JWK_SET, store::repository_url};

/// The authenticator that the `flatpak remote-add` line names: a development build of Usher.
pub const DEVELOPMENT_AUTHENTICATOR: &str = "io.github.usher.Usher.Devel";

/// Options of a shop. [`StoreOptions::new`] fits most callers.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the shop")]
pub struct StoreOptions {
    /// The folder for database and repository. The shop creates it if it does not exist.
    pub data_dir: PathBuf,
    /// The port of shop and repository on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
    /// The address under which others reach the shop, if something in front of it passes their requests on. `None` is
    /// `http://127.0.0.1:PORT/`.
    pub base_url: Option<Url>,
    /// The port of the control endpoint; 0 lets the system choose, `None` opens no endpoint.
    pub control_port: Option<u16>,
    /// Whether there is a repository. Building it takes flatpak, ostree and some seconds.
    pub make_repository: bool,
    /// A folder that keeps a newly built repository, from which later shops copy it.
    pub repository_cache: Option<PathBuf>,
    /// Whether the repository is signed, with a key that is made for it.
    pub sign: bool,
    /// Whether the repository shows what it has only to those who are signed in.
    pub private_listing: bool,
    /// How people sign in.
    pub sign_in: SignInKind,
    /// Another server whose access tokens the API takes as well. The repository then names that one for signing in.
    pub issuer: Option<Issuer>,
    /// How long a sign-in lasts.
    pub credential_lifetime: Duration,
    /// How long a download token lasts.
    pub token_lifetime: Duration,
    /// Whether a key pair signs download tokens, so that others can check them: see [`jwk_set`](crate::DemoStore::jwk_set).
    pub signed_tokens: bool,
    /// The authenticator that the repository's summary names. With `None` only the command line names one.
    pub summary_authenticator: Option<SummaryAuthenticator>,
    /// The authenticator in [`remote_add_command`](crate::DemoStore::remote_add_command).
    pub authenticator: String,
    /// Called with each step while the repository is built.
    pub progress: Progress,
}

impl StoreOptions {
    /// A shop with a repository on a port that the system chooses, without a control endpoint.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            port: 0,
            base_url: None,
            control_port: None,
            make_repository: true,
            repository_cache: None,
            sign: false,
            private_listing: false,
            sign_in: SignInKind::WebPage,
            issuer: None,
            credential_lifetime: Duration::from_secs(30 * 24 * 60 * 60),
            token_lifetime: Duration::from_secs(10 * 60),
            signed_tokens: false,
            summary_authenticator: None,
            authenticator: DEVELOPMENT_AUTHENTICATOR.to_owned(),
            progress: Progress::default(),
        }
    }

    /// A repository guarded by tokens that people paste, without an account server.
    pub fn token_only(data_dir: impl Into<PathBuf>) -> Self {
        Self { sign_in: SignInKind::Token, ..Self::new(data_dir) }
    }

    /// The authenticator options that say how people sign in, and how tokens are checked.
    pub(crate) fn sign_in_options(&self, base_url: &Url) -> Vec<String> {
        let mut options = match &self.issuer {
            Some(issuer) => issuer.options(),
            None => self.sign_in.option().map(str::to_owned).into_iter().collect(),
        };
        if self.signed_tokens {
            // The service of a repository without an account server is the repository itself.
            let below = if self.sign_in.has_server() { base_url.clone() } else { repository_url(base_url) };
            let address = format!("{}/{JWK_SET}", below.as_str().trim_end_matches('/'));
            options.push(format!("verify-key={address}"));
        }
        options
    }

    /// A shop without a repository: sign-in and tokens only.
    pub fn without_repository(data_dir: impl Into<PathBuf>) -> Self {
        Self { make_repository: false, ..Self::new(data_dir) }
    }
}

/// How people sign in to the shop, and how the API knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignInKind {
    /// On a web page, which gives a bearer token for the API (provider `webflow`).
    #[default]
    WebPage,
    /// With user name and password in each call of the API (provider `basic`). There is no page, and nothing to end.
    Basic,
    /// Not at all: the repository alone, guarded by tokens that [`hand_out_token`](crate::Control::hand_out_token) makes for
    /// people to paste (provider `token`).
    Token,
}

impl SignInKind {
    /// Whether there is an account server.
    pub(crate) fn has_server(self) -> bool {
        self != Self::Token
    }

    /// The authenticator option that says so, if one has to.
    fn option(self) -> Option<&'static str> {
        match self {
            Self::WebPage => None,
            Self::Basic => Some("type=basic"),
            Self::Token => Some("type=token"),
        }
    }
}

/// An authenticator that the repository's summary names. flatpak copies its name into its remotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryAuthenticator {
    /// Its bus name.
    pub name: String,
    /// The `url` option; `None` is the shop's own address. Without an account server there is no such option.
    pub url: Option<String>,
    /// A repository on disk with the authenticator's Flatpak, branch `stable`. The shop publishes that commit
    /// unchanged, and lets flatpak install it with the first app.
    pub brought_from: Option<PathBuf>,
}

/// Reports what the shop is doing, one sentence at a time.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<Listener>>);

type Listener = dyn Fn(&str) + Send + Sync;

impl Progress {
    /// Calls `listener` with each step.
    pub fn new(listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    pub(crate) fn step(&self, what: &str) {
        tracing::info!("{what}");
        if let Some(listener) = &self.0 {
            listener(what);
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Progress").finish_non_exhaustive()
    }
}
