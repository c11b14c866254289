// SPDX-License-Identifier: GPL-3.0-or-later
//! Values for tests, here and in the crates built on this one. No program contains them: only `dev-dependencies` enable
//! the feature `testing`.

mod bus;
pub mod mock_keyring;
pub mod signing;
pub mod summary;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

pub use self::bus::Bus;
use crate::{
    account::Account,
    binding::{Binding, Link, option},
    credential::{Credential, Token},
    ground::Ground,
    names,
    provider::{self, Access, Claim, Endpoints, Provider, SignedIn},
    remote::Remote,
    service::{RemoteUrl, ServiceUrl},
    store::{AccountStore, Entry},
};

/// The authenticator options of a remote with accounts at this server: a host, or a whole address.
pub fn options(server: &str) -> BTreeMap<String, String> {
    let address = if server.contains("://") { server.to_owned() } else { format!("https://{server}/") };
    BTreeMap::from([(option::URL.to_owned(), address)])
}

/// The binding of accounts at this server: a host, or a whole address.
pub fn binding(server: &str) -> Binding {
    let service = ServiceUrl::parse(&options(server)[option::URL]).expect("a test names a sound server");
    Provider::default_provider().at(service)
}

/// The binding of accounts at a service that leaves signing in to this server.
pub fn single_sign_on(service: &str, issuer: &str) -> Binding {
    let mut options = options(service);
    for (name, value) in [(option::TYPE, "oauth2"), ("issuer", issuer), ("client-id", "usher")] {
        options.insert(name.to_owned(), value.to_owned());
    }
    let claim = Claim { remote_uri: "https://repo.example.org/", options: &options, registry: None };
    provider::claim(&claim).expect("a test names sound servers")
}

/// A token with this text.
pub fn token(text: &str) -> Token {
    Token::parse(text).expect("a test has a sound token")
}

/// A JWT with these claims, which nobody has signed.
pub fn jwt(claims: &str) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
}

/// A bearer token with this text, as a credential.
pub fn bearer(text: &str) -> Credential {
    Credential::Bearer(token(text))
}

/// An account at this server, signed in at time 0.
pub fn account(server: &str, user: &str) -> Account {
    account_of(binding(server), user, 0)
}

/// An account signed in at this time. Its credential is `credential-of-USER`.
pub fn account_of(binding: Binding, user: &str, now: i64) -> Account {
    Account::signed_in(binding, &signed_in(user), now)
}

/// The result of a sign-in. With an empty name, the server gives none.
pub fn signed_in(user: &str) -> SignedIn {
    let plain: String = user.chars().filter(char::is_ascii_alphanumeric).take(100).collect();
    let credential = bearer(&format!("credential-of-{plain}"));
    SignedIn {
        credential,
        user: Some(user.to_owned()).filter(|user| !user.is_empty()),
        valid_until: None,
        endpoints: Endpoints::new(),
    }
}

/// What a server says that gives access to an app of this repository.
pub fn access_to(app_id: &str, ground: &Ground) -> Access {
    let ids = BTreeSet::from([app_id.to_owned()]);
    Access { granted: ids.clone(), protected: ids, ..Access::default() }.at(ground)
}

/// The account, linked to these addresses.
pub fn linked(mut account: Account, addresses: &[&str]) -> Account {
    for address in addresses {
        account.link(link("shop", address));
    }
    account
}

/// The permission of a remote with this name and address.
pub fn link(name: &str, address: &str) -> Link {
    Link { remote_url: remote_url(address), remote: name.to_owned() }
}

/// The store's entry for a readable account.
pub fn open(account: Account) -> Entry {
    Entry::Open(account.into())
}

/// The store's entry for an account at this server.
pub fn entry(server: &str, user: &str) -> Entry {
    open(account(server, user))
}

/// A remote of the user that has Usher as its authenticator and its accounts at this server.
pub fn remote(name: &str, url: &str, server: &str) -> Remote {
    Remote {
        name: name.to_owned(),
        title: None,
        url: url.into(),
        authenticator: Some(names::AUTHENTICATOR_NAME.to_owned()),
        options: options(server),
        is_user: true,
        installation: None,
        is_disabled: false,
        registry: None,
        installs_authenticator: false,
    }
}

/// The address of a remote.
pub fn remote_url(text: &str) -> RemoteUrl {
    RemoteUrl::parse(text).expect("a test names a sound remote")
}

/// The ground of the remote `shop` at this address, with its accounts at this server.
pub fn ground(address: &str, server: &str) -> Ground {
    Ground::new("shop", address, binding(server)).expect("a test names a sound remote")
}

/// Accounts in a keyring file in this folder. Other stores for the same folder read the same file.
pub fn store(folder: &Path) -> AccountStore {
    crate::store::testing::in_folder(folder)
}
