// SPDX-License-Identifier: GPL-3.0-or-later
//! The running shop.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
    sync::Arc,
};

use tokio::runtime::Handle;
use url::Url;

use crate::{
    Control, LoggedRequest, SignInKind, StoreError, StoreOptions,
    connection::{ConnectionHandle, ShopListener},
    control,
    db::Database,
    issuer::AccessTokens,
    repository::{Announcement, Repository},
    server,
    shop::{REPOSITORY_NAME, Shop, ShopParts},
    threads::{Threads, listen},
};

/// A shop that runs until it is stopped or dropped.
///
/// It runs on threads of its own, so that a test may block while it waits for a program that talks to the shop.
#[derive(Debug)]
pub struct DemoStore {
    threads: Threads,
    control: Control,
    base_url: Url,
    port: u16,
    control_url: Option<Url>,
    authenticator: Authenticator,
    shop: Arc<Shop>,
}

/// How a computer learns of the authenticator.
#[derive(Clone, Debug)]
enum Authenticator {
    /// From the command that adds the repository.
    Named(String),
    /// From the repository, which brings the authenticator along.
    Brought,
}

impl DemoStore {
    /// Opens the shop. Builds its repository first if that is wanted and missing, which takes some seconds.
    pub async fn start(options: StoreOptions) -> Result<Self, StoreError> {
        let threads = Threads::start()?;
        let handle = threads.handle();
        let authenticator = Authenticator::of(&options);
        let (shop, port, control, control_url) = threads.run(open(options, handle.clone())).await?;
        Ok(Self { threads, control, base_url: shop.base_url.clone(), port, control_url, authenticator, shop })
    }

    /// The address of the shop, which is also the account server's: `http://127.0.0.1:PORT/`, unless the options name
    /// another one.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// The port on 127.0.0.1 where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of the repository.
    pub fn repository_url(&self) -> Url {
        repository_url(&self.base_url)
    }

    /// The public keys that download tokens are signed with (RFC 7517), as the shop shows them at the address that the
    /// option `verify-key` names. `None` if nobody else can check them.
    pub fn jwk_set(&self) -> Option<String> {
        self.shop.download_keys.jwk_set().map(|set| set.to_string())
    }

    /// The address of the control endpoint, if there is one.
    pub fn control_url(&self) -> Option<&Url> {
        self.control_url.as_ref()
    }

    /// The switches.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// All requests so far, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.control.requests()
    }

    /// The command that adds the repository to flatpak for this user, as the remote `demo`.
    pub fn remote_add_command(&self) -> &str {
        &self.shop.remote_add_command
    }

    /// The arguments after `flatpak remote-add --user` that add the repository under this name, with Usher as its
    /// authenticator: the installed one, or the one that the repository brings along.
    pub fn remote_add_arguments(&self, name: &str) -> Vec<String> {
        let key = self.shop.repository.as_ref().and_then(Repository::key);
        let sign_in = (self.shop.sign_in, self.shop.sign_in_options.as_slice());
        remote_add_arguments(&self.base_url, &self.authenticator, sign_in, key, name)
    }

    /// Closes the shop and waits until its ports are free again.
    pub async fn stop(mut self) {
        self.threads.stop().await;
    }
}

async fn open(options: StoreOptions, handle: Handle) -> Result<(Arc<Shop>, u16, Control, Option<Url>), StoreError> {
    let (listener, port, own_url) = listen(options.port).await?;
    let base_url = options.base_url.clone().unwrap_or(own_url);
    let control_port = options.control_port;
    let shop = handle.spawn_blocking(move || set_up(&options, base_url));
    let shop = shop.await.map_err(|error| StoreError::Runtime(error.into()))??;
    let shop = Arc::new(shop);
    let control = Control::new(Arc::clone(&shop), handle.clone());

    let router = server::router(Arc::clone(&shop)).into_make_service_with_connect_info::<ConnectionHandle>();
    handle.spawn(async move { axum::serve(ShopListener(listener), router).await });
    let control_url = match control_port {
        None => None,
        Some(port) => {
            let (listener, _, url) = listen(port).await?;
            let router = control::http::router(control.clone());
            handle.spawn(async move { axum::serve(listener, router).await });
            Some(url)
        }
    };
    Ok((shop, port, control, control_url))
}

/// Opens the database and the repository.
fn set_up(options: &StoreOptions, base_url: Url) -> Result<Shop, StoreError> {
    let data_dir = &options.data_dir;
    if !data_dir.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(StoreError::file(data_dir))?;
    }
    let path = data_dir.join("shop.sqlite");
    let db = Database::open(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(StoreError::file(&path))?;

    let announcement = options.summary_authenticator.as_ref().map(|authenticator| Announcement {
        name: authenticator.name.clone(),
        url: options.sign_in.has_server().then(|| authenticator.url.clone().unwrap_or_else(|| base_url.to_string())),
        brought_from: authenticator.brought_from.clone(),
        sign_in: options.sign_in_options(&base_url),
    });
    let cache = options.repository_cache.as_deref();
    let repository = options
        .make_repository
        .then(|| Repository::open(data_dir, cache, announcement, options.sign, &options.progress))
        .transpose()?;
    let sign_in_options = options.sign_in_options(&base_url);
    let key = repository.as_ref().and_then(Repository::key);
    let sign_in = (options.sign_in, sign_in_options.as_slice());
    let arguments = remote_add_arguments(&base_url, &Authenticator::of(options), sign_in, key, "demo");
    let issuer = options.issuer.clone();
    let access_tokens = issuer.map(|issuer| AccessTokens::new(issuer, base_url.clone())).transpose()?;
    Shop::new(ShopParts {
        db,
        base_url,
        repository,
        remote_add_command: format!("flatpak remote-add --user {}", arguments.join(" ")),
        sign_in: options.sign_in,
        sign_in_options,
        access_tokens,
        credential_lifetime: options.credential_lifetime,
        token_lifetime: options.token_lifetime,
        signed_tokens: options.signed_tokens,
        private_listing: options.private_listing,
    })
}

pub(crate) fn repository_url(base_url: &Url) -> Url {
    let mut url = base_url.clone();
    url.set_path(REPOSITORY_NAME);
    url
}

fn remote_add_arguments(
    base_url: &Url,
    authenticator: &Authenticator,
    (sign_in, sign_in_options): (SignInKind, &[String]),
    key: Option<&Path>,
    name: &str,
) -> Vec<String> {
    let verify = key.map_or_else(|| "--no-gpg-verify".to_owned(), |key| format!("--gpg-import={}", key.display()));
    let mut arguments = vec![verify];
    if let Authenticator::Named(name) = authenticator {
        arguments.push(format!("--authenticator-name={name}"));
        arguments.extend(sign_in.has_server().then(|| format!("--authenticator-option=url={base_url}")));
        arguments.extend(sign_in_options.iter().map(|option| format!("--authenticator-option={option}")));
        arguments.push("--no-authenticator-install".to_owned());
    }
    arguments.extend([name.to_owned(), repository_url(base_url).to_string()]);
    arguments
}

impl Authenticator {
    fn of(options: &StoreOptions) -> Self {
        let is_brought = options.summary_authenticator.as_ref().is_some_and(|summary| summary.brought_from.is_some());
        if is_brought { Self::Brought } else { Self::Named(options.authenticator.clone()) }
    }
}
