//! How a picture is shown: turned, mirrored, and with pixels that need not be square.
use pipeline::media_info::Ratio;

use super::pace::greatest_common_divisor;
use crate::av;

/// Clockwise rotation and mirroring (mirror first, then rotate) of a display matrix, to the nearest quarter turn.
pub(super) fn upright(matrix: [i32; 9]) -> (u32, bool) {
    // Row vectors, y downwards: x' = a·x + c·y, y' = b·x + d·y.
    let [a, b, c, d] = [matrix[0], matrix[1], matrix[3], matrix[4]].map(f64::from);
    let mirrored = a * d - b * c < 0.0;
    let angle = if mirrored { (-b).atan2(-a) } else { b.atan2(a) };
    let quarters = (angle.to_degrees() / 90.0).round() as i64;
    (quarters.rem_euclid(4) as u32 * 90, mirrored)
}

/// The pixel aspect, if it is plausible: beyond 1:4 or 4:1 it is a mistake, and players ignore it like 0.
pub(super) fn honest_aspect(aspect: av::Rational) -> Ratio {
    match (u32::try_from(aspect.num), u32::try_from(aspect.den)) {
        (Ok(num @ 1..), Ok(den @ 1..)) if num <= den.saturating_mul(4) && den <= num.saturating_mul(4) => {
            let divisor = greatest_common_divisor(num, den);
            Ratio::new(num / divisor, den / divisor)
        }
        _ => Ratio::ONE,
    }
}

pub(super) fn display_size(width: u32, height: u32, aspect: Ratio, rotation: u32) -> (u32, u32) {
    let even = |pixels: f64| ((pixels / 2.0).round() as u32 * 2).max(2);
    let (wide, high) = (even(f64::from(width) * aspect.value()), even(f64::from(height)));
    if rotation % 180 == 90 { (high, wide) } else { (wide, high) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_matrix_is_read_as_players_do() {
        let one = 65536;
        let quarter = |a, b, c, d| upright([a, b, 0, c, d, 0, 0, 0, 1 << 30]);
        assert_eq!(quarter(one, 0, 0, one), (0, false));
        assert_eq!(quarter(0, one, -one, 0), (90, false));
        assert_eq!(quarter(-one, 0, 0, -one), (180, false));
        assert_eq!(quarter(0, -one, one, 0), (270, false));
        assert_eq!(quarter(-one, 0, 0, one), (0, true));
        assert_eq!(quarter(one, 0, 0, -one), (180, true));
    }

    #[test]
    fn absurd_pixel_aspects_are_ignored() {
        assert_eq!(honest_aspect(av::Rational { num: 64, den: 45 }), Ratio::new(64, 45));
        assert_eq!(honest_aspect(av::Rational { num: 1, den: 1000 }), Ratio::ONE);
        assert_eq!(honest_aspect(av::Rational { num: 0, den: 1 }), Ratio::ONE);
        assert_eq!(display_size(1440, 1080, Ratio::new(4, 3), 90), (1080, 1920));
    }
}
