// SPDX-License-Identifier: GPL-3.0-or-later
//! Running `docker-registry`.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{StoreError, repository::commands};

/// How long it may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Ends the registry when its own standard input ends, so even when this program is killed.
const SCRIPT: &str = r#""$0" serve "$1" & cat >/dev/null; kill "$!"; wait "$!""#;

/// A user name and the bcrypt hash of a password, which is the same word.
const HTPASSWD: &str = "demo:$2y$05$abcdefghijklmnopqrstuupHpIXcOJo1NoZgX.hjwSF2SVi6yU1wa\n";

/// Whom a registry lets in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Guard<'a> {
    /// Everybody, also to push.
    None,
    /// Those with a token.
    Tokens {
        /// Where tokens come from.
        realm: &'a str,
        /// What the registry calls itself.
        service: &'a str,
        /// Who issues the tokens.
        issuer: &'a str,
        /// The certificate of the key that signs them.
        certificate: &'a Path,
    },
    /// Those with a password.
    Passwords,
}

/// A running `docker-registry`.
#[derive(Debug)]
pub(crate) struct RegistryProcess {
    child: Child,
    port: u16,
}

impl RegistryProcess {
    /// Starts a registry that serves what is in `storage`, and keeps its files in `folder`. Blocks until it listens.
    pub(crate) fn start(folder: &Path, storage: &Path, guard: Guard<'_>) -> Result<Self, StoreError> {
        let program = commands::find("docker-registry")?;
        fs::create_dir_all(folder).map_err(StoreError::file(folder))?;
        let mut config = json!({
            "version": 0.1,
            "log": { "level": "info", "accesslog": { "disabled": true } },
            "storage": { "filesystem": { "rootdirectory": storage }, "maintenance": { "uploadpurging": { "enabled": false } } },
            "http": { "addr": "127.0.0.1:0", "secret": "only on this computer" },
        });
        if let Some(auth) = guard.config(folder)? {
            config["auth"] = auth;
        }
        // JSON is YAML.
        let file = folder.join("docker-registry.yml");
        fs::write(&file, config.to_string()).map_err(StoreError::file(&file))?;
        let log_file = folder.join("docker-registry.log");
        let log = File::create(&log_file).map_err(StoreError::file(&log_file))?;
        let errors = log.try_clone().map_err(StoreError::file(&log_file))?;
        let child = Command::new("/bin/sh")
            .arg("-c")
            .arg(SCRIPT)
            .arg(program)
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(StoreError::file("/bin/sh"))?;
        let mut process = Self { child, port: 0 };
        process.port = wait_for_port(&log_file)?;
        Ok(process)
    }

    /// The port on 127.0.0.1 where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for RegistryProcess {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // The script ends after the registry.
        let _ = self.child.wait();
    }
}

impl Guard<'_> {
    fn config(self, folder: &Path) -> Result<Option<Value>, StoreError> {
        Ok(match self {
            Self::None => None,
            Self::Tokens { realm, service, issuer, certificate } => Some(json!({
                "token": { "realm": realm, "service": service, "issuer": issuer, "rootcertbundle": certificate },
            })),
            Self::Passwords => {
                let path = folder.join("htpasswd");
                fs::write(&path, HTPASSWD).map_err(StoreError::file(&path))?;
                Some(json!({ "htpasswd": { "realm": "Demo Registry", "path": path } }))
            }
        })
    }
}

/// Waits until the registry logs the port where it listens, which the system chose.
fn wait_for_port(log_file: &Path) -> Result<u16, StoreError> {
    let until = Instant::now() + START_LIMIT;
    loop {
        let log = fs::read_to_string(log_file).map_err(StoreError::file(log_file))?;
        if let Some(port) = listening_port(&log) {
            return Ok(port);
        }
        if Instant::now() > until || log.contains("level=fatal") || log.contains("configuration error") {
            return Err(StoreError::Command { command: "docker-registry serve".to_owned(), output: log });
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn listening_port(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once("listening on 127.0.0.1:")?;
    let end = rest.find(|character: char| !character.is_ascii_digit())?;
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_in_the_log_once_the_line_is_there() {
        let line = "time=\"2026-11-28\" level=info msg=\"listening on 127.0.0.1:40123\" version=2.8.3\n";
        assert_eq!(listening_port(line), Some(40123));
        for part in ["", "level=info msg=\"listening on 127.0.0.1:401", "msg=\"using inmemory cache\"\n"] {
            assert_eq!(listening_port(part), None, "{part}");
        }
    }
}
