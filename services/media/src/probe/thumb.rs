//! A frame made small for its fingerprint: means of its brightness, upright, in square pixels.
use ffmpeg_next as ffmpeg;
use pipeline::fingerprint::Luma;

use crate::av::{self, LumaLayout};

/// Longer side of the small picture, pixels. The hashes need a fifth of it; borders are cut to within 1/160.
const LONG_SIDE: u32 = 160;
/// Rows of the frame that make up one row of the small picture at most. Four of twelve give the same mean to a level.
const ROWS_EACH: usize = 4;

/// How frames become small ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thumb {
    pub(super) layout: LumaLayout,
    /// Width of a pixel by its height.
    pub(super) pixel_aspect: f64,
    pub(super) rotation_degrees: u32,
    pub(super) mirrored: bool,
}

impl Thumb {
    /// The small picture of `frame`; `None` if it has no luma plane in memory.
    pub(super) fn of(&self, frame: &ffmpeg::frame::Video) -> Option<Luma> {
        let (wide, high) = (frame.width() as usize, frame.height() as usize);
        let (width, height) = self.size(f64::from(frame.width()), f64::from(frame.height()))?;
        let (width, height) = (width.min(wide), height.min(high));
        let sample = usize::from(self.layout.depth + self.layout.shift > 8) + 1;
        let bytes = wide.checked_sub(1)? * self.layout.step + self.layout.offset + sample;
        let mut data = Vec::with_capacity(width * height);
        let mut sums = vec![0u32; width];
        for y in 0..height {
            let (from, to) = (y * high / height, ((y + 1) * high / height).min(high));
            let stride = (to - from).div_ceil(ROWS_EACH).max(1);
            let mut rows = 0;
            sums.fill(0);
            for line in (from..to).step_by(stride) {
                self.add(av::row(frame, self.layout.plane, line, bytes)?, wide, sample, &mut sums);
                rows += 1;
            }
            let mean = |(x, sum): (usize, &u32)| {
                let columns = (x + 1) * wide / width - x * wide / width;
                (sum / (rows * columns as u32).max(1)).min(255) as u8
            };
            data.extend(sums.iter().enumerate().map(mean));
        }
        Some(Luma { width, height, data }.upright(self.rotation_degrees, self.mirrored))
    }

    /// The size that keeps the picture's shape.
    fn size(&self, wide: f64, high: f64) -> Option<(usize, usize)> {
        let wide = wide * self.pixel_aspect;
        let scale = f64::from(LONG_SIDE) / wide.max(high);
        let side = |pixels: f64| ((pixels * scale).round() as usize).clamp(1, LONG_SIDE as usize);
        (scale.is_finite() && wide > 0.0 && high > 0.0).then(|| (side(wide), side(high)))
    }

    /// Adds the samples of a row to the sums of their columns.
    fn add(&self, row: &[u8], wide: usize, sample: usize, sums: &mut [u32]) {
        let (layout, width) = (self.layout, sums.len());
        for (x, sum) in sums.iter_mut().enumerate() {
            let (from, to) = (x * wide / width, (x + 1) * wide / width);
            let bytes = &row[from * layout.step + layout.offset..(to - 1) * layout.step + layout.offset + sample];
            *sum += if sample == 1 && layout.step == 1 && layout.shift == 0 {
                bytes.iter().map(|level| u32::from(*level)).sum::<u32>()
            } else {
                bytes.chunks(layout.step).map(|bytes| level(bytes, layout)).sum()
            };
        }
    }
}

/// One sample in 8 bits.
fn level(bytes: &[u8], layout: LumaLayout) -> u32 {
    let value = match bytes {
        [low, high, ..] if layout.depth + layout.shift > 8 => u16::from_le_bytes([*low, *high]),
        [low, ..] => u16::from(*low),
        [] => 0,
    };
    (u32::from(value) >> layout.shift >> layout.depth.saturating_sub(8)).min(255)
}
