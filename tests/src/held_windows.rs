// SPDX-License-Identifier: GPL-3.0-or-later
//! Holds windows back from the screen, as a window manager that takes its time. A window is painted once it is there.

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConfigureWindowAux, ConnectionExt as _, EventMask, Window as XWindow,
};
use x11rb::rust_connection::RustConnection;

use crate::processes::wait_until;
use crate::session::Session;

/// The windows that programs want to show from now on.
#[derive(Clone, Debug)]
pub struct HeldWindows {
    connection: Arc<RustConnection>,
    /// Those that are held back; none any more once they may be shown.
    held: Arc<Mutex<Option<Vec<XWindow>>>>,
}

impl HeldWindows {
    /// Those of a session with a display of its own. They are managed until the session ends.
    pub fn of(session: &Session) -> Self {
        let display = session.processes.environment()["DISPLAY"].clone();
        let (connection, number) = x11rb::connect(Some(&display)).expect("the session has a screen");
        let root = connection.setup().roots[number].root;
        let mask = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_REDIRECT);
        let asked = connection.change_window_attributes(root, &mask).expect("the screen is there");
        asked.check().expect("nobody else manages the windows");
        let windows = Self { connection: Arc::new(connection), held: Arc::new(Mutex::new(Some(Vec::new()))) };
        let manager = windows.clone();
        thread::spawn(move || {
            while let Ok(event) = manager.connection.wait_for_event() {
                // A window may be gone by now.
                if let Err(ReplyError::ConnectionError(_)) = manager.answer(&event) {
                    return;
                }
            }
        });
        windows
    }

    /// Waits until a program wants to show one.
    pub async fn wait_for_one(&self) {
        let is_there = || self.held().as_ref().is_some_and(|held| !held.is_empty());
        wait_until("a window that is held back", async || is_there()).await;
    }

    /// Shows them, and from now on every other as soon as a program wants it.
    pub fn show(&self) {
        for window in self.held().take().unwrap_or_default() {
            self.map(window).expect("a window that is held back can be shown");
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Vec<XWindow>>> {
        self.held.lock().expect("nobody panics with the lock")
    }

    fn answer(&self, event: &Event) -> Result<(), ReplyError> {
        match event {
            Event::MapRequest(request) => match &mut *self.held() {
                Some(held) => held.push(request.window),
                None => self.map(request.window)?,
            },
            Event::ConfigureRequest(request) => {
                let wanted = ConfigureWindowAux::from_configure_request(request);
                self.connection.configure_window(request.window, &wanted)?.check()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn map(&self, window: XWindow) -> Result<(), ReplyError> {
        self.connection.map_window(window)?.check()
    }
}
