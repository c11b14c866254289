// SPDX-License-Identifier: GPL-3.0-or-later
//! The QR code of an address as the screen takes it.

use gtk::{gdk, glib};

use super::pixels::{Pixels, pixels};

/// The picture of an address, if that is not too long for one.
pub(super) fn picture(address: &str) -> Option<gdk::Texture> {
    let Pixels { bytes, size } = pixels(address)?;
    let side = i32::try_from(size).ok()?;
    let bytes = glib::Bytes::from_owned(bytes);
    Some(gdk::MemoryTexture::new(side, side, gdk::MemoryFormat::G8, &bytes, size).into())
}
