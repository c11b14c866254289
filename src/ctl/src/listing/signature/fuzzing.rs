// SPDX-License-Identifier: GPL-3.0-or-later
//! What damaged bytes are thrown at: keys of a repository, and signatures of its list.

use usher_core::fuzzing::Target;

use super::is_good;

/// All of them.
pub(crate) const TARGETS: &[Target] = &[Target::new("openpgp", keys_and_signature)];

/// What the seeds have signed.
const LIST: &[u8] = b"what there is";

/// Keys and a signature, one after the other: it is of one list at most, and nothing is signed by nobody, or by a key that
/// has signed something else.
fn keys_and_signature(bytes: &[u8]) {
    let begin = b"-----BEGIN PGP SIGNATURE";
    let end_of_keys = bytes.windows(begin.len()).position(|part| part == begin).unwrap_or(bytes.len() / 2);
    let (keys, signature) = bytes.split_at(end_of_keys);
    let keys = [keys.to_vec()];
    if is_good(LIST, &[signature], &keys) {
        assert!(!is_good(b"what there was", &[signature], &keys), "a signature of two lists");
        assert!(!is_good(LIST, &[signature], &[]), "signed by nobody");
    }
    // Everything at once, as a signature and as a file of keys.
    assert!(!is_good(b"what there was", &[bytes], &keys) && !is_good(LIST, &[signature], &[Vec::new()]));
    let _ = is_good(LIST, &[bytes], &[bytes.to_vec()]);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_target_reads_its_seeds() {
        usher_core::fuzzing::read_seeds(TARGETS);
    }

    #[test]
    fn the_first_seed_is_a_good_signature_and_the_other_is_by_a_key_that_is_not_there() {
        for (name, good) in [("signed", true), ("other_key", false)] {
            let seed = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/openpgp").join(name));
            let seed = String::from_utf8(seed.unwrap()).unwrap();
            let (keys, signature) = seed.split_once("-----BEGIN PGP SIGNATURE").unwrap();
            let signature = format!("-----BEGIN PGP SIGNATURE{signature}");
            assert_eq!(is_good(LIST, &[signature.as_bytes()], &[keys.as_bytes().to_vec()]), good, "{name}");
        }
    }
}
