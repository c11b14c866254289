// SPDX-License-Identifier: GPL-3.0-or-later
//! A private bus for each test.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use uuid::Uuid;
use zbus::connection;

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

/// A bus without services. Ends when it is dropped.
#[derive(Debug)]
pub struct Bus {
    process: Child,
    address: String,
}

impl Bus {
    /// Starts a bus, and waits until it can be reached.
    pub fn start() -> Self {
        let file = env::temp_dir().join(format!("usher-bus-{}.conf", Uuid::new_v4()));
        fs::write(&file, CONFIGURATION).expect("a file can be written");
        let mut process = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", file.display()))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon starts");
        let mut address = String::new();
        let output = process.stdout.take().expect("its output is piped");
        BufReader::new(output).read_line(&mut address).expect("it prints its address");
        fs::remove_file(&file).expect("the file is there");
        Self { process, address: address.trim().to_owned() }
    }

    /// Ends it, and waits until it has ended.
    pub fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Its address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A connection to it.
    pub fn connect(&self) -> connection::Builder<'_> {
        connection::Builder::address(self.address.as_str()).expect("a bus prints a sound address")
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.end();
    }
}
