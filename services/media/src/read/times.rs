//! Time stamps in the units that the crate counts in.
use crate::av::Rational;

/// Ticks of a time base as microseconds.
pub(crate) fn to_us(ticks: i64, base: Rational) -> i64 {
    let us = i128::from(ticks) * i128::from(base.num) * 1_000_000 / i128::from(base.den.max(1));
    i64::try_from(us).unwrap_or(if us < 0 { i64::MIN } else { i64::MAX })
}

/// Microseconds as milliseconds, rounded to the nearest.
pub(crate) fn to_ms(us: i64) -> i64 {
    us.saturating_add(500).div_euclid(1000)
}

/// Microseconds as whole milliseconds, rounded to the nearest; 0 for negative ones.
pub(crate) fn whole_ms(us: i64) -> u64 {
    u64::try_from(to_ms(us)).unwrap_or(0)
}
