// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's own repository: building it with flatpak's commands, publishing to it, and knowing which files need a
//! token.

mod apps;
mod commands;
mod commit_index;
mod exporter;
mod runtime;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use self::commit_index::{CommitIndex, TargetCommit};
use self::exporter::Exporter;
use crate::{
    StoreError,
    catalogue::{self, APPS, App, FIRST_PLATFORM, PLATFORM},
    hex,
    options::Progress,
};

/// Prefix of folders with unfinished repositories.
const PART_PREFIX: &str = "repository.part-";
/// Prefix of folders with trees to export.
const WORK_PREFIX: &str = "work-";

/// Something new to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Publication {
    /// The next version of this app, or of the runtime on all its branches.
    Update(String),
    /// A new branch of the runtime, and the next version of an app, which needs that branch.
    Runtime {
        /// The runtime's new branch.
        branch: String,
        /// The app that moves to it.
        app: String,
    },
    /// The end of an app's id: from now on clients replace the app by another one.
    Rename {
        /// The app's id until now.
        app: String,
        /// The app that takes its place.
        to: String,
    },
}

/// The authenticator in the repository's summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Announcement {
    pub(crate) name: String,
    pub(crate) url: String,
    /// The repository on disk from which to publish the authenticator's Flatpak.
    #[serde(default)]
    pub(crate) brought_from: Option<PathBuf>,
}

/// What was published so far. A file beside the repository stores it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Contents {
    apps: BTreeMap<String, AppVersion>,
    /// Versions of the runtime by branch.
    platforms: BTreeMap<String, u32>,
    announcement: Option<Announcement>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct AppVersion {
    version: u32,
    platform: String,
}

/// The repository and its state.
#[derive(Debug)]
pub(crate) struct Repository {
    folder: PathBuf,
    progress: Progress,
    contents: Mutex<Contents>,
    commits: RwLock<Arc<CommitIndex>>,
}

impl Repository {
    /// Opens the repository in `data_dir`. If there is none, builds it, or copies it from the cache.
    pub(crate) fn open(
        data_dir: &Path,
        cache: Option<&Path>,
        announcement: Option<Announcement>,
        progress: &Progress,
    ) -> Result<Self, StoreError> {
        let folder = data_dir.join("repository");
        remove_leftovers(data_dir)?;
        remove_leftovers(&folder)?;
        if !folder.exists() {
            match cache {
                Some(cache) => copy_from_cache(cache, data_dir, &folder, progress)?,
                None => build(data_dir, &folder, progress)?,
            }
        }
        let contents = read_contents(&folder)?;
        let commits = CommitIndex::scan(&folder.join("repo"), None)?;
        let repository = Self {
            folder,
            progress: progress.clone(),
            contents: Mutex::new(contents),
            commits: RwLock::new(Arc::new(commits)),
        };
        if announcement.is_some() {
            repository.announce(announcement)?;
        }
        Ok(repository)
    }

    /// The commits as of the last publication.
    pub(crate) fn commits(&self) -> Arc<CommitIndex> {
        Arc::clone(&self.commits.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The file at this path of the repository, if the shop may serve it.
    pub(crate) fn file(&self, path: &str) -> Option<PathBuf> {
        const FILES: [&str; 4] = ["config", "summary", "summary.idx", "summary.sig"];
        const FOLDERS: [&str; 6] = ["objects", "deltas", "delta-indexes", "summaries", "refs", "extensions"];

        let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0']);
        if !path.split('/').all(plain) {
            return None;
        }
        let served = match path.split_once('/') {
            Some((folder, _)) => FOLDERS.contains(&folder),
            None => FILES.contains(&path),
        };
        let root = self.folder.join("repo").canonicalize().ok()?;
        let file = root.join(path).canonicalize().ok()?;
        (served && file.starts_with(&root) && file.is_file()).then_some(file)
    }

    /// Exports new versions, and adds them to the summary together.
    pub(crate) fn publish(&self, publications: &[Publication]) -> Result<(), StoreError> {
        self.change(|exporter, contents| {
            for publication in publications {
                match publication {
                    Publication::Update(id) if id == PLATFORM => {
                        for (branch, version) in &mut contents.platforms {
                            *version += 1;
                            exporter.export_platform(branch, *version)?;
                        }
                    }
                    Publication::Update(id) => update_app(exporter, contents, id, None)?,
                    Publication::Runtime { branch, app } => {
                        let version = contents.platforms.entry(branch.clone()).or_insert(0);
                        *version += 1;
                        exporter.export_platform(branch, *version)?;
                        update_app(exporter, contents, app, Some(branch))?;
                    }
                    Publication::Rename { app, to } => exporter.rename_app(known(app)?, known(to)?)?,
                }
            }
            Ok(())
        })
    }

    /// Names this authenticator in the summary, or none.
    pub(crate) fn announce(&self, announcement: Option<Announcement>) -> Result<(), StoreError> {
        self.change(|exporter, contents| {
            if let Some(Announcement { name, brought_from: Some(source), .. }) = &announcement {
                exporter.publish_authenticator(name, source)?;
            }
            contents.announcement = announcement;
            Ok(())
        })
    }

    /// Changes the repository and writes the summary. Scans the new commits before clients can learn of them.
    fn change(
        &self,
        change: impl FnOnce(&Exporter<'_>, &mut Contents) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut current = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        let mut contents = current.clone();
        let repo = self.folder.join("repo");
        let exporter = Exporter::new(&repo, &self.folder, &self.progress)?;
        change(&exporter, &mut contents)?;
        self.rescan()?;
        exporter.update_summary(contents.announcement.as_ref())?;
        self.rescan()?;
        write_contents(&self.folder, &contents)?;
        *current = contents;
        Ok(())
    }

    fn rescan(&self) -> Result<(), StoreError> {
        let fresh = CommitIndex::scan(&self.folder.join("repo"), Some(&self.commits()))?;
        *self.commits.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        Ok(())
    }
}

fn update_app(
    exporter: &Exporter<'_>,
    contents: &mut Contents,
    id: &str,
    platform: Option<&str>,
) -> Result<(), StoreError> {
    let app = known(id)?;
    let entry = contents
        .apps
        .entry(id.to_owned())
        .or_insert_with(|| AppVersion { version: 0, platform: FIRST_PLATFORM.to_owned() });
    entry.version += 1;
    if let Some(platform) = platform {
        platform.clone_into(&mut entry.platform);
    }
    exporter.export_app(app, entry.version, &entry.platform)
}

fn known(id: &str) -> Result<&'static App, StoreError> {
    catalogue::find(id).ok_or_else(|| StoreError::UnknownApp(id.to_owned()))
}

/// Builds the first versions of everything. `folder` never holds an unfinished repository.
fn build(data_dir: &Path, folder: &Path, progress: &Progress) -> Result<(), StoreError> {
    progress.step("Building the repository, once; this takes some seconds");
    let part = part_folder(data_dir)?;
    let repo = part.path().join("repo");
    let exporter = Exporter::new(&repo, part.path(), progress)?;
    let mut contents = Contents::default();
    contents.platforms.insert(FIRST_PLATFORM.to_owned(), 1);
    exporter.export_platform(FIRST_PLATFORM, 1)?;
    for app in &APPS {
        update_app(&exporter, &mut contents, app.id, None)?;
    }
    exporter.update_summary(None)?;
    drop(exporter);
    write_contents(part.path(), &contents)?;
    move_into_place(part, folder)
}

fn copy_from_cache(cache: &Path, data_dir: &Path, folder: &Path, progress: &Progress) -> Result<(), StoreError> {
    let cached = cache.join(cache_key()?);
    fs::create_dir_all(cache).map_err(StoreError::file(cache))?;
    let lock_path = cache.join("lock");
    // Held until the end of this function: other processes wait instead of building the repository as well.
    let lock = File::create(&lock_path).map_err(StoreError::file(&lock_path))?;
    lock.lock().map_err(StoreError::file(&lock_path))?;
    if !cached.exists() {
        remove_leftovers(cache)?;
        build(cache, &cached, progress)?;
    }
    let part = part_folder(data_dir)?;
    copy_tree(&cached, part.path())?;
    move_into_place(part, folder)
}

/// Removes the leftovers of a program that was killed.
fn remove_leftovers(folder: &Path) -> Result<(), StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::file(folder)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(StoreError::file(folder))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PART_PREFIX) || name.starts_with(WORK_PREFIX) {
            fs::remove_dir_all(entry.path()).map_err(StoreError::file(entry.path()))?;
        }
    }
    Ok(())
}

fn part_folder(parent: &Path) -> Result<tempfile::TempDir, StoreError> {
    tempfile::Builder::new().prefix(PART_PREFIX).tempdir_in(parent).map_err(StoreError::file(parent))
}

/// Moves a finished folder to its place. If another process was faster, its folder is as good.
fn move_into_place(part: tempfile::TempDir, folder: &Path) -> Result<(), StoreError> {
    match fs::rename(part.path(), folder) {
        Ok(()) => {
            let _ = part.keep();
            Ok(())
        }
        Err(_) if folder.exists() => Ok(()),
        Err(error) => Err(StoreError::file(folder)(error)),
    }
}

/// A key that changes whenever the program would build a different repository.
fn cache_key() -> Result<String, StoreError> {
    let mut hash = Sha256::new();
    for source in [
        include_str!("catalogue.rs"),
        include_str!("repository.rs"),
        include_str!("repository/apps.rs"),
        include_str!("repository/exporter.rs"),
        include_str!("repository/runtime.rs"),
    ] {
        hash.update(source);
    }
    for (_, picture) in APPS.iter().flat_map(|app| app.icon.png) {
        hash.update(picture);
    }
    hash.update(commands::default_arch()?);
    hash.update(commands::flatpak_version()?);
    let hash = hash.finalize();
    Ok(hex::encode(&hash[..8]))
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| StoreError::file(from)(error);
    fs::create_dir_all(to).map_err(StoreError::file(to))?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_tree(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(StoreError::file(&source))?;
        }
    }
    Ok(())
}

fn read_contents(folder: &Path) -> Result<Contents, StoreError> {
    let path = folder.join("contents.json");
    let text = fs::read(&path).map_err(StoreError::file(&path))?;
    serde_json::from_slice(&text).map_err(|error| StoreError::Damaged(format!("{}: {error}", path.display())))
}

fn write_contents(folder: &Path, contents: &Contents) -> Result<(), StoreError> {
    let text = serde_json::to_vec_pretty(contents).expect("the contents are plain data");
    let path = folder.join("contents.json");
    let part = folder.join("contents.json.part");
    fs::write(&part, text).map_err(StoreError::file(&part))?;
    fs::rename(&part, &path).map_err(StoreError::file(&path))
}
