// SPDX-License-Identifier: GPL-3.0-or-later
//! Names and icons of apps, from the AppStream data that Flatpak fetched from a remote. Fetches nothing. What a
//! repository says about its apps is shown as the repository's claim.

mod catalog;

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    io::{BufReader, Read},
    path::{Component, Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;

use self::catalog::Listed;
use crate::{
    files,
    remote::{Installation, own_architecture},
};

/// The data, packed.
const PACKED: &str = "appstream.xml.gz";
/// Largest file of an icon, in bytes.
const ICON_FILE_LIMIT: u64 = 1 << 20;
/// Most pixels of an icon in either direction.
const ICON_SIZE_LIMIT: u32 = 512;
/// The folders with icons, the largest icons first.
const ICON_FOLDERS: [&str; 4] = ["128x128@2", "128x128", "64x64@2", "64x64"];

/// What a repository says about an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppInfo {
    /// Its name, cleaned; never empty.
    pub name: String,
    /// Its icon, a small PNG file.
    pub icon: Option<PathBuf>,
}

/// Looks up apps of a remote in these installations, in order. Takes names in the first of these languages (`de`,
/// `pt-BR`) that an app has. Reads files: never call it in a window's main loop.
pub fn find(
    installations: &[Installation],
    remote: &str,
    ids: &BTreeSet<String>,
    languages: &[String],
) -> BTreeMap<String, AppInfo> {
    let mut found = BTreeMap::new();
    let folders = installations.iter().flat_map(|installation| catalog_folders(installation, remote));
    for folder in folders {
        let missing: BTreeSet<String> = ids.iter().filter(|id| !found.contains_key(*id)).cloned().collect();
        if missing.is_empty() {
            break;
        }
        for (id, listed) in listed_in(&folder, &missing, languages) {
            let icon = icon_of(&folder, &listed.icons);
            found.insert(id, AppInfo { name: listed.name, icon });
        }
    }
    found
}

/// The names of these apps in the data of a repository, as somebody has just fetched it: a file called like this.
pub fn names_in(file: &str, content: &[u8], ids: &BTreeSet<String>, languages: &[String]) -> BTreeMap<String, String> {
    let listed = match file {
        PACKED => catalog::read(BufReader::new(MultiGzDecoder::new(content)), ids, languages),
        _ => catalog::read(content, ids, languages),
    };
    listed.into_iter().map(|(id, listed)| (id, listed.name)).collect()
}

/// The folders with the data of a remote, this computer's architecture first.
fn catalog_folders(installation: &Installation, remote: &str) -> Vec<PathBuf> {
    let Some(remote) = plain_file_name(remote) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(installation.path.join("appstream").join(remote)) else {
        return Vec::new();
    };
    let mut architectures: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    architectures.sort_by_key(|path| (path.file_name() != Some(OsStr::new(own_architecture())), path.clone()));
    // `active` is a link that Flatpak made; the data of a container registry is in the folder itself.
    let data = |folder: &PathBuf| folder.join("active").canonicalize().or_else(|_| folder.canonicalize()).ok();
    architectures.iter().filter_map(data).collect()
}

fn listed_in(folder: &Path, ids: &BTreeSet<String>, languages: &[String]) -> BTreeMap<String, Listed> {
    if let Ok(packed) = files::open_unlinked(&folder.join(PACKED)) {
        let unpacked = BufReader::new(MultiGzDecoder::new(BufReader::new(packed)));
        return catalog::read(unpacked, ids, languages);
    }
    match files::open_unlinked(&folder.join("appstream.xml")) {
        Ok(file) => catalog::read(BufReader::new(file), ids, languages),
        Err(_) => BTreeMap::new(),
    }
}

/// The largest icon that exists.
fn icon_of(folder: &Path, names: &[String]) -> Option<PathBuf> {
    let icons = folder.join("icons");
    let names: Vec<&str> = names.iter().filter_map(|name| plain_file_name(name)).collect();
    let in_folder = |folder: &str| -> Vec<PathBuf> { names.iter().map(|name| icons.join(folder).join(name)).collect() };
    let mut paths = ICON_FOLDERS.iter().flat_map(|folder| in_folder(folder));
    paths.find(|path| path.canonicalize().is_ok_and(|real| real.starts_with(folder)) && is_small_png(path))
}

/// A name that is one part of a path, and cannot lead out of its folder.
fn plain_file_name(name: &str) -> Option<&str> {
    let mut parts = Path::new(name).components();
    let is_plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name);
    (is_plain && !name.contains('\0')).then_some(name)
}

/// Whether a file's first bytes say that it is a PNG picture of an icon's size. A small file can hold a huge picture.
fn is_small_png(path: &Path) -> bool {
    let Ok(mut file) = files::open_unlinked(path) else {
        return false;
    };
    let is_small = file.metadata().is_ok_and(|metadata| metadata.len() <= ICON_FILE_LIMIT);
    let mut head = [0; 24];
    is_small && file.read_exact(&mut head).is_ok() && is_head_of_small_png(&head)
}

fn is_head_of_small_png(head: &[u8; 24]) -> bool {
    let size = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    head.starts_with(b"\x89PNG\r\n\x1a\n")
        && &head[12..16] == b"IHDR"
        && [size(16), size(20)].iter().all(|pixels| (1..=ICON_SIZE_LIMIT).contains(pixels))
}

#[cfg(test)]
mod tests;
