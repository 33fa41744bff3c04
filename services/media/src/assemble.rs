//! Makes one finished mp4: joins the segments of an encode or copies the source's picture, and adds the sound.
use std::path::Path;

use ffmpeg_next as ffmpeg;
use pipeline::media_info::{FieldOrder, Ratio};
use pipeline::rendition::{Segment, VideoEncode};

use crate::av;
use crate::bsf::Strip;
use crate::bucket::Seams;
use crate::child::protocol::{AssembleReport, Limits, Overdrawn, PictureInput, Request, SegmentInput};
use crate::decode::Tally;
use crate::encode::time_base;
use crate::error::{Error, Result};
use crate::mux::Mux;
use crate::probe;
use crate::reader::Reader;
use crate::source::Source;

/// What is to be written, see `Job::Assemble`.
pub(crate) struct Wish<'a> {
    pub(crate) picture: &'a PictureInput,
    pub(crate) sound: Option<&'a str>,
    pub(crate) aigc: Option<&'a str>,
    pub(crate) output: &'a str,
}

/// Packets of a picture, ready for the muxer.
trait Pictures {
    /// The next packet, its stamps in `base`.
    fn next(&mut self, limits: &Limits) -> Result<Option<ffmpeg::Packet>>;
    /// Ticks of the packets' stamps.
    fn base(&self) -> (i32, i32);
    /// How the stream is set up.
    fn parameters(&self) -> ffmpeg::codec::Parameters;
    /// Frames a second, where it is constant.
    fn rate(&self) -> Option<Ratio>;
    /// How much was read, 0 to 1.
    fn done(&self) -> f64;
    /// After the last packet: the segments that break the cap.
    fn overdrawn(&mut self) -> Vec<Overdrawn>;
}

/// Writes the file.
pub(crate) fn assemble(request: &Request, wish: &Wish, progress: &mut dyn FnMut(f64)) -> Result<AssembleReport> {
    let limits = &request.limits;
    let path = request.output(wish.output)?;
    let mut pictures: Box<dyn Pictures> = match wish.picture {
        PictureInput::Joined { encode, frame_rate, segments } => {
            Box::new(Joined::open(request, segments, *frame_rate, encode)?)
        }
        PictureInput::Copied { file, stream } => {
            Box::new(Copied::open(&request.input(file)?, *stream as usize, limits)?)
        }
    };
    let mut sound = wish.sound.map(|file| Sound::open(&request.input(file)?, limits)).transpose()?;
    let made = write(&path, wish, pictures.as_mut(), &mut sound, limits, progress)?;
    Ok(AssembleReport { overdrawn: pictures.overdrawn(), encoded_again: encoded_again(wish.picture), ..made })
}

/// Segments that were encoded for another fill of the buffer than planned.
fn encoded_again(picture: &PictureInput) -> Vec<u32> {
    let PictureInput::Joined { encode, segments, .. } = picture else { return Vec::new() };
    let again = segments.iter().filter(|input| input.buffer_start != encode.buffer_start);
    again.map(|input| input.segment.index).collect()
}

/// Interleaves picture and sound by time, so that neither has to wait in memory for the other.
fn write(
    path: &Path,
    wish: &Wish,
    pictures: &mut dyn Pictures,
    sound: &mut Option<Sound>,
    limits: &Limits,
    progress: &mut dyn FnMut(f64),
) -> Result<AssembleReport> {
    let mut mux = Mux::create(path)?;
    let base = pictures.base();
    let video = mux.add(pictures.parameters(), base)?;
    if let Some(rate) = pictures.rate() {
        mux.frame_rate(video, ffmpeg::Rational::new(rate.num as i32, rate.den as i32));
    }
    let audio = sound.as_ref().map(|sound| mux.add(sound.parameters(), sound.base)).transpose()?;
    let tags: Vec<(&str, &str)> = wish.aigc.map(|label| ("AIGC", label)).into_iter().collect();
    mux.begin(true, &tags)?;
    let (mut frames, mut end) = (0, 0);
    while let Some(packet) = pictures.next(limits)? {
        let at_us = probe::to_us(packet.dts().unwrap_or(0), av::Rational { num: base.0, den: base.1 });
        if let (Some(sound), Some(audio)) = (sound.as_mut(), audio) {
            sound.write_until(Some(at_us), &mut mux, audio, limits)?;
        }
        frames += u64::from(!av::is_discarded(&packet));
        end = end.max(packet.pts().unwrap_or(0).saturating_add(packet.duration()));
        mux.write(packet, video, base)?;
        progress(pictures.done());
    }
    if let (Some(sound), Some(audio)) = (sound.as_mut(), audio) {
        sound.write_until(None, &mut mux, audio, limits)?;
    }
    let bytes = mux.finish()?;
    let end_us = probe::to_us(end, av::Rational { num: base.0, den: base.1 });
    let duration_ms = u64::try_from(end_us / 1000).unwrap_or(0);
    Ok(AssembleReport { bytes, frames, duration_ms, overdrawn: Vec::new(), encoded_again: Vec::new() })
}

/// The segments of one encode, one after the other.
struct Joined {
    sources: std::vec::IntoIter<(Source, SegmentInput)>,
    current: Option<(Source, Stretch)>,
    seams: Seams,
    parameters: ffmpeg::codec::Parameters,
    rate: Ratio,
    base: (i32, i32),
    tally: Tally,
    last_dts: i64,
    frames: u64,
}

impl Joined {
    /// Opens all segments and compares what they say before any of it is written.
    fn open(request: &Request, inputs: &[SegmentInput], rate: Ratio, encode: &VideoEncode) -> Result<Self> {
        let mut sources = Vec::new();
        let mut expected = 0;
        let mut first: Option<(Vec<u8>, ffmpeg::codec::Parameters)> = None;
        for input in inputs {
            if input.segment.first_frame != expected {
                return Err(Error::Failed(format!("segment {} does not follow the one before", input.segment.index)));
            }
            expected += input.segment.frames;
            let source = Source::open(&request.input(&input.file)?, &request.limits)?;
            let parameters = source.input.stream(0).map(|stream| stream.parameters());
            let parameters =
                parameters.ok_or_else(|| Error::Failed(format!("segment {} is empty", input.segment.index)))?;
            let sets = av::extradata(&parameters);
            match &first {
                None => first = Some((sets, parameters)),
                Some((known, _)) if *known == sets => {}
                Some(_) => {
                    return Err(Error::Failed(format!("segment {} has other parameter sets", input.segment.index)));
                }
            }
            sources.push((source, input.clone()));
        }
        let (_, parameters) = first.ok_or_else(|| Error::Failed("there is no segment to join".into()))?;
        let base = time_base(rate)?;
        let sources = sources.into_iter();
        Ok(Self {
            sources,
            current: None,
            // However the first segment was encoded: a player waits until its buffer is as full as it was told.
            seams: Seams::new(encode, rate, encode.buffer_start),
            parameters,
            rate,
            base,
            tally: Tally::default(),
            last_dts: i64::MIN,
            frames: expected,
        })
    }

    /// Puts one packet of a segment onto the whole's grid and notes its frame as seen.
    fn place(&mut self, packet: &mut ffmpeg::Packet) -> Result<()> {
        let Some((source, stretch)) = &mut self.current else { return Ok(()) };
        let base = av::stream_facts(&source.input, 0).ok_or_else(|| stretch.wrong("has no picture"))?.time_base;
        let grid = |ticks: Option<i64>| {
            let seconds = ticks? as f64 * f64::from(base.num) / f64::from(base.den);
            Some((seconds * self.rate.value()).round() as i64)
        };
        let stamps = grid(packet.pts()).zip(grid(packet.dts()));
        let stamps = stamps.ok_or_else(|| stretch.wrong("has a packet without a time"))?;
        let (pts, dts) = stretch.place(stamps, packet.is_key(), &mut self.last_dts)?;
        packet.set_pts(Some(pts));
        packet.set_dts(Some(dts));
        packet.set_duration(1);
        Ok(())
    }
}

/// One segment's place in the whole: each of its frames is there once, the first one is a key frame, and time runs forwards.
struct Stretch {
    segment: Segment,
    seen: Vec<bool>,
}

impl Stretch {
    fn new(segment: Segment) -> Self {
        Self { segment, seen: vec![false; usize::try_from(segment.frames).unwrap_or(0)] }
    }

    fn wrong(&self, what: &str) -> Error {
        Error::Failed(format!("segment {}: {what}", self.segment.index))
    }

    /// Stamps in the whole of a packet with these stamps (of showing, of decoding) in the segment, all in frames.
    fn place(&mut self, (pts, dts): (i64, i64), is_key: bool, last_dts: &mut i64) -> Result<(i64, i64)> {
        if !is_key && self.seen.iter().all(|frame| !frame) {
            return Err(self.wrong("does not begin with a key frame"));
        }
        let slot = usize::try_from(pts).ok().and_then(|frame| self.seen.get_mut(frame));
        match slot.map(|slot| std::mem::replace(slot, true)) {
            Some(false) => {}
            Some(true) => return Err(self.wrong("has a frame twice")),
            None => return Err(self.wrong("has a frame outside its stretch")),
        }
        let first = i64::try_from(self.segment.first_frame).map_err(|_| self.wrong("begins too late"))?;
        if dts + first <= *last_dts {
            return Err(self.wrong("runs backwards"));
        }
        *last_dts = dts + first;
        Ok((pts + first, dts + first))
    }

    /// After the last packet.
    fn end(&self) -> Result<()> {
        if self.seen.iter().any(|frame| !frame) {
            return Err(self.wrong(&format!("has not all of its {} frames", self.segment.frames)));
        }
        Ok(())
    }
}

impl Pictures for Joined {
    fn next(&mut self, limits: &Limits) -> Result<Option<ffmpeg::Packet>> {
        loop {
            let Some((source, stretch)) = &mut self.current else {
                let Some((source, input)) = self.sources.next() else { return Ok(None) };
                self.seams.begin(input.segment.index, input.buffer_start);
                self.current = Some((source, Stretch::new(input.segment)));
                continue;
            };
            if let Some(mut packet) = self.tally.next(source, limits)? {
                self.place(&mut packet)?;
                self.seams.take(packet.size() as u64 * 8);
                return Ok(Some(packet));
            }
            stretch.end()?;
            self.current = None;
        }
    }

    fn base(&self) -> (i32, i32) {
        self.base
    }

    fn parameters(&self) -> ffmpeg::codec::Parameters {
        self.parameters.clone()
    }

    fn rate(&self) -> Option<Ratio> {
        Some(self.rate)
    }

    fn done(&self) -> f64 {
        self.tally.packets as f64 / self.frames.max(1) as f64
    }

    fn overdrawn(&mut self) -> Vec<Overdrawn> {
        self.seams.finish()
    }
}

/// The mezzanine's own picture, moved to begin at 0, without SEI.
struct Copied {
    source: Source,
    stream: usize,
    strip: Strip,
    base: av::Rational,
    first: i64,
    position: isize,
    tally: Tally,
}

impl Copied {
    fn open(path: &Path, stream: usize, limits: &Limits) -> Result<Self> {
        let first = Reader::open(path, stream, FieldOrder::Progressive, 1, limits)?.first(limits)?.unwrap_or(0);
        let mut source = Source::open(path, limits)?;
        source.keep_only(&[stream]);
        let missing = || Error::Failed("the planned picture is not there".into());
        let facts = av::stream_facts(&source.input, stream).ok_or_else(missing)?;
        if av::codec_name(facts.codec) != "h264" {
            return Err(Error::Failed("only H.264 is copied".into()));
        }
        let strip = Strip::new(&source.input.stream(stream).ok_or_else(missing)?.parameters())?;
        Ok(Self { source, stream, strip, base: facts.time_base, first, position: 0, tally: Tally::default() })
    }
}

impl Pictures for Copied {
    fn next(&mut self, limits: &Limits) -> Result<Option<ffmpeg::Packet>> {
        while let Some(mut packet) = self.tally.next(&mut self.source, limits)? {
            let position = packet.position();
            if packet.stream() != self.stream || !self.strip.filter(&mut packet)? {
                continue;
            }
            self.position = self.position.max(position);
            packet.set_pts(packet.pts().map(|ticks| ticks.saturating_sub(self.first)));
            packet.set_dts(packet.dts().map(|ticks| ticks.saturating_sub(self.first)));
            return Ok(Some(packet));
        }
        Ok(None)
    }

    fn base(&self) -> (i32, i32) {
        (self.base.num, self.base.den)
    }

    fn parameters(&self) -> ffmpeg::codec::Parameters {
        self.strip.parameters()
    }

    fn rate(&self) -> Option<Ratio> {
        None
    }

    fn done(&self) -> f64 {
        self.position as f64 / self.source.size_bytes.max(1) as f64
    }

    fn overdrawn(&mut self) -> Vec<Overdrawn> {
        Vec::new()
    }
}

/// The encoded sound, one packet ahead.
struct Sound {
    source: Source,
    base: (i32, i32),
    waiting: Option<ffmpeg::Packet>,
    tally: Tally,
}

impl Sound {
    fn open(path: &Path, limits: &Limits) -> Result<Self> {
        let source = Source::open(path, limits)?;
        let facts = av::stream_facts(&source.input, 0).filter(|facts| facts.medium == av::Medium::Audio);
        let facts = facts.ok_or_else(|| Error::Failed("the encoded sound holds no sound".into()))?;
        let base = (facts.time_base.num, facts.time_base.den);
        let mut sound = Self { source, base, waiting: None, tally: Tally::default() };
        sound.waiting = sound.tally.next(&mut sound.source, limits)?;
        Ok(sound)
    }

    fn parameters(&self) -> ffmpeg::codec::Parameters {
        self.source.input.stream(0).map_or_else(ffmpeg::codec::Parameters::new, |stream| stream.parameters())
    }

    /// Writes what comes before `at_us`, or all.
    fn write_until(&mut self, at_us: Option<i64>, mux: &mut Mux, index: usize, limits: &Limits) -> Result<()> {
        while let Some(packet) = self.waiting.take() {
            let here = probe::to_us(packet.dts().unwrap_or(0), av::Rational { num: self.base.0, den: self.base.1 });
            if at_us.is_some_and(|at_us| here >= at_us) {
                self.waiting = Some(packet);
                return Ok(());
            }
            mux.write(packet, index, self.base)?;
            self.waiting = self.tally.next(&mut self.source, limits)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What joining says to packets of (pts, dts) in a segment of three frames from frame 100 on; the first is a key frame.
    fn joined(packets: &[(i64, i64)]) -> std::result::Result<Vec<(i64, i64)>, String> {
        let mut stretch = Stretch::new(Segment { index: 4, first_frame: 100, frames: 3 });
        let mut last_dts = 97;
        let mut place = |(index, stamps): (usize, &(i64, i64))| stretch.place(*stamps, index == 0, &mut last_dts);
        let placed: Result<Vec<_>> = packets.iter().enumerate().map(&mut place).collect();
        let text = |error| match error {
            Error::Failed(text) => text,
            Error::Rejected(reason) => reason.code().into(),
        };
        let placed = placed.map_err(text)?;
        stretch.end().map_err(text)?;
        Ok(placed)
    }

    #[test]
    fn every_frame_of_a_segment_is_joined_once_and_in_order() {
        assert_eq!(joined(&[(0, -2), (2, -1), (1, 0)]), Ok(vec![(100, 98), (102, 99), (101, 100)]));
        let check = |packets: &[(i64, i64)], what: &str| {
            assert_eq!(joined(packets), Err(format!("segment 4: {what}")));
        };
        check(&[(0, -2), (1, -1)], "has not all of its 3 frames");
        check(&[(0, -2), (1, -1), (1, 0)], "has a frame twice");
        check(&[(0, -2), (1, -1), (3, 0)], "has a frame outside its stretch");
        check(&[(-1, -2)], "has a frame outside its stretch");
        check(&[(0, -3), (1, -1), (2, 0)], "runs backwards"); // into the segment before it
        check(&[(0, -2), (2, -1), (1, -1)], "runs backwards");
        let mut stretch = Stretch::new(Segment { index: 4, first_frame: 100, frames: 3 });
        assert!(stretch.place((0, 0), false, &mut 0).is_err(), "it begins without a key frame");
    }
}
