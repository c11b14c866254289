// SPDX-License-Identifier: GPL-3.0-or-later
//! The browser that the desktop opens: a program that writes down the addresses that it gets. A test goes there itself.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::environment::data_folder;
use crate::processes::wait_until;
use crate::session::Session;

/// A session's default browser.
#[derive(Debug)]
pub struct DefaultBrowser(PathBuf);

/// The list of the programs that the system has for each kind of address.
const SYSTEM_PROGRAMS: &str = "/usr/share/applications/mimeinfo.cache";
/// The kind of addresses that Usher opens.
const KIND: &str = "x-scheme-handler/http";

impl DefaultBrowser {
    /// Leaves the session without a browser, whatever the system has.
    pub fn remove_all(session: &Session) {
        let programs = fs::read_to_string(SYSTEM_PROGRAMS).unwrap_or_default();
        let programs = programs.lines().find_map(|line| line.strip_prefix(KIND)?.strip_prefix('=')).unwrap_or_default();
        write_programs(session, &format!("[Removed Associations]\n{KIND}={programs}\n"));
    }

    /// Makes it the session's browser for web addresses.
    pub fn install(session: &Session) -> Self {
        let folder = session.folder().join("browser");
        fs::create_dir_all(&folder).expect("a folder of the session can be made");
        let (program, opened) = (folder.join("browser"), folder.join("opened"));
        let script = format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{}'\n", opened.display());
        fs::write(&program, script).expect("a program can be written");
        fs::set_permissions(&program, Permissions::from_mode(0o700)).expect("a program can be made one");
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName=Browser\nExec={} %u\nMimeType={KIND};\n",
            program.display()
        );
        fs::write(applications(session).join("org.example.Browser.desktop"), entry).expect("an entry can be written");
        write_programs(session, &format!("[Default Applications]\n{KIND}=org.example.Browser.desktop\n"));
        Self(opened)
    }

    /// The addresses that it got so far.
    pub fn opened(&self) -> Vec<String> {
        let written = fs::read_to_string(&self.0).unwrap_or_default();
        written.lines().map(ToOwned::to_owned).collect()
    }

    /// Waits until it was opened so often. Returns the last address.
    pub async fn wait_for(&self, count: usize) -> String {
        wait_until("a browser is opened", async || self.opened().len() >= count).await;
        self.opened()[count - 1].clone()
    }
}

/// The folder of the programs of the session's person.
fn applications(session: &Session) -> PathBuf {
    let folder = data_folder(session.folder()).join("applications");
    fs::create_dir_all(&folder).expect("a folder of the session can be made");
    folder
}

fn write_programs(session: &Session, programs: &str) {
    fs::write(applications(session).join("mimeapps.list"), programs).expect("the choice of programs can be written");
}
