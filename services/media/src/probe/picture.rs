//! Measures the picture while it is decoded: geometry, time, colour, bitrate, black and stillness.
use ffmpeg::codec::decoder;
use ffmpeg::frame;
use ffmpeg_next as ffmpeg;
use pipeline::fingerprint::Album;
use pipeline::media_info::VideoInfo;
use pipeline::rejection::Rejection;

use super::access::Access;
use super::bitrate::Bitrate;
use super::geometry::{display_size, honest_aspect};
use super::pace::{Pace, last_duration, longest_gap, pace_of};
use super::trial::Trials;
use crate::av::{self, StreamFacts};
use crate::child::protocol::Limits;
use crate::error::Result;
use crate::read::decode::{self, Tally};
use crate::read::isobmff::Length;
use crate::read::source::Source;
use crate::read::times::{to_ms, to_us, whole_ms};
use coding::Coding;
pub(crate) use seen::{MIN_FROZEN_MS, Sink, Watch};
use seen::{Seen, colour};

mod coding;
mod seen;

/// What is taken of the pictures only on request.
#[derive(Clone, Copy, Default)]
pub(super) struct Extras {
    /// Samples for a fingerprint.
    pub(super) fingerprint: bool,
    /// A trial of how hard they are to encode.
    pub(super) trial: bool,
}

/// The stream of pictures under measurement.
pub(super) struct PictureMeasure {
    stream: usize,
    facts: StreamFacts,
    decoder: decoder::Opened,
    frame: frame::Video,
    bitrate: Bitrate,
    coding: Coding,
    /// When key frames are shown, in ticks, in the order of decoding.
    keys: Vec<i64>,
    /// Whether a picture came that is shown before the key frame which it follows in the stream.
    open_gops: bool,
    /// How long an ISO file's tables say that it is.
    length: Option<Length>,
    seen: Seen,
}

impl PictureMeasure {
    /// Measures what always is, and of the extras what concerns the picture.
    pub(super) fn open(source: &Source, stream: usize, limits: &Limits, extras: Extras) -> Result<Self> {
        let facts = av::stream_facts(&source.input, stream).ok_or(Rejection::NoVideo)?;
        Ok(Self {
            stream,
            facts,
            decoder: decode::open(source, stream, limits, decode::threads())?,
            frame: frame::Video::empty(),
            bitrate: Bitrate::default(),
            coding: Coding::of(facts, source.extradata(stream)),
            keys: Vec::new(),
            open_gops: false,
            length: source.track(stream).map(|track| track.length),
            seen: Seen::new(source, stream, facts.time_base, limits).with(extras.fingerprint, extras.trial),
        })
    }

    /// Frames that were decoded and would be shown.
    pub(super) fn frames(&self) -> u64 {
        self.seen.times.len() as u64
    }

    /// When the first picture is shown, µs on the file's timeline.
    pub(super) fn begin_us(&self) -> i64 {
        to_us(self.seen.times.first().copied().unwrap_or(0), self.seen.base)
    }

    /// Frames that players would leave out, as they come after their time.
    pub(super) fn late(&self) -> u64 {
        self.seen.late
    }

    /// Measures one packet; `None` at the end. `sink` gets what is decoded.
    pub(super) fn packet(
        &mut self,
        source: &Source,
        packet: Option<&ffmpeg::Packet>,
        tally: &mut Tally,
        sink: &mut Sink,
    ) -> Result<()> {
        if let Some(packet) = packet {
            self.count(packet);
        }
        let seen = &mut self.seen;
        let other = seen.by_order.as_mut().zip(packet).and_then(|(order, packet)| order.send(packet));
        let sent = other.as_ref().or(packet);
        decode::feed(&mut self.decoder, sent, &mut self.frame, tally, |frame| seen.take(source, frame, sink))?;
        self.coding.compare(&self.decoder);
        Ok(())
    }

    /// Measures what shows without decoding.
    fn count(&mut self, packet: &ffmpeg::Packet) {
        self.coding.see(packet);
        let at = packet.dts().or(packet.pts());
        self.bitrate.add(at.map(|ticks| to_us(ticks, self.facts.time_base)), packet.size());
        let Some(shown) = packet.pts().or(packet.dts()) else { return };
        if !packet.is_key() {
            self.open_gops |= self.keys.last().is_some_and(|key| shown < *key);
            return;
        }
        self.keys.push(shown);
        // Without a stamp of its own the picture that comes out cannot be recognised.
        if packet.pts().is_some() {
            self.seen.access.claim(shown);
        }
    }

    /// The pictures sampled so far, once.
    pub(super) fn album(&mut self) -> Option<Album> {
        self.seen.album.take()
    }

    /// Whether pictures have times by their order, as the file does not say when they are shown.
    pub(super) fn is_placed_by_order(&self) -> bool {
        self.seen.by_order.as_ref().is_some_and(|order| order.moved)
    }

    /// What container and bitstream say of colour where they contradict each other.
    pub(super) fn colour_in_conflict(&self) -> Option<(String, String)> {
        self.seen.colour_in_conflict()
    }

    /// What was measured, and what is known of random access. `origin_us` is the origin of the file's timeline.
    pub(super) fn finish(mut self, origin_us: i64) -> Result<(VideoInfo, Access)> {
        let seen = self.seen;
        // False marks of key frames do not count.
        self.keys.retain(|key| !seen.access.is_false(*key));
        let (picture, aspect) = seen.first.ok_or(Rejection::NoVideo)?;
        // The length in a packet belongs to the time under which it was stored.
        let stated = if seen.by_order.is_some() { 0 } else { seen.last_duration };
        let pace = Pace::of(&seen.times, last_duration(&seen.times, stated, self.length, seen.base), seen.base);
        let us = |ticks: i64| to_us(ticks, seen.base);
        let first = seen.times.first().copied().unwrap_or(0);
        let duration_us = us(pace.end.saturating_sub(first));
        let duration_ms = whole_ms(duration_us);
        let (rotation_degrees, mirrored) = seen.turn;
        let pixel_aspect = honest_aspect(aspect);
        let (coded_width, coded_height) = (picture.width.unsigned_abs(), picture.height.unsigned_abs());
        let (display_width, display_height) = display_size(coded_width, coded_height, pixel_aspect, rotation_degrees);
        // Every field by name, so that a new one cannot be forgotten.
        let info = VideoInfo {
            stream: self.stream as u32,
            codec: av::codec_name(self.facts.codec),
            profile: av::profile_name(self.facts.codec, self.facts.profile),
            level: u32::try_from(self.facts.level).unwrap_or(0),
            pixel_format: av::pixel_format_name(picture.format),
            bit_depth: seen.layout.map_or(8, |layout| layout.depth),
            coded_width,
            coded_height,
            display_width,
            display_height,
            rotation_degrees,
            mirrored,
            pixel_aspect,
            frames: seen.times.len() as u64,
            start_ms: to_ms(us(first).saturating_sub(origin_us)),
            duration_ms,
            last_picture_stays_ms: whole_ms(us(pace.stays)),
            frame_rate: pace.rate,
            variable_rate: pace.variable,
            field_order: seen.field_order(),
            colour: colour(picture),
            key_frame_pace_frames: pace_of(&self.keys, &seen.times),
            max_key_frame_interval_ms: whole_ms(us(longest_gap(self.keys, pace.end))),
            closed_gops: !self.open_gops,
            begins_with_idr: self.coding.begins_with_idr(),
            uniform: self.coding.is_uniform() && !seen.mixed,
            entry_points: None,
            bitrate_kbps: self.bitrate.mean_kbps(duration_ms),
            peak_bitrate_kbps: self.bitrate.peak_kbps(),
            bytes_by_second: self.bitrate.by_second(),
            trial: seen.trials.and_then(Trials::finish),
            black: seen.black.finish(duration_us),
            frozen: seen.frozen.finish(duration_us),
            calm: seen.calm.finish(duration_us),
            scene_changes_ms: seen.scenes.finish(),
            cover_candidates_ms: Vec::new(),
        };
        Ok((info, seen.access))
    }
}
