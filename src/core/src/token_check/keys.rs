// SPDX-License-Identifier: GPL-3.0-or-later
//! Sets of public keys (RFC 7517), from a remote's options or from a server.

use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde_json::{Map, Value};

use crate::provider::wire::json;

/// Largest set, in bytes.
const SIZE_LIMIT: usize = 64 << 10;
/// Most keys in a set: a token without a key id is tried with each.
const KEYS_LIMIT: usize = 32;
/// What only a private or a shared key has (RFC 7518, section 6).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/// Sizes of the RSA keys that the cryptography takes: 2,048 to 8,192 bits, in bytes.
const RSA_SIZES: std::ops::RangeInclusive<usize> = 256..=1024;
/// Size of an uncompressed point of P-256, in bytes.
const POINT_SIZE: usize = 65;
/// Size of an Ed25519 key, in bytes.
const ED25519_SIZE: usize = 32;

/// Why there is no key to check tokens with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not a JWK set of a sensible size.
    #[error("not a set of public keys")]
    Malformed,
    /// It holds a private or a shared key. Whoever has read the set can sign with that.
    #[error("a set with a key that is not public")]
    NotPublic,
    /// None of its keys is for signatures in RS256, ES256 or `EdDSA`.
    #[error("a set without a key that could be used")]
    Empty,
}

/// The public keys that sign a repository's tokens.
#[derive(Debug, Clone)]
pub struct KeySet(Vec<PublicKey>);

/// A key, and the only algorithm that it is for.
#[derive(Debug, Clone)]
pub(super) struct PublicKey {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

impl KeySet {
    /// Reads a set. Keys of other kinds, and those for other uses, are left out.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeySetError> {
        if bytes.len() > SIZE_LIMIT {
            return Err(KeySetError::Malformed);
        }
        let set = json::parse(bytes).map_err(|_| KeySetError::Malformed)?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(KeySetError::Malformed)?;
        let keys: Option<Vec<&Map<String, Value>>> = keys.iter().map(Value::as_object).collect();
        let keys = keys.filter(|keys| keys.len() <= KEYS_LIMIT).ok_or(KeySetError::Malformed)?;
        if keys.iter().any(|key| PRIVATE.iter().any(|part| key.contains_key(*part))) {
            return Err(KeySetError::NotPublic);
        }
        let usable: Vec<PublicKey> = keys.into_iter().filter_map(PublicKey::read).collect();
        if usable.is_empty() { Err(KeySetError::Empty) } else { Ok(Self(usable)) }
    }

    /// Whether a key has this id.
    pub fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// The keys to try for a token that names this key: the key with that id, else those without an id; all for a token
    /// that names none.
    pub(super) fn candidates(&self, id: Option<&str>) -> Vec<&PublicKey> {
        match id {
            None => self.0.iter().collect(),
            Some(id) if self.has(id) => self.0.iter().filter(|key| key.id.as_deref() == Some(id)).collect(),
            Some(_) => self.0.iter().filter(|key| key.id.is_none()).collect(),
        }
    }
}

impl PublicKey {
    /// Reads a key. `None` if it is not for signatures that are accepted.
    fn read(key: &Map<String, Value>) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(Value::Object(key.clone())).ok()?;
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            _ => return None,
        };
        let common = &jwk.common;
        let is_for_signatures = common.public_key_use.as_ref().is_none_or(|named| *named == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|named| named.contains(&KeyOperations::Verify))
            && common.key_algorithm.is_none_or(|named| named == KeyAlgorithm::from(algorithm));
        let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| is_for_signatures)?;
        let has_right_size = match (algorithm, key.kind()) {
            (_, DecodingKeyKind::RsaModulusExponent { n, .. }) => RSA_SIZES.contains(&n.len()),
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => point.len() == POINT_SIZE,
            (_, DecodingKeyKind::SecretOrDer(key)) => key.len() == ED25519_SIZE,
        };
        has_right_size.then_some(Self { id: common.key_id.clone(), algorithm, key })
    }
}
