// SPDX-License-Identifier: GPL-3.0-or-later
//! What damaged bytes are thrown at: the address that a server wants to be shown as a QR code.

use usher_core::fuzzing::Target;

use super::pixels::{MARGIN, Pixels, pixels};

/// All of them.
pub(crate) const TARGETS: &[Target] = &[Target::new("qr_code", address)];

/// A picture is whole, black on white, and white all around. Only a text that is too long has none.
fn address(bytes: &[u8]) {
    let address = String::from_utf8_lossy(bytes);
    let Some(Pixels { bytes, size }) = pixels(&address) else {
        // What the largest code holds of any bytes, with the usual error correction (ISO/IEC 18004, table 7: 40-M).
        assert!(address.len() > 2331, "{} bytes have no code", address.len());
        return;
    };
    assert!(bytes.len() == size * size && bytes.iter().all(|pixel| matches!(*pixel, 0 | u8::MAX)));
    let is_dark = |at: &usize| bytes[*at] == 0;
    let dark: Vec<usize> = (0..bytes.len()).filter(is_dark).collect();
    assert!(dark.iter().all(|at| [at % size, at / size].iter().all(|side| (MARGIN..size - MARGIN).contains(side))));
    assert!(!dark.is_empty() && dark.len() < bytes.len() / 2, "{} of {} are dark", dark.len(), bytes.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_reads_its_seeds() {
        usher_core::fuzzing::read_seeds(TARGETS);
    }
}
