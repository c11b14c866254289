// SPDX-License-Identifier: GPL-3.0-or-later
//! Container registries beside the shop, and remotes with their images.

use std::io::Write as _;
use std::process::Stdio;

use usher_demo_store::{DemoRegistry, LoggedRequest, RegistryAuthentication, RegistryOptions};

use crate::session::{AUTHENTICATOR, Session, workspace};
use crate::usherctl::CommandOutput;

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

    /// Signs in as `user` for a remote of a registry, with `usherctl`.
    pub async fn sign_in_to_registry(&self, remote: &str, registry: &DemoRegistry, user: &str) {
        // Until flatpak has read the index, nobody knows which registry it names.
        self.flatpak().run(&["remote-ls", "--user", remote]).await.expect_success();
        let password = registry.control().password(user).expect("the registry knows this user");
        let output = self.usherctl_with_password(&["sign-in", remote, "--user", user, "--password-stdin"], &password);
        assert_eq!(output.code, 0, "usherctl signs in: {}", output.stderr);
    }

    /// Runs `usherctl` with a password on its standard input.
    pub fn usherctl_with_password(&self, arguments: &[&str], password: &str) -> CommandOutput {
        let mut command = self.command("usherctl");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("usherctl starts");
        // It may end without reading.
        let _ = child.stdin.take().expect("standard input is piped").write_all(password.as_bytes());
        child.wait_with_output().expect("usherctl ends").into()
    }
}

/// The requests for tokens among these, oldest first: at which realm, and as whom.
pub fn token_requests(requests: &[LoggedRequest]) -> Vec<(&str, Option<&str>)> {
    let asked = requests.iter().filter(|request| request.path.ends_with("/token"));
    asked.map(|request| (request.path.as_str(), request.user.as_deref())).collect()
}
