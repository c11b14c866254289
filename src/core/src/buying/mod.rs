// SPDX-License-Identifier: GPL-3.0-or-later
//! From “denied” to “owned”, for the window and for usherctl alike. First asks the server for access. Saves that a
//! purchase begins before the server hears of it. Only another request for tokens shows whether it was paid (rule R20).
//!
//! ```text
//! purchases what an account has bought, and has begun to buy
//! plan      what comes next, after the server's answer
//! schedule  when to ask again a server that gives no access yet
//! ```

pub mod plan;
pub mod purchases;
pub mod schedule;

use std::collections::BTreeSet;

use url::Url;

use crate::{
    account::{Account, AccountId},
    ask::Ask,
    binding::Binding,
    clock,
    credential::Credential,
    ground::Ground,
    http::HttpError,
    provider::{Access, Grants, PurchaseError},
    redirect::{Parameters, Redirect},
    service::ServiceUrl,
    session::{Session, SessionError},
    store::StoreError,
};

/// Why a purchase did not begin.
#[derive(Debug, thiserror::Error)]
pub enum BuyError {
    /// The service does not sell the app to this account.
    #[error("the server does not offer it")]
    NotOffered,
    /// The account or its server failed.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for BuyError {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl From<HttpError> for BuyError {
    fn from(error: HttpError) -> Self {
        Self::Session(error.into())
    }
}

/// The outcome of the wish to buy.
pub enum Begun {
    /// The account has access already: nothing to pay.
    Owned,
    /// Begun before, and nobody knows whether it was paid: not begun again.
    Unfinished,
    /// The server has a page for it.
    Started(Box<Buying>),
}

/// A purchase whose page is ready to be shown.
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

    /// Leads back another way from now on, when the page is shown once more.
    pub fn lead_back_to(&mut self, redirect: Redirect) {
        self.redirect = redirect;
    }

    /// The redirect to look out for. It means that the person is done with the page, not that the app was paid.
    pub fn redirect(&self) -> &Redirect {
        &self.redirect
    }

    /// The shop's own last page, if the redirect names one at the shop's origin.
    pub fn landing(&self, parameters: &Parameters) -> Option<Url> {
        landing(&self.binding.service, parameters)
    }

    /// The same, for when somebody else looks out for the redirect.
    pub fn landings(&self) -> impl Fn(&Parameters) -> Option<Url> + Send + Sync + 'static {
        let service = self.binding.service.clone();
        move |parameters| landing(&service, parameters)
    }
}

fn landing(service: &ServiceUrl, parameters: &Parameters) -> Option<Url> {
    parameters.get("redirect_uri").filter(|page| page.contains("://")).and_then(|page| service.page(page))
}

/// Asks an account's server about these apps, and updates the account's purchases.
pub async fn ask(session: &Session, id: AccountId, asks: &[Ask]) -> Result<Grants, SessionError> {
    let account = session.account(id).await?;
    session.tokens_settled(&account, asks, None).await
}

/// Asks which of these apps an account has, and updates the account's purchases. Those of a repository are added to them.
pub async fn check(
    session: &Session,
    id: AccountId,
    app_ids: &BTreeSet<String>,
    ground: Option<&Ground>,
) -> Result<Access, SessionError> {
    let asks: Vec<Ask> = app_ids.iter().map(|id| Ask::of_app(id)).collect();
    let account = session.account(id).await?;
    Ok(session.tokens_settled(&account, &asks, ground).await?.access(&asks))
}

/// Begins to buy an app for a repository, after the person's click. `redirect` is where the shop's page leads in the
/// end.
pub async fn begin(
    session: &Session,
    id: AccountId,
    ground: &Ground,
    app_id: &str,
    redirect: Redirect,
) -> Result<Begun, BuyError> {
    let account = session.account(id).await?;
    let asks = [Ask::of_app(app_id)];
    if session.tokens_settled(&account, &asks, Some(ground)).await?.access(&asks).granted.contains(app_id) {
        return Ok(Begun::Owned);
    }
    let Some(shop) = account.binding.provider.shop() else {
        return Err(BuyError::NotOffered);
    };
    // Asking may have renewed the credential.
    let account = session.account(id).await?;
    let account = session.usable(&account).await?;
    let credential = account.credential.as_ref().ok_or(SessionError::SignedOut)?;
    if !write_down(session, id, ground, app_id).await? {
        return Ok(Begun::Unfinished);
    }
    match shop.begin_purchase(session.http(), &account.binding, credential, app_id).await {
        Ok(start) => Ok(Begun::Started(Box::new(Buying { binding: account.binding.clone(), start, redirect }))),
        Err(error) => Err(not_begun(session, id, credential, app_id, error).await?),
    }
}

/// What a failure to begin means. If the server certainly began nothing, or nothing that a person could pay, the
/// purchase is dropped: there is no outcome to wait for.
async fn not_begun(
    session: &Session,
    id: AccountId,
    credential: &Credential,
    app_id: &str,
    error: PurchaseError,
) -> Result<BuyError, StoreError> {
    if matches!(error, PurchaseError::Rejected | PurchaseError::NotOffered | PurchaseError::NoPage) {
        not_paid(session, id, app_id).await?;
    }
    Ok(match error {
        PurchaseError::Rejected => {
            session.reject(id, credential).await?;
            SessionError::Expired.into()
        }
        PurchaseError::NotOffered => BuyError::NotOffered,
        PurchaseError::NoPage | PurchaseError::Unexpected => SessionError::Unexpected.into(),
        PurchaseError::Http(error) => error.into(),
    })
}

/// Drops an unfinished purchase, because the person says that it was not paid.
pub async fn not_paid(session: &Session, id: AccountId, app_id: &str) -> Result<(), StoreError> {
    let change = |account: &mut Account| purchases::drop_unfinished(&mut account.purchases, app_id);
    session.store().change(id, change).await.map(|_| ())
}

/// Saves that a purchase is about to begin. `false` if some process has begun it already.
async fn write_down(session: &Session, id: AccountId, ground: &Ground, app_id: &str) -> Result<bool, SessionError> {
    let mut is_first = false;
    let begin = |account: &mut Account| {
        is_first = purchases::begin(&mut account.purchases, ground, app_id, clock::now());
    };
    let saved = session.store().change(id, begin).await?;
    saved.map(|_| is_first).ok_or(SessionError::SignedOut)
}
