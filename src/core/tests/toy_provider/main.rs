// SPDX-License-Identifier: GPL-3.0-or-later
//! A provider is one file and one line in a table. This test adds a toy protocol and follows it from a remote's options
//! to tokens, over real HTTP, with a real keyring file.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod orders;
mod renewal;
mod server;
mod toy;

use std::{collections::BTreeMap, path::Path, sync::Once};

use usher_core::{
    account::{Account, AccountState},
    ask::Ask,
    binding::{Binding, Link, OptionsError},
    credential::Secret,
    ground::{Ground, GroundError},
    http::{HttpClient, HttpLimits},
    lookup::{self, Lookup},
    provider::{
        self, Beginning, FormFault, Grant, Progress, Provider, RedirectReceiver, SignInError, SignedIn, Step,
        StepAnswer,
    },
    service::ServiceUrl,
    session::{Session, SessionError},
    sign_in::{ExpectedAccount, SaveOutcome, Unsaved},
    sign_out::{self, Ending},
    store::Entry,
    testing,
};

use self::{server::Server, toy::Toy};

const REMOTE: &str = "https://repo.example.org/";

/// The line in the table.
fn add_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| provider::add(&Toy));
}

fn options(service: &str, tenant: &str) -> BTreeMap<String, String> {
    let options = [("type", "toy"), ("url", service), ("tenant", tenant)];
    options.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn claimed(service: &str, tenant: &str) -> Result<Ground, GroundError> {
    add_provider();
    Ground::claimed("acme", REMOTE, &options(service, tenant), None)
}

/// A toy server, and an account at it in a keyring.
struct World {
    server: Server,
    ground: Ground,
    session: Session,
    folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        Self::start_for("acme").await
    }

    async fn start_for(tenant: &str) -> Self {
        let (server, address) = Server::start().await;
        let folder = tempfile::tempdir().unwrap();
        let world =
            Self { server, ground: claimed(&address, tenant).unwrap(), session: session(folder.path()), folder };
        let signed_in = world.sign_in("right").await.unwrap().unwrap();
        let link = Some(world.ground.link());
        world.save(&signed_in, ExpectedAccount::Anybody, link).await;
        world
    }

    fn binding(&self) -> &Binding {
        &self.ground.binding
    }

    /// Fills in and answers the form.
    async fn sign_in(&self, password: &str) -> Result<Result<SignedIn, FormFault>, SignInError> {
        let receiver = RedirectReceiver::Embedded;
        let beginning = Beginning { binding: self.binding(), receiver, samples: &[], is_typed: false };
        let sign_in = self.binding().provider.begin(self.session.http(), beginning).await?;
        let Step::Form { form } = sign_in.step() else { panic!("a form") };
        assert_eq!((form.fields.len(), &form.fault), (2, &None));
        let filled_in = ["ada", password].map(|text| Secret::try_from(text.to_owned()).unwrap());
        match sign_in.answer(self.session.http(), StepAnswer::Fields(filled_in.into())).await? {
            Progress::Done(signed_in) => Ok(Ok(signed_in)),
            Progress::Next(again) => match again.step() {
                Step::Form { form } => Ok(Err(form.fault.clone().unwrap())),
                _ => panic!("the form again"),
            },
        }
    }

    async fn save(&self, signed_in: &SignedIn, expected: ExpectedAccount, link: Option<Link>) -> SaveOutcome {
        Unsaved::new(self.binding(), signed_in, expected, link, None).save(self.session.store()).await.unwrap()
    }

    /// The account as the keyring has it now.
    async fn account(&self) -> Account {
        let entries = self.session.store().entries().await.unwrap();
        let [Entry::Open(account)] = entries.as_slice() else { panic!("one account: {entries:?}") };
        (**account).clone()
    }

    async fn saved_session(&self) -> Option<String> {
        self.account().await.credential.map(|credential| credential.bearer().unwrap().expose().to_owned())
    }
}

/// A session as another process would have it.
fn session(folder: &Path) -> Session {
    Session::new(testing::store(folder), HttpClient::new(HttpLimits::default()))
}

fn asks(refs: &[&str]) -> Vec<Ask> {
    refs.iter().map(|text| Ask::of_ref(text.parse().unwrap())).collect()
}

#[test]
fn a_remotes_options_name_the_provider_and_the_binding() {
    let ground = claimed("https://toy.example.org", "acme").unwrap();
    assert_eq!(ground.binding.provider, Provider::from_name("toy").unwrap());
    assert_eq!(ground.binding.options(), options("https://toy.example.org/", "acme"));
    let mut without = options("https://toy.example.org", "acme");
    without.remove("tenant");
    let error = Ground::claimed("acme", REMOTE, &without, None).unwrap_err();
    assert_eq!(error, OptionsError::Missing("tenant").into());
}

#[test]
fn an_account_of_another_tenant_is_another_server() {
    let acme = claimed("https://toy.example.org", "acme").unwrap();
    let other = claimed("https://toy.example.org", "other").unwrap();
    let mut account = Account::signed_in(acme.binding.clone(), &testing::signed_in("ada"), 0);
    account.link(acme.link());
    let entries = [testing::open(account)];
    assert!(matches!(lookup::find(&entries, &acme.binding, &acme.remote_url), Lookup::Linked(_)));
    assert!(matches!(lookup::find(&entries, &other.binding, &other.remote_url), Lookup::Changed(_)));
}

#[tokio::test]
async fn a_server_is_asked_which_protocol_it_speaks() {
    add_provider();
    let (_server, address) = Server::start().await;
    let http = HttpClient::new(HttpLimits::default());
    let found = provider::probe(&http, &ServiceUrl::parse(&address).unwrap()).await.unwrap();
    assert_eq!(found.unwrap().name(), "toy");
}

#[tokio::test]
async fn a_form_leads_to_an_account_in_the_keyring() {
    let world = World::start().await;
    let account = world.account().await;
    assert_eq!((account.user.as_str(), account.state), ("ada", AccountState::SignedIn));
    assert_eq!(&account.binding, world.binding());
    assert_eq!(world.sign_in("wrong").await.unwrap().unwrap_err(), FormFault::WrongLogin);
}

#[tokio::test]
async fn every_ref_gets_its_own_token_and_the_renewed_credential_is_saved() {
    let world = World::start().await;
    let asks = asks(&["app/org.a.A/x/1", "runtime/org.a.A.Locale/x/1", "app/org.a.Denied/x/1"]);
    let grants = world.session.tokens(&world.account().await, &asks).await.unwrap();
    let told: Vec<_> = grants
        .iter()
        .map(|grant| match grant {
            Grant::Token(token, _) => token.expose(),
            Grant::Free => "free",
            Grant::Denied => "denied",
        })
        .collect();
    assert_eq!(told, ["for-app.org.a.A.x.1", "for-runtime.org.a.A.Locale.x.1", "denied"]);
    assert_eq!(world.saved_session().await, Some(world.server.session()));
}

#[tokio::test]
async fn of_two_calls_at_once_the_second_finds_the_newer_credential() {
    let world = World::start().await;
    let (account, asks) = (world.account().await, asks(&["app/org.a.A/x/1"]));
    let other = session(world.folder.path());
    let (one, two) = tokio::join!(world.session.tokens(&account, &asks), other.tokens(&account, &asks));
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    assert_eq!(world.saved_session().await, Some(world.server.session()));
}

#[tokio::test]
async fn a_renewed_credential_that_cannot_be_saved_is_used_and_saved_later() {
    let world = World::start().await;
    let (account, asks) = (world.account().await, asks(&["app/org.a.A/x/1"]));
    let (before, lock) = (world.saved_session().await, world.folder.path().join("accounts.lock"));
    // From now on saving fails.
    let blocked = lock.clone();
    world.server.meanwhile(move || {
        std::fs::remove_file(&blocked).unwrap();
        std::fs::create_dir(&blocked).unwrap();
    });
    for _ in 0..3 {
        world.session.tokens(&account, &asks).await.unwrap();
        assert_eq!(world.saved_session().await, before);
    }
    std::fs::remove_dir(&lock).unwrap();
    world.session.tokens(&account, &asks).await.unwrap();
    assert_eq!(world.saved_session().await, Some(world.server.session()));
    assert!(session(world.folder.path()).tokens(&account, &asks).await.is_ok(), "another process goes on with it");
}

#[tokio::test]
async fn a_credential_that_is_rejected_ends_the_sign_in() {
    let world = World::start().await;
    world.server.forget();
    let account = world.account().await;
    let asks = asks(&["app/org.a.A/x/1"]);
    assert!(matches!(world.session.tokens(&account, &asks).await, Err(SessionError::Expired)));
    assert_eq!(world.account().await.state, AccountState::Expired);
    assert!(matches!(world.session.tokens(&account, &asks).await, Err(SessionError::SignedOut)));
}

#[tokio::test]
async fn somebody_else_never_takes_an_account_over_unasked() {
    let world = World::start().await;
    let account = world.account().await;
    let bob = testing::signed_in("bob");
    let outcome = world.save(&bob, ExpectedAccount::Account(account.id), None).await;
    assert!(matches!(outcome, SaveOutcome::SomebodyElse { old_user, .. } if old_user == "ada"));
    assert_eq!(world.account().await, account);
    // Without a name it could be anybody.
    let nobody = testing::signed_in("");
    let outcome = world.save(&nobody, ExpectedAccount::Anybody, None).await;
    assert!(matches!(outcome, SaveOutcome::Saved(saved) if saved.is_new));
    let again = world.save(&nobody, ExpectedAccount::Anybody, None).await;
    assert!(matches!(again, SaveOutcome::Saved(saved) if !saved.is_new), "the very same sign-in is the same account");
    let other = SignedIn { credential: testing::bearer("other"), ..nobody };
    let other = world.save(&other, ExpectedAccount::Anybody, None).await;
    assert!(matches!(other, SaveOutcome::Saved(saved) if saved.is_new), "and another one is not");
}

#[tokio::test]
async fn signing_out_ends_the_sign_in_at_the_server() {
    let world = World::start().await;
    let (id, used) = (world.account().await.id, world.server.session());
    let signed_out = sign_out::sign_out(&world.session, id).await.unwrap().unwrap();
    assert_eq!(signed_out.account.state, AccountState::SignedOut);
    assert_eq!(signed_out.ending, Ending::Ended);
    assert_eq!(world.server.ended(), [used]);
    let again = sign_out::sign_out(&world.session, id).await.unwrap().unwrap();
    assert_eq!(again.ending, Ending::Nothing, "there is nothing to end any more");
}

#[tokio::test]
async fn removing_an_account_ends_its_sign_in_as_well_and_never_waits_for_that() {
    let world = World::start().await;
    let (id, used) = (world.account().await.id, world.server.session());
    let forgotten = sign_out::remove(&world.session, id).await.unwrap();
    assert!(world.session.store().entries().await.unwrap().is_empty(), "gone before the server is asked");
    assert_eq!(world.server.ended(), [] as [String; 0]);
    assert_eq!(forgotten.end(world.session.http()).await, Ending::Ended);
    assert_eq!(world.server.ended(), [used]);
    let again = sign_out::remove(&world.session, id).await.unwrap();
    assert_eq!(again.end(world.session.http()).await, Ending::Nothing);
}
