//! The curve as a table.
use pages::Say;
use pipeline::media_info::ShortTerm;

use super::scale::number;

/// Most rows of the table.
pub(super) const ROWS: usize = 48;

/// A row of the table: a time range, its softest and its loudest value.
pub(super) struct Row {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) softest: String,
    pub(super) loudest: String,
}

/// As many values per row as necessary.
pub(super) fn rows(say: Say, curve: &ShortTerm) -> Vec<Row> {
    let moments: Vec<(u32, f64)> = curve.moments().collect();
    let row = |some: &[(u32, f64)]| {
        let (first, last) = (some.first()?, some.last()?);
        let levels = || some.iter().map(|(_, lufs)| *lufs);
        let time = |s: u32| say.length(&(u64::from(s) * 1000));
        Some(Row {
            from: time(first.0.saturating_sub(ShortTerm::WINDOW_S)),
            to: time(last.0),
            softest: number(levels().fold(f64::INFINITY, f64::min)),
            loudest: number(levels().fold(f64::NEG_INFINITY, f64::max)),
        })
    };
    moments.chunks(moments.len().div_ceil(ROWS).max(1)).filter_map(row).collect()
}
