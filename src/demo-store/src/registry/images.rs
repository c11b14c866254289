// SPDX-License-Identifier: GPL-3.0-or-later
//! The images: flatpak builds them, skopeo pushes them, and the index lists them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::process::{Guard, RegistryProcess};
use crate::{
    StoreError,
    catalogue::{App, BRANCH, FIRST_PLATFORM, REGISTRY_APPS, REGISTRY_PLATFORM},
    hex,
    options::Progress,
    repository::{Exporter, commands},
};

/// The namespace of the repositories.
const NAMESPACE: &str = "acme";
/// The tag of all images.
const TAG: &str = "latest";

/// An image in the registry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Image {
    repository: String,
    version: u32,
    digest: String,
    media_type: String,
    architecture: String,
    os: String,
    labels: BTreeMap<String, String>,
}

/// The folder with the images: `repo`, from which flatpak builds them, `storage`, where the registry keeps them, and a list.
#[derive(Debug)]
pub(crate) struct Images {
    folder: PathBuf,
    progress: Progress,
    /// By the id of app or runtime.
    list: BTreeMap<String, Image>,
}

/// The repository of an app or a runtime.
pub(crate) fn repository_of(id: &str) -> String {
    let name = id.rsplit('.').next().unwrap_or(id);
    format!("{NAMESPACE}/{}", name.to_lowercase())
}

/// A key that changes whenever the program would build different images.
pub(crate) fn cache_key() -> Result<String, StoreError> {
    let mut hash = Sha256::new();
    for source in [
        include_str!("../catalogue.rs"),
        include_str!("images.rs"),
        include_str!("../repository/apps.rs"),
        include_str!("../repository/exporter.rs"),
        include_str!("../repository/runtime.rs"),
    ] {
        hash.update(source);
    }
    for (_, picture) in REGISTRY_APPS.iter().flat_map(|app| app.icon.png) {
        hash.update(picture);
    }
    hash.update(commands::default_arch()?);
    hash.update(commands::flatpak_version()?);
    Ok(hex::encode(&hash.finalize()[..8]))
}

/// Builds the first version of everything in `folder`, and pushes it.
pub(crate) fn build(folder: &Path, progress: &Progress) -> Result<(), StoreError> {
    progress.step("Building the images of the registry, once; this takes some seconds");
    let mut images = Images { folder: folder.to_owned(), progress: progress.clone(), list: BTreeMap::new() };
    images.publish(&[REGISTRY_PLATFORM, REGISTRY_APPS[0].id, REGISTRY_APPS[1].id])
}

impl Images {
    /// Reads the list of the images in this folder.
    pub(crate) fn open(folder: PathBuf, progress: &Progress) -> Result<Self, StoreError> {
        let list = read_json(&folder.join("images.json"))?;
        Ok(Self { folder, progress: progress.clone(), list })
    }

    /// Where the registry keeps them.
    pub(crate) fn storage(&self) -> PathBuf {
        self.folder.join("storage")
    }

    /// The digest of the image of an app or a runtime.
    pub(crate) fn digest(&self, id: &str) -> Option<&str> {
        self.list.get(id).map(|image| image.digest.as_str())
    }

    /// The index, as flatpak reads it.
    pub(crate) fn index(&self, registry: &str) -> Value {
        let results: Vec<Value> = self.list.values().map(Image::result).collect();
        json!({ "Registry": registry, "Results": results })
    }

    /// Builds and pushes the next version of these apps and runtimes.
    pub(crate) fn publish(&mut self, ids: &[&str]) -> Result<(), StoreError> {
        let (repo, work) = (self.folder.join("repo"), self.folder.clone());
        let process = RegistryProcess::start(&self.folder.join("push"), &self.storage(), Guard::None)?;
        let exporter = Exporter::new(&repo, &work, &self.progress)?.without_token_types();
        for id in ids {
            let version = self.list.get(*id).map_or(1, |image| image.version + 1);
            let is_runtime = *id == REGISTRY_PLATFORM;
            if is_runtime {
                exporter.export_platform(id, FIRST_PLATFORM, version)?;
            } else {
                exporter.export_app(known(id)?, version, FIRST_PLATFORM)?;
            }
            self.progress.step(&format!("Pushing {id} into the registry"));
            let layout = exporter.bundle_image(id, if is_runtime { FIRST_PLATFORM } else { BRANCH }, is_runtime)?;
            let image = Image::read(&layout, repository_of(id), version)?;
            push(&layout, process.port(), &image.repository)?;
            self.list.insert((*id).to_owned(), image);
        }
        let path = self.folder.join("images.json");
        let text = serde_json::to_vec_pretty(&self.list).expect("the list is plain data");
        fs::write(&path, text).map_err(StoreError::file(&path))
    }
}

fn known(id: &str) -> Result<&'static App, StoreError> {
    REGISTRY_APPS.iter().find(|app| app.id == id).ok_or_else(|| StoreError::UnknownApp(id.to_owned()))
}

fn push(layout: &Path, port: u16, repository: &str) -> Result<(), StoreError> {
    commands::run(
        "skopeo",
        [
            "--insecure-policy",
            "copy",
            "--quiet",
            "--preserve-digests",
            "--dest-no-creds",
            "--dest-tls-verify=false",
            &format!("oci:{}", layout.display()),
            &format!("docker://127.0.0.1:{port}/{repository}:{TAG}"),
        ],
    )
    .map(drop)
}

impl Image {
    /// Reads what the index says of an image from its OCI layout.
    fn read(layout: &Path, repository: String, version: u32) -> Result<Self, StoreError> {
        #[derive(Deserialize)]
        struct Index {
            manifests: Vec<Descriptor>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Descriptor {
            media_type: String,
            digest: String,
        }
        #[derive(Deserialize)]
        struct Manifest {
            config: Descriptor,
        }
        #[derive(Deserialize)]
        struct Config {
            architecture: String,
            os: String,
            #[serde(rename = "config")]
            settings: Labels,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Labels {
            labels: BTreeMap<String, String>,
        }

        let blob = |digest: &str| layout.join("blobs").join(digest.replacen(':', "/", 1));
        let index: Index = read_json(&layout.join("index.json"))?;
        let nothing = || StoreError::Damaged(format!("{}: no manifest", layout.display()));
        let descriptor = index.manifests.into_iter().next().ok_or_else(nothing)?;
        let manifest: Manifest = read_json(&blob(&descriptor.digest))?;
        let config: Config = read_json(&blob(&manifest.config.digest))?;
        let Config { architecture, os, settings: Labels { labels } } = config;
        let Descriptor { media_type, digest } = descriptor;
        Ok(Self { repository, version, digest, media_type, architecture, os, labels })
    }

    fn result(&self) -> Value {
        let Self { repository, digest, media_type, architecture, os, labels, .. } = self;
        let image = json!({
            "Tags": [TAG], "Digest": digest, "MediaType": media_type, "OS": os, "Architecture": architecture,
            "Annotations": {}, "Labels": labels,
        });
        json!({ "Name": repository, "Images": [image], "Lists": [] })
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let text = fs::read(path).map_err(StoreError::file(path))?;
    serde_json::from_slice(&text).map_err(|error| StoreError::Damaged(format!("{}: {error}", path.display())))
}
