// SPDX-License-Identifier: GPL-3.0-or-later
//! The runtime: a shell, a few commands and their libraries, copied from this system.

use std::{collections::BTreeSet, fs, os::unix::fs::symlink, path::Path};

use super::{apps::write_file, commands};
use crate::StoreError;

/// The programs for apps. Flatpak itself runs `ldconfig`.
const PROGRAMS: [&str; 7] = ["bash", "cat", "env", "id", "ldconfig", "ls", "sleep"];

/// Writes the tree of one version.
pub(super) fn write(tree: &Path, id: &str, arch: &str, branch: &str, version: u32) -> Result<(), StoreError> {
    let metadata = format!("[Runtime]\nname={id}\nruntime={id}/{arch}/{branch}\nsdk={id}/{arch}/{branch}\n");
    write_file(&tree.join("metadata"), metadata.as_bytes())?;
    write_file(&tree.join("usr/share/demo-store/version"), format!("{branch}, version {version}\n").as_bytes())?;
    make_folder(&tree.join("files"))?;

    let (bin, lib) = (tree.join("usr/bin"), tree.join("usr/lib"));
    make_folder(&bin)?;
    make_folder(&lib)?;
    let mut libraries = BTreeSet::new();
    for name in PROGRAMS {
        let program = commands::find(name)?;
        libraries.extend(commands::libraries(&program)?);
        copy(&program, &bin.join(name))?;
    }
    for library in libraries {
        let name =
            library.file_name().ok_or_else(|| StoreError::Damaged(format!("the library {}", library.display())))?;
        copy(&library, &lib.join(name))?;
    }
    link("bash", &bin.join("sh"))?;
    // 64-bit programs look for their loader here.
    link("lib", &tree.join("usr/lib64"))
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(StoreError::file(path))
}

fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::copy(from, to).map(drop).map_err(StoreError::file(from))
}

fn link(target: &str, path: &Path) -> Result<(), StoreError> {
    symlink(target, path).map_err(StoreError::file(path))
}
