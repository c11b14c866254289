// SPDX-License-Identifier: GPL-3.0-or-later
//! What signs download tokens: a secret that the shop shares with its repository, as flat-manager has it, or a key pair, so
//! that others can check them too.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    StoreError, hex,
    tokens::{self, SignedText, TokenError},
};

/// Size of a coordinate of a point, in bytes.
const COORDINATE: usize = 32;

/// What signs download tokens.
pub(crate) enum DownloadKeys {
    /// HS256.
    Secret(Vec<u8>),
    /// ES256, with the key of now.
    Pair(Box<Mutex<KeyPair>>),
}

/// A key pair, and its name in tokens.
pub(crate) struct KeyPair {
    id: String,
    pair: EcdsaKeyPair,
}

impl DownloadKeys {
    /// A new key pair.
    pub(crate) fn new_pair() -> Result<Self, StoreError> {
        Ok(Self::Pair(Box::new(Mutex::new(KeyPair::create()?))))
    }

    /// Signs with another key pair from now on, and takes no token of the one before. Does nothing where there is none.
    pub(crate) fn rotate(&self) -> Result<(), StoreError> {
        if let Self::Pair(pair) = self {
            *locked(pair) = KeyPair::create()?;
        }
        Ok(())
    }

    /// The public keys (RFC 7517). `None` where there are none.
    pub(crate) fn jwk_set(&self) -> Option<Value> {
        match self {
            Self::Secret(_) => None,
            Self::Pair(pair) => Some(json!({ "keys": [locked(pair).jwk()] })),
        }
    }

    /// Signs claims.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> String {
        match self {
            Self::Secret(secret) => tokens::sign(claims, secret),
            Self::Pair(pair) => locked(pair).sign(claims),
        }
    }

    /// Checks the signature and reads the claims. The caller checks the expiry.
    pub(crate) fn verify<T: DeserializeOwned>(&self, token: &str) -> Result<T, TokenError> {
        match self {
            Self::Secret(secret) => tokens::verify(token, secret),
            Self::Pair(pair) => locked(pair).verify(token),
        }
    }
}

impl fmt::Debug for DownloadKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DownloadKeys").finish_non_exhaustive()
    }
}

impl KeyPair {
    fn create() -> Result<Self, StoreError> {
        let mut id = [0; 8];
        getrandom::fill(&mut id)?;
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("the system has random numbers");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).expect("the key was made just now");
        Ok(Self { id: hex::encode(&id), pair })
    }

    fn jwk(&self) -> Value {
        let (x, y) = self.pair.public_key().as_ref()[1..].split_at(COORDINATE);
        let [x, y] = [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.id, "x": x, "y": y })
    }

    fn sign(&self, claims: &impl Serialize) -> String {
        let header = json!({ "alg": "ES256", "kid": self.id, "typ": "JWT" }).to_string();
        tokens::sign_text(&header, claims, |signed| {
            let signature = self.pair.sign(&SystemRandom::new(), signed).expect("the system has random numbers");
            signature.as_ref().to_vec()
        })
    }

    fn verify<T: DeserializeOwned>(&self, token: &str) -> Result<T, TokenError> {
        let text = SignedText::read(token)?;
        if text.header.alg != "ES256" || text.header.kid.as_deref() != Some(&self.id) {
            return Err(TokenError::Malformed);
        }
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key().as_ref());
        key.verify(text.signed, &text.signature).map_err(|_| TokenError::Signature)?;
        text.claims()
    }
}

fn locked(pair: &Mutex<KeyPair>) -> MutexGuard<'_, KeyPair> {
    pair.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_a_pair_reads_back_until_the_pair_is_replaced() {
        let keys = DownloadKeys::new_pair().unwrap();
        let token = keys.sign(&json!({ "sub": "users/1" }));
        assert_eq!(keys.verify::<Value>(&token).unwrap()["sub"], "users/1");
        let before = keys.jwk_set().unwrap();
        keys.rotate().unwrap();
        assert_ne!(keys.jwk_set().unwrap(), before);
        assert_eq!(keys.verify::<Value>(&token).unwrap_err(), TokenError::Malformed);
        let changed = keys.sign(&json!({ "sub": "users/1" })).replace("ZXIi", "ZXJi");
        assert!(keys.verify::<Value>(&format!("{changed}A")).is_err());
    }

    #[test]
    fn a_secret_shows_no_key() {
        let keys = DownloadKeys::Secret(b"one".to_vec());
        assert_eq!(keys.jwk_set(), None);
        let token = keys.sign(&json!({ "sub": "users/1" }));
        assert!(DownloadKeys::new_pair().unwrap().verify::<Value>(&token).is_err());
        assert!(keys.verify::<Value>(&token).is_ok());
    }
}
