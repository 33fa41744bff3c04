//! The sound of a whole work: decoded once, brought to 48 kHz stereo, cut to the picture, and encoded per wish.
use std::path::{Path, PathBuf};

use ffmpeg::{codec, encoder, frame};
use ffmpeg_next as ffmpeg;
use pipeline::media_info::{AudioInfo, Ratio};
use pipeline::rejection::Rejection;
use pipeline::rendition::AudioEncode;

use crate::av;
use crate::child::protocol::{AudioReport, EncodedAudio, Limits, audio_file};
use crate::decode::{self, Tally};
use crate::error::{During, Error, Result};
use crate::graph::Graph;
use crate::limiter::Peaks;
use crate::loudness::{self, Level};
use crate::mux::Mux;
use crate::placing::{self, Block};
use crate::probe;
use crate::source::Source;

/// The one rate that leaves the house.
pub(crate) const RATE: u32 = 48_000;
/// Sound that lies outside of what is wanted is read no further than this, in samples: 10 min, far more than stamps err.
const BESIDE: usize = 600 * RATE as usize;
/// So many blocks in a row have to lie behind the end before reading stops: one stamp alone may be wrong.
const LAST_BLOCKS: usize = 16;
/// Encodes that are made at the same time: each in a thread of its own, from the same samples, and none changes another's bits.
const SIDE_BY_SIDE: usize = 4;
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
    // The sound is often the last part of a work that is still made, and a core would have nothing to do.
    for some in wish.encodes.chunks(SIDE_BY_SIDE) {
        encodes.extend(side_by_side(&sound, measured, some, &output, limits)?);
        progress(0.5 + 0.5 * encodes.len() as f64 / wish.encodes.len() as f64);
    }
    Ok(AudioReport { encodes })
}

/// Makes these encodes, each in a thread of its own.
fn side_by_side(
    sound: &[[f32; 2]],
    measured: Option<Level>,
    encodes: &[AudioEncode],
    output: impl Fn(&str) -> Result<PathBuf>,
    limits: &Limits,
) -> Result<Vec<EncodedAudio>> {
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for encode in encodes {
            let file = audio_file(&encode.id);
            let path = output(&file)?;
            running.push(scope.spawn(move || loudness::encode(sound, measured, encode, file, &path, limits)));
        }
        let done = running.into_iter().map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        done.collect()
    })
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
    source.keep_only(&[index]);
    let base =
        av::stream_facts(&source.input, index).ok_or(Error::Failed("the planned sound is not there".into()))?.time_base;
    let mut decoder = decode::open(&source, index, limits, 1)?;
    let mut tally = Tally::default();
    let begin_us = source.origin_us().saturating_add(picture_start_ms.saturating_mul(1000));
    let mut decoded = Decoded::new(begin_us, samples);
    let mut frame = frame::Audio::empty();
    loop {
        let packet = tally.next(&mut source, limits)?;
        if packet.as_ref().is_some_and(|packet| packet.stream() != index) {
            continue;
        }
        decode::feed(&mut decoder, packet.as_ref(), &mut frame, &mut tally, |frame| decoded.take(frame, base))?;
        progress((decoded.sound.len() as f64 / samples.max(1) as f64).min(1.0));
        if packet.is_none() || decoded.is_full() {
            break;
        }
    }
    decoded.finish()
}

/// Sound as it is decoded, one block after the other, with the places that the blocks ask for.
struct Decoded {
    /// Where the picture begins, µs on the file's timeline.
    begin_us: i64,
    wanted: usize,
    graph: Option<Graph>,
    facts: Option<av::SoundFacts>,
    /// Samples that went into the graph, at the source's rate.
    taken: u64,
    sound: Stereo,
    blocks: Vec<Block>,
}

impl Decoded {
    fn new(begin_us: i64, wanted: usize) -> Self {
        Self { begin_us, wanted, graph: None, facts: None, taken: 0, sound: Vec::new(), blocks: Vec::new() }
    }

    /// Whether what comes next belongs behind the picture's end, by all that the last blocks say.
    fn is_full(&self) -> bool {
        let wanted = i64::try_from(self.wanted).unwrap_or(i64::MAX);
        let last = self.blocks.len().saturating_sub(LAST_BLOCKS);
        let behind = self.blocks.len() >= LAST_BLOCKS && self.blocks[last..].iter().all(|block| block.target >= wanted);
        behind || self.sound.len() >= self.wanted.saturating_add(BESIDE)
    }

    fn take(&mut self, frame: &mut frame::Audio, base: av::Rational) -> Result<()> {
        let facts = av::sound_facts(frame);
        if self.facts.as_ref().is_some_and(|first| first.rate != facts.rate) {
            return Err(Rejection::ChangesMidway { what: "sample_rate".into() }.into());
        }
        if self.facts.as_ref().is_some_and(|first| first.channels != facts.channels) {
            return Err(Rejection::ChangesMidway { what: "channels".into() }.into());
        }
        let rate = |samples: i128, per: i128| i64::try_from(samples * i128::from(RATE) / per).unwrap_or(i64::MAX);
        if let Some(stamp) = frame.timestamp() {
            let us = probe::to_us(stamp, base).saturating_sub(self.begin_us);
            let at = rate(i128::from(self.taken), i128::from(facts.rate.max(1)));
            self.blocks.push(Block { at, target: rate(i128::from(us), 1_000_000) });
        }
        if self.graph.is_none() {
            self.graph = Some(stereo(&facts)?);
        }
        self.facts = Some(facts);
        self.taken += frame.samples() as u64;
        frame.set_pts(None);
        if let Some(graph) = &mut self.graph {
            graph.push(frame)?;
        }
        self.pull()
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
            self.sound.extend(left.iter().zip(right).map(|(left, right)| [*left, *right]));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Stereo> {
        if let Some(graph) = &mut self.graph {
            graph.finish()?;
            self.pull()?;
        }
        Ok(placing::place(self.sound, &self.blocks, self.wanted))
    }
}

/// Most channels of a sound that is folded down. No usual layout of loudspeakers has more.
pub(crate) const MAX_CHANNELS: u32 = 16;
/// Most channels of a sound that does not say where they are, and is taken for the usual layout of as many. Of more than 7.1 has there
/// are several; which of them libav takes for the usual one differs between its versions.
const MOST_UNPLACED: u32 = 8;

/// Whether sound like `facts` can be brought to stereo: the places of its speakers are known, and its rate is one that devices have.
pub(crate) fn is_playable(facts: &av::SoundFacts) -> bool {
    (1..=MAX_CHANNELS).contains(&facts.channels) && (8000..=192_000).contains(&facts.rate) && stereo(facts).is_ok()
}

/// A graph from sound like `facts` to 48 kHz stereo. libav folds 5.1 with centre and surround at −3 dB, without the
/// low-frequency effects, as ITU-R BS.775 says; in floats nothing clips, and the loudness step sets the level. Its own resampler
/// folds 20 kHz of a 44.1 kHz source back at −25 dB, soxr nothing above −160 dB, in a little more time.
pub(crate) fn stereo(facts: &av::SoundFacts) -> Result<Graph> {
    let known = match (facts.layout.split_once(" channels"), facts.channels) {
        // Places without a name for all of them: `2 channels (FC+LFE)`.
        (Some((_, places)), _) if places.contains('(') => places.trim_matches([' ', '(', ')']).to_owned(),
        (None, _) if !facts.layout.is_empty() => facts.layout.clone(),
        (_, 1) => "mono".into(),
        (_, 2) => "stereo".into(),
        (_, 6) => "5.1".into(),
        (_, channels @ ..=MOST_UNPLACED) => format!("{channels}c"),
        (_, channels) => return Err(Error::Failed(format!("nothing says where {channels} channels are"))),
    };
    // Editors write tracks of one channel with a place, such as left; alone it is everybody's.
    let single = if facts.channels == 1 && known != "mono" { "pan=mono|c0=c0," } else { "" };
    let (rate, format) = (facts.rate, facts.format);
    Graph::audio(&format!(
        "abuffer@in=sample_rate={rate}:sample_fmt={format}:channel_layout={known}:time_base=1/{rate},{single}\
         aresample={RATE}:resampler=soxr:precision=28:out_sample_fmt=fltp:ochl=stereo,\
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

/// From so many kbit/s on libav's `fast` coder is the better one, as its manual says (ffmpeg-codecs, `aac_coder`), and takes about
/// half of the time: at 128 to 256 kbit/s its noise lay, in the mean over 25 bands, 2 to 6 dB lower than that of `twoloop`.
const FAST_KBPS: u32 = 96;

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
    let coder = if bitrate_kbps < FAST_KBPS { "twoloop" } else { "fast" };
    audio
        .open_as_with(codec, av::dictionary(&[("profile", "aac_low"), ("aac_coder", coder)]))
        .during("open the AAC encoder")
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
    let Some(index) = source.choice().sound else { return Ok(None) };
    let mut sound = probe::sound::SoundMeasure::open(&source, index, limits)?;
    let mut tally = Tally::default();
    while let Some(packet) = tally.next(&mut source, limits)? {
        if packet.stream() == index {
            sound.packet(Some(&packet), &mut tally, None)?;
        }
    }
    sound.packet(None, &mut tally, None)?;
    if tally.errors > 0 {
        return Err(Error::Failed(format!("the encoded sound has {} errors", tally.errors)));
    }
    Ok(sound.finish(source.origin_us()))
}

/// The true peaks of the blocks of a stereo file of ours, full scale being 1; below `least` they may be the samples' own.
pub(crate) fn peaks(path: &Path, least: f32, limits: &Limits) -> Result<Vec<f32>> {
    let mut source = Source::open(path, limits)?;
    let missing = || Error::Failed("the encoded sound is not there".into());
    let index = source.choice().sound.ok_or_else(missing)?;
    let mut decoder = decode::open(&source, index, limits, 1)?;
    let (mut tally, mut frame) = (Tally::default(), frame::Audio::empty());
    let (mut peaks, mut channels) = (Peaks::new(least), [Vec::new(), Vec::new()]);
    loop {
        let packet = tally.next(&mut source, limits)?;
        if packet.as_ref().is_some_and(|packet| packet.stream() != index) {
            continue;
        }
        decode::feed(&mut decoder, packet.as_ref(), &mut frame, &mut tally, |frame| {
            channels.iter_mut().for_each(Vec::clear);
            if av::samples(frame, &mut channels) {
                let [left, right] = &channels;
                left.iter().zip(right).for_each(|(left, right)| peaks.push([*left, *right]));
            }
            Ok(())
        })?;
        if packet.is_none() {
            return Ok(peaks.finish());
        }
    }
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
