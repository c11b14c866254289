// SPDX-License-Identifier: GPL-3.0-or-later
//! The objects of a repository (`ostree-repo(5)`), far enough to find a file at the root of a commit. Whoever asks for an
//! object knows its checksum; nothing else is taken. Pure, and no object costs more than a little above its size.

use std::{fmt, io::Read};

use flate2::read::DeflateDecoder;
use sha2::{Digest, Sha256};

use super::gvariant::Value;

/// The bytes before the header of a file: its length, and padding.
const LENGTH: usize = 8;
/// The header of a stored file without extended attributes that is no link (`(tuuuusa(ayay))`): its size, four numbers,
/// an empty text, and where that ends.
const STORED_HEADER: usize = 8 + 4 * 4 + 1 + 1;
/// How much shorter the header is of which the checksum is made: it does not begin with the size.
const SIZE: usize = 8;

/// The SHA-256 checksum that names an object or a list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// The checksum of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A checksum as repositories write it.
    pub(super) fn read(value: Value<'_>) -> Option<Self> {
        value.0.try_into().ok().map(Self)
    }

    /// The path of an object below the folder of its repository.
    pub fn object(&self, kind: &str) -> String {
        let digits = self.to_string();
        format!("objects/{}/{}.{kind}", &digits[..2], &digits[2..])
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hexadecimal(&self.0))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Two digits for each byte.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// The tree of files of a commit (`.commit`), if these bytes are that commit.
pub fn tree_of_commit(bytes: &[u8], commit: Checksum) -> Option<Checksum> {
    // (a{sv}aya(say)sstayay): metadata, parent, related, subject, body, time, tree, metadata of the tree.
    let value = Value(bytes);
    let (body, tree) = (value.end(4)?, value.end(5)?);
    let start = body.checked_next_multiple_of(8)?.checked_add(8)?;
    let tree = Checksum::read(Value(bytes.get(start..tree)?))?;
    (Checksum::of(bytes) == commit).then_some(tree)
}

/// The file of this name in a tree (`.dirtree`), if these bytes are that tree.
pub fn file_in_tree(bytes: &[u8], tree: Checksum, name: &str) -> Option<Checksum> {
    // (a(say)a(sayay)): files and folders.
    let files = Value(bytes).first()?;
    let mut named = files.items(1).filter_map(|file| file.pair(1)).filter(|(found, _)| found.text() == Some(name));
    let file = Checksum::read(named.next()?.1)?;
    (Checksum::of(bytes) == tree).then_some(file)
}

/// What is in a compressed file (`.filez`) of at most `limit` bytes, if it is the file with this checksum. The file has to
/// be a plain one without extended attributes, as flatpak writes its own.
pub fn content_of_file(bytes: &[u8], file: Checksum, limit: usize) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_at_checked(LENGTH)?;
    let length = u32::from_be_bytes(length[..4].try_into().ok()?);
    let (stored, packed) = rest.split_at_checked(STORED_HEADER)?;
    let (numbers, end) = (&stored[SIZE..STORED_HEADER - 2], &stored[STORED_HEADER - 2..]);
    let is_plain =
        usize::try_from(length) == Ok(STORED_HEADER) && usize::from(end[1]) == STORED_HEADER - 1 && end[0] == 0;
    if !is_plain {
        return None;
    }
    let header_length = u8::try_from(STORED_HEADER - SIZE).ok()?;
    let mut whole = [&[0, 0, 0, header_length, 0, 0, 0, 0][..], numbers, &[0, header_length - 1]].concat();
    let start = whole.len();
    let most = u64::try_from(limit).ok()?.saturating_add(1);
    DeflateDecoder::new(packed).take(most).read_to_end(&mut whole).ok()?;
    let is_it = whole.len() - start <= limit && Checksum::of(&whole) == file;
    is_it.then(|| whole.split_off(start))
}

#[cfg(test)]
mod tests;
