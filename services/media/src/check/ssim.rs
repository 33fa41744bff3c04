//! Structural similarity of two brightness planes: Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 13(4), 2004, over 8×8 windows
//! every four pixels, all alike, as x264 and ffmpeg's `ssim` filter measure it.
use ffmpeg_next::frame;

use crate::av;

/// (0.01 · 255)² and (0.03 · 255)²: keep flat windows from dividing by nothing.
const C1: f64 = 6.5025;
const C2: f64 = 58.5225;
/// Side of a block; a window is two by two of them.
const BLOCK: usize = 4;
/// Pixels of a window.
const WINDOW: f64 = 64.0;

/// The brightness of one picture, a byte a pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Luma {
    width: usize,
    height: usize,
    levels: Vec<u8>,
}

impl Luma {
    /// Copies the brightness of a picture with 8 bits a sample; `None` for other ones.
    pub(crate) fn of(picture: &frame::Video) -> Option<Self> {
        let layout = av::luma_layout(av::picture_facts(picture).format)?;
        if (layout.depth, layout.shift, layout.step, layout.offset) != (8, 0, 1, 0) {
            return None;
        }
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let mut levels = Vec::with_capacity(width * height);
        for y in 0..height {
            levels.extend_from_slice(av::row(picture, layout.plane, y, width)?);
        }
        Some(Self { width, height, levels })
    }

    fn row(&self, y: usize) -> &[u8] {
        &self.levels[y * self.width..(y + 1) * self.width]
    }
}

/// A picture whose pairs of two by two pixels, each replaced by their mean, are less like it than this is noise: independent pixels come
/// to 0.4, and to 0.55 when they were scaled to two thirds; films and graphics to 0.75 and more.
const NOISE: f64 = 0.6;
/// Sides of the blocks that are seen from afar, the largest first.
const AFAR: [usize; 3] = [16, 8, 4];

impl Luma {
    /// Whether it is noise, of which no encode keeps a likeness.
    pub(crate) fn is_noise(&self) -> bool {
        let means = self.means(2);
        let level = |(x, y): (usize, usize)| means.levels[y / 2 * means.width + x / 2];
        let (width, height) = (means.width * 2, means.height * 2);
        let crop = |y: usize| self.row(y)[..width].iter().copied();
        let own = Self { width, height, levels: (0..height).flat_map(crop).collect() };
        let levels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(level).collect();
        ssim(&own, &Self { width, height, levels }).is_some_and(|likeness| likeness < NOISE)
    }

    /// How alike the means of large blocks are; `None` where the pictures are too small for it.
    pub(crate) fn likeness_from_afar(&self, other: &Self) -> Option<f64> {
        AFAR.into_iter().find_map(|side| ssim(&self.means(side), &other.means(side)))
    }

    /// The means of blocks of `side` by `side`; what fills no block is left out.
    fn means(&self, side: usize) -> Self {
        let (width, height) = (self.width / side, self.height / side);
        let mean = |(x, y): (usize, usize)| {
            let rows = (y * side..(y + 1) * side).map(|line| &self.row(line)[x * side..(x + 1) * side]);
            let sum: usize = rows.flatten().map(|level| usize::from(*level)).sum();
            u8::try_from((sum + side * side / 2) / (side * side)).unwrap_or(u8::MAX)
        };
        let levels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(mean).collect();
        Self { width, height, levels }
    }
}

/// Sums over one block of both pictures: of levels, of squares, of products.
#[derive(Clone, Copy, Default)]
struct Sums {
    one: u32,
    other: u32,
    squares: u32,
    products: u32,
}

/// How alike two pictures are: 1 for the same, around 0 for unrelated ones. `None` where sizes differ or nothing fits a window.
pub(crate) fn ssim(one: &Luma, other: &Luma) -> Option<f64> {
    if (one.width, one.height) != (other.width, other.height) || one.width < 2 * BLOCK || one.height < 2 * BLOCK {
        return None;
    }
    let mut above = Vec::new();
    let (mut sum, mut windows) = (0.0, 0u64);
    for y in (0..=one.height - BLOCK).step_by(BLOCK) {
        let blocks = blocks(one, other, y);
        for (top, bottom) in above.windows(2).zip(blocks.windows(2)) {
            sum += window([top[0], top[1], bottom[0], bottom[1]]);
            windows += 1;
        }
        above = blocks;
    }
    Some(sum / windows as f64)
}

/// The blocks of four lines from `y` on.
fn blocks(one: &Luma, other: &Luma, y: usize) -> Vec<Sums> {
    let mut blocks = vec![Sums::default(); one.width / BLOCK];
    for line in y..y + BLOCK {
        let pixels = one.row(line).chunks_exact(BLOCK).zip(other.row(line).chunks_exact(BLOCK));
        for (sums, (a, b)) in blocks.iter_mut().zip(pixels) {
            for (a, b) in a.iter().zip(b) {
                let (a, b) = (u32::from(*a), u32::from(*b));
                sums.one += a;
                sums.other += b;
                sums.squares += a * a + b * b;
                sums.products += a * b;
            }
        }
    }
    blocks
}

fn window(blocks: [Sums; 4]) -> f64 {
    let sum = |part: fn(&Sums) -> u32| f64::from(blocks.iter().map(part).sum::<u32>());
    let (one, other) = (sum(|sums| sums.one) / WINDOW, sum(|sums| sums.other) / WINDOW);
    // Sample variances and covariance: divided by one less, as ffmpeg does.
    let unbiased = WINDOW / (WINDOW - 1.0);
    let variances = (sum(|sums| sums.squares) / WINDOW - one * one - other * other) * unbiased;
    let covariance = (sum(|sums| sums.products) / WINDOW - one * other) * unbiased;
    (2.0 * one * other + C1) * (2.0 * covariance + C2) / ((one * one + other * other + C1) * (variances + C2))
}

#[cfg(test)]
mod tests;
