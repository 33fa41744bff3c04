//! Measures the sound while it is decoded: length, loudness, true peak, silence.
use std::collections::VecDeque;

use ebur128::{EbuR128, Mode};
use ffmpeg::codec::decoder;
use ffmpeg::frame;
use ffmpeg_next as ffmpeg;
use pipeline::media_info::AudioInfo;
use pipeline::rejection::Rejection;

use super::bitrate::Bitrate;
use super::chroma::Chroma;
use super::short_term::Curve;
use super::stretch::Stretches;
use crate::av::{self, SoundFacts, StreamFacts};
use crate::child::protocol::Limits;
use crate::error::{Error, Result};
use crate::preview::Preview;
use crate::read::decode::{self, Tally};
use crate::read::source::Source;
use crate::read::stereo;
use crate::read::times::{to_ms, to_us, whole_ms};

/// Loudest sample that still counts as silence: −60 dBFS.
const SILENCE: f32 = 0.001;
/// Loudest sample that may become silence when the loudest of works is turned down to the quietest target: −40 dBFS.
const QUIET: f32 = 0.01;
/// Blocks whose time stamps together decide where the sound is: a single one may be wrong.
const STAMPS: usize = 15;
/// Stamps err by less than this, µs.
const JITTER_US: i64 = 50_000;
/// Shortest silence that is reported, µs.
const MIN_SILENCE_US: i64 = 2_000_000;

/// One stream of sound under measurement.
pub(crate) struct SoundMeasure {
    stream: usize,
    facts: StreamFacts,
    decoder: decoder::Opened,
    frame: frame::Audio,
    bitrate: Bitrate,
    heard: Option<Heard>,
    extras: Extras,
}

/// What is measured of the sound only on request.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extras {
    pub(crate) fingerprint: bool,
    /// Loudness over time.
    pub(crate) curve: bool,
}

/// What was decoded so far.
struct Heard {
    facts: SoundFacts,
    first_us: i64,
    samples: u64,
    meter: EbuR128,
    silence: Stretches,
    quiet: Stretches,
    /// By how much the stamps of the last blocks are later than the samples before them, µs.
    late_us: VecDeque<i64>,
    /// Time without samples so far, by the stamps, µs.
    holes_us: i64,
    /// The latest end of a block, µs after the beginning.
    latest_us: i64,
    channels: Vec<Vec<f32>>,
    /// Where a fingerprint is wanted.
    chroma: Option<Chroma>,
    /// Where it is wanted.
    curve: Option<Curve>,
}

impl SoundMeasure {
    pub(crate) fn open(source: &Source, stream: usize, limits: &Limits) -> Result<Self> {
        let decoder = decode::open(source, stream, limits, 1)?;
        let facts = av::stream_facts(&source.input, stream).ok_or(Rejection::damaged(1))?;
        let (frame, bitrate) = (frame::Audio::empty(), Bitrate::default());
        Ok(Self { stream, facts, decoder, frame, bitrate, heard: None, extras: Extras::default() })
    }

    /// Adds these measures.
    pub(super) fn with(self, extras: Extras) -> Self {
        Self { extras, ..self }
    }

    /// The chromaprint of the sound so far, once; empty if none was requested or there was no sound.
    pub(super) fn chromaprint(&mut self) -> Vec<u32> {
        self.heard.as_mut().and_then(|heard| heard.chroma.take()).map(Chroma::finish).unwrap_or_default()
    }

    /// Measures one packet; `None` at the end.
    pub(crate) fn packet(
        &mut self,
        packet: Option<&ffmpeg::Packet>,
        tally: &mut Tally,
        mut preview: Option<&mut Preview>,
    ) -> Result<()> {
        let base = self.facts.time_base;
        if let Some(packet) = packet {
            self.bitrate.add(packet.dts().or(packet.pts()).map(|ticks| to_us(ticks, base)), packet.size());
        }
        let (heard, extras) = (&mut self.heard, self.extras);
        decode::feed(&mut self.decoder, packet, &mut self.frame, tally, |frame| {
            hear(heard, frame, base, extras)?;
            match &mut preview {
                // Last of all: the block's content moves there.
                Some(preview) => preview.sound(frame, frame.timestamp().map(|ticks| to_us(ticks, base))),
                None => Ok(()),
            }
        })
    }

    /// What was measured; `None` when nothing could be decoded, which counts as no sound.
    pub(crate) fn finish(self, origin_us: i64) -> Option<AudioInfo> {
        let heard = self.heard?;
        let duration_us = heard.latest_us.max(heard.end_us());
        let duration_ms = whole_ms(duration_us);
        let loudness = heard.meter.loudness_global().ok().filter(|loudness| loudness.is_finite());
        let peak = (0..heard.facts.channels).filter_map(|index| heard.meter.true_peak(index).ok()).fold(0.0, f64::max);
        Some(AudioInfo {
            stream: self.stream as u32,
            codec: av::codec_name(self.facts.codec),
            profile: av::profile_name(self.facts.codec, self.facts.profile),
            sample_rate: heard.facts.rate,
            channels: heard.facts.channels,
            layout: heard.facts.layout,
            start_ms: to_ms(heard.first_us.saturating_sub(origin_us)),
            duration_ms,
            bitrate_kbps: self.bitrate.mean_kbps(duration_ms),
            loudness_lufs: loudness,
            true_peak_dbtp: (peak > 0.0).then(|| 20.0 * peak.log10()),
            silent: heard.silence.finish(duration_us),
            quiet: heard.quiet.finish(duration_us),
            short_term: heard.curve.map(Curve::finish),
        })
    }
}

impl Heard {
    /// End of what was heard, µs after its beginning.
    fn end_us(&self) -> i64 {
        duration_us(self.samples, self.facts.rate).saturating_add(self.holes_us)
    }

    /// Takes the time stamp of a block. A hole before it counts as time, and as silence.
    fn follow(&mut self, at_us: i64) {
        let due_us = duration_us(self.samples, self.facts.rate).saturating_add(self.first_us);
        if self.late_us.len() == STAMPS {
            self.late_us.pop_front();
        }
        self.late_us.push_back(at_us.saturating_sub(due_us));
        let mut sorted: Vec<i64> = self.late_us.iter().copied().collect();
        sorted.sort_unstable();
        let late_us = sorted[(sorted.len() - 1) / 2].max(0);
        let end_us = self.end_us();
        self.latest_us = self.latest_us.max(end_us);
        if late_us.saturating_sub(self.holes_us).saturating_abs() <= JITTER_US {
            return;
        }
        if late_us > self.holes_us {
            self.silence.mark(end_us, true);
            self.quiet.mark(end_us, true);
        }
        // Where stamps jump back, the excess is cut, as in `placing`.
        self.holes_us = late_us;
    }
}

fn duration_us(samples: u64, rate: u32) -> i64 {
    i64::try_from(u128::from(samples) * 1_000_000 / u128::from(rate.max(1))).unwrap_or(i64::MAX)
}

fn hear(heard: &mut Option<Heard>, frame: &frame::Audio, base: av::Rational, extras: Extras) -> Result<()> {
    let facts = av::sound_facts(frame);
    let heard = match heard {
        Some(heard) => heard,
        none => none.insert(begin(facts.clone(), to_us(frame.timestamp().unwrap_or(0), base), extras)?),
    };
    if facts.rate != heard.facts.rate {
        return Err(Rejection::ChangesMidway { what: "sample_rate".into() }.into());
    }
    if facts.channels != heard.facts.channels {
        return Err(Rejection::ChangesMidway { what: "channels".into() }.into());
    }
    heard.channels.iter_mut().for_each(Vec::clear);
    if !av::samples(frame, &mut heard.channels) {
        return Ok(());
    }
    if let Some(stamp) = frame.timestamp() {
        heard.follow(to_us(stamp, base));
    }
    let at_us = heard.end_us();
    let peak = heard.channels.iter().flatten().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    heard.silence.mark(at_us, peak <= SILENCE);
    heard.quiet.mark(at_us, peak <= QUIET);
    heard.samples += frame.samples() as u64;
    if let Some(chroma) = &mut heard.chroma {
        chroma.hear(&heard.channels);
    }
    let planes: Vec<&[f32]> = heard.channels.iter().map(Vec::as_slice).collect();
    let failed = |error| Error::Failed(format!("measure loudness: {error:?}"));
    heard.meter.add_frames_planar_f32(&planes).map_err(failed)?;
    let end_us = heard.end_us();
    if let Some(curve) = &mut heard.curve {
        let meter = &heard.meter;
        curve.follow(end_us, || meter.loudness_shortterm()).map_err(failed)?;
    }
    Ok(())
}

fn begin(facts: SoundFacts, first_us: i64, extras: Extras) -> Result<Heard> {
    if facts.channels == 0 || facts.channels > stereo::MAX_CHANNELS || !(8000..=192_000).contains(&facts.rate) {
        let codec = format!("{} channels at {} Hz", facts.channels, facts.rate);
        return Err(Rejection::UnsupportedCodec { codec }.into());
    }
    // Sound without known speaker places cannot be converted to stereo, here or by players.
    if stereo::stereo(&facts).is_err() {
        let codec = format!("{} channels of unknown places", facts.channels);
        return Err(Rejection::UnsupportedCodec { codec }.into());
    }
    let over_time = if extras.curve { Mode::S } else { Mode::empty() };
    let meter = EbuR128::new(facts.channels, facts.rate, Mode::I | Mode::TRUE_PEAK | over_time)
        .map_err(|error| Error::Failed(format!("measure loudness: {error:?}")))?;
    let channels = vec![Vec::new(); facts.channels as usize];
    let chroma = extras.fingerprint.then(|| Chroma::new(facts.rate)).transpose()?;
    let (silence, quiet) = (Stretches::new(MIN_SILENCE_US), Stretches::new(MIN_SILENCE_US));
    let late_us = VecDeque::new();
    let curve = extras.curve.then(Curve::default);
    Ok(Heard {
        facts,
        first_us,
        samples: 0,
        meter,
        silence,
        quiet,
        late_us,
        holes_us: 0,
        latest_us: 0,
        channels,
        chroma,
        curve,
    })
}
