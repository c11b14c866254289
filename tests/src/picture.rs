// SPDX-License-Identifier: GPL-3.0-or-later
//! Pictures of a screen, and of one window as a desktop shows it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, ImageFormat};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::screen::{Screen, Window};

impl Screen<'_> {
    /// Saves a picture of the whole screen once nothing changes any more.
    pub async fn save_picture(&self, file: &Path) {
        let picture = at_rest(async || self.pixels().await).await;
        std::fs::write(file, picture).unwrap_or_else(|error| panic!("{} can be written: {error}", file.display()));
    }

    async fn pixels(&self) -> Vec<u8> {
        tokio::process::Command::from(self.processes.command("import"))
            .args(["-window", "root", "-trim", "+repage", "-define", "png:exclude-chunks=date,time", "png:-"])
            .output()
            .await
            .expect("import starts")
            .stdout
    }

    /// Makes programs that start from now on draw their windows as on a desktop, with round corners.
    pub fn claim_compositing(&self) -> Compositor {
        let display = self.processes.environment()["DISPLAY"].clone();
        let (connection, number) = x11rb::connect(Some(&display)).expect("the session has a screen");
        let compositor = Compositor { connection };
        compositor.claim(number).expect("nothing else composes windows");
        compositor
    }
}

/// Holds the name by which programs learn that somebody composes their windows. It shows nothing: windows keep their
/// transparency, for [`Window::save_picture`].
#[derive(Debug)]
pub struct Compositor {
    connection: RustConnection,
}

impl Compositor {
    fn claim(&self, screen: usize) -> Result<(), Box<dyn std::error::Error>> {
        let root = self.connection.setup().roots[screen].root;
        let window = self.connection.generate_id()?;
        let plain = x11rb::protocol::xproto::CreateWindowAux::new();
        let class = x11rb::protocol::xproto::WindowClass::INPUT_ONLY;
        self.connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &plain)?.check()?;
        let name = self.connection.intern_atom(false, format!("_NET_WM_CM_S{screen}").as_bytes())?.reply()?.atom;
        self.connection.set_selection_owner(window, name, x11rb::CURRENT_TIME)?.check()?;
        self.connection.sync()?;
        Ok(())
    }

    /// The pixels of a window, and its width and height. Colours are multiplied by their opacity.
    fn pixels_of(&self, window: u32) -> Option<(Vec<u8>, u16, u16)> {
        let geometry = self.connection.get_geometry(window).ok()?.reply().ok()?;
        let (width, height) = (geometry.width, geometry.height);
        let image = self.connection.get_image(ImageFormat::Z_PIXMAP, window, 0, 0, width, height, u32::MAX);
        Some((image.ok()?.reply().ok()?.data, width, height))
    }
}

impl Window<'_> {
    /// Saves a picture of this window with its transparent corners once nothing in it changes any more.
    pub async fn save_picture(&self, compositor: &Compositor, file: &Path) {
        let id: u32 = self.id().await.and_then(|id| id.parse().ok()).expect("the window is there");
        let picture = at_rest(async || compositor.pixels_of(id)).await;
        let (mut pixels, width, height) = picture.expect("the window stays");
        for pixel in pixels.chunks_exact_mut(4) {
            let opacity = u32::from(pixel[3]).max(1);
            for channel in &mut pixel[..3] {
                *channel = u8::try_from(u32::from(*channel) * 255 / opacity).unwrap_or(u8::MAX);
            }
        }
        let mut convert = tokio::process::Command::from(self.screen.processes.command("convert"))
            .args(["-depth", "8", "-size", &format!("{width}x{height}"), "bgra:-"])
            .arg(file)
            .stdin(Stdio::piped())
            .spawn()
            .expect("convert starts");
        let mut input = convert.stdin.take().expect("standard input is piped");
        input.write_all(&pixels).await.expect("convert reads");
        drop(input);
        assert!(convert.wait().await.expect("convert ends").success(), "{} can be written", file.display());
    }
}

/// What `look` sees once it sees the same several times.
async fn at_rest<T: PartialEq>(mut look: impl AsyncFnMut() -> T) -> T {
    // A web page is painted some time after it has loaded, and no signal says when.
    let (mut last, mut unchanged) = (look().await, 0);
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let now = look().await;
        unchanged = if now == last { unchanged + 1 } else { 0 };
        last = now;
        if unchanged == 4 {
            break;
        }
    }
    last
}
