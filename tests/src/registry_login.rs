// SPDX-License-Identifier: GPL-3.0-or-later
//! Sign-ins that Podman and Docker keep, as they write them, and programs that keep them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::session::Session;

/// Podman's file, in the person's home folder.
pub const PODMAN: &str = ".config/containers/auth.json";
/// Docker's file, in the person's home folder.
pub const DOCKER: &str = ".docker/config.json";

/// User and password of `demo`, as such files hold them: `demo:demo` in base64.
pub const DEMO: &str = "ZGVtbzpkZW1v";
/// The same with a password of before: `demo:before`.
pub const DEMO_BEFORE: &str = "ZGVtbzpiZWZvcmU=";

/// What `podman login` and `docker login` write for a registry.
pub fn login(registry: &str, auth: &str) -> Value {
    json!({ "auths": { registry: { "auth": auth } } })
}

/// What such a file says where a program keeps the sign-in.
pub fn kept_by(registry: &str, helper: &str) -> Value {
    json!({ "credHelpers": { registry: helper } })
}

impl Session {
    /// Writes such a file below the home folder, for nobody else to read.
    pub fn write_logins(&self, file: &str, contents: &Value) -> PathBuf {
        let path = self.folder().join("home").join(file);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder can be made");
        fs::write(&path, contents.to_string()).expect("a file can be written");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("a file can be closed");
        path
    }

    /// A folder with one program, which stands for `/usr/local/bin` where a command is run with [`Self::with_programs`].
    pub fn write_program(&self, name: &str, script: &str) -> PathBuf {
        let folder = self.folder().join("programs");
        fs::create_dir_all(&folder).expect("a folder can be made");
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file can be written");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("a program can be run");
        folder
    }

    /// The words before a command that see the programs of such a folder in `/usr/local/bin`.
    pub fn with_programs(folder: &std::path::Path) -> Vec<String> {
        let folder = folder.display().to_string();
        ["bwrap", "--dev-bind", "/", "/", "--bind", &folder, "/usr/local/bin", "--die-with-parent", "--"]
            .map(ToOwned::to_owned)
            .into()
    }
}
