//! Refusals that follow from decoding: damage, and lengths that only the headers claim.
use pipeline::rejection::Rejection;

use super::picture::PictureMeasure;
use crate::error::Result;
use crate::read::decode::Tally;
use crate::read::source::Source;

/// Players forgive a damaged frame here and there; a work of which every fourth frame is damaged is none.
pub(super) fn refuse_damage(picture: &PictureMeasure, tally: &Tally) -> Result<()> {
    // An edit list that shows nothing, or a track of no samples.
    if picture.frames() == 0 && tally.errors == 0 {
        return Err(Rejection::NoVideo.into());
    }
    if picture.frames() == 0 || tally.errors > picture.frames() / 4 + 3 {
        return Err(Rejection::damaged(tally.errors.max(1)).into());
    }
    // Intact files have a few late frames. With more, viewers would miss a part of the work.
    if picture.late() > picture.frames() / 50 + 3 {
        return Err(Rejection::TimeRunsBackwards { frames: picture.late() }.into());
    }
    Ok(())
}

/// Whether a length that a header claims is more than rounding, and more than intact files contain.
pub(super) fn is_far_above(claimed_ms: u64, decoded_ms: u64) -> bool {
    claimed_ms > decoded_ms.saturating_mul(2).saturating_add(10_000)
}

/// Refuses a file whose picture or sound, by their own headers, last more than twice as long as what there is: a viewer would miss the
/// rest. `decoded` has the stream of each and how long it is, ms. What the movie header or another track says is none of a viewer's
/// business. Fragments come with headers that do not know yet how long the whole is.
pub(super) fn refuse_claims(source: &Source, decoded: &[(Option<usize>, u64)]) -> Result<()> {
    for (index, decoded_ms) in decoded.iter().copied() {
        let Some(track) = index.and_then(|index| source.track(index)).filter(|_| !source.structure.fragmented) else {
            continue;
        };
        // A sound's last sample that lasts until the picture ends is silence. A picture's last one is seen for as long, or not believed.
        let silent_ms = if &track.handler == b"soun" { track.length.last_ms() } else { 0 };
        let claimed_ms = track.length.claimed_ms().saturating_sub(silent_ms);
        if is_far_above(claimed_ms, decoded_ms) {
            return Err(Rejection::MisleadingHeader { claimed_ms, decoded_ms }.into());
        }
    }
    Ok(())
}
