// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks who signed a list, as ostree does: one good signature by one of the remote's keys is enough, and a key that has
//! expired, is revoked or is too weak signs nothing.

use sequoia_openpgp::{
    Cert, Error, KeyHandle, Result as OpenpgpResult,
    cert::CertParser,
    parse::{
        Parse,
        stream::{DetachedVerifierBuilder, GoodChecksum, MessageLayer, MessageStructure, VerificationHelper},
    },
    policy::{Policy, StandardPolicy},
    types::RevocationStatus,
};

/// Most keys to look at.
const KEYS_LIMIT: usize = 4096;
/// Most signatures to check.
const SIGNATURES_LIMIT: usize = 64;

/// Whether one of these signatures of the data is good by one of these files of keys.
pub(super) fn is_good(data: &[u8], signatures: &[&[u8]], key_files: &[Vec<u8>]) -> bool {
    let policy = StandardPolicy::new();
    let keys: Vec<Cert> = key_files.iter().flat_map(|file| keys_in(file)).take(KEYS_LIMIT).collect();
    let is_good = |signature: &[u8]| {
        let signers = Signers { keys: &keys, policy: &policy };
        let verifier = DetachedVerifierBuilder::from_bytes(signature);
        verifier.and_then(|builder| builder.with_policy(&policy, None, signers)?.verify_bytes(data)).is_ok()
    };
    signatures.iter().take(SIGNATURES_LIMIT).any(|signature| is_good(signature))
}

/// The readable keys of a file.
fn keys_in(file: &[u8]) -> Vec<Cert> {
    CertParser::from_bytes(file).map(|keys| keys.filter_map(Result::ok).collect()).unwrap_or_default()
}

/// Those who may sign.
struct Signers<'a> {
    keys: &'a [Cert],
    policy: &'a StandardPolicy<'a>,
}

impl VerificationHelper for Signers<'_> {
    fn get_certs(&mut self, ids: &[KeyHandle]) -> OpenpgpResult<Vec<Cert>> {
        let is_named = |key: &&Cert| key.keys().any(|part| ids.iter().any(|id| id.aliases(part.key().key_handle())));
        Ok(self.keys.iter().filter(is_named).cloned().collect())
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> OpenpgpResult<()> {
        let mut results = structure.into_iter().flat_map(|layer| match layer {
            MessageLayer::SignatureGroup { results } => results,
            _ => Vec::new(),
        });
        let is_good = results.any(|result| result.is_ok_and(|good| is_of_today(&good, self.policy)));
        if is_good { Ok(()) } else { Err(Error::BadSignature("no key here has signed it".to_owned()).into()) }
    }
}

/// Whether the key is still good now. The library asks only whether it was when it signed.
fn is_of_today(good: &GoodChecksum<'_>, policy: &dyn Policy) -> bool {
    let signer = good.ka.key().fingerprint();
    let Ok(key) = good.ka.cert().with_policy(policy, None) else { return false };
    let is_revoked = matches!(key.revocation_status(), RevocationStatus::Revoked(_));
    let mut parts = key.keys().alive().revoked(false).for_signing();
    key.alive().is_ok() && !is_revoked && parts.any(|part| part.key().fingerprint() == signer)
}

#[cfg(test)]
mod fuzzing;
#[cfg(test)]
mod tests;
