// SPDX-License-Identifier: GPL-3.0-or-later
//! Signing the tokens of a registry: JSON Web Tokens in ES256, with the certificate of the key in their header.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde::Serialize;
use serde_json::json;

use crate::{StoreError, repository::commands};

/// A key of its own, and its certificate.
pub(crate) struct Signer {
    key: EcdsaKeyPair,
    random: SystemRandom,
    header: String,
    certificate: PathBuf,
}

impl Signer {
    /// Makes a key and a certificate for it in this folder.
    pub(crate) fn create(folder: &Path) -> Result<Self, StoreError> {
        let (key, certificate) = (folder.join("token-key.pem"), folder.join("token-certificate.pem"));
        commands::run(
            "openssl",
            [
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "30",
                "-subj",
                "/CN=Demo Registry",
                "-keyout",
                &key.to_string_lossy(),
                "-out",
                &certificate.to_string_lossy(),
            ],
        )?;
        let random = SystemRandom::new();
        let damaged = |error| StoreError::Damaged(format!("{}: {error}", key.display()));
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &read_pem(&key)?, &random);
        let chain = [STANDARD.encode(read_pem(&certificate)?)];
        let header = json!({ "typ": "JWT", "alg": "ES256", "x5c": chain }).to_string();
        Ok(Self { key: pair.map_err(damaged)?, random, header: URL_SAFE_NO_PAD.encode(header), certificate })
    }

    /// The file with the certificate, by which the registry knows the signatures.
    pub(crate) fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// A signed token with these claims.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> String {
        let claims = serde_json::to_vec(claims).expect("the claims are plain data");
        let signed = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(claims));
        let signature = self.key.sign(&self.random, signed.as_bytes()).expect("the system has random numbers");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Signer").finish_non_exhaustive()
    }
}

/// What a file in PEM holds.
fn read_pem(path: &Path) -> Result<Vec<u8>, StoreError> {
    let text = fs::read_to_string(path).map_err(StoreError::file(path))?;
    let encoded: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(encoded).map_err(|error| StoreError::Damaged(format!("{}: {error}", path.display())))
}
