// SPDX-License-Identifier: GPL-3.0-or-later
//! An account server behind TLS, with a certificate of an authority that the session trusts: Usher beside a plain client.

use std::fs;

use usher_demo_store::{DemoStore, StoreOptions};
use usher_tests::usherctl::BrowserCommand;
use usher_tests::{AUTHENTICATOR, Authority, KeyringState, SecureFront, SecurePort, Session, Setup, browser};

use crate::WARM_UP;
use crate::bench::{Accounts, SHORT_LIFETIME, USER, demo_repository};
use crate::caller::{Caller, PEER, Service, ShopClient, TokenRequest};
use crate::daemon::end;
use crate::report::{Line, Samples};

const REMOTE: &str = "encrypted";
const APP: &str = "org.example.Bench.App0000";
const WARM_GOAL: &str = "at most 1.25";
const COLD_GOAL: &str = "at most 2.0";

/// A shop behind TLS, and a session that trusts it.
struct Encrypted {
    caller: Caller,
    accounts: Accounts,
    session: Session,
    wanted: TokenRequest,
    credential: String,
    /// The certificate of the authority, as PEM.
    authority: Vec<u8>,
    _front: SecureFront,
    _store: DemoStore,
    _folder: tempfile::TempDir,
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
            wanted,
            credential: store.control().issue_credential(USER).expect("the shop knows its user"),
            authority: fs::read(trusted).expect("the authority has a certificate"),
            _front: front,
            _store: store,
            _folder: folder,
        }
    }

    fn client(&self, kept: bool) -> ShopClient {
        let Service::AccountServer(url) = &self.wanted.service else { unreachable!("the shop is an account server") };
        ShopClient::trusting(url, self.credential.clone(), kept, &self.authority)
    }

    /// A request for which the daemon uses the connection that it has.
    async fn warm(&mut self, runs: usize) -> Line {
        let client = self.client(true);
        let (_, tokens) = self.caller.ask_usher(&self.wanted).await;
        self.caller.set_peer_tokens(&tokens).await;
        let [mut request, mut question, mut call, mut sum] = std::array::from_fn(|_| Samples::default());
        for run in 0..WARM_UP + runs {
            let (all, _) = self.caller.ask_usher(&self.wanted).await;
            let http = client.ask(&self.wanted).await;
            let (bus, _) = self.caller.ask(PEER, &self.wanted).await;
            if run >= WARM_UP {
                request.add(all);
                question.add(http);
                call.add(bus);
                sum.add(http + bus);
            }
        }
        let notes = format!("POST {} + D-Bus {}; N = {}", question.median(), call.median(), request.len());
        Line::compare("over TLS: warm request, 1 ref", request.median(), sum.median(), WARM_GOAL, notes)
    }

    /// A request that starts the daemon, which reads the trusted authorities and opens a connection.
    async fn cold(&mut self, runs: usize) -> Line {
        let [mut request, mut question, mut call, mut sum] = std::array::from_fn(|_| Samples::default());
        for run in 0..=runs {
            end(&self.caller, AUTHENTICATOR).await;
            self.accounts.restore(&self.session).await;
            let (all, _) = self.caller.ask_usher(&self.wanted).await;
            end(&self.caller, PEER).await;
            let (bus, _) = self.caller.ask(PEER, &self.wanted).await;
            // A client of its own each time: none resumes an earlier session.
            let http = self.client(false).ask(&self.wanted).await;
            if run > 0 {
                request.add(all);
                call.add(bus);
                question.add(http);
                sum.add(http + bus);
            }
        }
        let notes = format!(
            "empty zbus daemon {} + POST {} (connection and handshake included); N = {}",
            call.median(),
            question.median(),
            request.len()
        );
        Line::compare("over TLS: cold activation to Response", request.median(), sum.median(), COLD_GOAL, notes)
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
