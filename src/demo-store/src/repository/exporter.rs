// SPDX-License-Identifier: GPL-3.0-or-later
//! Exporting to the repository.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{Announcement, Signer, apps, commands, runtime};
use crate::{
    StoreError,
    build_cache::WORK_PREFIX,
    catalogue::{App, BRANCH},
    html::SHOP,
    options::Progress,
};

/// The branch from which flatpak installs an authenticator by itself.
const AUTO_BRANCH: &str = "autoinstall";

/// Writes trees to a temporary folder, and exports them.
pub(crate) struct Exporter<'a> {
    arch: String,
    has_token_types: bool,
    repo: &'a Path,
    work: TempDir,
    progress: &'a Progress,
}

impl<'a> Exporter<'a> {
    /// An exporter to the repository `repo`, with a temporary folder below `parent`.
    pub(crate) fn new(repo: &'a Path, parent: &Path, progress: &'a Progress) -> Result<Self, StoreError> {
        let work = tempfile::Builder::new().prefix(WORK_PREFIX).tempdir_in(parent).map_err(StoreError::file(parent))?;
        Ok(Self { arch: commands::default_arch()?, has_token_types: true, repo, work, progress })
    }

    /// Exports apps without a token type. flatpak then takes the one that is usual for the kind of repository.
    pub(crate) fn without_token_types(self) -> Self {
        Self { has_token_types: false, ..self }
    }

    /// Exports a version of a runtime.
    pub(crate) fn export_platform(&self, id: &str, branch: &str, version: u32) -> Result<(), StoreError> {
        self.progress.step(&format!("Building the runtime {id} {branch}, version {version}"));
        let tree = self.work.path().join(format!("{id}-{branch}-{version}"));
        runtime::write(&tree, id, &self.arch, branch, version)?;
        self.export(&tree, branch, &["--runtime"])
    }

    /// Exports a version of an app, with its translations if it has any.
    pub(crate) fn export_app(&self, app: &App, version: u32, platform: &str) -> Result<(), StoreError> {
        self.progress.step(&format!("Building the app {}, version {version}", app.id));
        let arch = &self.arch;
        let token_type = format!("--token-type={}", app.terms.token_type());
        let tree = self.work.path().join(format!("{}-{version}", app.id));
        apps::write(app, &tree, arch, version, platform)?;
        let path = tree.to_string_lossy();
        commands::flatpak(["build-finish", "--command=hello", &path])?;
        let token_types = if self.has_token_types { &[&*token_type][..] } else { &[] };
        self.export(&tree, BRANCH, token_types)?;
        if app.translated {
            let tree = self.work.path().join(format!("{}.Locale-{version}", app.id));
            apps::write_translations(app, &tree, arch, version)?;
            self.export(&tree, BRANCH, &["--runtime", "--files=files", &token_type])?;
        }
        Ok(())
    }

    /// Marks an app as replaced by another one.
    pub(crate) fn rename_app(&self, app: &App, to: &App) -> Result<(), StoreError> {
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
    pub(crate) fn publish_authenticator(&self, name: &str, source: &Path) -> Result<(), StoreError> {
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

    /// Builds the container image of an exported app or runtime. Returns the folder with its OCI layout.
    pub(crate) fn bundle_image(&self, id: &str, branch: &str, is_runtime: bool) -> Result<PathBuf, StoreError> {
        let layout = self.work.path().join(format!("{id}.oci"));
        let kind = if is_runtime { &["--runtime"][..] } else { &[] };
        let (repo, path) = (self.repo.to_string_lossy(), layout.to_string_lossy());
        let command = ["build-bundle", "--oci"];
        commands::flatpak(command.iter().chain(kind).chain(&[&*repo, &*path, id, branch]))?;
        Ok(layout)
    }

    fn export(&self, tree: &Path, branch: &str, arguments: &[&str]) -> Result<(), StoreError> {
        let (repo, tree) = (self.repo.to_string_lossy(), tree.to_string_lossy());
        let command = ["build-export", "--no-update-summary", "--disable-sandbox"];
        let places = [&*repo, &*tree, branch];
        commands::flatpak(command.iter().chain(arguments).chain(&places))
    }

    /// Removes all deltas.
    pub(crate) fn remove_deltas(&self) -> Result<(), StoreError> {
        for folder in ["deltas", "delta-indexes"].map(|name| self.repo.join(name)) {
            if let Err(error) = fs::remove_dir_all(&folder)
                && error.kind() != io::ErrorKind::NotFound
            {
                return Err(StoreError::file(folder)(error));
            }
        }
        Ok(())
    }

    /// Generates deltas and writes the summary, from which clients learn of the exports.
    pub(crate) fn update_summary(
        &self,
        announcement: Option<&Announcement>,
        signer: Option<&Signer>,
    ) -> Result<(), StoreError> {
        self.progress.step("Writing deltas and summary");
        let mut arguments =
            vec!["build-update-repo".to_owned(), "--generate-static-deltas".to_owned(), format!("--title={SHOP}")];
        if let Some(Announcement { name, url, sign_in, brought_from }) = announcement {
            arguments.push(format!("--authenticator-name={name}"));
            arguments.extend(url.iter().map(|url| format!("--authenticator-option=url={url}")));
            arguments.extend(sign_in.iter().map(|option| format!("--authenticator-option={option}")));
            let install = if brought_from.is_some() { "--authenticator-install" } else { "--no-authenticator-install" };
            arguments.push(install.to_owned());
        }
        arguments.extend(signer.iter().flat_map(|signer| signer.arguments()));
        arguments.push(self.repo.to_string_lossy().into_owned());
        let done = commands::flatpak(arguments);
        signer.map_or(Ok(()), Signer::rest)?;
        done
    }
}
