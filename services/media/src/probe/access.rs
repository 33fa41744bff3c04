//! Where decoding may begin. A file's marks of key frames are verified: the decoder reports for each marked picture whether it is one,
//! and at a few of them, spread over the work, decoding is started and compared with the decode from the beginning.
use std::collections::BTreeSet;
use std::path::Path;

use ffmpeg_next::frame;
use pipeline::media_info::{FieldOrder, VideoInfo};

use crate::av;
use crate::child::protocol::Limits;
use crate::error::Result;
use crate::read::reader::Reader;

/// Marked pictures of which prints are kept, at most: of more, every second one is dropped.
const MAX_PRINTS: usize = 16;
/// Pictures from a marked one on that are compared. What a wrong beginning leaves out is missing at once, or in the next pictures.
const PICTURES: usize = 4;
/// Marked pictures at which decoding is begun, at most. Each costs its pictures, and those that a decoder holds back.
const TRIES: usize = 6;
/// A seek may lead to an earlier picture, from which this many are decoded at most before the try is given up: it says nothing then.
const MAX_BEFORE: usize = 300;
/// Points that are stored, at most. From one of these to the next little is decoded in vain.
const MAX_POINTS: usize = 1000;

/// What the decode from the beginning shows of random access.
#[derive(Default)]
pub(super) struct Access {
    /// Marked pictures that did not come out of the decoder yet.
    waiting: BTreeSet<i64>,
    /// Marked pictures that the decoder confirmed as key frames, in order.
    points: Vec<i64>,
    /// Those that are not.
    false_points: BTreeSet<i64>,
    /// Of some of `points`, hashes of the pictures from there on.
    prints: Vec<Print>,
    /// Only every `stride`-th point has a print, as a power of two: 1, 2, 4 …
    doublings: u32,
}

/// A point, and the pictures from there on as the decode from the beginning has them.
struct Print {
    point: i64,
    pictures: Vec<u64>,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Try {
    Same,
    Different,
    /// The index does not lead there.
    Unknown,
}

impl Access {
    /// The packet of the picture stamped `at` is marked as a key frame.
    pub(super) fn claim(&mut self, at: i64) {
        self.waiting.insert(at);
    }

    /// A picture that is shown at `at`, in the order of showing.
    pub(super) fn see(&mut self, picture: &frame::Video, at: i64) {
        if self.waiting.remove(&at) {
            // What was marked before it and never came is left out by players as well.
            self.waiting = self.waiting.split_off(&at);
            if picture.is_key() {
                self.point(at);
            } else {
                self.false_points.insert(at);
            }
        }
        // Points may lie closer together than the pictures that are compared.
        let mut hash = None;
        for print in self.prints.iter_mut().rev().take_while(|print| print.pictures.len() < PICTURES) {
            let hash = *hash.get_or_insert_with(|| av::print(picture));
            print.pictures.push(hash);
        }
    }

    fn point(&mut self, at: i64) {
        let place = self.points.len();
        self.points.push(at);
        if !place.is_multiple_of(1 << self.doublings) {
            return;
        }
        if self.prints.len() == MAX_PRINTS {
            let mut keep = false;
            self.prints.retain(|_| {
                keep = !keep;
                keep
            });
            self.doublings += 1;
        }
        self.prints.push(Print { point: at, pictures: Vec::new() });
    }

    /// Whether the picture at `at` is marked as a key frame and is none.
    pub(super) fn is_false(&self, at: i64) -> bool {
        self.false_points.contains(&at)
    }

    /// Tries some points of the file at `path`, whose picture is `video`. `None` where the file's own marks hold.
    pub(super) fn prove(self, path: &Path, video: &VideoInfo, limits: &Limits) -> Option<Vec<i64>> {
        let hold = self.try_points(path, video, limits).unwrap_or(false);
        match (hold, self.false_points.is_empty()) {
            (true, true) => None,
            (true, false) => {
                let step = self.points.len().div_ceil(MAX_POINTS).max(1);
                Some(self.points.into_iter().step_by(step).collect())
            }
            (false, _) => Some(Vec::new()),
        }
    }

    /// Whether no try shows other pictures than the decode from the beginning.
    fn try_points(&self, path: &Path, video: &VideoInfo, limits: &Limits) -> Result<bool> {
        // The first one is the beginning of the file.
        let prints: Vec<&Print> = self.prints.iter().skip(1).collect();
        let tries = prints.len().min(TRIES);
        if tries == 0 {
            return Ok(true);
        }
        let mut reader = Reader::open(path, video.stream as usize, FieldOrder::Progressive, 1, limits)?;
        for index in 0..tries {
            // The last print of each share, so that the very last print is tried too.
            let print = prints[(index + 1) * prints.len() / tries - 1];
            let led = if self.false_points.is_empty() {
                reader.seek_to(print.point)
            } else {
                reader.seek_before(print.point)
            };
            match if led { try_point(&mut reader, print, limits)? } else { Try::Unknown } {
                Try::Same => {}
                Try::Different => return Ok(false),
                Try::Unknown => return Ok(true),
            }
        }
        Ok(true)
    }
}

/// Compares the pictures after a seek to the print's point.
fn try_point(reader: &mut Reader, print: &Print, limits: &Limits) -> Result<Try> {
    let (mut same, mut before) = (0, 0);
    while let Some((picture, at)) = reader.next_at(limits)? {
        if at < print.point {
            before += 1;
            if before > MAX_BEFORE {
                return Ok(Try::Unknown);
            }
            continue;
        }
        if same == 0 && at != print.point || av::print(&picture) != print.pictures[same] {
            return Ok(Try::Different);
        }
        same += 1;
        if same == print.pictures.len() {
            return Ok(Try::Same);
        }
    }
    Ok(Try::Different)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_stay_few_and_spread_over_the_work() {
        for count in [1, 5, 16, 17, 100, 5000] {
            let mut access = Access::default();
            (0..count).for_each(|at| access.point(at));
            assert_eq!(access.points.len() as i64, count);
            let points: Vec<i64> = access.prints.iter().map(|print| print.point).collect();
            let step = 1 << access.doublings;
            assert_eq!(points, (0..count).step_by(step).collect::<Vec<_>>(), "{count}");
            assert!(points.len() <= MAX_PRINTS && points.len() as i64 >= count.min(MAX_PRINTS as i64 / 2), "{count}");
        }
    }
}
