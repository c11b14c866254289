// SPDX-License-Identifier: GPL-3.0-or-later
//! The protocol of flatpak's sample account server: a page at `login` that redirects with a token, and the API of
//! [`store_api`](super::wire::store_api) with that token.

mod probe;

use std::collections::BTreeMap;

use async_trait::async_trait;
use url::Url;

use super::{
    Beginning, Claim, Endpoints, Granted, Progress, Protocol, PurchaseError, RedirectReceiver, RenewCall, Revoked,
    Shop, SignIn, SignInError, SignedIn, Step, StepAnswer, TokensCall, TokensError, Way,
    wire::{
        jwt,
        store_api::{Authorization, StoreApi},
    },
};
use crate::{
    binding::{Binding, OptionsError, Provider, option},
    clock,
    credential::{Credential, Token},
    http::{HttpClient, HttpError},
    i18n::gettext,
    redirect::{Parameters, Redirect},
    service::{ServiceUrl, UrlError},
};

/// The provider's name in options and records.
const NAME: &str = "webflow";

/// The protocol of flatpak's sample account server.
pub struct Webflow;

#[async_trait]
impl Protocol for Webflow {
    fn name(&self) -> &'static str {
        NAME
    }

    fn sign_in_method(&self) -> String {
        gettext("On the server’s web page")
    }

    fn has_sign_in_page(&self) -> bool {
        true
    }

    fn ways(&self, _binding: &Binding, _is_typed: bool) -> Vec<Way> {
        vec![Way::Embedded, Way::Browser]
    }

    fn has_secret_redirect(&self) -> bool {
        true
    }

    fn claim(&self, claim: &Claim<'_>) -> Result<Binding, OptionsError> {
        Ok(Provider::new(NAME).at(option::service(claim.options, option::URL)?))
    }

    fn options(&self, binding: &Binding) -> BTreeMap<String, String> {
        BTreeMap::from([(option::URL.to_owned(), binding.service.as_str().to_owned())])
    }

    async fn probe(&self, http: &HttpClient, service: &ServiceUrl) -> Result<bool, HttpError> {
        probe::is_spoken(http, service).await
    }

    async fn begin(&self, _http: &HttpClient, beginning: Beginning<'_>) -> Result<Box<dyn SignIn>, SignInError> {
        let redirect = beginning.receiver.redirect()?;
        let start = start(&beginning.binding.service, &redirect)?;
        Ok(Box::new(WebSignIn { start, redirect }))
    }

    async fn tokens(&self, call: TokensCall<'_>) -> Result<Granted, TokensError> {
        let api = StoreApi::new(call.http, &call.binding.service);
        api.tokens(call.credential.and_then(Authorization::bearer), call.asks).await.map(Granted::from)
    }

    async fn listing(&self, call: TokensCall<'_>) -> Result<Granted, TokensError> {
        let api = StoreApi::new(call.http, &call.binding.service);
        api.listing_token(call.credential.and_then(Authorization::bearer)).await.map(Granted::from)
    }

    fn shop(&self) -> Option<&dyn Shop> {
        Some(self)
    }

    async fn revoke(&self, call: RenewCall<'_>) -> Result<Revoked, HttpError> {
        StoreApi::new(call.http, &call.binding.service).sign_out(Authorization::bearer(call.credential)).await
    }
}

#[async_trait]
impl Shop for Webflow {
    async fn begin_purchase(
        &self,
        http: &HttpClient,
        binding: &Binding,
        credential: &Credential,
        app_id: &str,
    ) -> Result<Url, PurchaseError> {
        StoreApi::new(http, &binding.service).begin_purchase(Authorization::bearer(credential), app_id).await
    }
}

/// The server's own page, until it redirects with a token.
struct WebSignIn {
    start: Url,
    redirect: Redirect,
}

#[async_trait]
impl SignIn for WebSignIn {
    fn step(&self) -> Step<'_> {
        Step::Web { start: &self.start, redirect: &self.redirect }
    }

    async fn answer(self: Box<Self>, _http: &HttpClient, answer: StepAnswer) -> Result<Progress, SignInError> {
        match answer {
            StepAnswer::Redirect(parameters) => finish(&parameters).map(Progress::Done),
            StepAnswer::Fields(_) | StepAnswer::Poll => Err(SignInError::NoCredential),
        }
    }
}

/// The page that a sign-in begins with.
fn start(service: &ServiceUrl, redirect: &Redirect) -> Result<Url, UrlError> {
    let mut start = service.join("login")?;
    start.query_pairs_mut().append_pair("redirect_uri", &redirect.uri()).append_pair("state", redirect.state());
    Ok(start)
}

/// Takes the credential from the parameters of the redirect.
fn finish(parameters: &Parameters) -> Result<SignedIn, SignInError> {
    if let Some(refusal) = parameters.refusal() {
        return Err(refusal.into());
    }
    let text = parameters.get("token").ok_or(SignInError::NoCredential)?;
    let token = Token::parse(text).map_err(|_| SignInError::NoCredential)?;
    Ok(SignedIn {
        credential: Credential::Bearer(token),
        user: jwt::user(text),
        valid_until: jwt::expiry(text, clock::now()),
        endpoints: Endpoints::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redirect::Match;

    fn finished(query: &str) -> Result<SignedIn, SignInError> {
        let redirect = Redirect::issue().unwrap();
        let uri = format!("{}?state={}&{query}", redirect.uri(), redirect.state());
        let Match::Redirect(parameters) = redirect.recognise(&uri) else { panic!("not recognised") };
        finish(&parameters)
    }

    #[test]
    fn w08_a_redirect_without_a_sound_token_gives_no_account() {
        for query in ["", "token=", "token=a%0d%0ab", "token=a%00b", &format!("token={}", "a".repeat(9 << 10))] {
            assert!(matches!(finished(query), Err(SignInError::NoCredential)), "{query}");
        }
        assert_eq!(finished("token=abc").unwrap().user, None);
    }

    #[test]
    fn w19_an_error_redirect_signs_nobody_in_whatever_else_it_carries() {
        assert!(matches!(finished("error=access_denied&token=t"), Err(SignInError::Cancelled)));
        let Err(SignInError::Stopped(reason)) = finished("error=server_error%1b[0m&token=t") else {
            panic!("signed in")
        };
        assert_eq!(reason, "server_error [0m");
    }
}
