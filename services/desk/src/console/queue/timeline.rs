//! The time line of a card: its marks as drawn.
use crate::view::card::{Card, Mark, MarkKind};

/// The time line in its own units; the page scales it.
const WIDTH: f64 = 1000.0;

/// A mark of the time line as drawn.
pub(super) struct Drawn {
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) width: String,
    /// The row of the mark, so that marks do not hide each other.
    pub(super) y: u32,
}

/// The marks of a card that have a place in the film.
pub(super) fn drawn(card: &Card) -> Vec<Drawn> {
    let place = |ms: u64| WIDTH * (ms as f64 / card.length_ms.max(1) as f64).clamp(0.0, 1.0);
    let drawn = |mark: &Mark| {
        let (from, to) = (place(mark.start_ms), place(mark.end_ms));
        let y = match mark.kind {
            MarkKind::Black | MarkKind::Frozen | MarkKind::Damaged => 4,
            MarkKind::Silent | MarkKind::Loud => 16,
            MarkKind::Twin => 28,
        };
        // A short range of a long work is still visible.
        let (x, width) = (format!("{from:.1}"), format!("{:.1}", (to - from).max(2.0)));
        Drawn { class: mark.kind.name(), x, width, y }
    };
    card.marks.iter().filter(|mark| !mark.whole).map(drawn).collect()
}
