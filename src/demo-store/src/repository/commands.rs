// SPDX-License-Identifier: GPL-3.0-or-later
//! Running flatpak, ostree, ldd and other programs.

use std::{
    env,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::StoreError;

/// Flatpak's name for this machine's architecture.
pub(crate) fn default_arch() -> Result<String, StoreError> {
    Ok(run("flatpak", ["--default-arch"])?.trim().to_owned())
}

/// Flatpak's version.
pub(crate) fn flatpak_version() -> Result<String, StoreError> {
    run("flatpak", ["--version"])
}

/// Runs flatpak.
pub(crate) fn flatpak<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Result<(), StoreError> {
    run("flatpak", arguments).map(drop)
}

/// A value of a commit's metadata, as ostree prints it, if there is one.
pub(crate) fn commit_metadata(repo: &Path, checksum: &str, key: &str) -> Result<Option<String>, StoreError> {
    let repo = format!("--repo={}", repo.display());
    let key = format!("--print-metadata-key={key}");
    match run("ostree", ["show", &repo, &key, checksum]) {
        Ok(value) => Ok(Some(value.trim().to_owned())),
        Err(StoreError::Command { output, .. }) if output.contains("No such metadata key") => Ok(None),
        Err(error) => Err(error),
    }
}

/// The libraries that a program loads, including its loader.
pub(crate) fn libraries(program: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listing = match run("ldd", [program]) {
        Ok(listing) => listing,
        Err(StoreError::Command { output, .. }) if output.contains("not a dynamic executable") => String::new(),
        Err(error) => return Err(error),
    };
    Ok(listing
        .split_whitespace()
        .filter(|word| word.starts_with('/') && !word.ends_with(':'))
        .map(PathBuf::from)
        .collect())
}

/// Where a program is installed.
pub(crate) fn find(name: &str) -> Result<PathBuf, StoreError> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .ok_or_else(|| StoreError::MissingProgram(name.to_owned()))
}

/// Runs a program, and returns what it prints.
pub(crate) fn run<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> Result<String, StoreError> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env("LC_ALL", "C.UTF-8")
        .env("GIO_USE_VFS", "local")
        .env("GSETTINGS_BACKEND", "memory");
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => StoreError::MissingProgram(program.to_owned()),
        _ => StoreError::file(program)(error),
    })?;
    let Output { status, stdout, stderr } = output;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    let said = [stdout, stderr].concat();
    Err(StoreError::Command {
        command: format!("{program} {}", arguments.join(" ")),
        output: String::from_utf8_lossy(&said).trim().to_owned(),
    })
}
