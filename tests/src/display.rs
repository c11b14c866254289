// SPDX-License-Identifier: GPL-3.0-or-later
//! The display of a session: a virtual one, the person's own, or none.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::processes::Processes;

/// Where windows of the session are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Display {
    /// An X server of the session's own that nobody sees.
    #[default]
    Virtual,
    /// The display that this program itself was started on.
    Person,
    /// None at all.
    None,
}

impl Display {
    pub(crate) fn start(self, processes: &Processes) {
        match self {
            Self::None => {}
            Self::Person => {
                for (name, value) in of_the_person() {
                    processes.set(&name, &value);
                }
            }
            Self::Virtual => {
                let number = start_virtual(processes);
                processes.set("DISPLAY", &format!(":{number}"));
                processes.set("GDK_BACKEND", "x11");
            }
        }
    }
}

/// Starts Xvfb on the first display number that is free and gives that number.
fn start_virtual(processes: &Processes) -> u32 {
    let errors = fs::File::create(processes.log("xvfb")).expect("a log can be made");
    let mut server = processes
        .command("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1280x900x24"])
        .args(["-nolisten", "tcp", "-noreset"])
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .expect("Xvfb starts");
    let output = server.stdout.take().expect("its output was piped");
    processes.keep(server);
    let mut number = String::new();
    BufReader::new(output).read_line(&mut number).expect("Xvfb tells its display");
    number.trim().parse().expect("Xvfb tells its display once it is ready")
}

/// Makes all text on the display twice as large: programs find the resolution that text is drawn for among its resources.
pub(crate) fn enlarge_text(processes: &Processes) {
    let status = processes
        .command("xprop")
        .args(["-root", "-format", "RESOURCE_MANAGER", "8s", "-set", "RESOURCE_MANAGER", "Xft.dpi:\t192\n"])
        .status()
        .expect("xprop starts");
    assert!(status.success(), "the display takes a resource");
}

/// True if this program was started where a window could be shown.
pub fn there_is_one() -> bool {
    !of_the_person().is_empty()
}

fn of_the_person() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Ok(display) = env::var("DISPLAY") {
        found.insert("DISPLAY".to_owned(), display);
        if let Ok(authority) = env::var("XAUTHORITY") {
            found.insert("XAUTHORITY".to_owned(), authority);
        }
    }
    if let Ok(name) = env::var("WAYLAND_DISPLAY") {
        // A bare name counts from the runtime folder, which the session has its own of.
        let socket = Path::new(&env::var("XDG_RUNTIME_DIR").unwrap_or_default()).join(name);
        if socket.exists() {
            found.insert("WAYLAND_DISPLAY".to_owned(), socket.display().to_string());
        }
    }
    found
}
