// SPDX-License-Identifier: GPL-3.0-or-later
//! `usherctl export` saves accounts for another computer, without any secret.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::json;
use tempfile::NamedTempFile;
use usher_core::{
    error_text::UserFacing,
    i18n::{gettext, gettext_f},
    remote,
    takeout::{Takeout, TakeoutError},
};

use crate::{context::Context, failure::Failure, terminal};

pub(crate) async fn run(context: &Context, file: Option<PathBuf>, may_replace: bool) -> Result<(), Failure> {
    let entries = context.store.unlocked_entries().await?;
    let takeout = Takeout::gather(&entries, &remote::installations());
    let bytes = takeout.encode().map_err(failure)?;
    let Some(file) = file.filter(|file| !is_stdout(file)) else {
        io::stdout().write_all(&bytes)?;
        return Ok(());
    };
    write(&file, &bytes, may_replace)?;
    let shown = file.display().to_string();
    terminal::say(&gettext(
        "It contains no passwords. Sign-ins are done again on the other computer, with “usherctl import” or in Usher.",
    ))?;
    context.out.line(&gettext_f("Saved to {file}.", &[("file", &shown)]))?;
    context.out.json(&json!({
        "file": shown,
        "accounts": takeout.accounts.len(),
        "repositories": takeout.repositories.len(),
    }))
}

pub(crate) fn failure(error: TakeoutError) -> Failure {
    Failure::Other(match error {
        TakeoutError::TooLarge => gettext("The file is too large."),
        TakeoutError::Malformed => gettext("This is not a file saved with “usherctl export”, or it is damaged."),
        TakeoutError::Newer => gettext("The file was saved by a newer version of Usher."),
    })
}

/// Whether this stands for standard output.
pub(crate) fn is_stdout(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Writes the whole file or nothing. Only the person can read it.
pub(crate) fn write(file: &Path, bytes: &[u8], may_replace: bool) -> Result<(), Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unwritten = |error: io::Error| {
        let (file, reason) = (file.display().to_string(), error.reason());
        Failure::Other(gettext_f("{file} cannot be written: {reason}.", &[("file", &file), ("reason", &reason)]))
    };
    let mut part = NamedTempFile::new_in(folder).map_err(unwritten)?;
    part.write_all(bytes).and_then(|()| part.as_file().sync_all()).map_err(unwritten)?;
    let kept = if may_replace { part.persist(file) } else { part.persist_noclobber(file) };
    match kept {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::Usage(gettext_f(
            "{file} already exists. Use “--force” to replace it.",
            &[("file", &file.display().to_string())],
        ))),
        Err(error) => Err(unwritten(error.error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_that_is_there_is_replaced_only_when_that_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("Accounts.usher");
        write(&file, b"one", false).unwrap();
        assert!(matches!(write(&file, b"two", false), Err(Failure::Usage(_))));
        assert_eq!(std::fs::read(&file).unwrap(), b"one");
        let nowhere = folder.path().join("none/Accounts.usher");
        let Err(Failure::Other(shown)) = write(&nowhere, b"two", false) else { panic!("written to nowhere") };
        assert_eq!(shown, format!("{} cannot be written: No such file or directory.", nowhere.display()));
        write(&file, b"two", true).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
