// SPDX-License-Identifier: GPL-3.0-or-later
//! The way from “denied” to “owned”. The server is asked before anything else; that a purchase was begun is saved before
//! the server hears of it; whether it was paid is known only from asking for tokens again (rule R20).

use std::collections::BTreeSet;

use url::Url;

use crate::{
    account::{Account, AccountId, AccountState},
    binding::Binding,
    clock,
    http::{HttpClient, HttpError},
    provider::{self, Grants, PurchaseError, TokensError},
    purchase::{self, Wanted},
    redirect::{Parameters, Redirect},
    secret::Token,
    store::{AccountStore, Entry, StoreError},
};

/// Why a purchase did not go on.
#[derive(Debug, thiserror::Error)]
pub enum BuyError {
    /// The account is not there or not signed in.
    #[error("not signed in")]
    NotSignedIn,
    /// The service does not sell the app to this account.
    #[error("the server does not offer it")]
    NotOffered,
    /// No connection, or no acceptable one.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// An answer that makes no sense.
    #[error("the server answered in an unexpected way")]
    Unexpected,
    /// The keyring did not do its part.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a server said of each id that it was asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Ids with access.
    pub granted: BTreeSet<String>,
    /// Ids without.
    pub denied: BTreeSet<String>,
}

/// What came of the wish to buy.
pub enum Begun {
    /// There is access already: nothing to pay.
    Owned,
    /// It was begun before, and whether it was paid is not known: not begun again.
    Unfinished,
    /// The server has a page for it.
    Started(Box<Buying>),
}

/// A purchase whose page waits to be shown.
pub struct Buying {
    binding: Binding,
    start: Url,
    redirect: Redirect,
}

impl Buying {
    /// The first page. It holds the state: never shown or logged whole.
    pub fn start(&self) -> Url {
        let mut page = self.start.clone();
        page.query_pairs_mut()
            .append_pair("redirect_uri", &self.redirect.uri())
            .append_pair("state", self.redirect.state());
        page
    }

    /// The redirect to look out for. That it came says that the person is through with the page, not that it was paid.
    pub fn redirect(&self) -> &Redirect {
        &self.redirect
    }

    /// The shop's own last page, where the redirect names one of the shop's own origin.
    pub fn landing(&self, parameters: &Parameters) -> Option<Url> {
        parameters
            .get("redirect_uri")
            .filter(|page| page.contains("://"))
            .and_then(|page| self.binding.service.page(page))
    }
}

/// Asks the server of an account which of these apps it has access to, and brings what is known of its purchases up to
/// date.
pub async fn check(
    store: &AccountStore,
    http: &HttpClient,
    id: AccountId,
    app_ids: &BTreeSet<String>,
) -> Result<Access, BuyError> {
    ask(store, http, id, app_ids).await.map(Access::from)
}

/// The same, with what the server gives for each app.
pub async fn ask(
    store: &AccountStore,
    http: &HttpClient,
    id: AccountId,
    app_ids: &BTreeSet<String>,
) -> Result<Grants, BuyError> {
    let signed_in = credential_of(store, id).await?;
    ask_with(store, http, id, &signed_in, app_ids).await
}

async fn ask_with(
    store: &AccountStore,
    http: &HttpClient,
    id: AccountId,
    (binding, credential): &(Binding, Token),
    app_ids: &BTreeSet<String>,
) -> Result<Grants, BuyError> {
    match provider::get_tokens(http, binding, credential, app_ids).await {
        Ok(grants) => {
            let granted: BTreeSet<String> = grants.granted.keys().cloned().collect();
            let denied = grants.denied.clone();
            let change = move |account: &mut Account| {
                let now = clock::now();
                purchase::settle(&mut account.purchases, &granted, &denied, now);
                let is_told = |app_id: &String| granted.contains(app_id) || denied.contains(app_id);
                if !account.purchases.is_empty() && account.purchases.iter().all(|known| is_told(&known.app_id)) {
                    account.purchases_checked_at = Some(now);
                }
            };
            store.change(id, change).await?;
            Ok(grants)
        }
        Err(TokensError::Rejected) => Err(rejected(store, id, credential).await),
        Err(TokensError::Http(error)) => Err(error.into()),
        Err(TokensError::Unexpected) => Err(BuyError::Unexpected),
    }
}

/// Begins to buy an app, after the person's click; `redirect` is where the shop's page shall lead.
pub async fn begin(
    store: &AccountStore,
    http: &HttpClient,
    id: AccountId,
    wanted: &Wanted,
    redirect: Redirect,
) -> Result<Begun, BuyError> {
    let signed_in = credential_of(store, id).await?;
    let grants = ask_with(store, http, id, &signed_in, &BTreeSet::from([wanted.app_id.clone()])).await?;
    if grants.granted.contains_key(&wanted.app_id) {
        return Ok(Begun::Owned);
    }
    let (binding, credential) = signed_in;
    if !write_down(store, id, wanted).await? {
        return Ok(Begun::Unfinished);
    }
    match provider::begin_purchase(http, &binding, &credential, &wanted.app_id).await {
        Ok(start) => Ok(Begun::Started(Box::new(Buying { binding, start, redirect }))),
        Err(error) => {
            // Where the server has certainly begun nothing, or nothing that a person could pay, there is no outcome to
            // wait for.
            if matches!(error, PurchaseError::Rejected | PurchaseError::NotOffered | PurchaseError::NoPage) {
                not_paid(store, id, &wanted.app_id).await?;
            }
            Err(match error {
                PurchaseError::Rejected => rejected(store, id, &credential).await,
                PurchaseError::NotOffered => BuyError::NotOffered,
                PurchaseError::NoPage | PurchaseError::Unexpected => BuyError::Unexpected,
                PurchaseError::Http(error) => error.into(),
            })
        }
    }
}

/// The person says that a purchase of unknown outcome was not paid.
pub async fn not_paid(store: &AccountStore, id: AccountId, app_id: &str) -> Result<(), StoreError> {
    let app_id = app_id.to_owned();
    store.change(id, move |account| purchase::drop_unfinished(&mut account.purchases, &app_id)).await.map(|_| ())
}

/// Takes in apps that an account was found to have, though they were not bought through here.
pub async fn remember(store: &AccountStore, id: AccountId, owned: Vec<Wanted>) -> Result<(), StoreError> {
    let change = move |account: &mut Account| {
        for app in &owned {
            purchase::remember(&mut account.purchases, app, clock::now());
        }
    };
    store.change(id, change).await.map(|_| ())
}

/// Saves that a purchase is about to begin. `false` if one was begun already, by whichever process.
async fn write_down(store: &AccountStore, id: AccountId, wanted: &Wanted) -> Result<bool, BuyError> {
    let mut is_first = false;
    let saved =
        store.change(id, |account| is_first = purchase::begin(&mut account.purchases, wanted, clock::now())).await?;
    if saved.is_none() {
        return Err(BuyError::NotSignedIn);
    }
    Ok(is_first)
}

async fn credential_of(store: &AccountStore, id: AccountId) -> Result<(Binding, Token), BuyError> {
    let entries = store.entries().await?;
    if entries.iter().any(|entry| matches!(entry, Entry::Locked(outline) if outline.id == id)) {
        return Err(StoreError::Locked.into());
    }
    let account = entries.iter().filter_map(Entry::account).find(|account| account.id == id);
    let account = account.filter(|account| account.state == AccountState::SignedIn);
    account
        .and_then(|account| Some((account.binding.clone(), account.credential.clone()?)))
        .ok_or(BuyError::NotSignedIn)
}

async fn rejected(store: &AccountStore, id: AccountId, credential: &Token) -> BuyError {
    match store.change(id, |account| account.reject(credential)).await {
        Ok(_) => BuyError::NotSignedIn,
        Err(error) => error.into(),
    }
}

impl From<Grants> for Access {
    fn from(grants: Grants) -> Self {
        Self { granted: grants.granted.into_keys().collect(), denied: grants.denied }
    }
}
