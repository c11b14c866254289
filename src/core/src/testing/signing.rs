// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys that sign tokens, with ring itself, not with what is tried.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, PublicKeyComponents},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    },
};
use serde_json::{Value, json};

use crate::token_check::KeySet;

/// An RSA key of 2,048 bits that signs nothing but these tests: ring makes none.
const RSA: &str = include_str!("rsa.der.base64");

/// A key pair, with its id.
pub enum Signer {
    /// For RS256.
    Rsa(String, Box<RsaKeyPair>),
    /// For ES256.
    Ec(String, Box<EcdsaKeyPair>),
    /// For `EdDSA`.
    Ed(String, Ed25519KeyPair),
}

impl Signer {
    /// A key of 2,048 bits, always the same.
    pub fn rsa(id: &str) -> Self {
        let der = STANDARD.decode(RSA.split_whitespace().collect::<String>()).expect("a test has sound keys");
        let key = RsaKeyPair::from_der(&der).expect("a test has sound keys");
        Self::Rsa(id.to_owned(), Box::new(key))
    }

    /// A new key on P-256.
    pub fn ec(id: &str) -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a test has sound keys");
        let key = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).expect("a test has sound keys");
        Self::Ec(id.to_owned(), Box::new(key))
    }

    /// A new key on Curve25519.
    pub fn ed(id: &str) -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a test has sound keys");
        Self::Ed(id.to_owned(), Ed25519KeyPair::from_pkcs8(made.as_ref()).expect("a test has sound keys"))
    }

    /// What it signs with.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(..) => "RS256",
            Self::Ec(..) => "ES256",
            Self::Ed(..) => "EdDSA",
        }
    }

    fn id(&self) -> &str {
        let (Self::Rsa(id, _) | Self::Ec(id, _) | Self::Ed(id, _)) = self;
        id
    }

    /// The public key.
    pub fn jwk(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Rsa(id, key) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({ "kty": "RSA", "kid": id, "n": encode(&n), "e": encode(&e) })
            }
            Self::Ec(id, key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "kid": id, "x": encode(x), "y": encode(y) })
            }
            Self::Ed(id, key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": encode(key.public_key().as_ref()) })
            }
        }
    }

    /// The bytes of the public key, as an attacker would take them for a secret.
    pub fn public_bytes(&self) -> Vec<u8> {
        match self {
            Self::Rsa(_, key) => key.public().as_ref().to_vec(),
            Self::Ec(_, key) => key.public_key().as_ref().to_vec(),
            Self::Ed(_, key) => key.public_key().as_ref().to_vec(),
        }
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&json!({ "typ": "JWT", "alg": self.algorithm(), "kid": self.id() }), claims)
    }

    /// A token with this header.
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// A token with these parts, whatever they are.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        sealed(header, claims, |message| self.signature(message))
    }

    /// The signature of a message.
    pub fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(_, key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("a test has sound keys");
                signature
            }
            Self::Ec(_, key) => key.sign(&random, message).expect("a test has sound keys").as_ref().to_vec(),
            Self::Ed(_, key) => key.sign(message).as_ref().to_vec(),
        }
    }

    /// An RSA signature of the kind of PS256.
    pub fn pss_signature(&self, message: &[u8]) -> Vec<u8> {
        let Self::Rsa(_, key) = self else { panic!("only RSA has it") };
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature).expect("a test has sound keys");
        signature
    }
}

/// A token with this header and these claims, and what makes its signature.
pub fn sealed(header: &str, claims: &str, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = signature(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The set of these keys.
pub fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).expect("a test has sound keys")
}
