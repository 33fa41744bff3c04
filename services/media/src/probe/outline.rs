//! What the headers of a file claim, before anything is decoded. Good for a first word to the entrant, and for nothing else.
use pipeline::media_info::Outline;

use super::picture::{display_size, honest_aspect, upright};
use super::{to_us, whole_ms};
use crate::av;
use crate::source::Source;

/// What the headers say of a file whose picture is stream `index`; `None` where they do not say how long it is.
pub(super) fn of(source: &Source, index: usize) -> Option<Outline> {
    let facts = av::stream_facts(&source.input, index)?;
    let claimed_ms = av::claimed_duration_ms(&source.input);
    let picture_ms = av::stream_duration(&source.input, index).map(|ticks| whole_ms(to_us(ticks, facts.time_base)));
    let (rotation, _) = av::display_matrix(&source.input, index).map_or((0, false), upright);
    let aspect = honest_aspect(av::pixel_aspect(&source.input, index, None));
    let (width, height) = (facts.width.unsigned_abs(), facts.height.unsigned_abs());
    let (display_width, display_height) = display_size(width, height, aspect, rotation);
    Some(Outline {
        format: source.format.name().into(),
        brand: source.brand.clone(),
        picture_ms: picture_ms.or(claimed_ms)?,
        duration_ms: claimed_ms.or(picture_ms)?,
        display_width,
        display_height,
    })
}
