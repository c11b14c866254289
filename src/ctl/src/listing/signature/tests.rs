// SPDX-License-Identifier: GPL-3.0-or-later
//! Signatures by keys that are good, and by others.

use std::{
    io::Write,
    time::{Duration, SystemTime},
};

use proptest::prelude::*;
use sequoia_openpgp::{
    Packet,
    cert::CertBuilder,
    serialize::{
        SerializeInto,
        stream::{Message, Signer},
    },
    types::{HashAlgorithm, ReasonForRevocation},
};

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LIST: &[u8] = b"what there is";

fn days_ago(days: u32) -> SystemTime {
    SystemTime::now() - days * DAY
}

/// A key that was made a hundred days ago, for so many days.
fn key(days: Option<u32>) -> Cert {
    let builder = CertBuilder::new().add_userid("Store").add_signing_subkey();
    let builder = builder.set_creation_time(days_ago(100)).set_validity_period(days.map(|days| days * DAY));
    builder.generate().unwrap().0
}

/// The list, signed with this key so many days ago.
fn signed(key: &Cert, days: u32, hash: HashAlgorithm) -> Vec<u8> {
    let then = days_ago(days);
    let policy = StandardPolicy::new();
    let signers = key.keys().with_policy(&policy, then).for_signing().secret();
    let pair = signers.map(|part| part.key().clone().into_keypair().unwrap()).next().unwrap();
    let mut signature = Vec::new();
    let signer = Signer::new(Message::new(&mut signature), pair).unwrap().detached().hash_algo(hash).unwrap();
    let mut signer = signer.creation_time(then).build().unwrap();
    signer.write_all(LIST).unwrap();
    signer.finalize().unwrap();
    signature
}

fn file(keys: &[&Cert]) -> Vec<Vec<u8>> {
    vec![keys.iter().flat_map(|key| key.to_vec().unwrap()).collect()]
}

#[test]
fn one_good_signature_by_a_key_of_the_remote_is_enough() {
    let (own, second, other) = (key(None), key(Some(200)), key(None));
    let good = signed(&own, 1, HashAlgorithm::SHA512);
    let bad = signed(&other, 1, HashAlgorithm::SHA512);
    assert!(is_good(LIST, &[&good], &file(&[&own])));
    assert!(is_good(LIST, &[&bad, &good], &file(&[&second, &own])));
    assert!(is_good(LIST, &[&good], &[b"no key".to_vec(), file(&[&own]).concat()]));
    assert!(is_good(LIST, &[&signed(&second, 1, HashAlgorithm::SHA256)], &file(&[&own, &second])));
    let both = [bad.clone(), good.clone()].concat();
    assert!(is_good(LIST, &[&both], &file(&[&own])));
}

#[test]
fn what_nobody_here_signed_is_not_good() {
    let (own, other) = (key(None), key(None));
    let good = signed(&own, 1, HashAlgorithm::SHA512);
    assert!(!is_good(b"what there was", &[&good], &file(&[&own])), "changed");
    assert!(!is_good(LIST, &[&good], &file(&[&other])), "another key");
    assert!(!is_good(LIST, &[&good], &[]), "no key");
    assert!(!is_good(LIST, &[], &file(&[&own])), "no signature");
    assert!(!is_good(LIST, &[b"", b"nonsense", LIST], &file(&[&own])));
}

#[test]
fn a_key_that_has_expired_signs_nothing() {
    let expired = key(Some(50));
    for days in [60, 20] {
        let policy = StandardPolicy::new();
        let then = days_ago(days);
        if expired.keys().with_policy(&policy, then).alive().for_signing().secret().next().is_some() {
            assert!(!is_good(LIST, &[&signed(&expired, days, HashAlgorithm::SHA512)], &file(&[&expired])), "{days}");
        }
    }
}

#[test]
fn a_key_that_was_revoked_signs_nothing() {
    let own = key(None);
    let signature = signed(&own, 10, HashAlgorithm::SHA512);
    let mut owner = own.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    for reason in [ReasonForRevocation::KeyCompromised, ReasonForRevocation::KeyRetired] {
        let revocation = own.revoke(&mut owner, reason, b"").unwrap();
        let revoked = own.clone().insert_packets(Packet::from(revocation)).unwrap().0;
        assert!(!is_good(LIST, &[&signature], &file(&[&revoked])), "{reason}");
    }
    assert!(is_good(LIST, &[&signature], &file(&[&own])));
}

#[test]
fn a_weak_signature_is_not_good() {
    let own = key(None);
    assert!(!is_good(LIST, &[&signed(&own, 1, HashAlgorithm::SHA1)], &file(&[&own])));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_no_signature_and_no_key(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(!is_good(LIST, &[&bytes], std::slice::from_ref(&bytes)));
    }
}
