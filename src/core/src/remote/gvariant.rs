// SPDX-License-Identifier: GPL-3.0-or-later
//! Reads serialized values of `GVariant` (GLib's format for files) where they lie: no copies, no recursion, and no more
//! steps than there are bytes. Bytes that are not what they should be read as nothing.

/// Bytes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value<'a>(pub(super) &'a [u8]);

impl<'a> Value<'a> {
    /// The members of a tuple or a dictionary entry of two, of which the first has no fixed size and the second begins
    /// at a multiple of `alignment`. The second reaches to the offset of the first.
    pub(super) fn pair(self, alignment: usize) -> Option<(Self, Self)> {
        self.pair_after(0, alignment)
    }

    /// The same behind `fixed` bytes of members with a fixed size.
    pub(super) fn pair_after(self, fixed: usize, alignment: usize) -> Option<(Self, Self)> {
        let end = self.0.len().checked_sub(self.offset_width())?;
        let first_end = self.offset(end)?;
        let first = self.0.get(fixed..first_end)?;
        let second = self.0.get(first_end.checked_next_multiple_of(alignment)?..end)?;
        Some((Self(first), Self(second)))
    }

    /// The first member of a tuple, if it has no fixed size and is not the last.
    pub(super) fn first(self) -> Option<Self> {
        self.0.get(..self.end(0)?).map(Self)
    }

    /// Where a member of a tuple ends. Counts the members without a fixed size from 0, up to the one before the last.
    pub(super) fn end(self, member: usize) -> Option<usize> {
        let back = self.offset_width().checked_mul(member.checked_add(1)?)?;
        let table = self.0.len().checked_sub(back)?;
        self.offset(table).filter(|end| *end <= table)
    }

    /// The items of an array, none of which has a fixed size. Ends early where the bytes are damaged.
    pub(super) fn items(self, alignment: usize) -> impl Iterator<Item = Self> {
        let width = self.offset_width();
        let table = self.0.len().checked_sub(width).and_then(|last| self.offset(last));
        let table = table.filter(|table| *table <= self.0.len()).unwrap_or(self.0.len());
        let mut start = 0_usize;
        (table..self.0.len()).step_by(width).map_while(move |at| {
            let end = self.offset(at).filter(|end| *end <= table)?;
            let item = self.0.get(start.checked_next_multiple_of(alignment)?..end)?;
            start = end;
            Some(Self(item))
        })
    }

    /// What a variant holds, if it has this type.
    pub(super) fn of_type(self, wanted: &str) -> Option<Self> {
        let end = self.0.iter().rposition(|&byte| byte == 0)?;
        (&self.0[end + 1..] == wanted.as_bytes()).then_some(Self(&self.0[..end]))
    }

    /// A string.
    pub(super) fn text(self) -> Option<&'a str> {
        let (&last, text) = self.0.split_last()?;
        std::str::from_utf8(text).ok().filter(|text| last == 0 && !text.contains('\0'))
    }

    /// A number of 32 bits, the least significant first, as flatpak writes those that it reads back.
    pub(super) fn number(self) -> Option<i32> {
        Some(i32::from_le_bytes(self.0.try_into().ok()?))
    }

    /// How many bytes each offset of this container has.
    fn offset_width(self) -> usize {
        match self.0.len() {
            0..=0xff => 1,
            0x100..=0xffff => 2,
            0x1_0000..=0xffff_ffff => 4,
            _ => 8,
        }
    }

    fn offset(self, at: usize) -> Option<usize> {
        let bytes = self.0.get(at..at.checked_add(self.offset_width())?)?;
        let number = bytes.iter().rev().fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
        usize::try_from(number).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_read_as_glib_writes_them() {
        // ('ab', 'c'): the end of the first is at the end.
        let (first, second) = Value(b"ab\0c\0\x03").pair(1).unwrap();
        assert_eq!((first.text(), second.text()), (Some("ab"), Some("c")));
        // ['a', '', 'bc']
        let texts: Vec<_> = Value(b"a\0\0bc\0\x02\x03\x06").items(1).map(Value::text).collect();
        assert_eq!(texts, [Some("a"), Some(""), Some("bc")]);
        assert_eq!(Value(b"").items(1).count(), 0);
        // ('ab', '', 'c'): the ends of all but the last, the first one's at the very end.
        let three = Value(b"ab\0\0c\0\x04\x03");
        assert_eq!((three.first().and_then(Value::text), three.end(0), three.end(1)), (Some("ab"), Some(3), Some(4)));
        // <int32 2> and <'x'>
        assert_eq!(Value(b"\x02\0\0\0\0i").of_type("i").unwrap().number(), Some(2));
        assert_eq!(Value(b"x\0\0s").of_type("s").unwrap().text(), Some("x"));
        assert_eq!(Value(b"x\0\0s").of_type("i"), None);
    }

    #[test]
    fn damaged_bytes_read_as_nothing() {
        for bytes in [&b""[..], b"\x09", b"ab\x09", b"\xff\xff"] {
            assert_eq!(Value(bytes).pair(8), None, "{bytes:?}");
            assert_eq!(Value(bytes).text(), None, "{bytes:?}");
        }
        // The offsets go backwards, or beyond the table.
        assert_eq!(Value(b"a\0b\0c\0\x02\x01\x06").items(1).count(), 1);
        assert_eq!(Value(b"a\0b\0c\0\x09\x06").items(1).count(), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_in_no_more_steps_than_they_have(bytes in proptest::collection::vec(any::<u8>(), 0..700), fixed in 0_usize..9) {
            let value = Value(&bytes);
            for alignment in [1, 4, 8] {
                let _ = value.pair_after(fixed, alignment);
                let items: Vec<_> = value.items(alignment).collect();
                prop_assert!(items.len() <= bytes.len());
                prop_assert!(items.iter().map(|item| item.0.len()).sum::<usize>() <= bytes.len());
            }
            let _ = (value.of_type("s").and_then(Value::text), value.of_type("i").and_then(Value::number));
            prop_assert!(value.end(fixed).is_none_or(|end| end <= bytes.len()));
            let _ = (value.first(), value.end(usize::MAX));
        }
    }
}
