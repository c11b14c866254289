// SPDX-License-Identifier: GPL-3.0-or-later
//! Files that share a repository (`.flatpakrepo`, `.flatpakref`), named in place of a remote. Nothing that they name is
//! fetched, and no repository is added by itself.

use std::path::{Path, PathBuf};

use usher_core::{
    error_text::UserFacing,
    files,
    i18n::{gettext, gettext_f},
    remote::{self, Remote},
    repository_file::{self, RepositoryFile, RepositoryFileError, SIZE_LIMIT, SetUp},
    service::UrlError,
    text,
};

use crate::{command, context::Context, failure::Failure, remotes};

/// The file that a person names, unless a remote has that name.
pub(crate) fn file_named(word: &str, remotes: &[Remote]) -> Option<PathBuf> {
    let path = Path::new(word);
    // A missing file is no host, but may be the end of an address.
    let is_here = path.exists() || !word.contains('/') || word.starts_with(['/', '.']);
    let is_file = repository_file::is_named_so(path) && !word.contains("://") && is_here;
    (is_file && remotes.iter().all(|remote| remote.name != word)).then(|| path.to_owned())
}

/// Where a file is needed, the command that takes it.
pub(crate) fn advice(fault: UrlError) -> Option<String> {
    let command = command::usherctl(&["sign-in", "FILE"]);
    matches!(fault, UrlError::File | UrlError::FlatpakLink)
        .then(|| gettext_f("Or run “{command}”.", &[("command", &command)]))
}

/// The remote that is the repository of a file. If that is not set up, prints the command that does it.
pub(crate) fn remote_of(context: &Context, path: &Path) -> Result<Remote, Failure> {
    of_file(context, &read(path)?, Some(path))
}

/// The remote at the address of a registry's index. If it is not set up, prints the command that does it.
pub(crate) fn remote_of_registry(context: &Context, file: &RepositoryFile) -> Result<Remote, Failure> {
    of_file(context, file, None)
}

fn of_file(context: &Context, file: &RepositoryFile, path: Option<&Path>) -> Result<Remote, Failure> {
    let all = remote::remotes(&remote::installations());
    let title = text::clean(&file.display_name(), text::NAME_LIMIT);
    let address = file.address.to_string();
    let values = [("repository", title.as_str()), ("address", address.as_str())];
    let absolute = path.and_then(|path| std::path::absolute(path).ok());
    match file.set_up(absolute.as_deref(), &all) {
        SetUp::Named(remote) => Ok(*remote),
        SetUp::AsksLater => Err(Failure::Usage(gettext_f(
            "“{repository}” ({address}) is set up. It asks for its account with the next install.",
            &values,
        ))),
        SetUp::CouldUse(remote) => Err(Failure::AccountNeeded(gettext_f(
            "“{repository}” ({address}) is set up, but does not use Usher. Run “{command}”, then try again.",
            &[
                ("repository", title.as_str()),
                ("address", address.as_str()),
                ("command", &command::usherctl(&["use", &remotes::word(&remote.name, &remote.url)])),
            ],
        ))),
        SetUp::NotOurs => Err(Failure::Usage(gettext_f(
            "“{repository}” ({address}) is set up. It has not asked for an account yet.",
            &values,
        ))),
        SetUp::Missing(None) => Err(Failure::Usage(file.fault().map_or_else(
            || gettext_f("“{repository}” ({address}) has to be set up by hand, because its details are not safe to use in a command.", &values),
            |fault| fault.of_remote(&title),
        ))),
        SetUp::Missing(Some(command)) => {
            if !file.is_verified() {
                context.out.line(&repository_file::unverified())?;
            }
            context.out.line(&gettext_f("Set up “{repository}” ({address}) with this command:", &values))?;
            context.out.line(&format!("  {command}"))?;
            Err(Failure::AccountNeeded(gettext("The repository is not set up yet. Run the command, then try again.")))
        }
    }
}

fn read(path: &Path) -> Result<RepositoryFile, Failure> {
    let shown = path.display().to_string();
    let bytes = files::read_regular(path, SIZE_LIMIT as u64).map_err(|error| {
        Failure::Usage(gettext_f("{file} cannot be read: {reason}.", &[("file", &shown), ("reason", &error.reason())]))
    })?;
    RepositoryFile::parse(&bytes, path).map_err(|error| {
        let values = [("file", shown.as_str())];
        Failure::Usage(match error {
            RepositoryFileError::TooLarge => gettext_f("{file} is too large.", &values),
            RepositoryFileError::Malformed => gettext_f("{file} is not a repository file, or it is damaged.", &values),
            RepositoryFileError::Key => gettext_f("The key in {file} is damaged.", &values),
        })
    })
}

#[cfg(test)]
mod tests {
    use usher_core::testing;

    use super::*;

    #[test]
    fn u08_a_file_is_told_from_a_remote_a_host_and_an_address() {
        let remotes = [testing::remote("odd.flatpakrepo", "https://r.example/", "s.example")];
        for (word, is_file) in [
            ("shop.flatpakrepo", true),
            ("./shop.FlatpakRef", true),
            ("/nonexistent/shop.flatpakrepo", true),
            ("../shop.flatpakrepo", true),
            ("odd.flatpakrepo", false),
            ("store.example.org/shop.flatpakrepo", false),
            ("https://store.example.org/shop.flatpakrepo", false),
            ("store.example.org", false),
            ("demo", false),
        ] {
            assert_eq!(file_named(word, &remotes).is_some(), is_file, "{word}");
        }
    }
}
