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

/// How long a window shows the same before it counts as settled.
const SETTLED: Duration = Duration::from_millis(800);

/// What a person saw of a window that opened.
pub(crate) struct Opened {
    window: Window,
    /// Until its middle was painted.
    pub(crate) painted: Milliseconds,
    /// Until it showed what it went on to show.
    pub(crate) settled: Milliseconds,
}

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
        self.open(session, program, async |begin| self.next_painted(begin).await).await.painted
    }

    /// The same, and the time until nothing on the window changes any more.
    pub(crate) async fn opened(&self, session: &Session, program: &str) -> Opened {
        self.open(session, program, async |begin| self.next_settled(begin).await).await
    }

    async fn open(&self, session: &Session, program: &str, watch: impl AsyncFnOnce(Instant) -> Opened) -> Opened {
        let log = std::fs::File::create(session.processes.log_file("window")).expect("a log can be made");
        let mut command = session.processes.command(program);
        command.stdout(Stdio::null()).stderr(log);
        let begin = Instant::now();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        let opened = watch(begin).await;
        child.kill().expect("the process can be ended");
        child.wait().expect("a child can be waited for");
        self.wait_until_gone(&opened).await;
        opened
    }

    /// Waits until the next window is painted.
    pub(crate) async fn next_painted(&self, begin: Instant) -> Opened {
        let mut newest = None;
        loop {
            newest = self.newest_window().or(newest);
            if let Some(window) = newest.filter(|window| self.is_painted(*window)) {
                let painted = begin.elapsed().into();
                return Opened { window, painted, settled: painted };
            }
            assert!(begin.elapsed() < LIMIT, "a window is painted");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Waits until the next window is painted and has come to rest.
    pub(crate) async fn next_settled(&self, begin: Instant) -> Opened {
        self.settled(self.next_painted(begin).await, begin).await
    }

    /// Waits until what a window shows has been the same for a while.
    async fn settled(&self, opened: Opened, begin: Instant) -> Opened {
        let mut last = self.middle(opened.window);
        let (mut settled, mut since) = (opened.painted, Instant::now());
        while since.elapsed() < SETTLED {
            tokio::time::sleep(POLL_INTERVAL).await;
            let now = self.middle(opened.window);
            if now != last {
                (last, settled, since) = (now, begin.elapsed().into(), Instant::now());
            }
            assert!(begin.elapsed() < LIMIT, "a window comes to rest");
        }
        Opened { settled, ..opened }
    }

    /// Waits until a window has gone from the screen, as it does with its process.
    pub(crate) async fn wait_until_gone(&self, opened: &Opened) {
        let begin = Instant::now();
        while self.connection.get_geometry(opened.window).expect("the screen is there").reply().is_ok() {
            assert!(begin.elapsed() < LIMIT, "a window goes with its process");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// The column of pixels in the middle of a window: lists have their frames there, and prompts their words.
    fn middle(&self, window: Window) -> Option<Vec<u8>> {
        let area = self.connection.get_geometry(window).expect("the screen is there").reply().ok()?;
        let x = i16::try_from(area.width / 2).expect("no screen is that large");
        let column = self.connection.get_image(ImageFormat::Z_PIXMAP, window, x, 0, 1, area.height, 0x00ff_ffff);
        Some(column.expect("the screen is there").reply().ok()?.data)
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
