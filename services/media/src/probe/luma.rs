//! The brightness of a picture at a grid of samples: whether it is black, and whether it moved.
use ffmpeg_next as ffmpeg;

use crate::av::{self, LumaLayout};

/// Samples across and down. Dense enough that a moving mouth is seen, sparse enough to cost microseconds.
const COLUMNS: usize = 160;
const ROWS: usize = 90;
/// Of 255: no brighter than this is black (ffmpeg's `blackdetect`: 10 % above black).
const BLACK_LEVEL: u8 = 38;
/// Share of the samples that must be black, in percent.
const BLACK_SHARE: usize = 98;
/// Mean difference of two pictures, in 1/256 levels, up to which nothing moved (half a level: coding noise).
const STILL_MEAN: u64 = 128;
/// The same up to which nothing but grain moved, of which an encode may keep nothing (four levels: more than a camera's in good light).
const CALM_MEAN: u64 = 1024;
/// A sample that differs by more than this has moved…
const MOVED_LEVEL: u8 = 16;
/// …and if more than one in this many of them moved, it is motion, even if the mean is small.
const MOVED_ONE_IN: usize = 1000;

/// The samples of one picture, 8 bits each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grid(Vec<u8>);

impl Grid {
    /// Samples `frame` into this grid. False if the frame has no luma plane in memory.
    pub(super) fn sample(&mut self, frame: &ffmpeg::frame::Video, layout: LumaLayout) -> bool {
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        let wide = usize::from(layout.depth + layout.shift > 8) + 1;
        self.0.clear();
        for line in 0..ROWS.min(height) {
            let y = line * height / ROWS.min(height);
            let bytes = (width.saturating_sub(1)) * layout.step + layout.offset + wide;
            let Some(row) = av::row(frame, layout.plane, y, bytes) else { return false };
            let columns = COLUMNS.min(width);
            for column in 0..columns {
                let at = column * width / columns * layout.step + layout.offset;
                self.0.push(level(row, at, wide, layout));
            }
        }
        true
    }

    /// A picture of one level.
    #[cfg(test)]
    pub(super) fn of(level: u8) -> Self {
        Self(vec![level; 100])
    }

    /// Whether the picture is black.
    pub(super) fn is_black(&self) -> bool {
        let dark = self.0.iter().filter(|level| **level <= BLACK_LEVEL).count();
        dark * 100 >= self.0.len() * BLACK_SHARE
    }

    /// How much differs from `other`; `None` if the number of samples differs.
    pub(super) fn difference(&self, other: &Grid) -> Option<Difference> {
        if self.0.is_empty() || self.0.len() != other.0.len() {
            return None;
        }
        let pairs = || self.0.iter().zip(&other.0);
        let sum: u64 = pairs().map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let moved = pairs().filter(|(a, b)| a.abs_diff(**b) > MOVED_LEVEL).count();
        Some(Difference { sum, moved, samples: self.0.len() })
    }
}

/// How two pictures differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Difference {
    /// Levels, all samples together.
    sum: u64,
    moved: usize,
    samples: usize,
}

impl Difference {
    /// Mean difference of a sample, in levels of 255.
    pub(super) fn mean(self) -> f64 {
        self.sum as f64 / self.samples as f64
    }

    /// Which part of the picture has moved, 0 to 1.
    pub(super) fn moved(self) -> f64 {
        self.moved as f64 / self.samples as f64
    }

    /// Whether it is nothing that a person would see.
    pub(super) fn is_still(self) -> bool {
        self.is_within(STILL_MEAN)
    }

    /// Whether it may be grain alone, and an encode of it still.
    pub(super) fn is_calm(self) -> bool {
        self.is_within(CALM_MEAN)
    }

    fn is_within(self, mean: u64) -> bool {
        self.sum * 256 <= mean * self.samples as u64 && self.moved * MOVED_ONE_IN <= self.samples
    }
}

fn level(row: &[u8], at: usize, wide: usize, layout: LumaLayout) -> u8 {
    if wide == 1 {
        return row[at] >> layout.shift;
    }
    let value = u16::from_le_bytes([row[at], row[at + 1]]) >> layout.shift;
    (value >> layout.depth.saturating_sub(8)).min(255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_thing_that_moves_is_motion_and_noise_is_not() {
        let still = Grid(vec![100; 14_400]);
        let mut moving = still.clone();
        moving.0[..40].fill(200);
        let is_still = |other: &Grid| still.difference(other).is_some_and(Difference::is_still);
        assert!(!is_still(&moving));
        let noisy = Grid((0..14_400).map(|i| 100 + u8::from(i % 3 == 0)).collect());
        assert!(is_still(&noisy) && !is_still(&Grid::default()));
        let grainy = Grid((0..14_400).map(|i| 98 + (i % 5) as u8).collect());
        let is_calm = |other: &Grid| still.difference(other).is_some_and(Difference::is_calm);
        assert!(!is_still(&grainy) && is_calm(&grainy) && is_calm(&still) && !is_calm(&moving));
        assert!(!still.is_black() && Grid(vec![16; 100]).is_black());
    }
}
