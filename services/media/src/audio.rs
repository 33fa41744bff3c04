//! The sound of a whole work: decoded once, brought to 48 kHz stereo, cut to the picture, and encoded per wish.
use std::path::{Path, PathBuf};

use ffmpeg::{codec, encoder, frame};
use ffmpeg_next as ffmpeg;
use pipeline::media_info::{AudioInfo, Ratio};
use pipeline::rejection::Rejection;
use pipeline::rendition::AudioEncode;

use crate::av;
use crate::child::protocol::{AudioReport, EncodedAudio, Limits};
use crate::decode::{self, Tally};
use crate::error::{During, Error, Result};
use crate::graph::Graph;
use crate::loudness;
use crate::mux::Mux;
use crate::probe;
use crate::source::Source;

/// The one rate that leaves the house.
pub(crate) const RATE: u32 = 48_000;
/// A hole or an overlap in the stamps of more than this is closed with silence or cut, in samples: 100 ms.
const SLIP: i64 = 4800;
/// Samples of one AAC frame.
const FRAME: usize = 1024;

/// Stereo sound at 48 kHz.
pub(crate) type Stereo = Vec<[f32; 2]>;

/// What `encode` is asked for, see `Job::EncodeAudio`.
pub(crate) struct Wish<'a> {
    pub(crate) picture_start_ms: i64,
    pub(crate) frames: u64,
    pub(crate) frame_rate: Ratio,
    pub(crate) encodes: &'a [AudioEncode],
}

/// Encodes the sound of the file at `path` as wished.
pub(crate) fn encode(
    path: &Path,
    wish: &Wish,
    output: impl Fn(&str) -> Result<PathBuf>,
    limits: &Limits,
    progress: &mut dyn FnMut(f64),
) -> Result<AudioReport> {
    let samples = length(wish)?;
    let stream = wish.encodes.first().and_then(|encode| encode.stream);
    if wish.encodes.iter().any(|encode| encode.stream != stream || encode.channels != 2 || encode.sample_rate != RATE) {
        return Err(Error::Failed("all encodes of the sound must be of one stream, stereo at 48 kHz".into()));
    }
    let sound = match stream {
        Some(stream) => {
            read(path, stream as usize, wish.picture_start_ms, samples, limits, &mut |part| progress(part * 0.5))?
        }
        None => vec![[0.0; 2]; samples],
    };
    let measured = loudness::measure(&sound)?;
    let mut encodes = Vec::new();
    for (done, encode) in wish.encodes.iter().enumerate() {
        let file = format!("{}.m4a", encode.id);
        encodes.push(loudness::encode(&sound, measured, encode, file.clone(), &output(&file)?, limits)?);
        progress(0.5 + 0.5 * (done + 1) as f64 / wish.encodes.len() as f64);
    }
    Ok(AudioReport { encodes })
}

/// Samples that last as long as the picture.
fn length(wish: &Wish) -> Result<usize> {
    let samples = u128::from(wish.frames) * u128::from(RATE) * u128::from(wish.frame_rate.den);
    let samples = (samples + u128::from(wish.frame_rate.num) / 2) / u128::from(wish.frame_rate.num.max(1));
    // A day: more would not fit into memory, and no entry lasts so long.
    match usize::try_from(samples) {
        Ok(samples) if samples as u64 <= 86_400 * u64::from(RATE) => Ok(samples),
        _ => Err(Rejection::BudgetExceeded { budget: "memory".into() }.into()),
    }
}

/// Decodes stream `index` of the file into `samples` pairs that begin when the picture does.
pub(crate) fn read(
    path: &Path,
    index: usize,
    picture_start_ms: i64,
    samples: usize,
    limits: &Limits,
    progress: &mut dyn FnMut(f64),
) -> Result<Stereo> {
    let mut source = Source::open(path, limits)?;
    av::keep_only(&mut source.input, &[index]);
    let base =
        av::stream_facts(&source.input, index).ok_or(Error::Failed("the planned sound is not there".into()))?.time_base;
    let mut decoder = decode::open(&source, index, limits, 1)?;
    let mut tally = Tally::default();
    let mut placed = Placed::new(source.origin_us().saturating_add(picture_start_ms.saturating_mul(1000)), samples);
    let mut frame = frame::Audio::empty();
    loop {
        let packet = tally.next(&mut source, limits)?;
        if packet.as_ref().is_some_and(|packet| packet.stream() != index) {
            continue;
        }
        decode::feed(&mut decoder, packet.as_ref(), &mut frame, &mut tally, |frame| placed.take(frame, base))?;
        progress(placed.sound.len() as f64 / samples.max(1) as f64);
        if packet.is_none() || placed.is_full() {
            break;
        }
    }
    placed.finish()
}

/// Sound on its way to its place on the picture's timeline.
struct Placed {
    /// Where the picture begins, µs on the file's timeline.
    begin_us: i64,
    wanted: usize,
    graph: Option<Graph>,
    facts: Option<av::SoundFacts>,
    /// Samples at the source's rate that went into the graph since its start, and where that start lies.
    sound: Stereo,
    /// Pairs to drop from what comes next: sound from before the picture.
    drop: usize,
}

impl Placed {
    fn new(begin_us: i64, wanted: usize) -> Self {
        Self { begin_us, wanted, graph: None, facts: None, sound: Vec::new(), drop: 0 }
    }

    fn is_full(&self) -> bool {
        self.sound.len() >= self.wanted
    }

    fn take(&mut self, frame: &mut frame::Audio, base: av::Rational) -> Result<()> {
        let facts = av::sound_facts(frame);
        if self.facts.as_ref().is_some_and(|first| first.rate != facts.rate) {
            return Err(Rejection::ChangesMidway { what: "sample_rate".into() }.into());
        }
        if self.facts.as_ref().is_some_and(|first| first.channels != facts.channels) {
            return Err(Rejection::ChangesMidway { what: "channels".into() }.into());
        }
        let first = self.facts.is_none();
        if let Some(at) = frame.timestamp() {
            self.align(probe::to_us(at, base), first)?;
        }
        if self.graph.is_none() {
            self.graph = Some(stereo(&facts)?);
        }
        self.facts = Some(facts);
        frame.set_pts(None);
        if let Some(graph) = &mut self.graph {
            graph.push(frame)?;
        }
        self.pull()
    }

    /// Fills a hole before, or cuts an overlap off, the block that begins at `at_us`.
    fn align(&mut self, at_us: i64, first: bool) -> Result<()> {
        let target = i128::from(at_us.saturating_sub(self.begin_us)) * i128::from(RATE) / 1_000_000;
        let target = i64::try_from(target).unwrap_or(i64::MAX);
        let here = self.sound.len() as i64 - self.drop as i64;
        let slip = target.saturating_sub(here);
        if !first && slip.abs() <= SLIP {
            return Ok(());
        }
        if !first && slip > 0 {
            // What the resampler still holds belongs before the hole.
            self.flush()?;
        }
        if slip > 0 {
            let silent = usize::try_from(slip).unwrap_or(usize::MAX);
            let dropped = silent.min(self.drop);
            self.drop -= dropped;
            let room = self.wanted.saturating_sub(self.sound.len());
            self.sound.extend(std::iter::repeat_n([0.0; 2], (silent - dropped).min(room)));
        } else {
            self.drop = self.drop.saturating_add(usize::try_from(slip.unsigned_abs()).unwrap_or(usize::MAX));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if let Some(graph) = &mut self.graph {
            graph.finish()?;
            self.pull()?;
            self.graph = self.facts.as_ref().map(stereo).transpose()?;
        }
        Ok(())
    }

    fn pull(&mut self) -> Result<()> {
        let Some(graph) = &mut self.graph else { return Ok(()) };
        let mut frame = frame::Audio::empty();
        let mut channels = [Vec::new(), Vec::new()];
        while graph.pull(0, &mut frame)? {
            channels.iter_mut().for_each(Vec::clear);
            if !av::samples(&frame, &mut channels) {
                return Err(Error::Failed("the resampler gave no stereo floats".into()));
            }
            let [left, right] = &channels;
            let skip = self.drop.min(left.len());
            self.drop -= skip;
            let room = self.wanted.saturating_sub(self.sound.len());
            self.sound.extend(left.iter().zip(right).skip(skip).take(room).map(|(left, right)| [*left, *right]));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Stereo> {
        if !self.is_full() {
            self.flush()?;
        }
        self.sound.resize(self.wanted, [0.0; 2]);
        Ok(self.sound)
    }
}

/// A graph from sound like `facts` to 48 kHz stereo. libav folds 5.1 with centre and surround at −3 dB, without the
/// low-frequency effects, as ITU-R BS.775 says; in floats nothing clips, and the loudness step sets the level.
fn stereo(facts: &av::SoundFacts) -> Result<Graph> {
    let layout = if facts.layout.contains("channels") || facts.layout.is_empty() { None } else { Some(&facts.layout) };
    let known = match (layout, facts.channels) {
        (Some(layout), _) => layout.clone(),
        (None, 1) => "mono".into(),
        (None, 2) => "stereo".into(),
        (None, 6) => "5.1".into(),
        (None, channels) => format!("{channels}c"),
    };
    let (rate, format) = (facts.rate, facts.format);
    Graph::audio(&format!(
        "abuffer@in=sample_rate={rate}:sample_fmt={format}:channel_layout={known}:time_base=1/{rate},\
         aresample={RATE}:out_sample_fmt=fltp:ochl=stereo,\
         aformat=sample_fmts=fltp:channel_layouts=stereo:sample_rates={RATE},abuffersink@0"
    ))
}

/// Encodes `sound` as AAC-LC into an mp4 at `path` and gives its size in bytes.
pub(crate) fn encode_aac(sound: impl Iterator<Item = [f32; 2]>, bitrate_kbps: u32, path: &Path) -> Result<u64> {
    let mut encoder = open_aac(bitrate_kbps, ffmpeg::ChannelLayout::STEREO)?;
    let base = (1, RATE as i32);
    let mut mux = Mux::create(path)?;
    mux.add(codec::Parameters::from(&encoder), base)?;
    mux.begin(false, &[])?;
    let mut sound = sound.peekable();
    let mut at = 0i64;
    while sound.peek().is_some() {
        let block: Stereo = sound.by_ref().take(FRAME).collect();
        let mut frame = frame::Audio::new(
            ffmpeg::format::Sample::F32(ffmpeg::format::sample::Type::Planar),
            block.len(),
            ffmpeg::ChannelLayout::STEREO,
        );
        frame.set_rate(RATE);
        frame.set_pts(Some(at));
        for channel in 0..2 {
            frame.plane_mut::<f32>(channel).iter_mut().zip(&block).for_each(|(sample, pair)| *sample = pair[channel]);
        }
        at += block.len() as i64;
        encoder.send_frame(&frame).during("encode sound")?;
        drain(&mut encoder, &mut mux, 0, base)?;
    }
    encoder.send_eof().during("end the sound")?;
    drain(&mut encoder, &mut mux, 0, base)?;
    mux.finish()
}

/// Opens an AAC-LC encoder of 48 kHz float planes.
pub(crate) fn open_aac(bitrate_kbps: u32, layout: ffmpeg::ChannelLayout) -> Result<encoder::audio::Encoder> {
    let codec = encoder::find_by_name("aac").ok_or(ffmpeg::Error::EncoderNotFound).during("find the AAC encoder")?;
    let mut audio = codec::Context::new_with_codec(codec).encoder().audio().during("prepare AAC")?;
    audio.set_rate(RATE as i32);
    audio.set_channel_layout(layout);
    audio.set_format(ffmpeg::format::Sample::F32(ffmpeg::format::sample::Type::Planar));
    audio.set_bit_rate(bitrate_kbps as usize * 1000);
    audio.set_time_base(ffmpeg::Rational::new(1, RATE as i32));
    audio.set_flags(codec::Flags::GLOBAL_HEADER | codec::Flags::BITEXACT);
    audio.open_as_with(codec, av::dictionary(&[("profile", "aac_low")])).during("open the AAC encoder")
}

/// Writes what the encoder has ready to stream `index`.
pub(crate) fn drain(
    encoder: &mut encoder::audio::Encoder,
    mux: &mut Mux,
    index: usize,
    base: (i32, i32),
) -> Result<()> {
    loop {
        let mut packet = ffmpeg::Packet::empty();
        match encoder.receive_packet(&mut packet) {
            Ok(()) => mux.write(packet, index, base)?,
            Err(ffmpeg::Error::Eof) | Err(ffmpeg::Error::Other { errno: libc::EAGAIN }) => return Ok(()),
            Err(error) => return Err(error).during("take encoded sound"),
        }
    }
}

/// Decodes the sound of a file of ours and measures it.
pub(crate) fn measure_file(path: &Path, limits: &Limits) -> Result<Option<AudioInfo>> {
    let mut source = Source::open(path, limits)?;
    let Some(index) = av::best_stream(&source.input, av::Medium::Audio, None) else { return Ok(None) };
    let mut sound = probe::sound::SoundMeasure::open(&source, index, limits)?;
    let mut tally = Tally::default();
    while let Some(packet) = tally.next(&mut source, limits)? {
        if packet.stream() == index {
            sound.packet(Some(&packet), &mut tally)?;
        }
    }
    sound.packet(None, &mut tally)?;
    if tally.errors > 0 {
        return Err(Error::Failed(format!("the encoded sound has {} errors", tally.errors)));
    }
    Ok(sound.finish(source.origin_us()))
}

/// A finished encode of the sound as the report tells it.
pub(crate) fn report(
    encode: &AudioEncode,
    file: String,
    bytes: u64,
    gain_db: f64,
    passes: u32,
    info: &AudioInfo,
) -> EncodedAudio {
    EncodedAudio {
        id: encode.id.clone(),
        file,
        bytes,
        duration_ms: info.duration_ms,
        gain_db,
        loudness_lufs: info.loudness_lufs,
        true_peak_dbtp: info.true_peak_dbtp,
        passes,
    }
}
