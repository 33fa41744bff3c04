//! The picture of test clips: painted for any rotation, read at any size.
use ffmpeg_next::frame;

use crate::av;

/// Cells of the number, each one bit, in a band along the top.
const BITS: u32 = 16;
/// The band is this part of the height.
const BAND: u32 = 6;
const BLACK: u16 = 16;
const WHITE: u16 = 235;
/// What lies between black and white at reading.
const MIDDLE: u32 = 126;

/// What is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Something moves, with the frame's number and the flash.
    Moving,
    /// One picture all the time.
    Still,
    /// Black.
    Black,
    /// As `Moving`, much brighter in every other second.
    Scenes,
    /// Nothing but the number moves until this frame; from then on every pixel is another one in every picture.
    NoiseFrom(u64),
    /// A film: a second of black, scene A until 3 s, a dissolve of a second, scene B until 6 s, a cut, scene C.
    Film,
}

/// A picture as it was read back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    /// Second at which it is shown, from the first picture.
    pub at: f64,
    /// The number in it: the frame of the clip that it came from.
    pub number: u64,
    /// Whether it flashes.
    pub flash: bool,
    /// Whether it stands upright: the marks in two of its corners are where they belong.
    pub upright: bool,
}

/// How pictures are painted.
pub(super) struct Pattern {
    pub(super) coded: (u32, u32),
    pub(super) rotation: u32,
    pub(super) look: Look,
    pub(super) rate: f64,
}

impl Pattern {
    /// Paints picture `number` as it has to be stored, so that it stands upright after the rotation.
    pub(super) fn paint(&self, frame: &mut frame::Video, number: u64, ten_bit: bool) {
        let (width, height) = self.coded;
        for y in 0..height {
            for x in 0..width {
                let level = self.level(self.shown_at(x, y), number);
                store(frame, 0, x, y, level, ten_bit);
            }
        }
        for plane in 1..3 {
            for y in 0..height / 2 {
                for x in 0..width / 2 {
                    store(frame, plane, x, y, 128, ten_bit);
                }
            }
        }
    }

    /// Size as people see it.
    fn shown(&self) -> (u32, u32) {
        let (width, height) = self.coded;
        if self.rotation % 180 == 90 { (height, width) } else { (width, height) }
    }

    /// Where people see the stored pixel.
    fn shown_at(&self, x: u32, y: u32) -> (u32, u32) {
        let (width, height) = self.coded;
        match self.rotation {
            90 => (height - 1 - y, x),
            180 => (width - 1 - x, height - 1 - y),
            270 => (y, width - 1 - x),
            _ => (x, y),
        }
    }

    fn level(&self, (x, y): (u32, u32), number: u64) -> u16 {
        let (width, height) = self.shown();
        let number = match self.look {
            Look::Moving | Look::Scenes | Look::NoiseFrom(_) => number,
            Look::Still => 0,
            Look::Black => return BLACK,
            Look::Film => return self.film((x, y), number),
        };
        if y < height / BAND {
            let cell = x * BITS / width;
            return if number >> cell & 1 == 1 { WHITE } else { BLACK };
        }
        if y >= height - height / BAND {
            // Marks: white in the left corner, black in the right one.
            return if x < width / 4 { WHITE } else { BLACK };
        }
        let middle = x >= width * 3 / 8 && x < width * 5 / 8 && y >= height * 3 / 8 && y < height * 5 / 8;
        if middle {
            return if self.look != Look::Still && is_flash(number, self.rate) { WHITE } else { BLACK };
        }
        if let Look::NoiseFrom(first) = self.look {
            return if number < first { 100 } else { noise(x, y, number) };
        }
        // A slope that wanders, so that everything moves and coding has something to do.
        let wave = (u64::from(x) * 200 / u64::from(width) + u64::from(y) * 100 / u64::from(height) + number * 3) % 200;
        let bright = self.look == Look::Scenes && (number as f64 / self.rate) as u64 % 2 == 1;
        wave.min(200 - wave) as u16 + if bright { 130 } else { 40 }
    }

    /// See [`Look::Film`].
    fn film(&self, at: (u32, u32), number: u64) -> u16 {
        let second = number as f64 / self.rate;
        let level = match second {
            ..1.0 => return BLACK,
            1.0..3.0 => scene(at, 0),
            3.0..4.0 => scene(at, 0) * (4.0 - second) + scene(at, 1) * (second - 3.0),
            4.0..6.0 => scene(at, 1),
            _ => scene(at, 2),
        };
        level as u16
    }
}

/// A scene of its own for each number: squares in an order of their own.
fn scene((x, y): (u32, u32), number: u32) -> f64 {
    if (x / 16 + y / 16 * 3 + number * 5) % 7 < 3 { 200.0 } else { 60.0 }
}

/// A level that looks random, the same for the same pixel and picture.
fn noise(x: u32, y: u32, number: u64) -> u16 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (u64::from(x) << 32 | u64::from(y));
    for _ in 0..2 {
        mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    40 + (mixed >> 40) as u16 % 160
}

/// Two frames at the beginning of each second.
fn is_flash(number: u64, rate: f64) -> bool {
    number as f64 % rate < 2.0
}

fn store(frame: &mut frame::Video, plane: usize, x: u32, y: u32, level: u16, ten_bit: bool) {
    let at = y as usize * frame.stride(plane) + x as usize * if ten_bit { 2 } else { 1 };
    let data = frame.data_mut(plane);
    if ten_bit {
        data[at..at + 2].copy_from_slice(&(level << 2).to_le_bytes());
    } else {
        data[at] = level as u8;
    }
}

/// Reads the number, the flash and the marks of a picture shown at second `at`.
pub(super) fn read(frame: &frame::Video, at: f64) -> Shown {
    let (width, height) = (frame.width(), frame.height());
    let is_white = |x: u32, y: u32| mean(frame, x, y, width / 64 + 1, height / 32 + 1) > MIDDLE;
    let band = height / BAND / 2;
    let bits = (0..BITS).map(|cell| u64::from(is_white((2 * cell + 1) * width / (2 * BITS), band)) << cell);
    let number = bits.sum();
    let bottom = height - band;
    Shown {
        at,
        number,
        flash: is_white(width / 2, height / 2),
        upright: is_white(width / 8, bottom) && !is_white(width * 7 / 8, bottom),
    }
}

/// Mean brightness around a point, in 8 bits.
fn mean(frame: &frame::Video, x: u32, y: u32, wide: u32, high: u32) -> u32 {
    let Some(layout) = av::luma_layout(av::picture_facts(frame).format) else { return 0 };
    let (mut sum, mut all) = (0u32, 0u32);
    for line in y.saturating_sub(high / 2)..(y + high / 2 + 1).min(frame.height()) {
        let bytes = frame.width() as usize * layout.step;
        let Some(row) = av::row(frame, 0, line as usize, bytes) else { continue };
        for column in x.saturating_sub(wide / 2)..(x + wide / 2 + 1).min(frame.width()) {
            let start = column as usize * layout.step;
            let level = if layout.step == 2 {
                u32::from(u16::from_le_bytes([row[start], row[start + 1]])) >> layout.depth.saturating_sub(8)
            } else {
                u32::from(row[start])
            };
            sum += level;
            all += 1;
        }
    }
    sum / all.max(1)
}
