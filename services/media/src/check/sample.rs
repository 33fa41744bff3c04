//! Compares a few frames of a finished rendition with the source's, frame by frame of the output grid.
//!
//! At up to [`POSITIONS`] places, spread over the work, two frames of the rendition are compared (SSIM of brightness) with the source's
//! frames of the same index, made by the same grid and scaler as when it was encoded, and with their neighbours up to three frames
//! away. The source is decoded from where the probe proved that decoding may begin, or from its beginning. The rendition's frames are
//! kept while all of it is decoded; the source is decoded at these places only. What the scores mean is in `rule`.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ffmpeg_next::frame;
use pipeline::media_info::Ratio;
use pipeline::rendition::{Picture, Segment};

use crate::check::comparison::Stills;
use crate::check::rule::{Compared, LIMIT, NEIGHBOURS, PLAUSIBLE, Sample, judge};
use crate::check::ssim::{Luma, ssim};
use crate::child::protocol::{Expected, Limits, Still};
use crate::error::Result;
use crate::picture::grid::Grid;
use crate::read::reader::Reader;

/// Most places; works of a minute and more have this many.
const POSITIONS: u64 = 12;
/// Fewest, where a work has as many frames.
const LEAST_POSITIONS: u64 = 4;
/// Shorter works have one place in every five seconds, since reading up to a place takes as long in them as in long ones.
const EACH_S: f64 = 5.0;
/// Frames at each: one after the other, since single ones are coded so differently.
const FRAMES: u64 = 2;
/// Pictures that are read after the last frame of a place, to know that it has ended.
const READ_AHEAD: u64 = 2;
/// Packets read for all places: ten minutes at most, where key frames are rare or not to be found. Later places are left out.
const MAX_PACKETS: u64 = 36_000;

/// The places of one source, and the rendition's frames there.
pub(crate) struct Places<'a> {
    picture: &'a Picture,
    expected: &'a Expected,
    limits: Limits,
    /// `None` where the source cannot be opened: then nothing is compared.
    reader: Option<Reader>,
    places: Vec<Place>,
    /// The rendition's frames at the places, by index.
    made: BTreeMap<u64, Luma>,
    stills: Option<Stills>,
}

/// Where frames are compared.
struct Place {
    /// The first of them.
    frame: u64,
    /// The second after the first picture to seek the source to; `None`: reading on from the place before is shorter.
    seek_s: Option<f64>,
}

impl<'a> Places<'a> {
    /// Chooses places in the source at `source`; `picture` says how it became the output. Where possible, each lies right after a
    /// key frame of the source that no other place uses: a seek then reaches it, and few frames are decoded without being
    /// compared. In the rendition these frames may be anywhere.
    pub(crate) fn choose(source: &Path, picture: &'a Picture, expected: &'a Expected, limits: &Limits) -> Self {
        let limits = Limits { max_packets: limits.max_packets.min(MAX_PACKETS), ..limits.clone() };
        let reader = Reader::of(source, picture, 1, &limits).ok();
        let mut chosen =
            Self { picture, expected, limits, reader, places: Vec::new(), made: BTreeMap::new(), stills: None };
        let positions = positions(expected.frames, expected.frame_rate);
        let mut free = 0;
        for position in 0..positions {
            let even = expected.frames * (2 * position + 1) / (2 * positions);
            let (place, next) = chosen.place(even, free);
            chosen.places.extend(place);
            free = next;
        }
        chosen
    }

    /// The same, leaving at most `most` pairs of stills in a directory.
    pub(crate) fn with_stills(self, dir: &Path, most: u32) -> Self {
        let frames: Vec<u64> = self.places.iter().map(|place| place.frame).collect();
        let stills = Stills::new(PathBuf::from(dir), most, &frames, self.limits.file_bytes);
        Self { stills: Some(stills), ..self }
    }

    /// The place near frame `even`, if there is room from frame `free` on, and from where on the next one may lie.
    fn place(&mut self, even: u64, free: u64) -> (Option<Place>, u64) {
        let rate = self.expected.frame_rate.value();
        let lead = self.picture.lead_frames;
        let at = even.saturating_sub(lead) as f64 / rate;
        let key = self.reader.as_mut().and_then(|reader| reader.key_frame(at, &self.limits).ok().flatten());
        // Neighbours on both sides are wanted, too.
        let behind = key.map(|key| (key.max(0.0) * rate).ceil() as u64 + lead + NEIGHBOURS);
        let place = match (key, behind) {
            (Some(key), Some(frame)) if frame >= free && frame + FRAMES <= self.expected.frames => {
                Place { frame, seek_s: Some(key) }
            }
            // Many places have one key frame, or there is no index. Only before the first place is the reader elsewhere.
            _ => Place { frame: even.max(free), seek_s: key.filter(|_| self.places.is_empty()) },
        };
        let next = place.frame + FRAMES + 2 * NEIGHBOURS + READ_AHEAD;
        if place.frame + FRAMES > self.expected.frames && !self.places.is_empty() {
            return (None, next);
        }
        (Some(place), next)
    }

    /// Keeps the rendition's picture at `at_us` if it is one of those to be compared.
    pub(crate) fn see(&mut self, at_us: i64, picture: &frame::Video) {
        let frame = (at_us as f64 / 1e6 * self.expected.frame_rate.value()).round() as u64;
        let wanted = |place: &Place| (place.frame..place.frame + FRAMES).contains(&frame);
        if self.places.iter().any(wanted)
            && let Some(luma) = Luma::of(picture)
        {
            self.made.insert(frame, luma);
            if let Some(stills) = &mut self.stills {
                stills.see(frame, picture);
            }
        }
    }

    /// Compares what was kept with the source. `at_the_cap`: the rendition's bitrate is what its cap allows.
    pub(crate) fn compare(mut self, at_the_cap: bool, progress: &mut dyn FnMut(f64)) -> (Compared, Vec<Still>) {
        let places = std::mem::take(&mut self.places);
        let mut samples = Vec::new();
        for (done, place) in places.iter().enumerate() {
            // A failure to read or decode the source here says nothing about the rendition, which was decoded in full.
            if let Ok(Some(sample)) = self.sample(place) {
                samples.push(sample);
            }
            progress((done + 1) as f64 / places.len() as f64);
        }
        let stills = self.stills.map(Stills::finish).unwrap_or_default();
        (judge(&samples, if at_the_cap { PLAUSIBLE } else { LIMIT }), stills)
    }

    /// Compares the frames at one place.
    fn sample(&mut self, place: &Place) -> Result<Option<Sample>> {
        let (expected, limits) = (self.expected, &self.limits);
        let frame = place.frame;
        let Some(reader) = &mut self.reader else { return Ok(None) };
        if let Some(seek_s) = place.seek_s {
            reader.seek(seek_s, limits)?;
        }
        let end = (frame + FRAMES).min(expected.frames);
        let from = frame.saturating_sub(NEIGHBOURS);
        let stretch = Segment { index: 0, first_frame: from, frames: (end + NEIGHBOURS).min(expected.frames) - from };
        let mut theirs = Vec::new();
        let (stills, mut still) = (&self.stills, None);
        let mut grid = Grid::new(
            self.picture,
            stretch,
            vec![(expected.width, expected.height)],
            |index, pictures: &mut [frame::Video]| {
                theirs.extend(pictures.first().and_then(Luma::of));
                if let Some(stills) = stills.as_ref().filter(|stills| index == frame && stills.wants(frame)) {
                    still = pictures.first().and_then(|picture| stills.jpeg(picture));
                }
                Ok(())
            },
        );
        if !grid.read(reader, limits, &mut |_| ())? {
            // The index led to a wrong place: the beginning is always right.
            reader.restart(limits)?;
            if !grid.read(reader, limits, &mut |_| ())? {
                return Ok(None);
            }
        }
        grid.end()?;
        drop(grid);
        let alike = || ssim(self.made.get(&frame)?, theirs.get(usize::try_from(frame - from).ok()?)?);
        if let Some(still) = still
            && let Some(ssim) = alike()
            && let Some(stills) = &mut self.stills
        {
            stills.pair(frame, (expected.width, expected.height), &still, ssim);
        }
        let made: Option<Vec<&Luma>> = (frame..end).map(|index| self.made.get(&index)).collect();
        Ok(made.and_then(|made| Sample::of(frame, &made, &theirs, from)))
    }
}

/// How many places a work of `frames` frames has.
fn positions(frames: u64, rate: Ratio) -> u64 {
    let by_length = (frames as f64 / rate.value() / EACH_S) as u64;
    by_length.clamp(LEAST_POSITIONS, POSITIONS).min(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_all_places_and_a_short_work_fewer() {
        let places = |seconds: u64| positions(seconds * 25, Ratio::new(25, 1));
        assert_eq!([480, 60, 59, 30, 20, 2].map(places), [12, 12, 11, 6, 4, 4]);
        assert_eq!(positions(3, Ratio::new(25, 1)), 3);
        assert_eq!(positions(0, Ratio::new(25, 1)), 0);
    }
}
