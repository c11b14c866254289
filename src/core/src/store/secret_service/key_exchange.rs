// SPDX-License-Identifier: GPL-3.0-or-later
//! How a session agrees on a key (`dh-ietf1024-sha256-aes128-cbc-pkcs7`): Diffie-Hellman in the second group of RFC 2409,
//! then HKDF with SHA-256. Pure.
//!
//! The keyring library can do the same. It divides after each multiplication, which is most of the work of a daemon that
//! was just started, and its time depends on the secret.

use std::sync::LazyLock;

use crypto_bigint::{
    BoxedUint,
    modular::{BoxedMontyForm, BoxedMontyParams},
};
use oo7::Key;
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use super::fault::Fault;

/// Size of a number of the group, in bits.
const GROUP_BITS: u32 = 1024;
/// Size of the secret number, in bytes: twice the strength that the group has, in bits (NIST SP 800-56A).
const SECRET_SIZE: usize = 20;
/// Size of the key that is agreed on, in bytes.
const AGREED_SIZE: usize = 16;
/// The prime of the group.
const PRIME: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
                     EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
                     EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF";

/// The group. Its numbers do not have their size in their type: the code of those that do is compiled here and not in their
/// crate, and so for size and not for speed.
static GROUP: LazyLock<BoxedMontyParams> = LazyLock::new(|| {
    let prime = BoxedUint::from_be_hex(PRIME, GROUP_BITS).and_then(BoxedUint::into_odd);
    BoxedMontyParams::new_vartime(prime.into_option().expect("it is an odd number"))
});

/// Our half of an exchange.
pub(super) struct Exchange(Zeroizing<[u8; SECRET_SIZE]>);

/// The size of a key, for HKDF.
struct Agreed;

impl KeyType for Agreed {
    fn len(&self) -> usize {
        AGREED_SIZE
    }
}

impl Exchange {
    /// Begins one, with a number that nobody else knows.
    pub(super) fn begin() -> Result<Self, Fault> {
        let mut secret = Zeroizing::new([0; SECRET_SIZE]);
        getrandom::fill(&mut *secret).map_err(|_| Fault::answer("no key can be made"))?;
        Ok(Self(secret))
    }

    /// What the keyring needs for its half.
    pub(super) fn public(&self) -> Vec<u8> {
        let public = self.raise(BoxedUint::from_be_slice_truncated(&[2], GROUP_BITS));
        without_leading_zeros(public.as_slice()).to_vec()
    }

    /// The key, from what the keyring has sent. Fails if that is no number of the group, or one of the two that give away
    /// every key.
    pub(super) fn agree(&self, theirs: &[u8]) -> Result<Key, Fault> {
        let unusable = || Fault::answer("the keyring sent no usable key");
        // KWallet writes a zero before a number whose first bit is set.
        let theirs = number(without_leading_zeros(theirs)).ok_or_else(unusable)?;
        let one = BoxedUint::one_with_precision(GROUP_BITS);
        if theirs <= one || theirs >= GROUP.modulus().as_ref().wrapping_sub(&one) {
            return Err(unusable());
        }
        let mut agreed = Zeroizing::new(vec![0; AGREED_SIZE]);
        let shared = self.raise(theirs);
        let filled =
            Salt::new(HKDF_SHA256, &[]).extract(&shared).expand(&[], Agreed).and_then(|key| key.fill(&mut agreed));
        filled.map_err(|_| unusable())?;
        Ok(Key::new(agreed.to_vec()))
    }

    /// The power of a number with our secret as the exponent.
    fn raise(&self, base: BoxedUint) -> Zeroizing<Vec<u8>> {
        let secret = Zeroizing::new(BoxedUint::from_be_slice_vartime(&*self.0));
        let power = BoxedMontyForm::new(base, &GROUP).pow(&secret).retrieve();
        Zeroizing::new(Zeroizing::new(power).to_be_bytes().into_vec())
    }
}

/// A number from its bytes, the first ones first. `None` if they are too many.
fn number(bytes: &[u8]) -> Option<BoxedUint> {
    BoxedUint::from_be_slice(bytes, GROUP_BITS).ok()
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exchange(secret: [u8; SECRET_SIZE]) -> Exchange {
        Exchange(Zeroizing::new(secret))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn the_keys_are_those_of_the_keyring_library(secret in any::<[u8; SECRET_SIZE]>(), theirs in any::<[u8; 16]>()) {
            prop_assume!(secret != [0; SECRET_SIZE] && theirs[..15] != [0; 15]);
            let (ours, library) = (exchange(secret), Key::new(secret.to_vec()));
            let public = Key::generate_public_key(&library).unwrap();
            prop_assert_eq!(ours.public(), public.as_ref());
            let theirs = Key::generate_public_key(&Key::new(theirs.to_vec())).unwrap();
            let agreed = Key::generate_aes_key(&library, &theirs).unwrap();
            let padded: Vec<u8> = [&[0], theirs.as_ref()].concat();
            for theirs in [theirs.as_ref(), &padded] {
                let key = ours.agree(theirs).unwrap();
                prop_assert_eq!(key.as_ref(), agreed.as_ref());
            }
        }
    }

    #[test]
    fn both_sides_agree_and_no_two_exchanges_are_alike() {
        let (one, other) = (Exchange::begin().unwrap(), Exchange::begin().unwrap());
        assert_ne!(one.public(), other.public());
        let (ours, theirs) = (one.agree(&other.public()).unwrap(), other.agree(&one.public()).unwrap());
        assert_eq!((ours.as_ref().len(), ours.as_ref()), (AGREED_SIZE, theirs.as_ref()));
    }

    #[test]
    fn a_key_that_gives_away_the_secret_is_refused() {
        let prime = GROUP.modulus().as_ref().to_be_bytes().into_vec();
        let mut before = prime.clone();
        *before.last_mut().unwrap() -= 1;
        let too_long = [&[1], prime.as_slice()].concat();
        for theirs in [vec![], vec![0], vec![1], vec![0; 200], before, prime, vec![255; 128], too_long] {
            assert!(exchange([7; SECRET_SIZE]).agree(&theirs).is_err(), "{theirs:?}");
        }
        assert!(exchange([7; SECRET_SIZE]).agree(&[2]).is_ok());
    }
}
