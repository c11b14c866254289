// SPDX-License-Identifier: GPL-3.0-or-later
//! Summaries of repositories, as flatpak writes them into its cache.

use std::path::Path;

/// How a summary is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One of those that an index names: the metadata of a ref stands with the ref.
    Indexed,
    /// Without an index: the metadata of refs is a dictionary of its own.
    Plain,
}

/// A ref, its token type, and the ref that takes its place.
pub type SummaryRef<'a> = (&'a str, Option<i32>, Option<&'a str>);

/// A serialized summary with these refs.
pub fn bytes(layout: Layout, refs: &[SummaryRef<'_>]) -> Vec<u8> {
    let (mut listed, mut cached) = (Vec::new(), Vec::new());
    for (name, token_type, renamed_to) in refs {
        let mut own = vec![entry("xa.data", &variant(b"\0\0\0\0", "u"))];
        own.extend(token_type.map(|number| entry("tokt", &variant(&number.to_le_bytes(), "i"))));
        own.extend(renamed_to.map(|new| entry("eolr", &variant(&text(new), "s"))));
        let (own, none) = (array(&own), array(&[]));
        let (beside, own) = if layout == Layout::Indexed { (own, none) } else { (none, own) };
        listed.push(entry(name, &of_commit(&beside)));
        cached.push(entry(name, &own));
    }
    let mut metadata = vec![entry("xa.summary-version", &variant(b"\x01\0\0\0", "u"))];
    if layout == Layout::Plain {
        metadata.push(entry("xa.sparse-cache", &variant(&array(&cached), "a{sa{sv}}")));
    }
    pair(array(&listed), &array(&metadata))
}

/// Writes a summary into the cache of an installation, as flatpak does for this remote and architecture.
pub fn write(installation: &Path, remote: &str, arch: &str, refs: &[SummaryRef<'_>]) {
    let cache = installation.join("repo/tmp/cache/summaries");
    std::fs::create_dir_all(&cache).expect("a test can make folders");
    let name = format!("{remote}-{arch}-{}.sub", "0".repeat(64));
    std::fs::write(cache.join(format!("{remote}.idx")), "").expect("a test can write");
    std::fs::write(cache.join(name), bytes(Layout::Indexed, refs)).expect("a test can write");
}

/// `(taya{sv})`: size, checksum, metadata.
fn of_commit(metadata: &[u8]) -> Vec<u8> {
    let mut body = [0; 40].to_vec();
    body.extend_from_slice(metadata);
    with_offsets(body, &[40])
}

fn entry(key: &str, value: &[u8]) -> Vec<u8> {
    pair(text(key), value)
}

fn pair(first: Vec<u8>, second: &[u8]) -> Vec<u8> {
    let end = first.len();
    let mut body = first;
    pad(&mut body);
    body.extend_from_slice(second);
    with_offsets(body, &[end])
}

fn array(items: &[Vec<u8>]) -> Vec<u8> {
    let (mut body, mut ends) = (Vec::new(), Vec::new());
    for item in items {
        pad(&mut body);
        body.extend_from_slice(item);
        ends.push(body.len());
    }
    with_offsets(body, &ends)
}

fn variant(value: &[u8], value_type: &str) -> Vec<u8> {
    [value, b"\0", value_type.as_bytes()].concat()
}

fn text(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(8), 0);
}

/// The offsets have the least width that is enough for all of it.
fn with_offsets(mut body: Vec<u8>, offsets: &[usize]) -> Vec<u8> {
    let fits = |width: &usize| (body.len() + offsets.len() * width) < 1 << (8 * width);
    let width = [1, 2, 4].into_iter().find(fits).expect("a test writes little");
    for offset in offsets {
        body.extend_from_slice(&offset.to_le_bytes()[..width]);
    }
    body
}
