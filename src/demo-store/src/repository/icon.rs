// SPDX-License-Identifier: GPL-3.0-or-later
//! Icons for the apps: a coloured tile with a speech bubble, as PNG.

use std::io::{self, Write};

use flate2::{Compression, Crc, write::ZlibEncoder};

const SIZE: u32 = 64;
/// Each pixel is the mean of this many samples in each direction.
const SAMPLES: u32 = 4;

/// An icon of 64 × 64 pixels.
pub(super) fn draw(colour: [u8; 3]) -> io::Result<Vec<u8>> {
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::best());
    for y in 0..SIZE {
        rows.write_all(&[0])?;
        for x in 0..SIZE {
            rows.write_all(&pixel(x, y, colour))?;
        }
    }
    let mut header = Vec::new();
    header.extend(SIZE.to_be_bytes());
    header.extend(SIZE.to_be_bytes());
    // 8 bits per channel, RGBA, and the only compression and filter methods of PNG.
    header.extend([8, 6, 0, 0, 0]);

    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, *b"IHDR", &header);
    chunk(&mut png, *b"IDAT", &rows.finish()?);
    chunk(&mut png, *b"IEND", &[]);
    Ok(png)
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) {
    let length = u32::try_from(content.len()).expect("an icon is small");
    let mut crc = Crc::new();
    crc.update(&kind);
    crc.update(content);
    png.extend(length.to_be_bytes());
    png.extend(kind);
    png.extend(content);
    png.extend(crc.sum().to_be_bytes());
}

fn pixel(x: u32, y: u32, colour: [u8; 3]) -> [u8; 4] {
    let (mut tile, mut bubble) = (0, 0);
    for step in 0..SAMPLES * SAMPLES {
        let sample = |pixel: u32, step: u32| f64::from(pixel) + (f64::from(step) + 0.5) / f64::from(SAMPLES);
        let (x, y) = (sample(x, step % SAMPLES), sample(y, step / SAMPLES));
        if in_rounded([4.0, 4.0, 60.0, 60.0], 14.0, x, y) {
            tile += 1;
            let tail = (44.0..53.0).contains(&y) && (22.0..22.0 + (53.0 - y)).contains(&x);
            if in_rounded([15.0, 17.0, 49.0, 45.0], 9.0, x, y) || tail {
                bubble += 1;
            }
        }
    }
    if tile == 0 {
        return [0; 4];
    }
    let mix = |channel: u8| share(u32::from(channel) * (tile - bubble) + 255 * bubble, tile);
    let alpha = share(255 * tile, SAMPLES * SAMPLES);
    [mix(colour[0]), mix(colour[1]), mix(colour[2]), alpha]
}

fn share(sum: u32, count: u32) -> u8 {
    u8::try_from(sum / count).unwrap_or(u8::MAX)
}

/// Whether a point is in a rectangle (left, top, right, bottom) with round corners.
fn in_rounded([left, top, right, bottom]: [f64; 4], radius: f64, x: f64, y: f64) -> bool {
    let beyond_x = x - x.clamp(left + radius, right - radius);
    let beyond_y = y - y.clamp(top + radius, bottom - radius);
    beyond_x.hypot(beyond_y) <= radius
}
