// SPDX-License-Identifier: GPL-3.0-or-later
//! A container registry with images of its own: `docker-registry`, a token server, and an index for flatpak.
//!
//! Each has a port of its own, as at real registries. flatpak builds the images, skopeo pushes them.
//!
//! - `images`: what is in the registry; `process`: running `docker-registry`.
//! - `front`: the registry's address. It makes odd what the registry says about signing in, where a test wants that.
//! - `token_server`, `signing`: tokens for repositories, for anybody or for users.
//! - `state`, `control`: users, repositories and switches.

mod control;
mod front;
mod images;
mod process;
mod signing;
mod state;
mod token_server;

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{ConnectInfo, Request, State as RouterState},
    http::header,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use url::Url;

pub use self::{control::RegistryControl, state::REGISTRY_USERS};
use self::{
    images::Images,
    process::{Guard, RegistryProcess},
    signing::Signer,
    state::{Addresses, ISSUER, SERVICE, State},
};
use crate::{
    LoggedRequest, Progress, StoreError, build_cache,
    connection::{ConnectionHandle, ShopListener},
    repository::commands,
    server::{self, PendingAnswer},
    threads::{Threads, listen},
};

/// The programs that a registry needs, beside flatpak.
const PROGRAMS: [&str; 3] = ["docker-registry", "skopeo", "openssl"];

/// The parts of a registry that can fail separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistryRoute {
    /// `/v2/`, which answers only whether somebody is let in.
    Base,
    /// The manifests.
    Manifest,
    /// Everything else of the registry.
    Blob,
    /// Both realms.
    Token,
    /// The index.
    Index,
}

impl RegistryRoute {
    fn of(path: &str) -> Self {
        match path {
            "/v2/" | "/v2" => Self::Base,
            _ if path.ends_with("/token") => Self::Token,
            _ if path.starts_with("/index/") => Self::Index,
            _ if path.contains("/manifests/") => Self::Manifest,
            _ => Self::Blob,
        }
    }
}

/// Whom a registry lets in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistryAuthentication {
    /// Those with a token of its token server.
    #[default]
    Tokens,
    /// Those with a password, `demo` with its name. flatpak cannot pull from such a registry.
    Basic,
}

/// The fields that come with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAnswer {
    /// Whether the token is in `token`. Over OAuth 2 it is always in `access_token` alone.
    pub token: bool,
    /// Whether the token is in `access_token`.
    pub access_token: bool,
    /// The seconds in `expires_in`, if it is there. How long a token really lasts is an option of the registry.
    pub expires_in: Option<i64>,
    /// Whether there is `issued_at`.
    pub issued_at: bool,
}

impl Default for TokenAnswer {
    fn default() -> Self {
        Self { token: true, access_token: false, expires_in: Some(300), issued_at: true }
    }
}

/// How the token server denies what somebody may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// With this status.
    Status(u16),
    /// With a token that grants less than was asked. Only the registry shows it.
    Less,
}

impl Default for Denial {
    fn default() -> Self {
        Self::Status(401)
    }
}

/// Options of a registry. [`RegistryOptions::new`] fits most callers.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// The folder for its images and files. The registry creates it if it does not exist.
    pub data_dir: PathBuf,
    /// A folder that keeps newly built images, from which later registries copy them.
    pub image_cache: Option<PathBuf>,
    /// Whom it lets in.
    pub authentication: RegistryAuthentication,
    /// How long a token lasts.
    pub token_lifetime: Duration,
    /// Called with each step while the images are built.
    pub progress: Progress,
}

impl RegistryOptions {
    /// A registry with tokens that last five minutes.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            image_cache: None,
            authentication: RegistryAuthentication::default(),
            token_lifetime: Duration::from_secs(300),
            progress: Progress::default(),
        }
    }
}

/// A registry that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct DemoRegistry {
    threads: Threads,
    control: RegistryControl,
    addresses: Addresses,
    _process: RegistryProcess,
}

/// The listeners of a registry.
struct Listeners {
    registry: TcpListener,
    index: TcpListener,
    realm: TcpListener,
    other_realm: TcpListener,
}

impl DemoRegistry {
    /// The first program that a registry needs and this computer lacks.
    pub fn missing_program() -> Option<&'static str> {
        PROGRAMS.into_iter().find(|program| commands::find(program).is_err())
    }

    /// Opens the registry. Builds its images first if they are missing, which takes some seconds.
    pub async fn start(options: RegistryOptions) -> Result<Self, StoreError> {
        let threads = Threads::start()?;
        let handle = threads.handle();
        let (listeners, addresses) = threads.run(open_ports()).await?;
        let places = addresses.clone();
        let set_up = handle.spawn_blocking(move || set_up(&options, places));
        let (state, process) = set_up.await.map_err(|error| StoreError::Runtime(error.into()))??;
        let state = Arc::new(state);
        let realm = |url: &Url| token_server::router(url.path());
        for (listener, router) in [
            (listeners.registry, front::router(process.port())),
            (listeners.index, Router::new().route("/index/static", get(index))),
            (listeners.realm, realm(&addresses.realm)),
            (listeners.other_realm, realm(&addresses.other_realm)),
        ] {
            let router = router
                .layer(middleware::from_fn_with_state(Arc::clone(&state), log_and_answer))
                .with_state(Arc::clone(&state))
                .into_make_service_with_connect_info::<ConnectionHandle>();
            handle.spawn(async move { axum::serve(ShopListener(listener), router).await });
        }
        let control = RegistryControl::new(state, handle);
        Ok(Self { threads, control, addresses, _process: process })
    }

    /// The address of the registry: `http://127.0.0.1:PORT/`.
    pub fn registry_url(&self) -> &Url {
        &self.addresses.registry
    }

    /// The registry's host and port, as people read them.
    pub fn host(&self) -> String {
        host_of(&self.addresses.registry)
    }

    /// The same of the realm that challenges name now: the host that gets passwords.
    pub fn realm_host(&self) -> String {
        host_of(&self.control.realm())
    }

    /// The repository of an app or a runtime, such as `acme/compass`.
    pub fn repository_of(id: &str) -> String {
        images::repository_of(id)
    }

    /// The address of the index, on another port.
    pub fn index_url(&self) -> &Url {
        &self.addresses.index
    }

    /// The address of a remote with its images: `oci+http://127.0.0.1:PORT`.
    pub fn remote_url(&self) -> String {
        format!("oci+{}", self.addresses.index.as_str().trim_end_matches('/'))
    }

    /// The arguments after `flatpak remote-add --user` that add its images under this name. Without an authenticator
    /// flatpak takes its own.
    pub fn remote_add_arguments(&self, name: &str, authenticator: Option<&str>) -> Vec<String> {
        let mut arguments = vec!["--no-gpg-verify".to_owned()];
        arguments.extend(authenticator.map(|authenticator| format!("--authenticator-name={authenticator}")));
        arguments.extend([name.to_owned(), self.remote_url()]);
        arguments
    }

    /// The switches.
    pub fn control(&self) -> &RegistryControl {
        &self.control
    }

    /// All requests so far, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.control.requests()
    }

    /// Closes the registry, and waits until its ports are free again.
    pub async fn stop(mut self) {
        self.threads.stop().await;
    }
}

fn host_of(url: &Url) -> String {
    format!("127.0.0.1:{}", url.port().expect("each server has a port of its own"))
}

async fn open_ports() -> Result<(Listeners, Addresses), StoreError> {
    let (registry, _, registry_url) = listen(0).await?;
    let (index, _, index_url) = listen(0).await?;
    let (realm, _, mut realm_url) = listen(0).await?;
    let (other_realm, _, mut other_realm_url) = listen(0).await?;
    realm_url.set_path("token");
    // The path tells the realms apart in the log.
    other_realm_url.set_path("other/token");
    let addresses =
        Addresses { registry: registry_url, index: index_url, realm: realm_url, other_realm: other_realm_url };
    Ok((Listeners { registry, index, realm, other_realm }, addresses))
}

/// Provides the images, and starts `docker-registry`.
fn set_up(options: &RegistryOptions, addresses: Addresses) -> Result<(State, RegistryProcess), StoreError> {
    let data_dir: &Path = &options.data_dir;
    if !data_dir.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(StoreError::file(data_dir))?;
    }
    for program in PROGRAMS {
        commands::find(program)?;
    }
    let folder = data_dir.join("images");
    let cache = options.image_cache.as_deref();
    build_cache::provide(&folder, cache, images::cache_key, |part| images::build(part, &options.progress))?;
    let images = Images::open(folder, &options.progress)?;
    let signer = Signer::create(data_dir)?;
    let guard = match options.authentication {
        RegistryAuthentication::Tokens => Guard::Tokens {
            realm: addresses.realm.as_str(),
            service: SERVICE,
            issuer: ISSUER,
            certificate: signer.certificate(),
        },
        RegistryAuthentication::Basic => Guard::Passwords,
    };
    let process = RegistryProcess::start(data_dir, &images.storage(), guard)?;
    Ok((State::new(signer, addresses, images, options.token_lifetime.as_secs()), process))
}

async fn index(RouterState(state): RouterState<Arc<State>>) -> impl IntoResponse {
    let index = Json(state.images().index(state.addresses.registry.as_str()));
    // Otherwise flatpak asks for it again only after half an hour.
    ([(header::CACHE_CONTROL, "max-age=0")], index)
}

/// Logs the request, answers it, and replaces the answer where a failure is planned.
async fn log_and_answer(
    RouterState(state): RouterState<Arc<State>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let (method, query) = (request.method().clone(), request.uri().query().unwrap_or_default());
    let entry = state.log.begin(method.as_str(), &path, query, server::authorization(request.headers()));
    let mut pending = PendingAnswer(Some(entry.clone()));
    request.extensions_mut().insert(entry);
    let failure = state.next_failure(RegistryRoute::of(&path));
    let mut response = next.run(request).await;
    if let Some(failure) = failure {
        response = failure.apply(response, &connection).await;
    }
    pending.answered(response.status());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_belongs_to_a_part() {
        for (path, route) in [
            ("/v2/", RegistryRoute::Base),
            ("/v2/acme/compass/manifests/sha256:00", RegistryRoute::Manifest),
            ("/v2/acme/compass/blobs/sha256:00", RegistryRoute::Blob),
            ("/token", RegistryRoute::Token),
            ("/other/token", RegistryRoute::Token),
            ("/index/static", RegistryRoute::Index),
        ] {
            assert_eq!(RegistryRoute::of(path), route, "{path}");
        }
    }
}
