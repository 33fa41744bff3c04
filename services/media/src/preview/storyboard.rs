//! The storyboard: small pictures at a regular interval on one JPEG sheet, and a WebVTT file that says which is when.
//!
//! How long a source lasts is known at its end only. So pictures are kept at one a second until there are too many; then every
//! other one goes and the interval doubles.
use std::fmt::Write;
use std::path::Path;

use ffmpeg_next::{format, frame};

use crate::av::graph::Graph;
use crate::child::protocol::{CUES, SHEET};
use crate::error::{During, Error, Result};
use crate::write::jpeg;

/// The longer side of a tile, pixels.
const TILE: u32 = 160;
/// Tiles at most.
const MOST: usize = 100;
/// Tiles side by side.
const COLUMNS: usize = 10;
/// The interval to begin with, µs.
const STEP_US: i64 = 1_000_000;
/// JPEG quality as ffmpeg counts it.
const QUALITY: i32 = 5;

/// The tiles so far: tile n is what is shown at n · `step_us`.
pub(super) struct Storyboard {
    graph: Graph,
    tile: (u32, u32),
    tiles: Vec<frame::Video>,
    step_us: i64,
}

impl Storyboard {
    /// For pictures of this size.
    pub(super) fn new((width, height): (u32, u32)) -> Result<Self> {
        let factor = (f64::from(TILE) / f64::from(width.max(height))).min(1.0);
        let scaled = |side: u32| ((f64::from(side) * factor / 2.0).round() as u32 * 2).max(2);
        let tile = (scaled(width), scaled(height));
        let graph = Graph::video(&format!(
            "buffer@in=video_size={width}x{height}:pix_fmt=yuv420p:time_base=1/1:pixel_aspect=1/1,\
             scale={}:{}:flags=area:in_color_matrix=bt709:out_color_matrix=bt601:in_range=tv:out_range=pc,\
             format=yuvj420p,buffersink@0",
            tile.0, tile.1
        ))?;
        Ok(Self { graph, tile, tiles: Vec::new(), step_us: STEP_US })
    }

    fn due_us(&self) -> i64 {
        self.step_us.saturating_mul(self.tiles.len() as i64)
    }

    /// Looks at a picture that is shown from `at_us` on.
    pub(super) fn see(&mut self, picture: &frame::Video, at_us: i64) -> Result<()> {
        // A picture that stays longer than the interval stands for all that come before this one.
        self.repeat_until(at_us);
        if at_us < self.due_us() {
            return Ok(());
        }
        self.graph.push(&mut picture.clone())?;
        let mut tile = frame::Video::empty();
        if !self.graph.pull(0, &mut tile)? {
            return Err(Error::Failed("the storyboard's scaler kept a picture back".into()));
        }
        self.add(tile);
        Ok(())
    }

    /// Repeats the last tile for what is due before `us`.
    fn repeat_until(&mut self, us: i64) {
        while self.due_us() < us.saturating_sub(self.step_us / 2) {
            let Some(last) = self.tiles.last() else { return };
            let last = last.clone();
            self.add(last);
        }
    }

    fn add(&mut self, tile: frame::Video) {
        // The number is even, so what is due next is due with twice the interval too.
        if self.tiles.len() == MOST {
            let mut index = 0;
            self.tiles.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.step_us *= 2;
        }
        self.tiles.push(tile);
    }

    /// Writes the sheet and the cues of a picture that lasts `end_us`.
    pub(super) fn finish(mut self, end_us: i64, dir: &Path) -> Result<()> {
        self.repeat_until(end_us);
        let mut sheet = self.sheet();
        std::fs::write(dir.join(SHEET), jpeg::encode(&mut sheet, QUALITY)?).during("write the storyboard")?;
        std::fs::write(dir.join(CUES), self.cues(end_us)).during("write the storyboard's cues")
    }

    fn place(&self, index: usize) -> (usize, usize) {
        (index % COLUMNS * self.tile.0 as usize, index / COLUMNS * self.tile.1 as usize)
    }

    fn sheet(&self) -> frame::Video {
        let columns = self.tiles.len().clamp(1, COLUMNS);
        let rows = self.tiles.len().div_ceil(COLUMNS).max(1);
        let (width, height) = (self.tile.0 * columns as u32, self.tile.1 * rows as u32);
        let mut sheet = frame::Video::new(format::Pixel::YUVJ420P, width, height);
        // Where the last row has no tile, it is black.
        for plane in 0..3 {
            sheet.data_mut(plane).fill(if plane == 0 { 0 } else { 128 });
        }
        for (index, tile) in self.tiles.iter().enumerate() {
            let (x, y) = self.place(index);
            for plane in 0..3 {
                let half = if plane == 0 { 1 } else { 2 };
                copy(tile, &mut sheet, plane, (x / half, y / half), self.tile.0 as usize / half);
            }
        }
        sheet
    }

    fn cues(&self, end_us: i64) -> String {
        let mut text = "WEBVTT\n".to_owned();
        for index in 0..self.tiles.len() {
            let from = self.step_us * index as i64;
            let last = index + 1 == self.tiles.len();
            let to = if last { end_us.max(from + 1000) } else { from + self.step_us };
            let (x, y) = self.place(index);
            let (from, to) = (time(from), time(to));
            let (width, height) = self.tile;
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{from} --> {to}\n{SHEET}#xywh={x},{y},{width},{height}\n");
        }
        text
    }
}

fn copy(tile: &frame::Video, sheet: &mut frame::Video, plane: usize, (x, y): (usize, usize), width: usize) {
    let (from, to) = (tile.stride(plane), sheet.stride(plane));
    let rows = tile.plane_height(plane) as usize;
    let target = sheet.data_mut(plane);
    for row in 0..rows {
        let start = (y + row) * to + x;
        target[start..start + width].copy_from_slice(&tile.data(plane)[row * from..row * from + width]);
    }
}

/// `00:01:02.500`.
fn time(us: i64) -> String {
    let ms = us.max(0) / 1000;
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

#[cfg(test)]
mod tests;
