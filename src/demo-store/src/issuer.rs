// SPDX-License-Identifier: GPL-3.0-or-later
//! Single sign-on: the shop takes access tokens of another server, the issuer, and such a server for tests.

mod access_tokens;
mod server;

pub(crate) use self::access_tokens::AccessTokens;
pub use self::server::{DemoIssuer, IssuerRequest};

/// An issuer whose access tokens the shop takes at its API, beside its own credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its address, as its metadata says it.
    pub address: String,
    /// The name under which it knows Usher.
    pub client_id: String,
}

impl Issuer {
    /// The authenticator options that name it.
    pub(crate) fn options(&self) -> Vec<String> {
        let Self { address, client_id } = self;
        vec!["type=oauth2".to_owned(), format!("issuer={address}"), format!("client-id={client_id}")]
    }
}
