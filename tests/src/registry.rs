// SPDX-License-Identifier: GPL-3.0-or-later
//! Container registries beside the shop, and remotes with their images.

use usher_demo_store::{DemoRegistry, RegistryAuthentication, RegistryOptions};

use crate::session::{AUTHENTICATOR, Session, workspace};

impl Session {
    /// Opens a registry, and adds its images under this name, with Usher as the authenticator.
    pub async fn open_registry(&self, name: &str) -> DemoRegistry {
        let registry = self.start_registry(name, RegistryAuthentication::Tokens).await;
        self.add_registry(&registry, name, Some(AUTHENTICATOR)).await;
        registry
    }

    /// Opens a registry without a remote. Its files are in a folder of this name.
    pub async fn start_registry(&self, folder: &str, authentication: RegistryAuthentication) -> DemoRegistry {
        let options = RegistryOptions {
            authentication,
            image_cache: Some(workspace().join("build/demo-images")),
            ..RegistryOptions::new(self.folder().join("shop").join(folder))
        };
        DemoRegistry::start(options).await.expect("the registry opens")
    }

    /// Adds the images of a registry under this name. Without an authenticator flatpak takes its own.
    pub async fn add_registry(&self, registry: &DemoRegistry, name: &str, authenticator: Option<&str>) {
        let remote = registry.remote_add_arguments(name, authenticator);
        let arguments: Vec<&str> =
            ["remote-add", "--user"].into_iter().chain(remote.iter().map(String::as_str)).collect();
        self.flatpak().run(&arguments).await.expect_success();
    }
}
