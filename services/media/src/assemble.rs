//! Makes one finished mp4: joins the segments of an encode or copies the source's picture, and adds the sound.
use std::path::Path;

use ffmpeg_next as ffmpeg;
use pipeline::media_info::{FieldOrder, Ratio};

use crate::av;
use crate::bsf::Strip;
use crate::child::protocol::{AssembleReport, Limits, PictureInput, Request};
use crate::decode::Tally;
use crate::encode::time_base;
use crate::error::{Error, Result};
use crate::mux::Mux;
use crate::reader::Reader;
use crate::source::Source;
use crate::{cover, probe};

/// What is to be written, see `Job::Assemble`.
pub(crate) struct Wish<'a> {
    pub(crate) picture: &'a PictureInput,
    pub(crate) sound: Option<&'a str>,
    pub(crate) aigc: Option<&'a str>,
    pub(crate) output: &'a str,
    pub(crate) cover: Option<&'a str>,
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
}

/// Writes the file and its cover.
pub(crate) fn assemble(request: &Request, wish: &Wish, progress: &mut dyn FnMut(f64)) -> Result<AssembleReport> {
    let limits = &request.limits;
    let path = request.output(wish.output)?;
    let mut pictures: Box<dyn Pictures> = match wish.picture {
        PictureInput::Joined { segments, frame_rate, .. } => Box::new(Joined::open(request, segments, *frame_rate)?),
        PictureInput::Copied { file, stream } => {
            Box::new(Copied::open(&request.input(file)?, *stream as usize, limits)?)
        }
    };
    let mut sound = wish.sound.map(|file| Sound::open(&request.input(file)?, limits)).transpose()?;
    let made = write(&path, wish, pictures.as_mut(), &mut sound, limits, progress)?;
    let cover = wish
        .cover
        .map(|file| cover::take(&path, file, &request.output(file)?, made.duration_ms, limits))
        .transpose()?;
    Ok(AssembleReport { cover, ..made })
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
    Ok(AssembleReport { bytes, frames, duration_ms: u64::try_from(end_us / 1000).unwrap_or(0), cover: None })
}

/// The segments of one encode, one after the other.
struct Joined {
    sources: std::vec::IntoIter<(Source, pipeline::rendition::Segment)>,
    current: Option<(Source, pipeline::rendition::Segment, Vec<bool>)>,
    parameters: ffmpeg::codec::Parameters,
    rate: Ratio,
    base: (i32, i32),
    tally: Tally,
    last_dts: i64,
    frames: u64,
}

impl Joined {
    /// Opens all segments and compares what they say before any of it is written.
    fn open(request: &Request, inputs: &[crate::child::protocol::SegmentInput], rate: Ratio) -> Result<Self> {
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
            sources.push((source, input.segment));
        }
        let (_, parameters) = first.ok_or_else(|| Error::Failed("there is no segment to join".into()))?;
        let base = time_base(rate)?;
        let sources = sources.into_iter();
        Ok(Self {
            sources,
            current: None,
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
        let Some((source, segment, seen)) = &mut self.current else { return Ok(()) };
        let wrong = |what: &str| Error::Failed(format!("segment {}: {what}", segment.index));
        let base = av::stream_facts(&source.input, 0).ok_or_else(|| wrong("has no picture"))?.time_base;
        let grid = |ticks: Option<i64>| {
            let seconds = ticks? as f64 * f64::from(base.num) / f64::from(base.den);
            Some((seconds * self.rate.value()).round() as i64)
        };
        let (pts, dts) =
            grid(packet.pts()).zip(grid(packet.dts())).ok_or_else(|| wrong("has a packet without a time"))?;
        let slot = usize::try_from(pts).ok().and_then(|frame| seen.get_mut(frame));
        let slot = slot.ok_or_else(|| wrong("has a frame outside its stretch"))?;
        if std::mem::replace(slot, true) {
            return Err(wrong("has a frame twice"));
        }
        let first = i64::try_from(segment.first_frame).map_err(|_| wrong("begins too late"))?;
        if dts + first <= self.last_dts {
            return Err(wrong("runs backwards"));
        }
        self.last_dts = dts + first;
        packet.set_pts(Some(pts + first));
        packet.set_dts(Some(dts + first));
        packet.set_duration(1);
        Ok(())
    }
}

impl Pictures for Joined {
    fn next(&mut self, limits: &Limits) -> Result<Option<ffmpeg::Packet>> {
        loop {
            let Some((source, segment, seen)) = &mut self.current else {
                let Some((source, segment)) = self.sources.next() else { return Ok(None) };
                let frames = usize::try_from(segment.frames).unwrap_or(0);
                self.current = Some((source, segment, vec![false; frames]));
                continue;
            };
            if let Some(mut packet) = self.tally.next(source, limits)? {
                if seen.iter().all(|frame| !frame) && !packet.is_key() {
                    return Err(Error::Failed(format!("segment {} does not begin with a key frame", segment.index)));
                }
                self.place(&mut packet)?;
                return Ok(Some(packet));
            }
            if seen.iter().any(|frame| !frame) {
                return Err(Error::Failed(format!(
                    "segment {} has not all of its {} frames",
                    segment.index, segment.frames
                )));
            }
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
        let first = Reader::open(path, stream, FieldOrder::Progressive, limits)?.first(limits)?.unwrap_or(0);
        let mut source = Source::open(path, limits)?;
        av::keep_only(&mut source.input, &[stream]);
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
