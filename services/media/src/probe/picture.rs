//! Measures the picture while it is decoded: geometry, time, colour, bitrate, black and stillness.
use ffmpeg::codec::decoder;
use ffmpeg::codec::packet::side_data::Type::NewExtraData;
use ffmpeg::frame;
use ffmpeg_next as ffmpeg;
use pipeline::fingerprint::Album;
use pipeline::media_info::{Colour, FieldOrder, Ratio, Transfer, VideoInfo};
use pipeline::rejection::Rejection;

use super::access::Access;
use super::bitrate::Bitrate;
use super::luma::{Difference, Grid};
use super::pace::{Pace, greatest_common_divisor, last_duration, longest_gap, pace_of};
use super::scene::Scenes;
use super::still::Still;
use super::stretch::Stretches;
use super::thumb::Thumb;
use super::{Watch, to_ms, to_us, whole_ms};
use crate::av::{self, LumaLayout, PictureFacts, StreamFacts};
use crate::by_order::ByOrder;
use crate::child::protocol::Limits;
use crate::colour::Stated;
use crate::decode::{self, Tally};
use crate::error::Result;
use crate::isobmff::Length;
use crate::nal::Framing;
use crate::preview::{Preview, Shape};
use crate::source::Source;
use crate::timeline::Timeline;

const MIN_BLACK_US: i64 = 2_000_000;
/// Shortest still stretch that is told.
pub(super) const MIN_FROZEN_MS: u64 = 5_000;
const MIN_FROZEN_US: i64 = MIN_FROZEN_MS as i64 * 1000;
/// From one interlaced frame in so many on a work has fields that have to be made whole; fewer are a wrong flag here and there.
const INTERLACED_ONE_IN: u64 = 50;

/// The stream of pictures under measurement.
pub(super) struct PictureMeasure {
    stream: usize,
    facts: StreamFacts,
    decoder: decoder::Opened,
    frame: frame::Video,
    bitrate: Bitrate,
    keys: Vec<i64>,
    access: Access,
    /// Where the file does not say when pictures are shown.
    by_order: Option<ByOrder>,
    /// Whether a picture came that is shown before the key frame which it follows in the stream.
    open_gops: bool,
    /// Of H.264, how its units are told apart.
    framing: Option<Framing>,
    /// Its parameter sets, as the header has them.
    parameter_sets: Vec<u8>,
    /// Whether the first packet has an IDR picture; `None` before it.
    begins_with_idr: Option<bool>,
    /// Whether there was another profile, level or record of parameter sets than the header's.
    other_coding: bool,
    /// What the container says of its colour.
    stated: Stated,
    /// How long an ISO file's tables say that it is.
    length: Option<Length>,
    seen: Seen,
}

/// What was decoded so far.
struct Seen {
    base: av::Rational,
    timeline: Timeline,
    first: Option<(PictureFacts, av::Rational)>,
    layout: Option<LumaLayout>,
    times: Vec<i64>,
    /// Frames that came after their time.
    late: u64,
    last_duration: i64,
    interlaced: u64,
    top_first: u64,
    /// Whether a picture had other fields or another colour than the first.
    mixed: bool,
    grid: Grid,
    black: Stretches,
    frozen: Still,
    calm: Still,
    scenes: Scenes,
    turn: (u32, bool),
    /// Sampled pictures, where a fingerprint is wanted.
    album: Option<Album>,
}

impl PictureMeasure {
    /// `fingerprint`: whether pictures are sampled for one.
    pub(super) fn open(source: &Source, stream: usize, limits: &Limits, fingerprint: bool) -> Result<Self> {
        let decoder = decode::open(source, stream, limits, decode::threads())?;
        let facts = av::stream_facts(&source.input, stream).ok_or(Rejection::NoVideo)?;
        let base = facts.time_base;
        let seen = Seen {
            base,
            timeline: Timeline::default(),
            first: None,
            layout: None,
            times: Vec::new(),
            late: 0,
            last_duration: 0,
            interlaced: 0,
            top_first: 0,
            mixed: false,
            grid: Grid::default(),
            black: Stretches::new(MIN_BLACK_US),
            frozen: Still::new(MIN_FROZEN_US, Difference::is_still),
            calm: Still::new(MIN_FROZEN_US, Difference::is_calm),
            scenes: Scenes::default(),
            turn: av::display_matrix(&source.input, stream).map_or((0, false), upright),
            album: fingerprint.then(Album::default),
        };
        let frame = frame::Video::empty();
        let parameter_sets = source.extradata(stream);
        let framing = (av::codec_name(facts.codec) == "h264").then(|| Framing::of(&parameter_sets));
        Ok(Self {
            stream,
            facts,
            decoder,
            frame,
            bitrate: Bitrate::default(),
            keys: Vec::new(),
            access: Access::default(),
            by_order: ByOrder::of(source, stream),
            open_gops: false,
            framing,
            parameter_sets,
            begins_with_idr: None,
            other_coding: false,
            stated: source.stated(stream),
            length: source.track(stream).map(|track| track.length),
            seen,
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

    /// Measures one packet; `None` at the end. `preview` and `watch` get what is decoded.
    pub(super) fn packet(
        &mut self,
        source: &Source,
        packet: Option<&ffmpeg::Packet>,
        limits: &Limits,
        tally: &mut Tally,
        mut preview: Option<&mut Preview>,
        watch: &mut Watch,
    ) -> Result<()> {
        if let Some(packet) = packet {
            self.begins_with_idr.get_or_insert_with(|| {
                self.framing.zip(packet.data()).is_some_and(|(framing, data)| framing.has_idr(data))
            });
            // A file that was joined without encoding may have a record for each piece, where a copy has one.
            let mut records = packet.side_data().filter(|data| data.kind() == NewExtraData);
            self.other_coding |= records.any(|record| record.data() != self.parameter_sets);
            let at = packet.dts().or(packet.pts());
            self.bitrate.add(at.map(|ticks| to_us(ticks, self.facts.time_base)), packet.size());
            if let Some(at) = packet.pts().or(packet.dts()) {
                if packet.is_key() {
                    self.keys.push(at);
                    // Without a stamp of its own the picture that comes out cannot be recognised.
                    if packet.pts().is_some() {
                        self.access.claim(at);
                    }
                } else {
                    self.open_gops |= self.keys.last().is_some_and(|key| at < *key);
                }
            }
        }
        let (seen, access, by_order) = (&mut self.seen, &mut self.access, &mut self.by_order);
        let (stream, stated) = (self.stream, self.stated);
        let other = by_order.as_mut().zip(packet).and_then(|(order, packet)| order.send(packet));
        decode::feed(&mut self.decoder, other.as_ref().or(packet), &mut self.frame, tally, |frame| {
            if seen.times.len() as u64 >= limits.max_frames {
                return Err(Rejection::BudgetExceeded { budget: "frames".into() }.into());
            }
            stated.complete(frame);
            if by_order.as_mut().is_some_and(|order| !order.place(frame)) {
                return Ok(());
            }
            let Some(at) = seen.see(frame, || av::pixel_aspect(&source.input, stream, Some(frame)))? else {
                return Ok(());
            };
            access.see(frame, at);
            let first = seen.times.first().copied().unwrap_or(at);
            let (at_us, begin_us) = (to_us(at.saturating_sub(first), seen.base), to_us(first, seen.base));
            watch(at_us, frame);
            match &mut preview {
                // Last of all: the picture's content moves there.
                Some(preview) => preview.picture(frame, at_us, begin_us, || seen.shape(source, stream)),
                None => Ok(()),
            }
        })?;
        self.other_coding |=
            self.framing.is_some() && av::coding(&self.decoder) != (self.facts.profile, self.facts.level);
        Ok(())
    }

    /// The pictures sampled so far, once.
    pub(super) fn album(&mut self) -> Option<Album> {
        self.seen.album.take()
    }

    /// Whether pictures have times by their order, as the file does not say when they are shown.
    pub(super) fn is_placed_by_order(&self) -> bool {
        self.by_order.as_ref().is_some_and(|order| order.moved)
    }

    /// What container and bitstream say of colour where they contradict each other.
    pub(super) fn colour_in_conflict(&self) -> Option<(String, String)> {
        self.seen.first.and_then(|(facts, _)| self.stated.conflict(facts))
    }

    /// What was measured, and what is known of random access.
    pub(super) fn finish(self, origin_us: i64) -> Result<(VideoInfo, Access)> {
        let Self {
            stream,
            facts,
            seen,
            length,
            open_gops,
            framing,
            begins_with_idr,
            other_coding,
            mut keys,
            access,
            by_order,
            ..
        } = self;
        // What is no key frame is none, whatever the file calls it.
        keys.retain(|key| !access.is_false(*key));
        let (picture, aspect) = seen.first.ok_or(Rejection::NoVideo)?;
        // What a packet says of its length belongs to the time under which it was stored.
        let told = if by_order.is_some() { 0 } else { seen.last_duration };
        let pace = Pace::of(&seen.times, last_duration(&seen.times, told, length, seen.base), seen.base);
        let us = |ticks: i64| to_us(ticks, seen.base);
        let first = seen.times.first().copied().unwrap_or(0);
        let duration_us = us(pace.end.saturating_sub(first));
        let duration_ms = whole_ms(duration_us);
        let (rotation_degrees, mirrored) = seen.turn;
        let pixel_aspect = honest_aspect(aspect);
        let (coded_width, coded_height) = (picture.width.unsigned_abs(), picture.height.unsigned_abs());
        let (display_width, display_height) = display_size(coded_width, coded_height, pixel_aspect, rotation_degrees);
        let info = VideoInfo {
            stream: stream as u32,
            codec: av::codec_name(facts.codec),
            profile: av::profile_name(facts.codec, facts.profile),
            level: u32::try_from(facts.level).unwrap_or(0),
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
            field_order: field_order(&seen),
            colour: colour(picture),
            key_frame_pace_frames: pace_of(&keys, &seen.times),
            max_key_frame_interval_ms: whole_ms(us(longest_gap(keys, pace.end))),
            closed_gops: !open_gops,
            begins_with_idr: begins_with_idr == Some(true),
            uniform: framing.is_some() && !other_coding && !seen.mixed,
            entry_points: None,
            bitrate_kbps: self.bitrate.mean_kbps(duration_ms),
            peak_bitrate_kbps: self.bitrate.peak_kbps(),
            bytes_by_second: self.bitrate.by_second(),
            black: seen.black.finish(duration_us),
            frozen: seen.frozen.finish(duration_us),
            calm: seen.calm.finish(duration_us),
            scene_changes_ms: seen.scenes.finish(),
            cover_candidates_ms: Vec::new(),
        };
        Ok((info, access))
    }
}

impl Seen {
    /// Measures one picture; gives its time in the stream's ticks, or `None` if players would not show it.
    fn see(&mut self, frame: &frame::Video, aspect: impl Fn() -> av::Rational) -> Result<Option<i64>> {
        let facts = av::picture_facts(frame);
        let first = match self.first {
            Some((first, _)) => first,
            None => {
                self.layout = av::luma_layout(facts.format);
                self.first = Some((facts, aspect()));
                facts
            }
        };
        if (facts.width, facts.height) != (first.width, first.height) {
            return Err(Rejection::ChangesMidway { what: "picture_size".into() }.into());
        }
        if facts.format != first.format {
            return Err(Rejection::ChangesMidway { what: "pixel_format".into() }.into());
        }
        let duration = av::frame_duration(frame);
        let Some(at) = self.timeline.place(frame.timestamp(), duration) else {
            self.late += 1;
            return Ok(None);
        };
        self.times.push(at);
        self.last_duration = duration;
        self.interlaced += u64::from(facts.interlaced);
        self.top_first += u64::from(facts.interlaced && facts.top_first);
        self.mixed |= facts != PictureFacts { top_first: facts.top_first, ..first };
        self.look(frame, at);
        Ok(Some(at))
    }

    /// What the first picture says of all, as far as it is known then.
    fn shape(&self, source: &Source, stream: usize) -> Option<Shape> {
        let (facts, aspect) = self.first?;
        let (rotation_degrees, mirrored) = av::display_matrix(&source.input, stream).map_or((0, false), upright);
        let (width, height) = (facts.width.unsigned_abs(), facts.height.unsigned_abs());
        let colour = colour(facts);
        Some(Shape {
            facts,
            rotation_degrees,
            mirrored,
            transfer: colour.transfer,
            matrix: colour.matrix_of(width, height).to_owned(),
            full_range: colour.full_range,
            display: display_size(width, height, honest_aspect(aspect), rotation_degrees),
        })
    }

    fn look(&mut self, frame: &frame::Video, at: i64) {
        let Some(layout) = self.layout else { return };
        if !self.grid.sample(frame, layout) {
            return;
        }
        let first = self.times.first().copied().unwrap_or(at);
        let at_us = to_us(at.saturating_sub(first), self.base);
        self.sample(frame, layout, whole_ms(at_us));
        self.black.tell(at_us, self.grid.is_black());
        let difference = self.grid.difference(self.frozen.reference());
        if let Some(difference) = difference {
            self.scenes.see(at_us, &self.grid, self.frozen.reference(), difference);
        }
        self.frozen.see(at_us, &self.grid, difference);
        self.calm.see(at_us, &self.grid, self.grid.difference(self.calm.reference()));
    }
}

impl Seen {
    /// Keeps the frame for the fingerprint if it is the first of the next place on the grid.
    fn sample(&mut self, frame: &frame::Video, layout: LumaLayout, at_ms: u64) {
        let Some(album) = self.album.as_mut().filter(|album| album.wants(at_ms)) else { return };
        let pixel_aspect = self.first.map_or(Ratio::ONE, |(_, aspect)| honest_aspect(aspect)).value();
        let (rotation_degrees, mirrored) = self.turn;
        if let Some(picture) = (Thumb { layout, pixel_aspect, rotation_degrees, mirrored }).of(frame) {
            album.add(at_ms, picture);
        }
    }
}

/// Clockwise rotation and mirroring (mirror first, then rotate) of a display matrix, to the nearest quarter turn.
pub(super) fn upright(matrix: [i32; 9]) -> (u32, bool) {
    // Row vectors, y downwards: x' = a·x + c·y, y' = b·x + d·y.
    let [a, b, c, d] = [matrix[0], matrix[1], matrix[3], matrix[4]].map(f64::from);
    let mirrored = a * d - b * c < 0.0;
    let angle = if mirrored { (-b).atan2(-a) } else { b.atan2(a) };
    let quarters = (angle.to_degrees() / 90.0).round() as i64;
    (quarters.rem_euclid(4) as u32 * 90, mirrored)
}

/// Pixel aspect as far as anybody films: beyond 1:4 or 4:1 it is a mistake, and players ignore it as well as 0.
pub(super) fn honest_aspect(aspect: av::Rational) -> Ratio {
    match (u32::try_from(aspect.num), u32::try_from(aspect.den)) {
        (Ok(num @ 1..), Ok(den @ 1..)) if num <= den.saturating_mul(4) && den <= num.saturating_mul(4) => {
            let divisor = greatest_common_divisor(num, den);
            Ratio::new(num / divisor, den / divisor)
        }
        _ => Ratio::ONE,
    }
}

pub(super) fn display_size(width: u32, height: u32, aspect: Ratio, rotation: u32) -> (u32, u32) {
    let even = |pixels: f64| ((pixels / 2.0).round() as u32 * 2).max(2);
    let (wide, high) = (even(f64::from(width) * aspect.value()), even(f64::from(height)));
    if rotation % 180 == 90 { (high, wide) } else { (wide, high) }
}

fn field_order(seen: &Seen) -> FieldOrder {
    if seen.interlaced * INTERLACED_ONE_IN <= seen.times.len() as u64 {
        FieldOrder::Progressive
    } else if seen.top_first * 2 >= seen.interlaced {
        FieldOrder::TopFirst
    } else {
        FieldOrder::BottomFirst
    }
}

fn colour(picture: PictureFacts) -> Colour {
    let transfer_name = av::transfer_name(picture.transfer);
    let transfer = match transfer_name.as_str() {
        "smpte2084" => Transfer::Pq,
        "arib-std-b67" => Transfer::Hlg,
        _ => Transfer::Sdr,
    };
    Colour {
        matrix: av::matrix_name(picture.matrix),
        primaries: av::primaries_name(picture.primaries),
        transfer_name,
        transfer,
        // 2 is AVCOL_RANGE_JPEG; the yuvj formats say it by their name alone.
        full_range: picture.range == 2 || av::pixel_format_name(picture.format).starts_with("yuvj"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_matrix_is_read_as_players_do() {
        let one = 65536;
        let quarter = |a, b, c, d| upright([a, b, 0, c, d, 0, 0, 0, 1 << 30]);
        assert_eq!(quarter(one, 0, 0, one), (0, false));
        assert_eq!(quarter(0, one, -one, 0), (90, false));
        assert_eq!(quarter(-one, 0, 0, -one), (180, false));
        assert_eq!(quarter(0, -one, one, 0), (270, false));
        assert_eq!(quarter(-one, 0, 0, one), (0, true));
        assert_eq!(quarter(one, 0, 0, -one), (180, true));
    }

    #[test]
    fn absurd_pixel_aspects_are_ignored() {
        assert_eq!(honest_aspect(av::Rational { num: 64, den: 45 }), Ratio::new(64, 45));
        assert_eq!(honest_aspect(av::Rational { num: 1, den: 1000 }), Ratio::ONE);
        assert_eq!(honest_aspect(av::Rational { num: 0, den: 1 }), Ratio::ONE);
        assert_eq!(display_size(1440, 1080, Ratio::new(4, 3), 90), (1080, 1920));
    }
}
