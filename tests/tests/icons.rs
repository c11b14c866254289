// SPDX-License-Identifier: GPL-3.0-or-later
//! Usher's icon at the sizes in which desktops draw it: a wide ticket, with a door that stands out.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use usher_tests::workspace;

/// The sizes in pixels, from a small row to the page of a store.
const SIZES: [usize; 6] = [16, 24, 32, 48, 64, 128];
/// The side of the canvas on which the points below are given.
const CANVAS: usize = 128;
/// Points on the ticket, its notches, and the two parts of the door.
const BODY: (usize, usize) = (20, 30);
const NOTCHES: [(usize, usize); 2] = [(11, 62), (117, 62)];
const LEAF: (usize, usize) = (52, 88);
const LIGHT: (usize, usize) = (76, 72);
/// How much two colours differ that a person tells apart at a glance, of 255.
const CLEARLY: i32 = 48;

/// An icon of that size, as rows of RGBA.
struct Drawing {
    size: usize,
    pixels: Vec<[u8; 4]>,
}

impl Drawing {
    fn of(file: &str, size: usize) -> Self {
        let path = workspace().join("data/icons/hicolor").join(file);
        assert!(path.is_file(), "{} is there", path.display());
        let size_text = size.to_string();
        let png = run(Command::new("rsvg-convert").args(["-w", &size_text, "-h", &size_text]).arg(path), &[]);
        let bytes = run(Command::new("convert").args(["png:-", "-depth", "8", "rgba:-"]), &png);
        let pixels: Vec<[u8; 4]> =
            bytes.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2], pixel[3]]).collect();
        assert_eq!(pixels.len(), size * size, "{file} is a square");
        Self { size, pixels }
    }

    /// The pixel at a point of the canvas.
    fn at(&self, (x, y): (usize, usize)) -> [u8; 4] {
        self.pixels[y * self.size / CANVAS * self.size + x * self.size / CANVAS]
    }

    /// How many columns the icon covers.
    fn width(&self) -> usize {
        let is_covered = |x: &usize| (0..self.size).any(|y| self.pixels[y * self.size + x][3] > 127);
        let columns: Vec<usize> = (0..self.size).filter(is_covered).collect();
        columns.last().map_or(0, |last| last + 1 - columns[0])
    }
}

fn run(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    child.stdin.take().expect("its input is piped").write_all(input).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{command:?}");
    output.stdout
}

/// The largest difference of two opaque colours in one of their channels.
fn difference(one: [u8; 4], other: [u8; 4]) -> i32 {
    (0..3).map(|channel| (i32::from(one[channel]) - i32::from(other[channel])).abs()).max().unwrap_or_default()
}

fn app(name: &str) -> String {
    PathBuf::from("scalable/apps").join(format!("{name}.svg")).display().to_string()
}

#[test]
fn the_icon_is_a_wide_ticket_with_a_door_at_every_size() {
    for file in ["io.github.usher.Usher", "io.github.usher.Usher.Devel"].map(app) {
        for size in SIZES {
            let icon = Drawing::of(&file, size);
            assert!(icon.width() * CANVAS >= 96 * size, "{file} at {size}: {} columns", icon.width());
            for notch in NOTCHES {
                assert!(icon.at(notch)[3] < 127, "{file} at {size} has a notch at {notch:?}");
            }
            let [body, leaf, light] = [BODY, LEAF, LIGHT].map(|point| icon.at(point));
            for (one, other, what) in
                [(body, light, "ticket and light"), (leaf, light, "leaf and light"), (body, leaf, "ticket and leaf")]
            {
                assert_eq!((one[3], other[3]), (255, 255), "{file} at {size}: {what}");
                let wanted = if what == "ticket and leaf" { CLEARLY / 2 } else { CLEARLY };
                assert!(difference(one, other) >= wanted, "{file} at {size}: {what}, {one:?} {other:?}");
            }
        }
    }
}

#[test]
fn a_development_build_is_marked_and_its_door_stays_in_sight() {
    for size in SIZES {
        let [release, development] =
            ["io.github.usher.Usher", "io.github.usher.Usher.Devel"].map(|name| Drawing::of(&app(name), size));
        for point in [LEAF, LIGHT] {
            assert!(difference(release.at(point), development.at(point)) < 16, "at {size}, {point:?}");
        }
        let changed = release.pixels.iter().zip(&development.pixels);
        let changed = changed.filter(|(release, development)| difference(**release, **development) > CLEARLY).count();
        assert!(changed * 20 > size * size, "at {size} the stripes cover {changed} pixels");
    }
}

#[test]
fn the_symbolic_icon_is_sharp_and_draws_the_open_leaf() {
    for size in [16, 32, 64] {
        let icon = Drawing::of("symbolic/apps/io.github.usher.Usher-symbolic.svg", size);
        assert!(icon.width() * CANVAS >= 96 * size, "at {size}: {} columns", icon.width());
        for (point, is_drawn, what) in [
            (BODY, true, "the ticket"),
            (LEAF, true, "the leaf"),
            ((36, 88), false, "the gap behind the leaf"),
            (LIGHT, false, "the doorway"),
            ((3, 64), false, "a notch"),
        ] {
            let expected = if is_drawn { [0x22, 0x22, 0x22, 255] } else { [0; 4] };
            let seen = icon.at(point);
            assert!(seen[3] == expected[3] && (!is_drawn || seen == expected), "at {size}: {what}, {seen:?}");
        }
    }
}
