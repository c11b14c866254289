// SPDX-License-Identifier: GPL-3.0-or-later
//! The shop's own repository: building it with flatpak's commands, publishing to it, and knowing which files need a
//! token.

mod apps;
pub(crate) mod commands;
mod commit_index;
mod exporter;
mod runtime;
mod signer;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) use self::commit_index::{CommitIndex, TargetCommit};
pub(crate) use self::exporter::Exporter;
use self::signer::Signer;
use crate::{
    StoreError, build_cache,
    catalogue::{self, APPS, App, FIRST_PLATFORM, PLATFORM},
    hex,
    options::Progress,
};

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
    /// Its `url` option. `None` where there is no account server.
    pub(crate) url: Option<String>,
    /// How people sign in, as options of the remote; none for the web page.
    #[serde(default)]
    pub(crate) sign_in: Vec<String>,
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
    signer: Option<Signer>,
    contents: Mutex<Contents>,
    commits: RwLock<Arc<CommitIndex>>,
}

impl Repository {
    /// Opens the repository in `data_dir`. If there is none, builds it, or copies it from the cache.
    pub(crate) fn open(
        data_dir: &Path,
        cache: Option<&Path>,
        announcement: Option<Announcement>,
        sign: bool,
        progress: &Progress,
    ) -> Result<Self, StoreError> {
        let folder = data_dir.join("repository");
        build_cache::provide(&folder, cache, cache_key, |part| build(part, progress))?;
        let contents = read_contents(&folder)?;
        let home = data_dir.join("signer");
        let is_unsigned = sign && !home.exists();
        let commits = CommitIndex::scan(&folder.join("repo"), read_commits(&folder).as_ref())?;
        let repository = Self {
            folder,
            progress: progress.clone(),
            signer: sign.then(|| Signer::open(&home)).transpose()?,
            contents: Mutex::new(contents),
            commits: RwLock::new(Arc::new(commits)),
        };
        if is_unsigned {
            // A delta has the signatures that there were when it was made.
            repository.change(|exporter, _| exporter.remove_deltas())?;
        }
        if announcement.is_some() {
            repository.announce(announcement)?;
        }
        Ok(repository)
    }

    /// The file with the key that signs it, if it is signed.
    pub(crate) fn key(&self) -> Option<&Path> {
        self.signer.as_ref().map(Signer::key)
    }

    /// The commits as of the last publication.
    pub(crate) fn commits(&self) -> Arc<CommitIndex> {
        Arc::clone(&self.commits.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The file at this path of the repository, if the shop may serve it.
    pub(crate) fn file(&self, path: &str) -> Option<PathBuf> {
        const FILES: [&str; 5] = ["config", "summary", "summary.idx", "summary.idx.sig", "summary.sig"];
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
                            exporter.export_platform(PLATFORM, branch, *version)?;
                        }
                    }
                    Publication::Update(id) => update_app(exporter, contents, id, None)?,
                    Publication::Runtime { branch, app } => {
                        let version = contents.platforms.entry(branch.clone()).or_insert(0);
                        *version += 1;
                        exporter.export_platform(PLATFORM, branch, *version)?;
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
        if let Some(signer) = &self.signer {
            signer.sign(&repo, self.commits().checksums())?;
        }
        exporter.update_summary(contents.announcement.as_ref(), self.signer.as_ref())?;
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

/// Builds the first versions of everything.
fn build(folder: &Path, progress: &Progress) -> Result<(), StoreError> {
    progress.step("Building the repository, once; this takes some seconds");
    let repo = folder.join("repo");
    let exporter = Exporter::new(&repo, folder, progress)?;
    let mut contents = Contents::default();
    contents.platforms.insert(FIRST_PLATFORM.to_owned(), 1);
    exporter.export_platform(PLATFORM, FIRST_PLATFORM, 1)?;
    for app in &APPS {
        update_app(&exporter, &mut contents, app.id, None)?;
    }
    exporter.update_summary(None, None)?;
    write_commits(folder, &CommitIndex::scan(&repo, None)?)?;
    write_contents(folder, &contents)
}

/// A key that changes whenever the program would build a different repository.
fn cache_key() -> Result<String, StoreError> {
    let mut hash = Sha256::new();
    for source in [
        include_str!("catalogue.rs"),
        include_str!("repository.rs"),
        include_str!("repository/apps.rs"),
        include_str!("repository/commit_index.rs"),
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

fn read_contents(folder: &Path) -> Result<Contents, StoreError> {
    let path = folder.join("contents.json");
    let text = fs::read(&path).map_err(StoreError::file(&path))?;
    serde_json::from_slice(&text).map_err(|error| StoreError::Damaged(format!("{}: {error}", path.display())))
}

/// The commits of the repository as it was built: to read each of them takes two starts of ostree.
fn read_commits(folder: &Path) -> Option<CommitIndex> {
    serde_json::from_slice(&fs::read(folder.join("commits.json")).ok()?).ok()
}

fn write_commits(folder: &Path, commits: &CommitIndex) -> Result<(), StoreError> {
    let text = serde_json::to_vec(commits).expect("commits are plain data");
    let path = folder.join("commits.json");
    fs::write(&path, text).map_err(StoreError::file(&path))
}

fn write_contents(folder: &Path, contents: &Contents) -> Result<(), StoreError> {
    let text = serde_json::to_vec_pretty(contents).expect("the contents are plain data");
    let path = folder.join("contents.json");
    let part = folder.join("contents.json.part");
    fs::write(&part, text).map_err(StoreError::file(&part))?;
    fs::rename(&part, &path).map_err(StoreError::file(&path))
}
