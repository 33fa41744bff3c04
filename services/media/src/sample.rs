//! Compares a few frames of a finished rendition with the source's, frame by frame of the output grid.
//!
//! The rule. At up to [`POSITIONS`] places, spread over the work, two frames of the rendition are compared (SSIM of brightness) with
//! the source's frames of the same index, made by the same grid and scaler as when it was encoded, and with their neighbours up
//! to three frames away. The source is decoded from where the probe proved that decoding may begin, or from its beginning. The rendition's are kept while all of it is decoded; the source is decoded at these places only.
//!
//! - *fail*, ours: at two places or more (at the only one, if there is one) the frames clearly match neighbours at one and the
//!   same distance better than those of their own index: the picture is shifted in time. Clearly is by [`CLEARLY`] and by half
//!   of what is missing to 1; less than that a still scene or a hardly coded one does by chance.
//! - *pass*: the mean over all places is at least [`LIMIT`], and no place is below [`PLAUSIBLE`]. Where the whole lies at its cap, the
//!   mean need not be better than that: the cap was wanted, and of rain, sparks or a night's noise it keeps no more.
//!   Places of noise are left out: where the source's frames are noise ([`Luma::is_noise`]), of which no encode keeps a likeness, and the
//!   rendition's are like them from afar.
//! - *invalid*: the measurement is not to be believed. No frame of the source could be sampled; or a score is below
//!   [`PLAUSIBLE`] although its frames match no neighbour better; or large blocks of a frame are unlike those of every neighbour, as in
//!   a picture that was decoded without those that it refers to, whose details may still score 0.8. An encode is not that bad: then one of both was decoded
//!   wrongly. Nothing is known of the rendition then, and it is parked.
//! - *fail* otherwise: below the limit, and believable.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ffmpeg_next::frame;
use pipeline::media_info::Ratio;
use pipeline::rendition::{Picture, QcOutcome, Segment};

use crate::child::protocol::{Expected, Limits, Still};
use crate::comparison::Stills;
use crate::error::Result;
use crate::grid::Grid;
use crate::reader::Reader;
use crate::ssim::{Luma, ssim};

/// Most places that are looked at: works of a minute and more have as many.
const POSITIONS: u64 = 12;
/// Fewest, where a work has as many frames.
const LEAST_POSITIONS: u64 = 4;
/// Of shorter works a place in each so many seconds, since reading up to a place takes as long in them as in long ones.
const EACH_S: f64 = 5.0;
/// Frames at each: one after the other, since single ones are coded so differently.
const FRAMES: u64 = 2;
/// Neighbours that are compared, on each side.
const NEIGHBOURS: u64 = 3;
/// Of the mean over all places. Encodes of the ladder score 0.93 to 0.99; noise that is held down by a cap 0.7 and less.
const LIMIT: f64 = 0.75;
/// Below this a score is no encode's.
const PLAUSIBLE: f64 = 0.5;
/// By how much a neighbour has to match better.
const CLEARLY: f64 = 0.02;
/// Pictures that are read behind the last frame of a place, to know that it is over.
const READ_AHEAD: u64 = 2;
/// Packets read for all places: ten minutes at most, where key frames are rare or not to be found. What lies behind is left out.
const MAX_PACKETS: u64 = 36_000;

/// A measure of how alike two pictures are; `None` where they cannot be compared.
type Likeness = fn(&Luma, &Luma) -> Option<f64>;

/// One place: how well the rendition's frames from `frame` on match the source's, by distance in frames.
#[derive(Clone, Debug)]
struct Sample {
    frame: u64,
    scores: Vec<(i64, f64)>,
    /// How alike they are from afar, at the distance where they are most alike; 1 for pictures too small for it.
    afar: f64,
    /// Whether the score is so low because the source's frames are noise.
    noise: bool,
}

/// The result, as a row of quality control.
pub(crate) struct Compared {
    pub(crate) measured: String,
    pub(crate) limit: String,
    pub(crate) outcome: QcOutcome,
}

/// The places of one source, and what was kept of the rendition there.
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
    /// Chooses them in the source at `source`, of which `picture` says how it became the output. Each lies right behind a key frame
    /// of the source, where there is one that no other place has: a seek then leads to it, and hardly a frame is decoded that is
    /// not compared. In the rendition these frames are anywhere.
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
            // What cannot be read or decoded here is no verdict over the rendition, which was decoded in full.
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
        let (expected, limits, frame) = (self.expected, &self.limits, place.frame);
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

/// How many places a work of so many frames has.
fn positions(frames: u64, rate: Ratio) -> u64 {
    let by_length = (frames as f64 / rate.value() / EACH_S) as u64;
    by_length.clamp(LEAST_POSITIONS, POSITIONS).min(frames)
}

impl Sample {
    /// Compares the rendition's frames from `frame` on with `theirs`, the source's from `from` on. `None` where their own are missing.
    fn of(frame: u64, made: &[&Luma], theirs: &[Luma], from: u64) -> Option<Self> {
        let (mut scores, mut afar) = (Vec::new(), None);
        for distance in -(NEIGHBOURS as i64)..=NEIGHBOURS as i64 {
            let pair = |(index, one): (usize, &&Luma), measure: Likeness| {
                let other = (frame + index as u64).checked_add_signed(distance)?.checked_sub(from)?;
                measure(one, theirs.get(usize::try_from(other).ok()?)?)
            };
            let mean = |measure: Likeness| {
                let pairs = made.iter().enumerate().map(|one| pair(one, measure));
                // At the very ends some neighbours are missing: that distance is left out.
                let all = pairs.collect::<Option<Vec<f64>>>().filter(|all| !all.is_empty())?;
                Some(all.iter().sum::<f64>() / all.len() as f64)
            };
            scores.extend(mean(ssim).map(|score| (distance, score)));
            afar = [afar, mean(Luma::likeness_from_afar)].into_iter().flatten().reduce(f64::max);
        }
        let sample = Self { frame, scores, afar: afar.unwrap_or(1.0), noise: false };
        let noise = || {
            let own = theirs.iter().skip(usize::try_from(frame.saturating_sub(from)).unwrap_or(usize::MAX));
            afar.is_some() && sample.afar >= LIMIT && own.take(made.len()).all(Luma::is_noise)
        };
        let noise = sample.own() < PLAUSIBLE && noise();
        sample.scores.iter().any(|(distance, _)| *distance == 0).then_some(Self { noise, ..sample })
    }

    fn own(&self) -> f64 {
        self.scores.iter().find(|(distance, _)| *distance == 0).map_or(0.0, |(_, score)| *score)
    }

    /// The neighbour that matches clearly better: its distance and score.
    fn shifted(&self) -> Option<(i64, f64)> {
        let best = self.scores.iter().copied().max_by(|(_, one), (_, other)| one.total_cmp(other))?;
        let (distance, score) = best;
        let clearly = score - self.own() >= CLEARLY && 1.0 - score <= (1.0 - self.own()) / 2.0;
        (distance != 0 && clearly).then_some(best)
    }
}

/// The rule at the head of this file.
fn judge(samples: &[Sample], least: f64) -> Compared {
    let limit = format!("≥ {least} at their own index");
    let kept: Vec<&Sample> = samples.iter().filter(|sample| !sample.noise).collect();
    // Where all is noise, its scores are shown and decide nothing.
    let shown = if kept.is_empty() { samples.iter().collect() } else { kept.clone() };
    let Some(worst) = shown.iter().min_by(|one, other| one.own().total_cmp(&other.own())) else {
        let measured = "measurement invalid: no frame of the source could be sampled".to_owned();
        return Compared { measured, limit, outcome: QcOutcome::Invalid };
    };
    let (mean, lowest) = (shown.iter().map(|sample| sample.own()).sum::<f64>() / shown.len() as f64, worst.own());
    let mut scores = format!("SSIM {mean:.3} at {} places, lowest {lowest:.3} at frame {}", shown.len(), worst.frame);
    if let Some((distance, score, at)) = shift(samples) {
        let way = if distance > 0 { "later" } else { "earlier" };
        let frames = if distance.abs() == 1 { "frame" } else { "frames" };
        let measured = format!(
            "{scores}; shifted: the source {} {frames} {way} matches better, with {score:.3} at frame {at}",
            distance.abs()
        );
        return Compared { measured, limit, outcome: QcOutcome::Fail };
    }
    if kept.is_empty() {
        let measured = format!("{scores}; the source is noise at all of them, of which no encode keeps a likeness");
        return Compared { measured, limit, outcome: QcOutcome::Pass };
    }
    if kept.len() < samples.len() {
        scores.push_str(&format!("; {} places of noise are left out", samples.len() - kept.len()));
    }
    let unlike = kept.iter().find(|sample| sample.afar < LIMIT);
    if lowest < PLAUSIBLE || unlike.is_some() {
        let afar = unlike.map(|sample| format!(", from afar {:.3} at frame {}", sample.afar, sample.frame));
        let afar = afar.unwrap_or_default();
        let measured =
            format!("measurement invalid: {scores}{afar}, which is no encode's score, and no neighbour matches better");
        return Compared { measured, limit, outcome: QcOutcome::Invalid };
    }
    Compared { measured: scores, limit, outcome: QcOutcome::of(mean >= least) }
}

/// The distance at which enough places agree, with the score and the frame of the first of them.
fn shift(samples: &[Sample]) -> Option<(i64, f64, u64)> {
    let shifted: Vec<(i64, f64, u64)> = samples
        .iter()
        .filter_map(|sample| sample.shifted().map(|(distance, score)| (distance, score, sample.frame)))
        .collect();
    let enough = samples.len().min(2);
    let agree = |distance: i64| shifted.iter().filter(|(other, ..)| *other == distance).count() >= enough;
    shifted.iter().copied().find(|(distance, ..)| agree(*distance))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place whose frames match their own index and the source's next frame so well.
    fn place(frame: u64, own: f64, next: f64) -> Sample {
        Sample { frame, scores: vec![(-1, own / 2.0), (0, own), (1, next)], afar: 1.0, noise: false }
    }

    fn check(samples: &[Sample], outcome: QcOutcome, says: &str) {
        let judged = judge(samples, LIMIT);
        assert_eq!(judged.outcome, outcome, "{}", judged.measured);
        assert!(judged.measured.contains(says), "{}", judged.measured);
    }

    #[test]
    fn a_minute_has_all_places_and_a_short_work_fewer() {
        let places = |seconds: u64| positions(seconds * 25, Ratio::new(25, 1));
        assert_eq!([480, 60, 59, 30, 20, 2].map(places), [12, 12, 11, 6, 4, 4]);
        assert_eq!(positions(3, Ratio::new(25, 1)), 3);
        assert_eq!(positions(0, Ratio::new(25, 1)), 0);
    }

    #[test]
    fn the_rule_has_three_outcomes() {
        check(
            &[place(10, 0.98, 0.8), place(30, 0.94, 0.9)],
            QcOutcome::Pass,
            "SSIM 0.960 at 2 places, lowest 0.940 at frame 30",
        );
        check(&[place(10, 0.7, 0.6), place(30, 0.72, 0.7)], QcOutcome::Fail, "SSIM 0.710");
        let held_down = judge(&[place(10, 0.7, 0.6), place(30, 0.72, 0.7)], PLAUSIBLE);
        assert_eq!((held_down.outcome, held_down.limit.as_str()), (QcOutcome::Pass, "≥ 0.5 at their own index"));
        check(&[], QcOutcome::Invalid, "measurement invalid: no frame");
        check(&[place(10, 0.2, 0.2), place(30, 0.3, 0.1)], QcOutcome::Invalid, "measurement invalid: SSIM 0.250");
        // One place that cannot be believed does not hide behind eleven that can.
        let mut mixed: Vec<Sample> = (0..11).map(|frame| place(frame, 0.99, 0.9)).collect();
        mixed.push(place(11, 0.1, 0.1));
        check(&mixed, QcOutcome::Invalid, "lowest 0.100 at frame 11");
        // Neither does one whose details are right and whose picture is not.
        let mut rubble: Vec<Sample> = (0..11).map(|frame| place(frame, 0.99, 0.9)).collect();
        rubble.push(Sample { afar: 0.4, ..place(11, 0.8, 0.8) });
        check(&rubble, QcOutcome::Invalid, "from afar 0.400 at frame 11");
        // Noise can: it is left out, and where there is nothing else the other rows decide.
        mixed[11].noise = true;
        check(&mixed, QcOutcome::Pass, "lowest 0.990 at frame 0; 1 places of noise are left out");
        check(&mixed[11..], QcOutcome::Pass, "the source is noise at all of them");
    }

    #[test]
    fn a_shift_is_ours_whatever_the_score() {
        check(
            &[place(10, 0.9, 0.99), place(30, 0.8, 0.97)],
            QcOutcome::Fail,
            "the source 1 frame later matches better",
        );
        check(&[place(10, 0.3, 0.98), place(30, 0.2, 0.97)], QcOutcome::Fail, "shifted");
        check(&[place(10, 0.9, 0.99)], QcOutcome::Fail, "shifted"); // the only place there is
        // Neither a still scene, where neighbours are as good, nor one place that took over its neighbour's noise.
        check(&[place(10, 0.97, 0.98), place(30, 0.97, 0.98)], QcOutcome::Pass, "SSIM");
        check(&[place(10, 0.9, 0.99), place(30, 0.97, 0.9), place(50, 0.97, 0.9)], QcOutcome::Pass, "SSIM");
    }
}
