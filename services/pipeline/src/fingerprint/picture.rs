//! From small pictures to 64-bit hashes: signs of the lowest frequencies of several regions, after black borders are
//! cut off.
use std::f32::consts::PI;

use super::sample::{MAX_SAMPLES, REGIONS, STEP_MS};

/// Rows and columns that are never brighter than this are a black border, of 255 (black is 16, and coding adds noise).
const DARK: u8 = 40;
/// One of this many pixels of a line may be brighter all the same: a speck of noise is no picture.
const BRIGHT_ONE_IN: usize = 40;
/// A picture is never cut to fewer pixels a side than this; one that would be is black.
const MIN_SIDE: usize = 16;
/// Side of the square that a region is averaged to before its frequencies are taken.
const SIDE: usize = 32;
/// Frequencies across and down that are used; their sum is at most 10, which gives 65 without the mean.
const FREQUENCIES: usize = 11;
/// A region whose brightness spreads less than this (standard deviation, of 255) shows nothing to recognise.
const MIN_SPREAD: f32 = 4.0;
/// Bits of a hash that form a word: its lowest frequencies, which noise, logos and scaling change least.
pub(super) const BITS: u32 = 32;
/// Weak bits that are stored per hash, for searching.
pub(super) const WEAK: usize = 3;

/// A small upright picture, 8 bits a pixel, square pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Luma {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Rows from the top, `width` × `height` values.
    pub data: Vec<u8>,
}

impl Luma {
    /// Mirrored first, then rotated clockwise by quarters, as a display matrix defines it.
    #[must_use]
    pub fn upright(mut self, rotation_degrees: u32, mirrored: bool) -> Self {
        if mirrored {
            self.data.chunks_exact_mut(self.width.max(1)).for_each(<[u8]>::reverse);
        }
        let (width, height) = (self.width, self.height);
        let turned = |data: &[u8]| {
            (0..width).flat_map(|x| (0..height).rev().map(move |y| data[y * width + x])).collect::<Vec<u8>>()
        };
        match rotation_degrees {
            90 => Self { width: height, height: width, data: turned(&self.data) },
            180 => {
                self.data.reverse();
                self
            }
            270 => {
                let mut data = turned(&self.data);
                data.reverse();
                Self { width: height, height: width, data }
            }
            _ => self,
        }
    }
}

/// The sampled pictures of one work, kept until its borders are known.
#[derive(Debug, Default)]
pub struct Album {
    pictures: Vec<Luma>,
}

/// One region's hash, with the bits that a small change flips first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hash {
    pub(super) bits: u64,
    pub(super) weak: [u32; WEAK],
}

impl Album {
    /// Whether a frame shown from `at_ms` is the first of the next grid position.
    pub fn wants(&self, at_ms: u64) -> bool {
        self.pictures.len() < MAX_SAMPLES && at_ms >= self.pictures.len() as u64 * STEP_MS
    }

    /// Adds the frame shown from `at_ms`. Skipped grid positions repeat the frame before.
    pub fn add(&mut self, at_ms: u64, picture: Luma) {
        if picture.data.len() != picture.width * picture.height || picture.data.is_empty() {
            return;
        }
        while let Some(last) = self.pictures.last()
            && self.wants(at_ms.saturating_sub(STEP_MS))
        {
            let shown = last.clone();
            self.pictures.push(shown);
        }
        if self.pictures.len() < MAX_SAMPLES {
            self.pictures.push(picture);
        }
    }

    pub(super) fn hash(&self) -> Vec<[Hash; REGIONS]> {
        let Some(first) = self.pictures.first() else { return Vec::new() };
        let area = active(&self.pictures, first.width, first.height);
        let hasher = Hasher::new();
        let regions = regions(area);
        self.pictures
            .iter()
            .map(|picture| {
                if (picture.width, picture.height) != (first.width, first.height) {
                    return Default::default();
                }
                let sums = Sums::of(picture);
                regions.map(|region| hasher.hash(&sums, region))
            })
            .collect()
    }
}

/// A rectangle in pixels: left, top, right, bottom.
type Area = [f32; 4];

/// The picture without borders that are always black.
fn active(pictures: &[Luma], width: usize, height: usize) -> Area {
    let mut brightest = vec![0u8; width * height];
    for picture in pictures.iter().filter(|picture| (picture.width, picture.height) == (width, height)) {
        brightest.iter_mut().zip(&picture.data).for_each(|(most, level)| *most = (*most).max(*level));
    }
    let lit = |levels: &mut dyn Iterator<Item = u8>, all: usize| {
        levels.filter(|level| *level > DARK).count() * BRIGHT_ONE_IN > all
    };
    let row = |y: &usize| lit(&mut brightest[y * width..(y + 1) * width].iter().copied(), width);
    let (top, bottom) = ((0..height).find(row), (0..height).rfind(row));
    let (Some(top), Some(bottom)) = (top, bottom) else { return whole(width, height) };
    // Columns are judged within the remaining rows; otherwise pillars between letterbox bars would be missed.
    let rows = bottom + 1 - top;
    let column = |x: &usize| lit(&mut (top..=bottom).map(|y| brightest[y * width + x]), rows);
    let (left, right) = ((0..width).find(column), (0..width).rfind(column));
    let (Some(left), Some(right)) = (left, right) else { return whole(width, height) };
    if rows < MIN_SIDE || right + 1 - left < MIN_SIDE {
        return whole(width, height);
    }
    [left as f32, top as f32, (right + 1) as f32, (bottom + 1) as f32]
}

fn whole(width: usize, height: usize) -> Area {
    [0.0, 0.0, width as f32, height as f32]
}

/// The whole, its middle 90 % and 80 %, the middle that the other orientation would keep, and 90 % of that.
fn regions(area: Area) -> [Area; REGIONS] {
    let [left, top, right, bottom] = area;
    let (width, height) = (right - left, bottom - top);
    let middle = |wide: f32, high: f32| {
        let (x, y) = ((left + right) / 2.0, (top + bottom) / 2.0);
        [x - wide / 2.0, y - high / 2.0, x + wide / 2.0, y + high / 2.0]
    };
    let other = if width >= height {
        ((height * 9.0 / 16.0).min(width), height)
    } else {
        (width, (width * 9.0 / 16.0).min(height))
    };
    [
        area,
        middle(width * 0.9, height * 0.9),
        middle(width * 0.8, height * 0.8),
        middle(other.0, other.1),
        middle(other.0 * 0.9, other.1 * 0.9),
    ]
}

/// Sums of brightness above and to the left of each corner, so that the mean of any rectangle takes four look-ups.
struct Sums {
    width: usize,
    height: usize,
    sums: Vec<f32>,
}

impl Sums {
    fn of(picture: &Luma) -> Self {
        let (width, height) = (picture.width, picture.height);
        // Exact: below 2^24 for 160 × 160 pixels.
        let mut sums = vec![0.0; (width + 1) * (height + 1)];
        for y in 0..height {
            let mut row = 0.0;
            for x in 0..width {
                row += f32::from(picture.data[y * width + x]);
                sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
            }
        }
        Self { width, height, sums }
    }

    /// The sum up to a point between pixels.
    fn at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x.clamp(0.0, self.width as f32), y.clamp(0.0, self.height as f32));
        let (left, top) = ((x as usize).min(self.width - 1), (y as usize).min(self.height - 1));
        let (dx, dy) = (x - left as f32, y - top as f32);
        let sum = |x: usize, y: usize| self.sums[y * (self.width + 1) + x];
        let above = sum(left, top) * (1.0 - dx) + sum(left + 1, top) * dx;
        let below = sum(left, top + 1) * (1.0 - dx) + sum(left + 1, top + 1) * dx;
        above * (1.0 - dy) + below * dy
    }
}

/// The cosines, and the order of frequencies: lowest first.
struct Hasher {
    /// The weight of each line: the middle fully, the edges a quarter, where logos are and crops differ.
    window: [f32; SIDE],
    cosines: [[f32; SIDE]; FREQUENCIES],
    order: Vec<(usize, usize)>,
}

impl Hasher {
    fn new() -> Self {
        let cosine = |k: usize, n: usize| ((2 * n + 1) as f32 * k as f32 * PI / (2 * SIDE) as f32).cos();
        let cosines = std::array::from_fn(|k| std::array::from_fn(|n| cosine(k, n)));
        let diagonals = (1..FREQUENCIES).flat_map(|sum| (0..=sum).map(move |u| (u, sum - u)));
        let window = std::array::from_fn(|n| 0.25 + 0.75 * ((n as f32 + 0.5) * PI / SIDE as f32).sin());
        Self { window, cosines, order: diagonals.take(64).collect() }
    }

    fn hash(&self, sums: &Sums, area: Area) -> Hash {
        let square = average(sums, area);
        let count = (SIDE * SIDE) as f32;
        let mean = square.iter().flatten().sum::<f32>() / count;
        let spread = square.iter().flatten().map(|level| (level - mean).powi(2)).sum::<f32>() / count;
        if spread.sqrt() < MIN_SPREAD {
            return Hash::default();
        }
        let weigh = |x: usize, y: usize| (square[y][x] - mean) * self.window[x] * self.window[y];
        let weighed: Vec<[f32; SIDE]> = (0..SIDE).map(|y| std::array::from_fn(|x| weigh(x, y))).collect();
        let across: Vec<[f32; FREQUENCIES]> = weighed
            .iter()
            .map(|row| std::array::from_fn(|u| row.iter().zip(&self.cosines[u]).map(|(a, b)| a * b).sum()))
            .collect();
        let strength = |(u, v): (usize, usize)| -> f32 {
            across.iter().zip(&self.cosines[v]).map(|(row, cosine)| row[u] * cosine).sum()
        };
        let strengths: Vec<f32> = self.order.iter().map(|place| strength(*place)).collect();
        let bits = strengths.iter().enumerate().fold(0, |bits, (index, it)| bits | u64::from(*it > 0.0) << index);
        let mut weakest: Vec<usize> = (0..BITS as usize).collect();
        weakest.sort_by(|a, b| strengths[*a].abs().total_cmp(&strengths[*b].abs()));
        Hash { bits, weak: std::array::from_fn(|index| weakest[index] as u32) }
    }
}

/// A region as a square of means.
fn average(sums: &Sums, [left, top, right, bottom]: Area) -> [[f32; SIDE]; SIDE] {
    let edge = |from: f32, to: f32, index: usize| from + (to - from) * index as f32 / SIDE as f32;
    let cell = ((right - left) * (bottom - top) / (SIDE * SIDE) as f32).max(f32::EPSILON);
    let corner = |x: usize, y: usize| sums.at(edge(left, right, x), edge(top, bottom, y));
    let corners: Vec<[f32; SIDE + 1]> = (0..=SIDE).map(|y| std::array::from_fn(|x| corner(x, y))).collect();
    std::array::from_fn(|y| {
        let (above, below) = (&corners[y], &corners[y + 1]);
        std::array::from_fn(|x| (below[x + 1] - below[x] - above[x + 1] + above[x]) / cell)
    })
}
