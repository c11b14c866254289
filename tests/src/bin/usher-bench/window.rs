// SPDX-License-Identifier: GPL-3.0-or-later
//! The X screen: when a window appears, and when its middle is painted.

use std::process::Stdio;
use std::time::{Duration, Instant};

use usher_tests::{LIMIT, Session};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask, ImageFormat, Window};
use x11rb::rust_connection::RustConnection;

use crate::report::Milliseconds;

/// The precision of the measurement.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// The minimal size of a window: a person sees no smaller ones.
const MIN_SIZE: u16 = 100;

/// The screen of the session.
pub(crate) struct Screen {
    connection: RustConnection,
    root: Window,
}

impl Screen {
    /// The screen of a session.
    pub(crate) fn of(session: &Session) -> Self {
        let display = session.processes.environment()["DISPLAY"].clone();
        let (connection, number) = x11rb::connect(Some(&display)).expect("the session has a screen");
        let root = connection.setup().roots[number].root;
        let events = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        connection
            .change_window_attributes(root, &events)
            .expect("the screen is there")
            .check()
            .expect("the screen tells of windows");
        Self { connection, root }
    }

    /// Starts `program`, and ends it once its window is painted. Returns the time until then.
    pub(crate) async fn first_frame(&self, session: &Session, program: &str) -> Milliseconds {
        let log = std::fs::File::create(session.processes.log_file("window")).expect("a log can be made");
        let mut command = session.processes.command(program);
        command.stdout(Stdio::null()).stderr(log);
        let begin = Instant::now();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        let mut window = None;
        let time = loop {
            window = self.newest_window().or(window);
            if window.is_some_and(|window| self.is_painted(window)) {
                break begin.elapsed();
            }
            assert!(begin.elapsed() < LIMIT, "{program} paints its window");
            tokio::time::sleep(POLL_INTERVAL).await;
        };
        child.kill().expect("the process can be ended");
        child.wait().expect("a child can be waited for");
        let window = window.expect("it was painted");
        // Wait until the window has gone from the screen.
        while self.connection.get_geometry(window).expect("the screen is there").reply().is_ok() {
            assert!(begin.elapsed() < LIMIT, "the window of {program} goes with it");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        time.into()
    }

    /// The last window that appeared on the screen since the previous call.
    fn newest_window(&self) -> Option<Window> {
        let mut newest = None;
        while let Some(event) = self.connection.poll_for_event().expect("the screen is there") {
            if let Event::MapNotify(mapped) = event
                && mapped.event == self.root
                && !mapped.override_redirect
            {
                newest = Some(mapped.window);
            }
        }
        newest
    }

    /// Whether the middle of a window is no longer black, the colour of the bare screen.
    fn is_painted(&self, window: Window) -> bool {
        let Ok(area) = self.connection.get_geometry(window).expect("the screen is there").reply() else {
            return false;
        };
        if area.width < MIN_SIZE || area.height < MIN_SIZE {
            return false;
        }
        let middle = |length: u16| i16::try_from(length / 2).expect("no screen is that large");
        let (x, y) = (middle(area.width), middle(area.height));
        let pixel = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, window, x, y, 1, 1, 0x00ff_ffff)
            .expect("the screen is there")
            .reply();
        pixel.is_ok_and(|pixel| pixel.data.iter().any(|byte| *byte != 0))
    }
}
