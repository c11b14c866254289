// SPDX-License-Identifier: GPL-3.0-or-later
//! Exporting to the repository.

use std::path::Path;

use tempfile::TempDir;

use super::{Announcement, WORK_PREFIX, apps, commands, runtime};
use crate::{
    StoreError,
    catalogue::{App, BRANCH, PLATFORM},
    html::SHOP,
    options::Progress,
};

/// The branch from which flatpak installs an authenticator by itself.
const AUTO_BRANCH: &str = "autoinstall";

/// Writes trees to a temporary folder, and exports them.
pub(super) struct Exporter<'a> {
    arch: String,
    repo: &'a Path,
    work: TempDir,
    progress: &'a Progress,
}

impl<'a> Exporter<'a> {
    /// An exporter to the repository `repo`, with a temporary folder below `parent`.
    pub(super) fn new(repo: &'a Path, parent: &Path, progress: &'a Progress) -> Result<Self, StoreError> {
        let work = tempfile::Builder::new().prefix(WORK_PREFIX).tempdir_in(parent).map_err(StoreError::file(parent))?;
        Ok(Self { arch: commands::default_arch()?, repo, work, progress })
    }

    /// Exports a version of the runtime.
    pub(super) fn export_platform(&self, branch: &str, version: u32) -> Result<(), StoreError> {
        self.progress.step(&format!("Building the runtime {PLATFORM} {branch}, version {version}"));
        let tree = self.work.path().join(format!("platform-{branch}-{version}"));
        runtime::write(&tree, &self.arch, branch, version)?;
        self.export(&tree, branch, &["--runtime"])
    }

    /// Exports a version of an app, with its translations if it has any.
    pub(super) fn export_app(&self, app: &App, version: u32, platform: &str) -> Result<(), StoreError> {
        self.progress.step(&format!("Building the app {}, version {version}", app.id));
        let arch = &self.arch;
        let token_type = format!("--token-type={}", app.terms.token_type());
        let tree = self.work.path().join(format!("{}-{version}", app.id));
        apps::write(app, &tree, arch, version, platform)?;
        let path = tree.to_string_lossy();
        commands::flatpak(["build-finish", "--command=hello", &path])?;
        self.export(&tree, BRANCH, &[&token_type])?;
        if app.translated {
            let tree = self.work.path().join(format!("{}.Locale-{version}", app.id));
            apps::write_translations(app, &tree, arch, version)?;
            self.export(&tree, BRANCH, &["--runtime", "--files=files", &token_type])?;
        }
        Ok(())
    }

    /// Marks an app as replaced by another one.
    pub(super) fn rename_app(&self, app: &App, to: &App) -> Result<(), StoreError> {
        self.progress.step(&format!("Publishing that {} is {} from now on", app.id, to.id));
        let old = format!("app/{}/{}/{BRANCH}", app.id, self.arch);
        commands::flatpak([
            "build-commit-from",
            "--no-update-summary",
            "--force",
            &format!("--end-of-life-rebase={}={}", app.id, to.id),
            &format!("--src-ref={old}"),
            &self.repo.to_string_lossy(),
            &old,
        ])
    }

    /// Publishes an authenticator's commit from another repository unchanged and without a token, on the branch from
    /// which flatpak installs it by itself.
    pub(super) fn publish_authenticator(&self, name: &str, source: &Path) -> Result<(), StoreError> {
        self.progress.step(&format!("Publishing {name} along with the apps"));
        let of = |branch: &str| format!("app/{name}/{}/{branch}", self.arch);
        commands::flatpak([
            "build-commit-from",
            "--no-update-summary",
            "--token-type=0",
            &format!("--src-repo={}", source.display()),
            &format!("--src-ref={}", of(BRANCH)),
            &self.repo.to_string_lossy(),
            &of(AUTO_BRANCH),
        ])
    }

    fn export(&self, tree: &Path, branch: &str, arguments: &[&str]) -> Result<(), StoreError> {
        let (repo, tree) = (self.repo.to_string_lossy(), tree.to_string_lossy());
        let command = ["build-export", "--no-update-summary", "--disable-sandbox"];
        let places = [&*repo, &*tree, branch];
        commands::flatpak(command.iter().chain(arguments).chain(&places))
    }

    /// Generates deltas and writes the summary, from which clients learn of the exports.
    pub(super) fn update_summary(&self, announcement: Option<&Announcement>) -> Result<(), StoreError> {
        self.progress.step("Writing deltas and summary");
        let mut arguments =
            vec!["build-update-repo".to_owned(), "--generate-static-deltas".to_owned(), format!("--title={SHOP}")];
        if let Some(Announcement { name, url, brought_from }) = announcement {
            arguments.push(format!("--authenticator-name={name}"));
            arguments.push(format!("--authenticator-option=url={url}"));
            let install = if brought_from.is_some() { "--authenticator-install" } else { "--no-authenticator-install" };
            arguments.push(install.to_owned());
        }
        arguments.push(self.repo.to_string_lossy().into_owned());
        commands::flatpak(arguments)
    }
}
