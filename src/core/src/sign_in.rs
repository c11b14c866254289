// SPDX-License-Identifier: GPL-3.0-or-later
//! Saves a finished sign-in: adds an account, renews one, or finds that somebody else signed in. Nothing else writes
//! the credentials of a person's sign-in.

mod unsaved;

pub use self::unsaved::Unsaved;
use crate::{
    account::{Account, AccountId, AccountState},
    binding::{Binding, Link},
    http::HttpClient,
    provider::{Beginning, RedirectReceiver, SignIn, SignInError},
    remote,
    store::{AccountStore, Entry, StoreError},
};

/// An account that was saved.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The account as it stands in the keyring.
    pub account: Account,
    /// Whether the keyring did not have it before.
    pub is_new: bool,
}

/// The outcome of a finished sign-in.
#[derive(Debug)]
pub enum SaveOutcome {
    /// The account is in the keyring.
    Saved(Box<Saved>),
    /// Somebody else signed in than the person whose sign-in was to be renewed. Nothing was saved.
    SomebodyElse {
        /// The account that the sign-in was for.
        id: AccountId,
        /// The user name of that account.
        old_user: String,
        /// The user name of the person who signed in.
        new_user: String,
    },
}

/// Who is expected to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedAccount {
    /// Anybody: renews that person's account, or adds one.
    Anybody,
    /// The owner of this account. If somebody else signs in, nothing is saved.
    Account(AccountId),
    /// Whoever signs in gets this account: the person agreed to replace it.
    Replace(AccountId),
}

/// What to do with a fresh credential.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Add,
    Renew(AccountId),
    /// The person's account is here twice: renews one, with the permissions of the other, which goes.
    Merge {
        into: AccountId,
        from: AccountId,
    },
    Refuse {
        id: AccountId,
        old_user: String,
    },
    /// A locked item may be this very account: nothing is added beside it.
    Wait,
}

/// Makes sure, before a person is sent to a page or form, that what the sign-in will need is there: a usable lock file, an
/// open keyring with a place for new items, and no locked account at that server (rule R16). May ask the person to
/// unlock the keyring, or to make one. Gives all our items.
pub async fn prepare(store: &AccountStore, binding: &Binding) -> Result<Vec<Entry>, StoreError> {
    let entries = store.prepare_to_save().await?;
    if entries.iter().any(|entry| entry.is_locked_at(binding)) { Err(StoreError::Locked) } else { Ok(entries) }
}

/// Whether the person has agreed before to all that the binding says: an account here has the same.
pub fn is_known(entries: &[Entry], binding: &Binding) -> bool {
    entries.iter().filter_map(Entry::account).any(|account| &account.binding == binding)
}

/// Begins a sign-in that the person has agreed to. Gives the provider samples of what the remotes at this service guard,
/// of these apps first. `is_typed`: see [`Beginning::is_typed`]. To be called in a tokio runtime.
pub async fn begin(
    http: &HttpClient,
    binding: &Binding,
    receiver: RedirectReceiver,
    app_ids: &[String],
    is_typed: bool,
) -> Result<Box<dyn SignIn>, SignInError> {
    let samples = remote::samples_at(binding, app_ids).await;
    let beginning = Beginning { binding, receiver, samples: &samples, is_typed };
    binding.provider.begin(http, beginning).await
}

/// Saves the account `fresh` of the person `user` and reads it back (rule R16), unless it would replace somebody else's.
/// `entries` are the accounts that are known now.
async fn write(
    store: &AccountStore,
    entries: &[Entry],
    fresh: &Account,
    user: Option<&str>,
    expected: ExpectedAccount,
    link: Option<Link>,
) -> Result<SaveOutcome, StoreError> {
    let saved = match plan(entries, fresh, user, expected) {
        Plan::Refuse { id, old_user } => {
            return Ok(SaveOutcome::SomebodyElse { id, old_user, new_user: fresh.user.clone() });
        }
        Plan::Renew(id) => renew(store, id, fresh).await?,
        Plan::Merge { into, from } => merge(store, entries, fresh, into, from).await?,
        Plan::Wait => return Err(StoreError::Locked),
        Plan::Add => add(store, fresh).await?,
    };
    if let Some(link) = link
        && let Err(error) = store.allow(saved.account.id, link).await
    {
        // The account is saved; the repository will ask for permission later.
        tracing::warn!(%error, "cannot save a repository's permission to use an account");
    }
    Ok(SaveOutcome::Saved(Box::new(saved)))
}

/// Compares the person who signed in with the accounts on this computer.
fn plan(entries: &[Entry], fresh: &Account, user: Option<&str>, expected: ExpectedAccount) -> Plan {
    let binding = &fresh.binding;
    let known = || entries.iter().filter_map(Entry::account).filter(|account| &account.binding == binding);
    let by_id = |id| known().find(|account| account.id == id);
    let same = if let Some(user) = user {
        known().find(|account| account.user == user)
    } else {
        // Without a name nobody can be compared, so renew only an account with this very credential, or one to which
        // nobody is signed in.
        let unnamed = || known().filter(|account| !account.is_named());
        let equal = unnamed().find(|account| account.credential == fresh.credential);
        equal.or_else(|| unnamed().find(|account| account.state != AccountState::SignedIn))
    };
    // The same account is never here twice.
    let renew = |id| match same.filter(|same| user.is_some() && same.id != id) {
        Some(same) => Plan::Merge { into: same.id, from: id },
        None => Plan::Renew(id),
    };
    match expected {
        ExpectedAccount::Replace(id) if by_id(id).is_some() => return renew(id),
        ExpectedAccount::Account(id) => {
            if let Some(account) = by_id(id) {
                let is_same = user.is_none_or(|user| account.user == user) || !account.is_named();
                let old_user = account.user.clone();
                return if is_same { renew(id) } else { Plan::Refuse { id, old_user } };
            }
        }
        ExpectedAccount::Anybody | ExpectedAccount::Replace(_) => {}
    }
    match same {
        Some(account) => Plan::Renew(account.id),
        None if entries.iter().any(|entry| entry.is_locked_at(binding)) => Plan::Wait,
        None => Plan::Add,
    }
}

async fn renew(store: &AccountStore, id: AccountId, fresh: &Account) -> Result<Saved, StoreError> {
    match store.change(id, |account| account.renew(fresh)).await? {
        Some(account) => Ok(Saved { account, is_new: false }),
        // Removed in the meantime.
        None => add(store, fresh).await,
    }
}

/// Renews one account, and gives it the permissions of another one, which is removed.
async fn merge(
    store: &AccountStore,
    entries: &[Entry],
    fresh: &Account,
    into: AccountId,
    from: AccountId,
) -> Result<Saved, StoreError> {
    let mut saved = renew(store, into, fresh).await?;
    let old = entries.iter().filter_map(Entry::account).find(|account| account.id == from);
    for link in old.into_iter().flat_map(|account| account.links.clone()) {
        saved.account.link(link.clone());
        store.allow(saved.account.id, link).await?;
    }
    store.remove(from).await?;
    Ok(saved)
}

async fn add(store: &AccountStore, fresh: &Account) -> Result<Saved, StoreError> {
    store.add(fresh).await?;
    Ok(Saved { account: fresh.clone(), is_new: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        credential::{Credential, Token},
        provider::{Endpoints, Provider, SignedIn},
        service::ServiceUrl,
        store::Outline,
    };

    fn binding(host: &str) -> Binding {
        Provider::default_provider().at(ServiceUrl::parse(&format!("https://{host}")).unwrap())
    }

    fn signed_in(user: Option<&str>) -> SignedIn {
        SignedIn {
            credential: Credential::Bearer(Token::parse("t").unwrap()),
            user: user.map(ToOwned::to_owned),
            valid_until: None,
            endpoints: Endpoints::new(),
        }
    }

    fn entry(user: Option<&str>, change: impl FnOnce(&mut Account)) -> (AccountId, [Entry; 1]) {
        let mut account = Account::signed_in(binding("a.example"), &signed_in(user), 0);
        change(&mut account);
        (account.id, [Entry::Open(account.into())])
    }

    fn planned(entries: &[Entry], host: &str, user: Option<&str>, expected: ExpectedAccount) -> Plan {
        planned_with("fresh", entries, host, user, expected)
    }

    fn planned_with(token: &str, entries: &[Entry], host: &str, user: Option<&str>, expected: ExpectedAccount) -> Plan {
        let mut fresh = Account::signed_in(binding(host), &signed_in(user), 0);
        fresh.credential = Some(Credential::Bearer(Token::parse(token).unwrap()));
        plan(entries, &fresh, user, expected)
    }

    #[test]
    fn the_same_person_renews_the_known_account() {
        let (id, entries) = entry(Some("demo"), |_| {});
        let at = |host, user, expected| planned(&entries, host, Some(user), expected);
        assert_eq!(at("a.example", "demo", ExpectedAccount::Account(id)), Plan::Renew(id));
        assert_eq!(at("a.example", "demo", ExpectedAccount::Anybody), Plan::Renew(id));
        assert_eq!(at("a.example", "demo2", ExpectedAccount::Anybody), Plan::Add);
        assert_eq!(at("b.example", "demo", ExpectedAccount::Anybody), Plan::Add);
        assert_eq!(at("b.example", "demo", ExpectedAccount::Account(id)), Plan::Add);
        assert_eq!(at("b.example", "demo", ExpectedAccount::Replace(id)), Plan::Add);
    }

    #[test]
    fn another_person_never_replaces_an_account_unasked() {
        let (id, entries) = entry(Some("demo"), |_| {});
        let at = |expected| planned(&entries, "a.example", Some("demo2"), expected);
        assert_eq!(at(ExpectedAccount::Account(id)), Plan::Refuse { id, old_user: "demo".into() });
        assert_eq!(at(ExpectedAccount::Replace(id)), Plan::Renew(id));
    }

    #[test]
    fn without_a_user_name_no_account_is_replaced_unless_meant() {
        let (id, entries) = entry(None, |_| {});
        assert_eq!(planned(&entries, "a.example", None, ExpectedAccount::Anybody), Plan::Add);
        assert_eq!(planned(&entries, "a.example", None, ExpectedAccount::Account(id)), Plan::Renew(id));
        let (id, entries) = entry(None, |account| drop(account.sign_out()));
        assert_eq!(planned(&entries, "a.example", None, ExpectedAccount::Anybody), Plan::Renew(id));
        let (_, entries) = entry(Some("demo"), |account| drop(account.sign_out()));
        assert_eq!(planned(&entries, "a.example", None, ExpectedAccount::Anybody), Plan::Add);
    }

    #[test]
    fn the_same_account_is_never_there_twice() {
        let (ada, [first]) = entry(Some("ada"), |_| {});
        let (bob, [second]) = entry(Some("bob"), |_| {});
        let (nobody, [third]) = entry(None, |_| {});
        let entries = [first, second, third];
        let at = |user, expected| planned(&entries, "a.example", user, expected);
        // Somebody who has an account here signs in where another one's sign-in was to be renewed.
        assert_eq!(at(Some("bob"), ExpectedAccount::Replace(ada)), Plan::Merge { into: bob, from: ada });
        assert_eq!(at(Some("bob"), ExpectedAccount::Account(nobody)), Plan::Merge { into: bob, from: nobody });
        assert_eq!(at(Some("bob"), ExpectedAccount::Replace(bob)), Plan::Renew(bob));
        assert_eq!(at(Some("eve"), ExpectedAccount::Replace(ada)), Plan::Renew(ada));
        // The very same credential, where nobody knows whose it is.
        let again = |token| planned_with(token, &entries, "a.example", None, ExpectedAccount::Anybody);
        assert_eq!(again("t"), Plan::Renew(nobody));
        assert_eq!(again("other"), Plan::Add);
        assert_eq!(planned_with("t", &entries, "b.example", None, ExpectedAccount::Anybody), Plan::Add);
        assert_eq!(planned_with("t", &entries, "a.example", Some("eve"), ExpectedAccount::Anybody), Plan::Add);
    }

    #[tokio::test]
    async fn a_person_who_replaces_another_account_keeps_one_with_the_permissions_of_both() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::testing::store(folder.path());
        let account = |user, url: &str| {
            crate::testing::linked(Account::signed_in(binding("a.example"), &signed_in(Some(user)), 0), &[url])
        };
        let (ada, bob) = (account("ada", "https://one.example/"), account("bob", "https://two.example/"));
        store.add(&ada).await.unwrap();
        store.add(&bob).await.unwrap();
        let entries = store.entries().await.unwrap();
        let fresh = Account::signed_in(binding("a.example"), &signed_in(Some("bob")), 5);
        let saved = write(&store, &entries, &fresh, Some("bob"), ExpectedAccount::Replace(ada.id), None).await;
        assert!(matches!(saved, Ok(SaveOutcome::Saved(saved)) if saved.account.id == bob.id && !saved.is_new));
        let entries = store.entries().await.unwrap();
        let [Entry::Open(left)] = entries.as_slice() else { panic!("one account is left") };
        assert_eq!((left.id, left.signed_in_at), (bob.id, 5));
        let mut links: Vec<_> = left.links.iter().map(|link| link.remote_url.host()).collect();
        links.sort();
        assert_eq!(links, ["one.example", "two.example"]);
    }

    #[test]
    fn nothing_is_added_beside_a_locked_account_of_the_same_service() {
        let locked = |host: &str| {
            let binding = binding(host);
            Entry::Locked(Outline { id: AccountId::random(), provider: binding.provider, service: binding.service })
        };
        let (id, [open]) = entry(Some("demo"), |_| {});
        let entries = [open, locked("a.example"), locked("b.example")];
        assert_eq!(planned(&entries, "a.example", Some("demo"), ExpectedAccount::Anybody), Plan::Renew(id));
        for (host, expected) in [("a.example", Plan::Wait), ("b.example", Plan::Wait), ("c.example", Plan::Add)] {
            assert_eq!(planned(&entries, host, Some("demo2"), ExpectedAccount::Anybody), expected, "{host}");
        }
    }

    #[test]
    fn a_name_that_comes_later_is_no_other_person() {
        let (id, entries) = entry(None, |_| {});
        assert_eq!(planned(&entries, "a.example", Some("demo"), ExpectedAccount::Account(id)), Plan::Renew(id));
        assert_eq!(planned(&entries, "a.example", Some("demo"), ExpectedAccount::Anybody), Plan::Add);
    }
}
