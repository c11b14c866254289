// SPDX-License-Identifier: GPL-3.0-or-later
//! The display of a session: a virtual one, the one of this program, or none.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::processes::Processes;

/// Where the session shows its windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Display {
    /// An X server of the session's own, which nobody sees.
    #[default]
    Virtual,
    /// The display on which this program was started.
    Inherited,
    /// No display.
    None,
}

/// What tells GTK and WebKit how to draw: without shaders, and with them. The virtual display has no graphics card, and each of
/// them would compile shaders for the processor, at up to a fifth of the cost of a story with a page.
const DRAWING: [(&str, &str, &str); 2] =
    [("GSK_RENDERER", "cairo", "ngl"), ("WEBKIT_DISABLE_DMABUF_RENDERER", "1", "0")];

/// For [`Setup::environment`](crate::Setup::environment): windows and pages are drawn with shaders, as with a graphics card.
pub fn with_shaders() -> Vec<(&'static str, String)> {
    DRAWING.map(|(name, _, with_shaders)| (name, with_shaders.to_owned())).into()
}

impl Display {
    pub(crate) fn start(self, processes: &Processes) {
        match self {
            Self::None => {}
            Self::Inherited => {
                for (name, value) in inherited() {
                    processes.set(&name, &value);
                }
            }
            Self::Virtual => {
                let number = start_virtual(processes);
                processes.set("DISPLAY", &format!(":{number}"));
                processes.set("GDK_BACKEND", "x11");
                for (name, without_shaders, _) in DRAWING {
                    processes.set(name, without_shaders);
                }
            }
        }
    }
}

/// Starts Xvfb on the first free display number, and returns that number.
fn start_virtual(processes: &Processes) -> u32 {
    let errors = fs::File::create(processes.log_file("xvfb")).expect("a log can be made");
    let mut server = processes
        .command("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1280x900x24"])
        .args(["-nolisten", "tcp", "-noreset"])
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .expect("Xvfb starts");
    let output = server.stdout.take().expect("standard output is piped");
    processes.adopt(server);
    let mut number = String::new();
    BufReader::new(output).read_line(&mut number).expect("Xvfb prints its display");
    number.trim().parse().expect("Xvfb prints its display once it is ready")
}

/// Makes all text on the display twice as large: programs read the resolution for text from its resources.
pub(crate) fn enlarge_text(processes: &Processes) {
    let status = processes
        .command("xprop")
        .args(["-root", "-format", "RESOURCE_MANAGER", "8s", "-set", "RESOURCE_MANAGER", "Xft.dpi:\t192\n"])
        .status()
        .expect("xprop starts");
    assert!(status.success(), "the display takes a resource");
}

/// Whether this program was started where it can show a window.
pub fn is_available() -> bool {
    !inherited().is_empty()
}

fn inherited() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Ok(display) = env::var("DISPLAY") {
        found.insert("DISPLAY".to_owned(), display);
        if let Ok(authority) = env::var("XAUTHORITY") {
            found.insert("XAUTHORITY".to_owned(), authority);
        }
    }
    if let Ok(name) = env::var("WAYLAND_DISPLAY") {
        // A bare name is relative to the runtime folder, and the session has a runtime folder of its own.
        let socket = Path::new(&env::var("XDG_RUNTIME_DIR").unwrap_or_default()).join(name);
        if socket.exists() {
            found.insert("WAYLAND_DISPLAY".to_owned(), socket.display().to_string());
        }
    }
    found
}
