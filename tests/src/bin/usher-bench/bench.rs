// SPDX-License-Identifier: GPL-3.0-or-later
//! The setup of the measurements: a session with a keyring and a screen, two shops, and an account at each.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use secret_service::{EncryptionType, SecretService};
use usher_demo_store::{DemoStore, StoreOptions};
use usher_tests::{KeyringState, SCHEMA, Session, Setup, with_shaders, workspace};

use crate::caller::Caller;

/// The daemon keeps a token for half of its life, in whole seconds.
pub(crate) const SHORT_LIFETIME: Duration = Duration::from_secs(1);
pub(crate) const LONG_LIFETIME: Duration = Duration::from_secs(60 * 60);
pub(crate) const USER: &str = "demo";

/// A shop with a remote of its name.
pub(crate) struct Shop {
    pub(crate) name: &'static str,
    pub(crate) store: DemoStore,
    /// The apps that the account owns.
    pub(crate) ids: Vec<String>,
}

/// Everything that the measurements need.
pub(crate) struct Bench {
    /// The shop whose tokens are too short-lived for the cache.
    pub(crate) short_lived: Shop,
    /// The shop whose tokens the daemon caches.
    pub(crate) long_lived: Shop,
    pub(crate) caller: Caller,
    pub(crate) session: Session,
    pub(crate) accounts: Accounts,
}

/// A session without a shop. Windows are drawn as on a desktop.
pub(crate) fn setup_for_windows() -> Setup {
    Setup { keyring: KeyringState::Unlocked, without_shop: true, environment: with_shaders(), ..Setup::default() }
}

impl Bench {
    pub(crate) async fn set_up(sizes: &[usize]) -> Self {
        let session = Session::start(setup_for_windows()).await;
        let most = sizes.iter().copied().max().unwrap_or_default();
        let short_lived = open(&session, "short_lived", SHORT_LIFETIME, most).await;
        let long_lived = open(&session, "long_lived", LONG_LIFETIME, most).await;
        let accounts = Accounts::of(&session).await;
        let caller = Caller::connect(&session.bus.address).await;
        caller.add_peer(&session).await;
        Self { short_lived, long_lived, caller, session, accounts }
    }
}

/// The secrets of a session's accounts before their first use, by their attribute `account`.
pub(crate) struct Accounts(HashMap<String, Vec<u8>>);

impl Accounts {
    /// The accounts as they are.
    pub(crate) async fn of(session: &Session) -> Self {
        let items = session.keyring().items().await;
        let accounts = items.into_iter().map(|mut item| (item.attributes.remove("account"), item.secret));
        Self(accounts.map(|(id, secret)| (id.expect("an account has an id"), secret)).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Restores them.
    pub(crate) async fn restore(&self, session: &Session) {
        let service = SecretService::connect_with_existing(EncryptionType::Dh, session.bus.connection.clone())
            .await
            .expect("the keyring answers");
        let schema = HashMap::from([("xdg:schema", SCHEMA)]);
        for item in service.search_items(schema).await.expect("the keyring can be searched").unlocked {
            let attributes = item.get_attributes().await.expect("an item has attributes");
            if let Some(kept) = self.0.get(&attributes["account"]) {
                item.set_secret(kept, "application/octet-stream").await.expect("the keyring takes a secret");
            }
        }
    }
}

/// Opens a shop, adds its remote, and signs in.
async fn open(session: &Session, name: &'static str, token_lifetime: Duration, most: usize) -> Shop {
    let shop = Shop::open(session, name, token_lifetime, most).await;
    shop.join(session).await;
    shop
}

impl Shop {
    /// Opens a shop with `most` apps, whose tokens last for `token_lifetime`.
    pub(crate) async fn open(session: &Session, name: &'static str, token_lifetime: Duration, most: usize) -> Self {
        let options = StoreOptions {
            token_lifetime,
            repository_cache: Some(demo_repository()),
            ..StoreOptions::new(session.folder().join(name))
        };
        let store = DemoStore::start(options).await.expect("the shop opens");
        let ids: Vec<String> = (0..most).map(|number| format!("org.example.Bench.App{number:04}")).collect();
        for id in &ids {
            store.control().grant(USER, id).expect("the shop gives an app away");
        }
        Self { name, store, ids }
    }

    /// Adds its remote to a session.
    pub(crate) async fn add_to(&self, session: &Session) {
        let mut arguments = vec!["remote-add".to_owned(), "--user".to_owned()];
        arguments.extend(self.store.remote_add_arguments(self.name));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        session.flatpak().run(&arguments).await.expect_success();
    }

    /// Adds its remote to a session, and signs in.
    pub(crate) async fn join(&self, session: &Session) {
        self.add_to(session).await;
        session.sign_in_to(self.name, USER).await;
    }
}

/// Where the shops' repository is kept from one run to the next.
pub(crate) fn demo_repository() -> PathBuf {
    workspace().join("build/demo-repository")
}
