//! The H.264 level that an encode needs: Rec. ITU-T H.264 (08/2021), table A-1, with High profile's factor of 1.25 on rates (table A-2).
use crate::media_info::Ratio;

/// Level × 10, macroblocks a second, macroblocks a frame, bitrate and buffer of High profile in kbit/s and kbit. Begins
/// at 3.0: every decoder in use supports that, so a lower level has no benefit.
const LEVELS: [(u32, u64, u64, u64, u64); 12] = [
    (30, 40_500, 1620, 12_500, 12_500),
    (31, 108_000, 3600, 17_500, 17_500),
    (32, 216_000, 5120, 25_000, 25_000),
    (40, 245_760, 8192, 25_000, 31_250),
    (41, 245_760, 8192, 62_500, 78_125),
    (42, 522_240, 8704, 62_500, 78_125),
    (50, 589_824, 22_080, 168_750, 168_750),
    (51, 983_040, 36_864, 300_000, 300_000),
    (52, 2_073_600, 36_864, 300_000, 300_000),
    (60, 4_177_920, 139_264, 300_000, 300_000),
    (61, 8_355_840, 139_264, 600_000, 600_000),
    (62, 16_711_680, 139_264, 1_000_000, 1_000_000),
];

/// The lowest level, times ten, that allows this size, rate and cap; 62 if none does.
pub(super) fn of(width: u32, height: u32, rate: Ratio, max_bitrate_kbps: u32, buffer_kbit: u32) -> u32 {
    let (columns, rows) = (u64::from(width.div_ceil(16)), u64::from(height.div_ceil(16)));
    let frame = columns * rows;
    // Rounded up: a level that is exceeded by one macroblock does not fit.
    let second = (frame * u64::from(rate.num)).div_ceil(u64::from(rate.den));
    let fits = |&&(_, max_second, max_frame, max_rate, max_buffer): &&(u32, u64, u64, u64, u64)| {
        // no side longer than sqrt(8 × MaxFS) macroblocks.
        let longest = columns.max(rows);
        second <= max_second
            && frame <= max_frame
            && longest * longest <= 8 * max_frame
            && u64::from(max_bitrate_kbps) <= max_rate
            && u64::from(buffer_kbit) <= max_buffer
    };
    LEVELS.iter().find(fits).map_or(62, |&(level, ..)| level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_the_lowest_that_holds() {
        let check = |width, height, fps, kbps, buffer, level| {
            assert_eq!(of(width, height, Ratio::new(fps, 1), kbps, buffer), level, "{width}x{height}@{fps} {kbps}");
        };
        check(320, 180, 25, 500, 750, 30);
        check(8192, 16, 25, 500, 750, 51); // few macroblocks, but 512 in a row
        check(1280, 720, 25, 3000, 4500, 31);
        check(1280, 720, 30, 3000, 4500, 31);
        check(1280, 720, 60, 3000, 4500, 32);
        check(1920, 1080, 25, 6000, 9000, 40);
        check(1920, 1080, 30, 20_000, 30_000, 40);
        check(1920, 1080, 30, 20_000, 40_000, 41);
        check(1080, 1920, 50, 10_000, 15_000, 42);
        check(1920, 1080, 60, 20_000, 30_000, 42);
        check(3840, 2160, 30, 40_000, 60_000, 51);
        check(16_384, 16_384, 60, 40_000, 60_000, 62);
    }
}
