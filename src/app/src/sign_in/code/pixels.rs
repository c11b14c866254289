// SPDX-License-Identifier: GPL-3.0-or-later
//! The QR code of an address: black on white, whatever the colour scheme, since cameras read nothing else as well.

use qrcode::{Color, QrCode};

/// White around the code, in modules (ISO/IEC 18004, 6.3.8).
pub(super) const MARGIN: usize = 4;
/// Width and height of the picture in pixels: three for each pixel of the page, so that it is sharp on every screen.
const SIZE: usize = 600;

/// A grey picture, one byte a pixel, line by line.
pub(super) struct Pixels {
    pub(super) bytes: Vec<u8>,
    /// Its width and its height.
    pub(super) size: usize,
}

/// The code of an address, if that is not too long for one: modules of whole pixels, in the middle of white.
pub(super) fn pixels(address: &str) -> Option<Pixels> {
    let code = QrCode::new(address).ok()?;
    let width = code.width();
    let scale = (SIZE / (width + 2 * MARGIN)).max(1);
    let size = SIZE.max((width + 2 * MARGIN) * scale);
    let start = (size - width * scale) / 2;
    let mut bytes = vec![u8::MAX; size * size];
    for (module, _) in code.to_colors().into_iter().enumerate().filter(|(_, color)| *color == Color::Dark) {
        let (x, y) = (start + module % width * scale, start + module / width * scale);
        for line in y..y + scale {
            bytes[line * size + x..line * size + x + scale].fill(0);
        }
    }
    Some(Pixels { bytes, size })
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };

    use super::*;

    #[test]
    fn a_camera_reads_the_address() {
        let address = "https://id.example.org/device?user_code=WDJB-MJHT";
        let Pixels { bytes, size } = pixels(address).unwrap();
        let mut reader = Command::new("zbarimg")
            .args(["--quiet", "--raw", "pgm:-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("zbarimg starts");
        let mut picture = reader.stdin.take().unwrap();
        writeln!(picture, "P5 {size} {size} 255").unwrap();
        picture.write_all(&bytes).unwrap();
        drop(picture);
        let read = reader.wait_with_output().unwrap().stdout;
        assert_eq!(String::from_utf8(read).unwrap().trim(), address);
    }

    #[test]
    fn a_code_has_its_margin_on_every_side() {
        let Pixels { bytes, size } = pixels("https://id.example.org/device?user_code=WDJB-MJHT").unwrap();
        assert_eq!(bytes.len(), size * size);
        let dark: Vec<_> = (0..size * size).filter(|at| bytes[*at] == 0).map(|at| (at % size, at / size)).collect();
        let (left, top) = (dark.iter().map(|at| at.0).min().unwrap(), dark.iter().map(|at| at.1).min().unwrap());
        let (right, bottom) = (dark.iter().map(|at| at.0).max().unwrap(), dark.iter().map(|at| at.1).max().unwrap());
        let modules = QrCode::new("https://id.example.org/device?user_code=WDJB-MJHT").unwrap().width();
        let module = (right + 1 - left) / modules;
        for margin in [left, top, size - 1 - right, size - 1 - bottom] {
            assert!(margin >= MARGIN * module, "{margin} < {MARGIN} * {module}");
        }
    }

    #[test]
    fn what_is_too_long_for_a_code_has_none() {
        assert!(pixels(&"x".repeat(3000)).is_none());
    }
}
