// SPDX-License-Identifier: GPL-3.0-or-later
//! An account server behind TLS, with a certificate of an authority that the session trusts: Usher beside a plain client.

use std::fs;

use usher_demo_store::{DemoStore, StoreOptions};
use usher_tests::usherctl::BrowserCommand;
use usher_tests::{AUTHENTICATOR, Authority, KeyringState, SecureFront, SecurePort, Session, Setup, browser};

use crate::bench::{Accounts, SHORT_LIFETIME, USER, demo_repository};
use crate::caller::{Caller, Service, ShopClient, TokenRequest};
use crate::parts::{self, Parts};
use crate::report::Line;

const REMOTE: &str = "encrypted";
const APP: &str = "org.example.Bench.App0000";
const WARM_GOAL: &str = "at most 1.25";
const COLD_GOAL: &str = "at most 2.0";

/// A shop behind TLS, and a session that trusts it.
struct Encrypted {
    caller: Caller,
    accounts: Accounts,
    session: Session,
    shop: Shop,
    _front: SecureFront,
    _store: DemoStore,
    _folder: tempfile::TempDir,
}

/// What a client of the shop needs.
struct Shop {
    url: String,
    credential: String,
    /// The certificate of the authority, as PEM.
    authority: Vec<u8>,
    wanted: TokenRequest,
}

impl Shop {
    fn client(&self, kept: bool) -> ShopClient {
        ShopClient::trusting(&self.url, self.credential.clone(), kept, &self.authority)
    }
}

impl Encrypted {
    async fn set_up() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let authority = Authority::make(folder.path());
        let port = SecurePort::open().await;
        let url = port.url();
        let options = StoreOptions {
            token_lifetime: SHORT_LIFETIME,
            repository_cache: Some(demo_repository()),
            base_url: Some(url.clone()),
            ..StoreOptions::new(folder.path().join("shop"))
        };
        let store = DemoStore::start(options).await.expect("the shop opens");
        store.control().grant(USER, APP).expect("the shop gives an app away");
        let front = port.lead_to(store.port(), &authority);
        let trusted = authority.certificate();
        let setup = Setup {
            keyring: KeyringState::Unlocked,
            without_shop: true,
            environment: vec![("SSL_CERT_FILE", trusted.display().to_string())],
            ..Setup::without_display()
        };
        let session = Session::start(setup).await;
        // flatpak trusts nobody new, so it gets its repository without encryption.
        let plain = format!("http://127.0.0.1:{}/", store.port());
        let repository = store.repository_url().to_string().replace(url.as_str(), &plain);
        join(&session, url.as_str(), &repository).await;
        let command = BrowserCommand::start(&session, &["sign-in", REMOTE, "--no-browser"]).await;
        browser::sign_in(&command.address.replace(url.as_str(), &plain), USER).await;
        command.end().await.expect_success();
        let caller = Caller::connect(&session.bus.address).await;
        caller.add_peer(&session).await;
        let wanted = TokenRequest {
            remote: REMOTE.to_owned(),
            remote_url: repository,
            service: Service::AccountServer(url.to_string()),
            ids: vec![APP.to_owned()],
        };
        Self {
            caller,
            accounts: Accounts::of(&session).await,
            session,
            shop: Shop {
                url: url.to_string(),
                credential: store.control().issue_credential(USER).expect("the shop knows its user"),
                authority: fs::read(trusted).expect("the authority has a certificate"),
                wanted,
            },
            _front: front,
            _store: store,
            _folder: folder,
        }
    }

    /// A request for which the daemon uses the connection that it has.
    async fn warm(&mut self, runs: usize) -> Line {
        let (client, wanted) = (self.shop.client(true), &self.shop.wanted);
        let (_, tokens) = self.caller.ask_usher(wanted).await;
        self.caller.set_peer_tokens(&tokens).await;
        let parts = Parts::warm(&mut self.caller, &client, wanted, runs).await;
        parts.line("over TLS: warm request, 1 ref", WARM_GOAL, parts::WARM, "")
    }

    /// A request that starts the daemon, which reads the trusted authorities and opens a connection.
    async fn cold(&mut self, runs: usize) -> Line {
        // A client of its own each time: none resumes an earlier session.
        let (client, session) = (|| self.shop.client(false), (&mut self.caller, &self.session));
        let parts = Parts::cold(session, &self.accounts, client, &self.shop.wanted, runs).await;
        parts.line("over TLS: cold activation to Response", COLD_GOAL, parts::COLD, ", its handshake included")
    }
}

async fn join(session: &Session, service: &str, repository: &str) {
    let authenticator = format!("--authenticator-name={AUTHENTICATOR}");
    let option = format!("--authenticator-option=url={service}");
    let arguments = ["remote-add", "--user", "--no-gpg-verify", &authenticator, &option, REMOTE, repository];
    session.flatpak().run(&arguments).await.expect_success();
}

/// Compares both.
pub(crate) async fn compare(warm: usize, cold: usize) -> Vec<Line> {
    let mut encrypted = Encrypted::set_up().await;
    vec![encrypted.warm(warm).await, encrypted.cold(cold).await]
}
