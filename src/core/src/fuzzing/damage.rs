// SPDX-License-Identifier: GPL-3.0-or-later
//! Damage to a seed: bytes that change, go, come twice, or come from nowhere.

/// What parsers stumble over.
const ODD: [&[u8]; 16] = [
    b"\0",
    b"\xff\xff\xff\xff",
    b"\x7f",
    b"\xc3",
    "\u{202e}".as_bytes(),
    b"\n",
    b"\r\n\r\n",
    b"\"",
    b"\\",
    b"{",
    b"]",
    b"//",
    b"..",
    b"@",
    b"99999999999999999999",
    b"%00",
];

/// The damaged copy of a seed with this number. The same number does the same damage.
pub(super) fn damaged(seed: &[u8], number: u64) -> Vec<u8> {
    let mut random = Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(3) {
        let (start, end) = (random.below(bytes.len() + 1), random.below(bytes.len() + 1));
        let (start, end) = (start.min(end), start.max(end));
        match random.below(6) {
            0 => bytes.truncate(end),
            1 => drop(bytes.drain(start..end.min(start + 8))),
            2 => {
                let again = bytes[start..end.min(start + 64)].to_vec();
                bytes.splice(end..end, again);
            }
            3 => drop(bytes.splice(start..start, ODD[random.below(ODD.len())].iter().copied())),
            4 => {
                if let Some(byte) = bytes.get_mut(start) {
                    *byte ^= 1 << random.below(8);
                }
            }
            _ => {
                if let Some(byte) = bytes.get_mut(start) {
                    *byte = u8::try_from(random.below(256)).unwrap_or_default();
                }
            }
        }
    }
    bytes
}

/// Numbers without order, the same ones for each beginning (xorshift64*, after Marsaglia and Vigna).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap_or_default() % end.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_done_and_is_always_the_same() {
        let seed = b"{\"a\":[1,2,3]}";
        let copies: Vec<_> = (0..100).map(|number| damaged(seed, number)).collect();
        assert_eq!(copies, (0..100).map(|number| damaged(seed, number)).collect::<Vec<_>>());
        assert!(copies.iter().filter(|copy| copy.as_slice() != seed).count() > 90);
        assert!(copies.iter().any(|copy| copy.len() < seed.len()) && copies.iter().any(|copy| copy.len() > seed.len()));
        let _ = damaged(b"", 7);
    }
}
