//! Moments that would make a good cover: sharp, not black, not in a transition, unlike each other, spread over the work.
use std::collections::VecDeque;

use ffmpeg_next::frame;

use crate::av;

/// Moments that are looked for: the work is divided into this many stretches, with one moment in each.
const WANTED: usize = 8;
/// Time from one judged moment to the next, µs…
const STEP_US: i64 = 200_000;
/// …and with this many neighbours before and after it, to detect slow dissolves.
const NEIGHBOURS: usize = 2;
/// Moments that are kept; a longer work's are judged at twice the distance, and so on.
const MOST: usize = 4096;
/// Pictures are compared by a grid of means with this many columns.
const COLUMNS: usize = 64;
/// See `COLUMNS`.
const ROWS: usize = 36;
/// Moments are compared by their outline: means over squares with this many cells of the grid to a side.
const CELL: usize = 4;
/// No brighter than this counts as dark…
const DARK_LEVEL: u8 = 40;
/// …and if more than this share of the cells is, in percent, the picture is black.
const DARK_SHARE: usize = 90;
/// Mean difference in levels from a neighbour beyond which a moment is in a transition: a dissolve of a second between unlike
/// pictures comes to twice as much…
const TRANSITION: f64 = 10.0;
/// …unless the work moves that much all the time: then the difference has to be this many times the usual one.
const UNUSUAL: f64 = 2.5;
/// Mean difference to the next frame at which a moment counts half: motion blurs it.
const MOTION: f64 = 6.0;
/// Mean difference of two outlines, in levels, from which on they show something different.
const DIFFERENT: f64 = 5.0;

/// What has been seen so far.
pub(super) struct Moments {
    seen: Vec<Moment>,
    /// The grids of the last ones, the newest first.
    last: VecDeque<Vec<u8>>,
    step_us: i64,
    due_us: i64,
}

struct Moment {
    at_us: i64,
    /// Mean square of the steps between neighbouring samples.
    sharpness: f64,
    dark: bool,
    /// The larger mean difference from its neighbours.
    change: f64,
    outline: Vec<u8>,
}

impl Default for Moments {
    fn default() -> Self {
        Self { seen: Vec::new(), last: VecDeque::new(), step_us: STEP_US, due_us: 0 }
    }
}

impl Moments {
    /// Looks at a small 8-bit 4:2:0 picture that is shown from `at_us` on.
    pub(super) fn see(&mut self, picture: &frame::Video, at_us: i64) {
        if at_us < self.due_us {
            return;
        }
        self.due_us = at_us.saturating_add(self.step_us);
        let grid = grid(picture);
        self.add(at_us, sharpness(picture), grid);
    }

    fn add(&mut self, at_us: i64, sharpness: f64, grid: Vec<u8>) {
        let mut change: f64 = 0.0;
        for (before, last) in self.seen.iter_mut().rev().zip(&self.last) {
            let difference = difference(&grid, last);
            before.change = before.change.max(difference);
            change = change.max(difference);
        }
        let dark = grid.iter().filter(|level| **level <= DARK_LEVEL).count() * 100 > grid.len() * DARK_SHARE;
        self.seen.push(Moment { at_us, sharpness, dark, change, outline: outline(&grid) });
        self.last.push_front(grid);
        self.last.truncate(NEIGHBOURS);
        if self.seen.len() == MOST {
            let mut index = 0;
            self.seen.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.step_us *= 2;
        }
    }

    /// The best moments of a picture that lasts `end_us`, in ms, best first.
    pub(super) fn best(&self, end_us: i64) -> Vec<u64> {
        let lit: Vec<&Moment> = self.seen.iter().filter(|moment| !moment.dark).collect();
        let mut changes: Vec<f64> = lit.iter().map(|moment| moment.change).collect();
        changes.sort_by(f64::total_cmp);
        let usual = changes.get(changes.len() / 2).copied().unwrap_or(0.0);
        let most = f64::max(TRANSITION, usual * UNUSUAL);
        let mut fit: Vec<&Moment> = lit.into_iter().filter(|moment| moment.change <= most).collect();
        // Equal ones in the order of time, so that the same file always gives the same moments.
        fit.sort_by(|a, b| b.worth().total_cmp(&a.worth()).then(a.at_us.cmp(&b.at_us)));
        let stretch = |moment: &Moment| (moment.at_us as f64 / end_us.max(1) as f64 * WANTED as f64) as usize;
        let mut chosen: Vec<&Moment> = Vec::new();
        for moment in fit {
            let taken = chosen.iter().any(|other| stretch(other) == stretch(moment));
            let like = chosen.iter().any(|other| difference(&other.outline, &moment.outline) < DIFFERENT);
            if !taken && !like {
                chosen.push(moment);
            }
        }
        chosen.truncate(WANTED);
        chosen.iter().map(|moment| u64::try_from((moment.at_us + 500) / 1000).unwrap_or(0)).collect()
    }
}

impl Moment {
    fn worth(&self) -> f64 {
        let motion = self.change / MOTION;
        self.sharpness / (1.0 + motion * motion)
    }
}

/// Means of the brightness around points of a grid.
fn grid(picture: &frame::Video) -> Vec<u8> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (columns, rows) = (COLUMNS.min(width), ROWS.min(height));
    let (wide, high) = ((width / columns).min(4), (height / rows).min(2));
    let mut means = Vec::with_capacity(COLUMNS * ROWS);
    for row in 0..rows {
        let top = row * height / rows;
        let lines: Vec<&[u8]> = (top..top + high).filter_map(|y| av::row(picture, 0, y, width)).collect();
        for column in 0..columns {
            let left = column * width / columns;
            let sum: usize =
                lines.iter().flat_map(|line| &line[left..left + wide]).map(|level| usize::from(*level)).sum();
            means.push((sum / (wide * lines.len()).max(1)) as u8);
        }
    }
    means
}

/// The grid more coarsely: one mean for each square of cells, in the order of the grid.
fn outline(grid: &[u8]) -> Vec<u8> {
    let columns = COLUMNS.min(grid.len());
    let lines: Vec<&[u8]> = grid.chunks(columns).collect();
    let mut means = Vec::new();
    for lines in lines.chunks(CELL) {
        for left in (0..columns).step_by(CELL) {
            let cell = lines.iter().flat_map(|line| line.iter().skip(left).take(CELL));
            let (sum, count) = cell.fold((0, 0), |(sum, count), level| (sum + usize::from(*level), count + 1));
            means.push((sum / count.max(1)) as u8);
        }
    }
    means
}

/// Mean difference in levels.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len().min(b.len()).max(1) as f64
}

/// Mean square of the steps from each sample to the right and down, on every other line: blur takes it away first.
fn sharpness(picture: &frame::Video) -> f64 {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (mut sum, mut count) = (0u64, 0u64);
    for y in (0..height.saturating_sub(1)).step_by(2) {
        let (Some(row), Some(next)) = (av::row(picture, 0, y, width), av::row(picture, 0, y + 1, width)) else {
            continue;
        };
        let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        let across: u32 = row.windows(2).map(|pair| square(pair[0], pair[1])).sum();
        let down: u32 = row.iter().zip(next).map(|(a, b)| square(*a, *b)).sum();
        sum += u64::from(across) + u64::from(down);
        count += 2 * width as u64;
    }
    sum as f64 / count.max(1) as f64
}

#[cfg(test)]
mod tests;
