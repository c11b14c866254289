// SPDX-License-Identifier: GPL-3.0-or-later
//! A world for tests: accounts, servers and windows that do what a test says.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
pub(crate) use usher_core::testing::{binding, options, remote as configured};
use usher_core::{
    account::{Account, AccountId, AccountState},
    ask::Ask,
    binding::Binding,
    buying::purchases,
    credential::Token,
    ground::Ground,
    http::{HttpClient, HttpError},
    provider::{Access, Grant, Grants, TokensError},
    refs::FlatpakRef,
    remote::{self, Remote},
    session::{Session, SessionError},
    store::{Entry, StoreError},
    testing,
    token_check::KeySet,
};

use crate::{
    flow::{Accounts, Clients, Clock, Decisions, Ending, Flow, Installations, Prompts, Question, Reading, Tokens},
    request::Request,
};

pub(crate) const SERVICE: &str = "https://store.example.org/";
pub(crate) const REMOTE_URI: &str = "https://repo.example.org/";
pub(crate) const APP: &str = "app/org.example.App/x86_64/stable";
pub(crate) const OTHER: &str = "app/org.example.Other/x86_64/stable";

/// How the keyring behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyring {
    Works,
    Known,
    Fails,
    Locked,
    Missing,
    Stalls,
    Panics,
}

/// A server's answer to one call.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    /// Grants everything with this token.
    Yes(&'static str),
    /// Denies these, grants the rest.
    No(&'static [&'static str]),
    Fails(TokensError),
    /// Gives no usable answer, and the sign-in may have ended.
    NothingUsable,
    /// The sign-in lapses, and the server that renews it fails.
    NotRenewed(HttpError),
    Never,
    Held(Arc<Semaphore>),
    Panics,
}

type Meanwhile = Box<dyn FnOnce(&World) + Send>;

/// The whole world. A test changes parts of it and checks what happened to them.
pub(crate) struct World {
    pub(crate) keyring: Mutex<Keyring>,
    pub(crate) accounts: Mutex<Vec<Account>>,
    pub(crate) says: Mutex<Says>,
    /// The credential and the ids of each call to a server.
    pub(crate) calls: Mutex<Vec<(Binding, String, BTreeSet<String>)>>,
    pub(crate) endings: Mutex<VecDeque<Ending>>,
    pub(crate) questions: Mutex<Vec<Question>>,
    /// Runs before a prompt ends.
    pub(crate) meanwhile: Mutex<Option<Meanwhile>>,
    pub(crate) remotes: Mutex<Vec<Remote>>,
    pub(crate) installed: Mutex<BTreeSet<String>>,
    /// What may not use an account.
    pub(crate) refused: Mutex<Vec<Ground>>,
    /// The program that asks.
    pub(crate) client: Mutex<&'static str>,
    /// Apps for which flatpak asks no token.
    pub(crate) free: Mutex<BTreeSet<String>>,
    /// Apps for which the server gives anybody a token.
    pub(crate) open: Mutex<Vec<&'static str>>,
    /// The keys that the server shows, if it answers, and for what it was asked.
    pub(crate) keys: Mutex<Option<Arc<KeySet>>>,
    pub(crate) key_calls: Mutex<Vec<(String, BTreeSet<String>)>>,
    pub(crate) reads: AtomicUsize,
    /// How the accounts were read.
    pub(crate) readings: Mutex<Vec<Reading>>,
    pub(crate) abandoned: Arc<AtomicUsize>,
    /// Signals that the keyring may have changed.
    pub(crate) heard: watch::Sender<()>,
}

/// The ground of the remote `shop`.
pub(crate) fn ground() -> Ground {
    testing::ground(REMOTE_URI, SERVICE)
}

pub(crate) fn account(service: &str, user: &str, links: &[&str]) -> Account {
    let mut account = testing::account(service, user);
    for link in links {
        account.link(testing::link("shop", link));
    }
    account
}

/// An interactive request for the remote `shop`.
pub(crate) fn request(refs: &[&str]) -> Request {
    Request {
        remote: "shop".into(),
        remote_uri: REMOTE_URI.into(),
        options: options(SERVICE),
        odd_option: None,
        registry: None,
        asks: refs.iter().map(|text| Ask::of_ref(text.parse().unwrap())).collect(),
        is_listing: false,
        interactive: true,
        parent_window: String::new(),
    }
}

/// An interactive request for the listing of the remote `shop`.
pub(crate) fn listing() -> Request {
    Request { asks: vec![Ask::of_listing(testing::remote_url(REMOTE_URI))], is_listing: true, ..request(&[]) }
}

impl World {
    /// A good account, linked to the configured remote `shop`; a server that grants everything; nothing installed.
    pub(crate) fn good() -> Arc<Self> {
        let world = Self::empty();
        world.accounts.lock().unwrap().push(account(SERVICE, "demo", &[REMOTE_URI]));
        world
    }

    /// The same world without an account.
    pub(crate) fn empty() -> Arc<Self> {
        Arc::new(Self {
            keyring: Mutex::new(Keyring::Works),
            accounts: Mutex::default(),
            says: Mutex::new(Says::Yes("token")),
            calls: Mutex::default(),
            endings: Mutex::default(),
            questions: Mutex::default(),
            meanwhile: Mutex::default(),
            remotes: Mutex::new(vec![configured("shop", REMOTE_URI, SERVICE)]),
            installed: Mutex::default(),
            refused: Mutex::default(),
            client: Mutex::new("flatpak"),
            free: Mutex::default(),
            open: Mutex::default(),
            keys: Mutex::default(),
            key_calls: Mutex::default(),
            reads: AtomicUsize::new(0),
            readings: Mutex::default(),
            abandoned: Arc::default(),
            heard: watch::Sender::new(()),
        })
    }

    pub(crate) fn flow(self: &Arc<Self>) -> Flow {
        self.flow_with(self.clone())
    }

    /// The flow of this world, with other windows.
    pub(crate) fn flow_with(self: &Arc<Self>, prompts: Arc<dyn Prompts>) -> Flow {
        Flow {
            accounts: self.clone(),
            tokens: self.clone(),
            token_keys: self.clone(),
            prompts,
            installations: self.clone(),
            decisions: self.clone(),
            clients: self.clone(),
            clock: self.clone(),
            cache: Mutex::default(),
            limit: Duration::from_secs(60),
            has_display: true,
            in_sandbox: false,
        }
    }

    fn open_entries(&self) -> Arc<[Entry]> {
        self.accounts.lock().unwrap().iter().cloned().map(|account| Entry::Open(account.into())).collect()
    }

    pub(crate) fn set_keyring(&self, keyring: Keyring) {
        *self.keyring.lock().unwrap() = keyring;
    }

    pub(crate) fn set_server(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    pub(crate) fn install(&self, refs: &[&str]) {
        self.installed.lock().unwrap().extend(refs.iter().map(|&text| text.to_owned()));
    }

    pub(crate) fn change_account(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.accounts.lock().unwrap()[0]);
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    pub(crate) fn questions(&self) -> Vec<Question> {
        self.questions.lock().unwrap().clone()
    }
}

#[async_trait]
impl Accounts for World {
    async fn entries(&self, reading: Reading) -> Result<Arc<[Entry]>, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.readings.lock().unwrap().push(reading);
        let keyring = *self.keyring.lock().unwrap();
        match keyring {
            Keyring::Works | Keyring::Known => {}
            Keyring::Fails => return Err(StoreError::NotKept),
            Keyring::Locked => return Err(StoreError::Locked),
            Keyring::Missing => return Err(StoreError::NoKeyring),
            Keyring::Stalls => std::future::pending().await,
            Keyring::Panics => panic!("injected"),
        }
        Ok(self.open_entries())
    }

    fn known(&self) -> Option<Arc<[Entry]>> {
        matches!(*self.keyring.lock().unwrap(), Keyring::Known).then(|| self.open_entries())
    }

    async fn changes(&self) -> watch::Receiver<()> {
        self.heard.subscribe()
    }

    fn is_use_due(&self, _account: &Account) -> bool {
        true
    }

    async fn note_use(&self, _id: AccountId, _by: String) {}

    async fn settle(&self, id: AccountId, access: Access) {
        for account in self.accounts.lock().unwrap().iter_mut().filter(|account| account.id == id) {
            purchases::settle(&mut account.purchases, &access, Clock::now(self));
        }
    }
}

/// Counts if it is dropped too early.
struct Abandoned(Arc<AtomicUsize>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Tokens for World {
    async fn get(&self, account: &Account, asks: &[Ask]) -> Result<Grants, SessionError> {
        let credential = account.credential.as_ref().and_then(|known| known.bearer()).ok_or(SessionError::SignedOut)?;
        let ids = asks.iter().map(|ask| ask.app_id().to_owned()).collect();
        self.calls.lock().unwrap().push((account.binding.clone(), credential.expose().to_owned(), ids));
        let says = self.says.lock().unwrap().clone();
        let (token, denied) = match says {
            Says::Yes(token) => (token, &[][..]),
            Says::No(denied) => ("token", denied),
            Says::Fails(error) => return Err(self.fail(account, error.into())),
            Says::NothingUsable => return Err(SessionError::MayHaveEnded),
            Says::NotRenewed(error) => return Err(SessionError::NotRenewed { host: "sso.example.org".into(), error }),
            Says::Panics => panic!("injected"),
            Says::Held(gate) => gate.acquire().await.map(SemaphorePermit::forget).map(|()| ("token", &[][..])).unwrap(),
            Says::Never => {
                let _abandoned = Abandoned(self.abandoned.clone());
                std::future::pending().await
            }
        };
        let granted = granted(token);
        let grant = |ask: &Ask| if denied.contains(&ask.app_id()) { Grant::Denied } else { granted.clone() };
        Ok(Grants::of(asks, |ask| Some(grant(ask))).unwrap())
    }

    async fn get_for_anybody(&self, binding: &Binding, asks: &[Ask]) -> Result<Grants, SessionError> {
        let ids = asks.iter().map(|ask| ask.app_id().to_owned()).collect();
        self.calls.lock().unwrap().push((binding.clone(), String::new(), ids));
        if let Says::Fails(error) = self.says.lock().unwrap().clone() {
            return Err(error.into());
        }
        let open = self.open.lock().unwrap().clone();
        let grant = |ask: &Ask| if open.contains(&ask.app_id()) { granted("anybody") } else { Grant::Denied };
        Ok(Grants::of(asks, |ask| Some(grant(ask))).unwrap())
    }
}

fn granted(token: &str) -> Grant {
    Token::parse(token).map_or(Grant::Free, |token| Grant::Token(token, None))
}

impl World {
    /// Marks the account as expired if its sign-in ended.
    fn fail(&self, used: &Account, error: SessionError) -> SessionError {
        if matches!(error, SessionError::Expired) {
            let mut accounts = self.accounts.lock().unwrap();
            for account in accounts.iter_mut().filter(|account| account.id == used.id) {
                account.state = AccountState::Expired;
            }
        }
        error
    }
}

/// Real sessions over HTTP, for the accounts of a world.
pub(crate) struct OverHttp {
    world: Arc<World>,
    session: Session,
    /// An empty keyring, so that there is nothing to change.
    _folder: tempfile::TempDir,
}

impl OverHttp {
    pub(crate) fn new(world: &Arc<World>, http: HttpClient) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let session = Session::new(testing::store(folder.path()), http);
        Self { world: world.clone(), session, _folder: folder }
    }
}

#[async_trait]
impl Tokens for OverHttp {
    async fn get(&self, account: &Account, asks: &[Ask]) -> Result<Grants, SessionError> {
        self.session.tokens(account, asks).await.map_err(|error| self.world.fail(account, error))
    }

    async fn get_for_anybody(&self, binding: &Binding, asks: &[Ask]) -> Result<Grants, SessionError> {
        self.session.tokens_for_anybody(binding, asks).await
    }
}

#[async_trait]
impl Prompts for World {
    async fn ask(&self, question: Question) -> Ending {
        self.questions.lock().unwrap().push(question);
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile(self);
        }
        self.endings.lock().unwrap().pop_front().unwrap_or(Ending::Deferred)
    }
}

#[async_trait]
impl Installations for World {
    async fn remotes(&self) -> Vec<Remote> {
        self.remotes.lock().unwrap().clone()
    }

    async fn is_update(&self, _remote: &str, _remote_uri: &str, refs: &[&FlatpakRef]) -> bool {
        let installed = self.installed.lock().unwrap();
        remote::is_update(refs, |wanted| installed.contains(&wanted.to_string()))
    }

    async fn free_apps(&self, _ground: &Ground, app_ids: &BTreeSet<String>) -> BTreeSet<String> {
        &*self.free.lock().unwrap() & app_ids
    }
}

#[async_trait]
impl Decisions for World {
    async fn is_refused(&self, ground: &Ground) -> bool {
        self.refused.lock().unwrap().contains(ground)
    }
}

#[async_trait]
impl Clients for World {
    async fn name(&self, _peer: &str) -> String {
        (*self.client.lock().unwrap()).into()
    }
}

impl Clock for World {
    fn now(&self) -> i64 {
        1_000_000
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(1000)
    }
}
