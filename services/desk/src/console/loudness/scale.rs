//! The drawing's units: where a level and a time lie, and how they are written.

/// The drawing in its own units; pages scale it.
pub(super) const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
/// Space for the numbers at the left, and for the times below.
pub(super) const LEFT: f64 = 44.0;
const BOTTOM: f64 = 26.0;
/// The highest and the lowest level of the drawing, LUFS. Softer values are drawn at the bottom.
pub(super) const TOP_LUFS: f64 = 0.0;
pub(super) const BOTTOM_LUFS: f64 = -60.0;
/// Distance of grid lines, LU.
pub(super) const GRID_LU: u32 = 10;
/// Most times below the drawing.
pub(super) const TIMES: u64 = 8;

/// The height of a level.
pub(super) fn y(lufs: f64) -> f64 {
    let part = (TOP_LUFS - lufs.clamp(BOTTOM_LUFS, TOP_LUFS)) / (TOP_LUFS - BOTTOM_LUFS);
    part * (HEIGHT - BOTTOM)
}

/// With one decimal and a minus sign.
pub(super) fn number(lufs: f64) -> String {
    // Adding zero turns a negative zero into a plain one.
    let rounded = (lufs * 10.0).round() / 10.0 + 0.0;
    format!("{rounded:.1}").replace('-', "−")
}

/// The distance of times below the drawing, so that at most `TIMES` fit.
pub(super) fn step_ms(length_ms: u64) -> u64 {
    let steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].map(|s| s * 1000);
    steps.into_iter().find(|step| length_ms / step <= TIMES).unwrap_or(length_ms)
}
