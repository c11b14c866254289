// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's rules: who a user is, and which apps they may have.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use url::Url;

use crate::{
    SignInKind, StoreError,
    catalogue::{self, Terms},
    db::{CredentialState, Database, User},
    download_keys::DownloadKeys,
    hex,
    issuer::AccessTokens,
    repository::Repository,
    request_log::RequestLog,
    switches::Switches,
    tokens::{self, CredentialClaims, DownloadClaims, ListingClaims, TokenTerms, now},
};

/// The repository's name, the end of its address.
pub(crate) const REPOSITORY_NAME: &str = "repo";

/// The state from which the shop answers requests.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) db: Database,
    pub(crate) base_url: Url,
    pub(crate) log: RequestLog,
    pub(crate) switches: Switches,
    pub(crate) repository: Option<Repository>,
    pub(crate) remote_add_command: String,
    credential_secret: Vec<u8>,
    /// What signs download tokens.
    pub(crate) download_keys: DownloadKeys,
    listing_secret: Vec<u8>,
    credential_lifetime: Duration,
    token_lifetime: Duration,
    /// How people sign in.
    pub(crate) sign_in: SignInKind,
    /// The authenticator options that say so, and how tokens are checked.
    pub(crate) sign_in_options: Vec<String>,
    /// The access tokens of another server that it takes.
    access_tokens: Option<AccessTokens>,
    issued: Mutex<Vec<String>>,
}

/// Why a credential is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotSignedIn(pub(crate) &'static str);

/// The answer to a request for one app.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The app needs no token.
    Free,
    /// A download token for the app.
    Granted(String),
    /// The user has no access.
    Denied,
}

/// The parts of a shop.
pub(crate) struct ShopParts {
    pub(crate) db: Database,
    pub(crate) base_url: Url,
    pub(crate) repository: Option<Repository>,
    pub(crate) remote_add_command: String,
    pub(crate) sign_in: SignInKind,
    pub(crate) sign_in_options: Vec<String>,
    pub(crate) access_tokens: Option<AccessTokens>,
    pub(crate) credential_lifetime: Duration,
    pub(crate) token_lifetime: Duration,
    /// Whether a key pair signs download tokens.
    pub(crate) signed_tokens: bool,
    pub(crate) private_listing: bool,
}

impl Shop {
    pub(crate) fn new(parts: ShopParts) -> Result<Self, StoreError> {
        let switches = Switches::default();
        switches.set_private_listing(parts.private_listing);
        Ok(Self {
            listing_secret: parts.db.secret("listing")?,
            credential_secret: parts.db.secret("credentials")?,
            download_keys: if parts.signed_tokens {
                DownloadKeys::new_pair()?
            } else {
                DownloadKeys::Secret(parts.db.secret("repository")?)
            },
            db: parts.db,
            base_url: parts.base_url,
            log: RequestLog::new(),
            switches,
            repository: parts.repository,
            remote_add_command: parts.remote_add_command,
            sign_in: parts.sign_in,
            sign_in_options: parts.sign_in_options,
            access_tokens: parts.access_tokens,
            credential_lifetime: parts.credential_lifetime,
            token_lifetime: parts.token_lifetime,
            issued: Mutex::default(),
        })
    }

    /// Issues a credential to the user, as the authenticator gets it.
    pub(crate) fn issue_credential(&self, user: &User) -> Result<String, StoreError> {
        let (id, expires) = self.db.add_credential(user, self.credential_lifetime)?;
        let claims = CredentialClaims {
            jti: format!("CANARY-{id}"),
            sub: subject(user),
            name: user.name.clone(),
            exp: self.switches.claimed_expiry().unwrap_or(expires),
        };
        Ok(self.record_secret(tokens::sign(&claims, &self.credential_secret)))
    }

    /// The user of a credential. The database decides when it expires, whatever the credential itself claims.
    pub(crate) fn authenticate(&self, credential: &str) -> Result<Result<User, NotSignedIn>, StoreError> {
        let Some(id) = self.credential_id(credential) else {
            return Ok(Err(NotSignedIn("The credential is not valid.")));
        };
        Ok(match self.db.credential(&id)? {
            CredentialState::Valid(user) => Ok(user),
            CredentialState::Expired => Err(NotSignedIn("The credential has expired.")),
            CredentialState::Revoked => Err(NotSignedIn("The credential was revoked.")),
            CredentialState::Unknown => Err(NotSignedIn("The credential is not valid.")),
        })
    }

    /// The user of a credential, or of another server's access token, who is added if the shop does not know them.
    pub(crate) async fn user_of_bearer(&self, bearer: &str) -> Result<Result<User, NotSignedIn>, StoreError> {
        let own = self.authenticate(bearer)?;
        let (Err(_), Some(access_tokens)) = (&own, &self.access_tokens) else { return Ok(own) };
        let name = match access_tokens.user(bearer).await? {
            Ok(name) => name,
            Err(refused) => return Ok(Err(refused)),
        };
        match self.db.user(&name)? {
            Some(user) => Ok(Ok(user)),
            None => Ok(Ok(self.db.add_user_without_password(&name)?)),
        }
    }

    /// Whether people sign in at another server.
    pub(crate) fn has_issuer(&self) -> bool {
        self.access_tokens.is_some()
    }

    /// Accepts no longer the access tokens that this user, or anybody, has used so far. Returns how many there are.
    pub(crate) fn end_access_tokens(&self, user: Option<&User>) -> usize {
        let name = user.map(|user| user.name.as_str());
        self.access_tokens.as_ref().map_or(0, |access_tokens| access_tokens.end(name))
    }

    /// Adds a user.
    pub(crate) fn add_user(&self, name: &str, password: &str) -> Result<(), StoreError> {
        self.db.add_user(name, &self.record_secret(password.to_owned()))
    }

    /// Changes the password of a user.
    pub(crate) fn set_password(&self, user: &User, password: &str) -> Result<(), StoreError> {
        self.db.set_password(user, &self.record_secret(password.to_owned()))
    }

    /// Revokes this credential alone.
    pub(crate) fn end_credential(&self, credential: &str) -> Result<(), StoreError> {
        self.credential_id(credential).map_or(Ok(()), |id| self.db.end_credential(&id))
    }

    fn credential_id(&self, credential: &str) -> Option<String> {
        let claims = tokens::verify::<CredentialClaims>(credential, &self.credential_secret).ok()?;
        claims.jti.strip_prefix("CANARY-").map(str::to_owned)
    }

    /// Decides whether the user gets the app, and how.
    pub(crate) fn decide(&self, user: &User, id: &str) -> Result<Decision, StoreError> {
        let terms = catalogue::find(id).map(|app| app.terms);
        if terms == Some(Terms::Free) {
            return Ok(Decision::Free);
        }
        let granted = self.db.access(user, id)?.unwrap_or(terms == Some(Terms::Members));
        Ok(if granted { Decision::Granted(self.download_token(user, id)) } else { Decision::Denied })
    }

    fn download_token(&self, user: &User, id: &str) -> String {
        let lifetime = i64::try_from(self.token_lifetime.as_secs()).unwrap_or(i64::MAX);
        let claims = DownloadClaims {
            name: "CANARY-demo-store".to_owned(),
            sub: subject(user),
            jti: None,
            ..self.download_claims(vec![id.to_owned()], lifetime)
        };
        self.record_secret(self.download_keys.sign(&claims))
    }

    /// The claims of a token of nobody for these ids.
    fn download_claims(&self, prefixes: Vec<String>, lifetime: i64) -> DownloadClaims {
        // What only others look at is left out where they cannot check it.
        let for_others = |claim: &str| self.download_keys.jwk_set().map(|_| claim.to_owned()).into_iter().collect();
        DownloadClaims {
            jti: None,
            name: String::new(),
            sub: "people/any".to_owned(),
            prefixes,
            scope: for_others("download"),
            repos: for_others(REPOSITORY_NAME),
            exp: now().saturating_add(lifetime),
        }
    }

    /// A token with which the user sees what the repository has, and nothing else.
    pub(crate) fn listing_token(&self, user: &User) -> String {
        let claims = ListingClaims {
            name: "CANARY-demo-store".to_owned(),
            sub: subject(user),
            exp: now().saturating_add_unsigned(self.token_lifetime.as_secs()),
        };
        self.record_secret(tokens::sign(&claims, &self.listing_secret))
    }

    /// Reads a token for the list. `None` if it is none.
    pub(crate) fn check_listing_token(&self, token: &str) -> Option<Result<ListingClaims, String>> {
        let claims: ListingClaims = tokens::verify(token, &self.listing_secret).ok()?;
        Some(if claims.exp < now() { Err("Token is expired".to_owned()) } else { Ok(claims) })
    }

    /// Makes a token for a person to paste, with the claims of flat-manager's `gentoken`.
    pub(crate) fn hand_out_token(&self, terms: TokenTerms) -> Result<String, StoreError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let claims = DownloadClaims {
            name: terms.name,
            jti: Some(format!("CANARY-{}", hex::encode(&id))),
            ..self.download_claims(terms.prefixes, terms.lifetime)
        };
        Ok(self.record_secret(self.download_keys.sign(&claims)))
    }

    /// Revokes a token that was handed out, whether it has ended or not. Returns whether it was one.
    pub(crate) fn revoke_token(&self, token: &str) -> bool {
        let claims = self.download_keys.verify::<DownloadClaims>(token);
        let id = claims.ok().and_then(|claims| claims.jti);
        id.map(|id| self.switches.revoke(id)).is_some()
    }

    /// Reads a download token as flat-manager does. Errors are in flat-manager's words.
    pub(crate) fn check_download_token(&self, token: &str) -> Result<DownloadClaims, String> {
        let claims: DownloadClaims = self.download_keys.verify(token).map_err(|error| error.to_string())?;
        if claims.exp < now() {
            return Err("Token is expired".to_owned());
        }
        if claims.jti.as_deref().is_some_and(|id| self.switches.is_revoked(id)) {
            return Err("Token is revoked".to_owned());
        }
        Ok(claims)
    }

    /// The user that a token's `sub` names.
    pub(crate) fn user_of_subject(&self, subject: &str) -> Result<Option<User>, StoreError> {
        match subject.strip_prefix("users/").and_then(|id| id.parse().ok()) {
            Some(id) => self.db.user_by_id(id),
            None => Ok(None),
        }
    }

    /// Every credential and token issued since the start, for tests that search for leaks.
    pub(crate) fn issued_secrets(&self) -> Vec<String> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn record_secret(&self, secret: String) -> String {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).push(secret.clone());
        secret
    }
}

fn subject(user: &User) -> String {
    format!("users/{}", user.id)
}
