//! What the headers of a file claim, before anything is decoded. Used for the entrant's first look only.
use pipeline::media_info::Outline;

use super::geometry::{display_size, honest_aspect, upright};
use crate::av;
use crate::read::source::Source;
use crate::read::times::{to_us, whole_ms};

/// What the headers say of a file whose picture is stream `video`, and whose sound is stream `audio`; `None` where they do not say how
/// long it is. In fragmented files the length is spread over all fragments. Other tracks (telemetry, thumbnails) and the movie
/// header, which is as long as the longest track, do not count.
pub(super) fn of(source: &Source, video: usize, audio: Option<usize>) -> Option<Outline> {
    if source.structure.fragmented {
        return None;
    }
    let facts = av::stream_facts(&source.input, video)?;
    let picture = span(source, video);
    let sound = audio.and_then(|audio| span(source, audio));
    let whole_us = match (picture, sound) {
        (Some(picture), Some(sound)) => Some(picture.1.max(sound.1).saturating_sub(picture.0.min(sound.0))),
        (one, other) => one.or(other).map(|(start_us, end_us)| end_us.saturating_sub(start_us)),
    };
    let work_ms = whole_us.map(whole_ms);
    // Formats without a length for each stream have one for the file.
    let claimed_ms = av::claimed_duration_ms(&source.input);
    let picture_ms = picture.map(|(start_us, end_us)| whole_ms(end_us.saturating_sub(start_us)));
    let (rotation, _) = av::display_matrix(&source.input, video).map_or((0, false), upright);
    let aspect = honest_aspect(av::pixel_aspect(&source.input, video, None));
    let (width, height) = (facts.width.unsigned_abs(), facts.height.unsigned_abs());
    let (display_width, display_height) = display_size(width, height, aspect, rotation);
    Some(Outline {
        format: source.format.name().into(),
        brand: source.brand.clone(),
        compatible_brands: source.compatible_brands.clone(),
        picture_ms: picture_ms.or(claimed_ms)?,
        duration_ms: picture.and(work_ms).or(claimed_ms).or(picture_ms)?,
        display_width,
        display_height,
    })
}

/// Beginning and end of a stream, µs; `None` if its headers do not say it.
fn span(source: &Source, index: usize) -> Option<(i64, i64)> {
    let base = av::stream_facts(&source.input, index)?.time_base;
    let start_us = av::stream_start(&source.input, index).map_or(0, |ticks| to_us(ticks, base));
    // The table of times is added up, since libav uses the length in a header.
    let counted_us = source.track(index).and_then(|track| track.length.shown_ms());
    let counted_us = counted_us.map(|ms| i64::try_from(ms.saturating_mul(1000)).unwrap_or(i64::MAX));
    let stated_us = || av::stream_duration(&source.input, index).map(|ticks| to_us(ticks, base));
    Some((start_us, start_us.saturating_add(counted_us.or_else(stated_us)?)))
}
