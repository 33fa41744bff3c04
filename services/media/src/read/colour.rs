//! A picture's colour, by container and bitstream together, field by field. Decoders put what the bitstream says into their frames,
//! and some of them drop what the container says where the bitstream says nothing (libav's HEVC).
//!
//! The bitstream comes first: it travels with the samples when a program copies them into another container, and it may name a better
//! curve than the container has room for (ITU-T H.274, alternative transfer characteristics). The range is full if either says so:
//! limited is the default of both.
use std::ffi::c_int;

use ffmpeg_next::frame;

use crate::av::{self, PictureFacts};
use crate::read::isobmff::Tagged;

/// `AVCOL_RANGE_JPEG`.
const FULL: c_int = 2;

/// What a container says of a stream's colour, by the numbers of ITU-T H.273, which libav's are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stated {
    pub(crate) primaries: Option<c_int>,
    pub(crate) transfer: Option<c_int>,
    pub(crate) matrix: Option<c_int>,
    pub(crate) full_range: bool,
}

impl From<Tagged> for Stated {
    fn from(tagged: Tagged) -> Self {
        Self::of(tagged.primaries.into(), tagged.transfer.into(), tagged.matrix.into(), tagged.full_range)
    }
}

impl Stated {
    /// From libav's numbers. A number that means "unknown", or that libav does not know, counts as not stated.
    pub(crate) fn of(primaries: c_int, transfer: c_int, matrix: c_int, full_range: bool) -> Self {
        let known = |number: c_int, name: fn(c_int) -> String| {
            let is_known = !matches!(name(number).as_str(), "unknown" | "unspecified" | "reserved");
            is_known.then_some(number)
        };
        Self {
            primaries: known(primaries, av::primaries_name),
            transfer: known(transfer, av::transfer_name),
            // RGB's (0) is the default of writers that do not set the matrix.
            matrix: known(matrix, av::matrix_name).filter(|matrix| *matrix != 0),
            full_range,
        }
    }

    /// What a base layer of Dolby Vision is by the number for what it is compatible with: HDR10 and that of discs, or HLG.
    pub(crate) fn of_base_layer(compatibility: u8) -> Self {
        match compatibility {
            1 | 6 => Self::of(9, 16, 9, false),
            4 => Self::of(9, 18, 9, false),
            _ => Self::default(),
        }
    }

    /// These values, completed by those of `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            primaries: self.primaries.or(other.primaries),
            transfer: self.transfer.or(other.transfer),
            matrix: self.matrix.or(other.matrix),
            full_range: self.full_range,
        }
    }

    /// Fills in what `frame` leaves open.
    pub(crate) fn complete(self, frame: &mut frame::Video) {
        let facts = av::picture_facts(frame);
        let completed = self.completed(facts, is_rgb(facts));
        if completed != facts {
            av::set_colour(frame, completed);
        }
    }

    fn completed(self, facts: PictureFacts, is_rgb: bool) -> PictureFacts {
        let own = Self::of(facts.primaries, facts.transfer, facts.matrix, facts.range == FULL);
        PictureFacts {
            primaries: own.primaries.or(self.primaries).unwrap_or(facts.primaries),
            transfer: own.transfer.or(self.transfer).unwrap_or(facts.transfer),
            // The matrix of RGB is not valid for a picture of brightness and colours. It stands for "unknown" (2) there.
            matrix: match own.matrix.or(self.matrix) {
                _ if is_rgb => facts.matrix,
                None if facts.matrix == 0 => 2,
                matrix => matrix.unwrap_or(facts.matrix),
            },
            range: if self.full_range && !is_rgb { FULL } else { facts.range },
            ..facts
        }
    }

    /// What container and bitstream say where they contradict each other: matrix, primaries and curve of each. `facts` are those of a
    /// picture that was completed.
    pub(crate) fn conflict(self, facts: PictureFacts) -> Option<(String, String)> {
        let differs = |stated: Option<c_int>, used: c_int| stated.is_some_and(|stated| stated != used);
        let differ = differs(self.primaries, facts.primaries)
            || differs(self.matrix, facts.matrix) && !is_rgb(facts)
            || self.transfer.is_some_and(|stated| !is_same_curve(stated, facts.transfer));
        let number = |stated: Option<c_int>| stated.unwrap_or(2);
        let names = |matrix, primaries, transfer| {
            format!("{}/{}/{}", av::matrix_name(matrix), av::primaries_name(primaries), av::transfer_name(transfer))
        };
        differ.then(|| {
            let container = names(number(self.matrix), number(self.primaries), number(self.transfer));
            (container, names(facts.matrix, facts.primaries, facts.transfer))
        })
    }
}

/// The curves of BT.709 (1), BT.601 (6) and BT.2020 (14, 15) are one function under four numbers.
fn is_same_curve(one: c_int, other: c_int) -> bool {
    let is_camera = |curve: c_int| matches!(curve, 1 | 6 | 14 | 15);
    one == other || is_camera(one) && is_camera(other)
}

fn is_rgb(facts: PictureFacts) -> bool {
    let format = av::pixel_format_name(facts.format);
    ["gbr", "rgb", "bgr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2"].iter().any(|rgb| format.starts_with(rgb))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(primaries: c_int, transfer: c_int, matrix: c_int, range: c_int) -> PictureFacts {
        let (width, height, format, interlaced, top_first) = (320, 180, 0, false, false);
        PictureFacts { width, height, format, matrix, primaries, transfer, range, interlaced, top_first }
    }

    #[test]
    fn each_field_comes_from_the_bitstream_or_else_from_the_container() {
        let hlg = Stated::of(9, 18, 9, true);
        assert_eq!(hlg.completed(facts(2, 2, 2, 1), false), facts(9, 18, 9, 2));
        assert_eq!(hlg.completed(facts(1, 1, 1, 1), false), facts(1, 1, 1, 2));
        assert_eq!(hlg.completed(facts(9, 2, 2, 2), false), facts(9, 18, 9, 2));
        assert_eq!(Stated::default().completed(facts(9, 16, 9, 2), false), facts(9, 16, 9, 2));
        // Undefined numbers, and zeros, state nothing.
        assert_eq!(Stated::of(0, 0, 0, false), Stated::default());
        assert_eq!(Stated::of(77, 255, 65_535, false), Stated::default());
        assert_eq!(Stated::of(1, 1, 1, false).completed(facts(2, 2, 0, 1), false), facts(1, 1, 1, 1));
        assert_eq!(Stated::default().completed(facts(2, 2, 0, 1), false), facts(2, 2, 2, 1));
        assert_eq!(Stated::of(1, 1, 1, false).completed(facts(2, 2, 0, 2), true), facts(1, 1, 0, 2));
    }

    #[test]
    fn a_conflict_is_told_and_what_means_the_same_is_none() {
        let sdr = Stated::of(1, 1, 1, false);
        assert_eq!(sdr.conflict(facts(1, 6, 1, 1)), None);
        assert_eq!(Stated::default().conflict(facts(9, 18, 9, 1)), None);
        let (container, bitstream) = sdr.conflict(facts(9, 18, 9, 1)).unwrap();
        assert_eq!((container.as_str(), bitstream.as_str()), ("bt709/bt709/bt709", "bt2020nc/bt2020/arib-std-b67"));
    }
}
