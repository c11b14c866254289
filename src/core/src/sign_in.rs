// SPDX-License-Identifier: GPL-3.0-or-later
//! From a finished sign-in to the saved account: new, renewed, or somebody else's. The only writer of credentials that a
//! person has signed in with; and the end of a sign-in.

use crate::{
    account::{Account, AccountId, AccountState},
    binding::{Binding, Link},
    clock,
    http::HttpError,
    provider::{Revoked, SignedIn},
    session::Session,
    store::{AccountStore, Entry, StoreError},
};

/// An account that was saved.
#[derive(Debug, Clone)]
pub struct Saved {
    /// The account as it stands in the keyring.
    pub account: Account,
    /// Whether it was not known before.
    pub is_new: bool,
}

/// What became of a finished sign-in.
#[derive(Debug)]
pub enum Outcome {
    /// It is in the keyring.
    Saved(Box<Saved>),
    /// Another person signed in than the one whose sign-in was to be renewed. Nothing was saved.
    SomebodyElse {
        /// The account that was to be signed in to again.
        id: AccountId,
        /// Whose account that is.
        old_user: String,
        /// Who signed in.
        new_user: String,
    },
}

/// Whose sign-in it is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Anybody's: the account of that person is renewed, or one is added.
    Anybody,
    /// That account's; if somebody else signed in, nothing is saved.
    Account(AccountId),
    /// That account's, whoever signed in: the person has agreed to replace it.
    Replace(AccountId),
}

/// What to do with a fresh credential.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Add,
    Renew(AccountId),
    Refuse { id: AccountId, old_user: String },
}

/// Saves what was signed in to at a service, and reads it back (rule R16). `link` is the consent that lies in signing in for
/// a repository. A keyring that has to be unlocked is unlocked, if the person does it.
pub async fn save(
    store: &AccountStore,
    binding: &Binding,
    signed_in: &SignedIn,
    whose: Whose,
    link: Option<Link>,
) -> Result<Outcome, StoreError> {
    let fresh = Account::signed_in(binding.clone(), signed_in, clock::now());
    let saved = match plan(&unlocked_entries(store).await?, binding, signed_in.user.as_deref(), whose) {
        Plan::Refuse { id, old_user } => {
            return Ok(Outcome::SomebodyElse { id, old_user, new_user: fresh.user });
        }
        Plan::Renew(id) => match renew(store, id, &fresh).await? {
            Some(account) => Saved { account, is_new: false },
            // Removed meanwhile.
            None => add(store, fresh).await?,
        },
        Plan::Add => add(store, fresh).await?,
    };
    if let Some(link) = link
        && let Err(error) = store.allow(saved.account.id, link).await
    {
        // The account is there; the repository will ask.
        tracing::warn!(%error, "cannot save a permission");
    }
    Ok(Outcome::Saved(Box::new(saved)))
}

/// An account whose sign-in was forgotten.
#[derive(Debug)]
pub struct SignedOut {
    /// The account as it stands in the keyring.
    pub account: Account,
    /// What its server did to end the sign-in; `None` if there was none.
    pub revoked: Option<Result<Revoked, HttpError>>,
}

/// Forgets the sign-in of an account, and asks its server to end it. `None` if the account is no longer there.
pub async fn sign_out(session: &Session, id: AccountId) -> Result<Option<SignedOut>, StoreError> {
    let mut forgotten = None;
    let Some(account) = session.store().change(id, |account| forgotten = account.sign_out()).await? else {
        return Ok(None);
    };
    let revoked = match forgotten {
        Some(credential) => Some(account.binding.provider.revoke(session.http(), &account.binding, &credential).await),
        None => None,
    };
    Ok(Some(SignedOut { account, revoked }))
}

/// Compares who signed in with whom this computer knows.
fn plan(entries: &[Entry], binding: &Binding, user: Option<&str>, whose: Whose) -> Plan {
    let known = || entries.iter().filter_map(Entry::account).filter(|account| &account.binding == binding);
    let by_id = |id| known().find(|account| account.id == id);
    match whose {
        Whose::Replace(id) if by_id(id).is_some() => return Plan::Renew(id),
        Whose::Account(id) => {
            if let Some(account) = by_id(id) {
                let is_same = user.is_none_or(|user| account.user == user) || !account.is_named();
                let old_user = account.user.clone();
                return if is_same { Plan::Renew(id) } else { Plan::Refuse { id, old_user } };
            }
        }
        Whose::Anybody | Whose::Replace(_) => {}
    }
    let same = match user {
        Some(user) => known().find(|account| account.user == user),
        // The server tells nobody from anybody, so only what nobody is signed in to is renewed.
        None => known().find(|account| !account.is_named() && account.state != AccountState::SignedIn),
    };
    same.map_or(Plan::Add, |account| Plan::Renew(account.id))
}

async fn unlocked_entries(store: &AccountStore) -> Result<Vec<Entry>, StoreError> {
    match store.entries().await {
        Ok(entries) if !store.is_locked().await? => return Ok(entries),
        Err(StoreError::Locked) | Ok(_) => {}
        Err(error) => return Err(error),
    }
    store.unlock().await?;
    store.entries().await
}

async fn renew(store: &AccountStore, id: AccountId, fresh: &Account) -> Result<Option<Account>, StoreError> {
    store.change(id, |account| account.renew(fresh)).await
}

async fn add(store: &AccountStore, fresh: Account) -> Result<Saved, StoreError> {
    store.add(&fresh).await?;
    Ok(Saved { account: fresh, is_new: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        credential::{Credential, Token},
        provider::Provider,
        service::ServiceUrl,
    };

    fn binding(host: &str) -> Binding {
        Provider::default_provider().at(ServiceUrl::parse(&format!("https://{host}")).unwrap())
    }

    fn signed_in(user: Option<&str>) -> SignedIn {
        SignedIn {
            credential: Credential::Bearer(Token::parse("t").unwrap()),
            user: user.map(ToOwned::to_owned),
            valid_until: None,
        }
    }

    fn entry(user: Option<&str>, change: impl FnOnce(&mut Account)) -> (AccountId, [Entry; 1]) {
        let mut account = Account::signed_in(binding("a.example"), &signed_in(user), 0);
        change(&mut account);
        (account.id, [Entry::Open(Box::new(account))])
    }

    fn planned(entries: &[Entry], host: &str, user: Option<&str>, whose: Whose) -> Plan {
        plan(entries, &binding(host), user, whose)
    }

    #[test]
    fn the_same_person_renews_the_known_account() {
        let (id, entries) = entry(Some("demo"), |_| {});
        let at = |host, user, whose| planned(&entries, host, Some(user), whose);
        assert_eq!(at("a.example", "demo", Whose::Account(id)), Plan::Renew(id));
        assert_eq!(at("a.example", "demo", Whose::Anybody), Plan::Renew(id));
        assert_eq!(at("a.example", "demo2", Whose::Anybody), Plan::Add);
        assert_eq!(at("b.example", "demo", Whose::Anybody), Plan::Add);
        assert_eq!(at("b.example", "demo", Whose::Account(id)), Plan::Add);
        assert_eq!(at("b.example", "demo", Whose::Replace(id)), Plan::Add);
    }

    #[test]
    fn another_person_never_replaces_an_account_unasked() {
        let (id, entries) = entry(Some("demo"), |_| {});
        let at = |whose| planned(&entries, "a.example", Some("demo2"), whose);
        assert_eq!(at(Whose::Account(id)), Plan::Refuse { id, old_user: "demo".into() });
        assert_eq!(at(Whose::Replace(id)), Plan::Renew(id));
    }

    #[test]
    fn where_the_server_tells_no_name_nobody_is_replaced_unless_meant() {
        let (id, entries) = entry(None, |_| {});
        assert_eq!(planned(&entries, "a.example", None, Whose::Anybody), Plan::Add);
        assert_eq!(planned(&entries, "a.example", None, Whose::Account(id)), Plan::Renew(id));
        let (id, entries) = entry(None, |account| drop(account.sign_out()));
        assert_eq!(planned(&entries, "a.example", None, Whose::Anybody), Plan::Renew(id));
        let (_, entries) = entry(Some("demo"), |account| drop(account.sign_out()));
        assert_eq!(planned(&entries, "a.example", None, Whose::Anybody), Plan::Add);
    }

    #[test]
    fn a_name_that_is_told_at_last_is_no_other_person() {
        let (id, entries) = entry(None, |_| {});
        assert_eq!(planned(&entries, "a.example", Some("demo"), Whose::Account(id)), Plan::Renew(id));
        assert_eq!(planned(&entries, "a.example", Some("demo"), Whose::Anybody), Plan::Add);
    }
}
