// SPDX-License-Identifier: GPL-3.0-or-later
//! A private bus for each test.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use zbus::connection;

use super::store_with;
use crate::store::{AccountStore, file::portal::SecretPortal};

const CONFIGURATION: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;
/// A bus without services.
pub(super) struct Bus {
    process: Child,
    address: String,
}

impl Bus {
    pub(super) fn start() -> Self {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(CONFIGURATION.as_bytes()).unwrap();
        let mut process = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", file.path().display()))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon starts");
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { process, address: address.trim().to_owned() }
    }

    pub(super) fn connect(&self) -> connection::Builder<'_> {
        connection::Builder::address(self.address.as_str()).unwrap()
    }

    /// The store of a freshly started process.
    pub(super) fn store(&self, data: &Path, limit: Duration) -> AccountStore {
        store_with(data, SecretPortal { bus: Some(self.address.clone()) }, limit)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
