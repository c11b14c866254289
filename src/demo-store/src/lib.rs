// SPDX-License-Identifier: GPL-3.0-or-later
//! A complete little app shop on loopback: a sign-in page, the account server's API for authenticators, download tokens
//! as flat-manager accepts them, and a repository of its own with protected apps.
//!
//! [`DemoStore::start`] opens it, [`DemoStore::control`] makes it misbehave.
//!
//! - `shop`, `db`, `tokens`, `download_keys`, `catalogue`: users, credentials, and access to apps.
//! - `issuer`: taking access tokens of another server, and an `OpenID` server for tests.
//! - `server`: the shop over HTTP, on connections that can break on purpose (`connection`).
//! - `repository`: building, publishing and protecting the repository, and bringing an authenticator along with it.
//! - `registry`: a container registry with images of its own, for remotes that begin with `oci+`.
//! - `control`, `switches`, `failures`, `request_log`: how tests control the shop, and what they see of it.

mod build_cache;
mod catalogue;
mod connection;
mod control;
mod db;
mod download_keys;
mod error;
mod failures;
mod hex;
mod html;
mod issuer;
mod options;
mod registry;
mod repository;
mod request_log;
mod server;
mod shop;
mod store;
mod switches;
mod threads;
mod tokens;

pub use crate::{
    control::Control,
    db::DEMO_USERS,
    error::StoreError,
    failures::{Content, Failure, Reply, Route},
    issuer::{DemoIssuer, Issuer, IssuerRequest},
    options::{DEVELOPMENT_AUTHENTICATOR, Progress, SignInKind, StoreOptions, SummaryAuthenticator},
    registry::{
        DemoRegistry, Denial, REGISTRY_USERS, RegistryAuthentication, RegistryControl, RegistryOptions, RegistryRoute,
        TokenAnswer,
    },
    repository::Publication,
    request_log::{Authorization, LoggedRequest, Outcome},
    store::DemoStore,
    tokens::{CREDENTIAL_MARK, DOWNLOAD_TOKEN_MARK, TokenTerms},
};
