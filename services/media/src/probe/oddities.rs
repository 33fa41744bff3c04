//! Oddities of a file's structure that viewers do not notice.
use pipeline::media_info::{MediaInfo, Oddity};

use super::refuse::is_far_above;
use crate::read::source::Source;

/// First letters of the major brands of formats that a compatible brand makes an mp4 as well.
const FOREIGN: [&str; 2] = ["3gp", "3g2"];

/// The oddities of a file that was measured as `info`, whose container and bitstream contradict each other by `conflict`, and whose
/// pictures have their times `by_order`.
pub(super) fn of(source: &Source, info: &MediaInfo, conflict: Option<(String, String)>, by_order: bool) -> Vec<Oddity> {
    let movie_ms = source.structure.movie_ms;
    let long_header = !source.structure.fragmented && is_far_above(movie_ms, info.duration_ms);
    let foreign = info.format == "mp4" && FOREIGN.iter().any(|brand| info.brand.starts_with(brand));
    let packets = source.packets_without_picture(info.video.stream as usize);
    let stays_ms = info.video.last_picture_stays_ms;
    [
        long_header.then_some(Oddity::LongMovieHeader { claimed_ms: movie_ms }),
        foreign.then(|| Oddity::ForeignBrand { major: info.brand.clone() }),
        (packets > 0).then_some(Oddity::PacketsWithoutPicture { packets }),
        by_order.then_some(Oddity::TimesByOrder),
        conflict.map(|(container, bitstream)| Oddity::ColourInConflict { container, bitstream }),
        (stays_ms > 0).then_some(Oddity::LastPictureStays { stays_ms }),
    ]
    .into_iter()
    .flatten()
    .collect()
}
