// SPDX-License-Identifier: GPL-3.0-or-later
//! Whether a token that somebody shows is good for a ref: for a mirror, or another program that passes on what it pulled.
//! A token is not believed for what it says (rule R12) but for its signature, by a key that the remote's options name.
//!
//! ```text
//! terms       the options of a remote        keys       sets of public keys
//! signatures  the cryptography               claims     what a signed token says
//! fault       why a token is not good        kept_keys  keys at an address
//! ```

mod claims;
mod fault;
mod kept_keys;
mod keys;
mod signatures;
mod terms;
#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Validation, decode, errors::ErrorKind};
use serde::de::IgnoredAny;
use serde_json::Value;

pub use self::{
    fault::Fault,
    kept_keys::KeptKeys,
    keys::{KeySet, KeySetError},
    terms::{KeySource, Terms},
};
use crate::{
    credential::TOKEN_LIMIT,
    ground::Ground,
    lookup::{self, Lookup},
    provider::wire::{json, jwt},
    refs::FlatpakRef,
    store::Entry,
};

/// A token is not a signed JWT: only the repository's own server can say what it is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a signed JSON Web Token")]
pub struct NotAJwt;

/// What the header of a signed JWT says (RFC 7515, compact form). None of it is trusted.
struct Header {
    algorithm: String,
    key_id: Option<String>,
}

impl Header {
    fn of(token: &str) -> Result<Self, NotAJwt> {
        let mut parts = token.split('.');
        let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(NotAJwt);
        };
        let bytes = URL_SAFE_NO_PAD.decode(header).ok().filter(|_| token.len() <= TOKEN_LIMIT).ok_or(NotAJwt)?;
        let header = json::parse(&bytes).map_err(|_| NotAJwt)?;
        let text = |name: &str| header.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        Ok(Self { algorithm: text("alg").ok_or(NotAJwt)?, key_id: text("kid") })
    }
}

/// The id of the key that a token says has signed it, to look for. `None` if it does not say.
pub fn key_id(token: &str) -> Result<Option<String>, NotAJwt> {
    Ok(Header::of(token)?.key_id)
}

/// Whether a person of this computer has agreed to the server of a remote: an account is linked to it with the very
/// binding that its options claim. Nothing is fetched from any other server (rule R25).
pub fn is_agreed(entries: &[Entry], ground: &Ground) -> bool {
    matches!(lookup::find(entries, &ground.binding, &ground.remote_url), Lookup::Linked(_))
}

/// Whether a token is good for a ref, or why not.
///
/// `repository` is the repository's name in its tokens, and `now` the time in seconds since 1970.
pub fn check(
    token: &str,
    wanted: &FlatpakRef,
    keys: &KeySet,
    repository: Option<&str>,
    now: i64,
) -> Result<Result<(), Fault>, NotAJwt> {
    let header = Header::of(token)?;
    Ok(header.verify(token, keys).and_then(|()| {
        let claims = jwt::claims(token).ok_or(Fault::Malformed)?;
        claims::check(&claims, wanted, repository, now)
    }))
}

impl Header {
    /// Checks the signature of the token with this header.
    fn verify(&self, token: &str, keys: &KeySet) -> Result<(), Fault> {
        let algorithm = match self.algorithm.as_str() {
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            "EdDSA" => Algorithm::EdDSA,
            _ => return Err(Fault::Algorithm),
        };
        let candidates = keys.candidates(self.key_id.as_deref());
        if candidates.is_empty() {
            return Err(Fault::UnknownKey);
        }
        // The algorithm is the key's: a token does not choose.
        let mut fault = Fault::Algorithm;
        for key in candidates.into_iter().filter(|key| key.algorithm == algorithm) {
            signatures::install();
            match decode::<IgnoredAny>(token, &key.key, &validation(key.algorithm)) {
                Ok(_) => return Ok(()),
                Err(error) => fault = fault_of(error.kind()),
            }
        }
        Err(fault)
    }
}

/// The signature, and that the token is not for somebody else (`aud`). The other claims are checked against our own clock.
fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    validation
}

fn fault_of(error: &ErrorKind) -> Fault {
    match error {
        ErrorKind::InvalidSignature => Fault::WrongKey,
        ErrorKind::InvalidAudience => Fault::OtherPurpose,
        _ => Fault::Malformed,
    }
}
