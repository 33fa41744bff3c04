//! Opens a finished rendition again, decodes all of it, and compares what is there with what was wanted. Nothing is trusted.
use std::path::{Path, PathBuf};

use ffmpeg_next::frame;
use pipeline::media_info::{AudioInfo, FieldOrder, MediaInfo, Ratio, Stretch, Transfer};
use pipeline::rendition::{AudioEncode, Picture, QcCheck, QcOutcome, VideoEncode};

use crate::av;
use crate::bucket::{self, Bucket};
use crate::child::protocol::{Expected, Limits, QcReport};
use crate::decode::Tally;
use crate::error::{During, Error, Result};
use crate::loudness::Level;
use crate::nal::Framing;
use crate::source::Source;
use crate::{isobmff, probe, sample};

/// Picture and sound may differ by this much at the end: two AAC frames of padding and a frame of picture.
const AV_TOLERANCE_MS: u64 = 85;
/// Black, still and silent time that the source has not may come from coding and levels up to this much, ms.
const NEW_BLACK_MS: u64 = 2_000;
const NEW_SILENCE_MS: u64 = 5_000;
const NEW_FROZEN_MS: u64 = 10_000;
/// Edges of such stretches move by up to this much, ms.
const EDGE_MS: u64 = 1_000;
/// A source below this may come out as silence: folding its channels moves it by a few LU across the gate at −70.
const ALMOST_SILENT_LUFS: f64 = -60.0;
/// So much may the loudness change when more channels become two, LU.
const FOLDING_LU: f64 = 3.0;
/// Tags that the format itself needs.
const OWN_TAGS: [&str; 7] =
    ["major_brand", "minor_version", "compatible_brands", "handler_name", "language", "vendor_id", "AIGC"];

/// From this part of the cap on a whole picture lies at it.
const AT_THE_CAP: f64 = 0.9;

/// How much of the work is done when the whole file was decoded; comparing some of its frames is the rest.
const DECODED: f64 = 0.8;

/// What a file is compared with.
pub(crate) struct Compared<'a> {
    /// What was wanted.
    pub(crate) expected: &'a Expected,
    /// What the source was.
    pub(crate) source: &'a MediaInfo,
    /// The source's file and how its picture became the output, where frames are to be compared.
    pub(crate) mezzanine: Option<(PathBuf, &'a Picture)>,
    /// Where stills of compared frames go, and the most pairs.
    pub(crate) stills: Option<(PathBuf, u32)>,
}

/// Checks the file at `path`.
pub(crate) fn check(
    path: &Path,
    compared: &Compared,
    limits: &Limits,
    progress: &mut dyn FnMut(f64),
) -> Result<QcReport> {
    let Compared { expected, source, mezzanine, stills } = compared;
    let mut places = mezzanine.as_ref().map(|(file, picture)| {
        let places = sample::Places::choose(file, picture, expected, limits);
        match stills {
            Some((dir, most)) => places.with_stills(dir, *most),
            None => places,
        }
    });
    let see = &mut |at_us: i64, picture: &frame::Video| {
        if let Some(places) = &mut places {
            places.see(at_us, picture);
        }
    };
    let info = probe::watch(path, limits, see, &mut |part| progress(part * DECODED))?;
    let packets = Packets::read(path, limits)?;
    let mut checks = Checks::default();
    checks.file(path, expected, &info, limits)?;
    checks.picture(expected, &info);
    checks.time(expected, &info);
    if let Some(encode) = &expected.video {
        checks.encode(encode, expected.frame_rate, &info, &packets);
    }
    checks.is("first_frame_idr", packets.first_is_idr, "a key frame that refers to nothing before it");
    if let (Some(encode), Some(audio)) = (&expected.audio, &info.audio) {
        checks.sound(encode, audio, source);
    }
    checks.stretches(&info, source);
    let mut stills = Vec::new();
    if let Some(places) = places {
        let progress = &mut |part| progress(DECODED + part * (1.0 - DECODED));
        let (found, left) = places.compare(at_the_cap(expected, &info), progress);
        checks.row("source_frames", found.measured, found.limit, found.outcome);
        stills = left;
    }
    // What could not be measured is not known to be right.
    let pass = checks.0.iter().all(|check| check.outcome == QcOutcome::Pass);
    Ok(QcReport { pass, checks: checks.0, info, stills })
}

/// Whether the picture takes what its cap allows, so that not the encoder but the cap decides how good it is.
fn at_the_cap(expected: &Expected, info: &MediaInfo) -> bool {
    let cap = expected.video.as_ref().map(|encode| f64::from(encode.max_bitrate_kbps));
    cap.is_some_and(|cap| info.video.bitrate_kbps as f64 >= AT_THE_CAP * cap)
}

#[derive(Default)]
struct Checks(Vec<QcCheck>);

impl Checks {
    fn add(&mut self, check: &str, measured: impl ToString, limit: impl ToString, pass: bool) {
        self.row(check, measured, limit, QcOutcome::of(pass));
    }

    fn row(&mut self, check: &str, measured: impl ToString, limit: impl ToString, outcome: QcOutcome) {
        let (measured, limit) = (measured.to_string(), limit.to_string());
        self.0.push(QcCheck { check: check.into(), measured, limit, outcome });
    }

    fn equal<T: PartialEq + ToString>(&mut self, check: &str, measured: T, wanted: T) {
        let pass = measured == wanted;
        self.add(check, measured, wanted, pass);
    }

    fn at_most(&mut self, check: &str, measured: u64, limit: u64) {
        self.add(check, measured, format!("≤ {limit}"), measured <= limit);
    }

    fn is(&mut self, check: &str, measured: bool, limit: &str) {
        self.add(check, if measured { "yes" } else { "no" }, limit, measured);
    }

    fn file(&mut self, path: &Path, expected: &Expected, info: &MediaInfo, limits: &Limits) -> Result<()> {
        let structure = isobmff::read(path).during("read the boxes")?;
        self.equal("format", info.format.as_str(), "mp4");
        self.is("faststart", structure.is_faststart(), "moov before mdat");
        let audio = u32::from(expected.audio.is_some());
        let streams = info.streams;
        let counted = format!("{} video, {} audio, {} other", streams.video, streams.audio, streams.other);
        self.equal("streams", counted, format!("1 video, {audio} audio, 0 other"));
        self.at_most("decode_errors", info.decode_errors, 0);
        let opened = Source::open(path, limits)?;
        let foreign = av::tags(&opened.input, crate::text::MAX_TEXT, |key| !OWN_TAGS.contains(&key));
        let names: Vec<&str> = foreign.iter().map(|(key, _)| key.as_str()).collect();
        self.add("foreign_tags", names.join(", "), "none", names.is_empty());
        let label = |label: &Option<String>| label.clone().unwrap_or_else(|| "none".into());
        self.equal("aigc_label", label(&info.aigc), label(&expected.aigc));
        Ok(())
    }

    fn picture(&mut self, expected: &Expected, info: &MediaInfo) {
        let video = &info.video;
        self.equal("video_codec", video.codec.as_str(), "h264");
        let size = |width, height| format!("{width}x{height}");
        self.equal(
            "display_size",
            size(video.display_width, video.display_height),
            size(expected.width, expected.height),
        );
        self.equal("rotation", video.rotation_degrees, 0);
        self.equal("pixel_aspect", video.pixel_aspect, Ratio::ONE);
        self.is("progressive", video.field_order == FieldOrder::Progressive, "whole frames");
        self.is("sdr", video.colour.transfer == Transfer::Sdr, "SDR");
    }

    fn time(&mut self, expected: &Expected, info: &MediaInfo) {
        let video = &info.video;
        self.equal("frame_count", video.frames, expected.frames);
        let wanted_ms = (expected.frames as f64 / expected.frame_rate.value() * 1000.0).round() as u64;
        let frame_ms = (1000.0 / expected.frame_rate.value()).ceil() as u64;
        let off = video.duration_ms.abs_diff(wanted_ms);
        self.add("duration_ms", video.duration_ms, format!("{wanted_ms} ± {frame_ms}"), off <= frame_ms);
        if let Some(audio) = &info.audio {
            self.at_most("av_difference_ms", audio.duration_ms.abs_diff(video.duration_ms), AV_TOLERANCE_MS);
            let late = audio.start_ms.abs_diff(video.start_ms);
            self.at_most("av_start_difference_ms", late, 1);
        }
    }

    fn encode(&mut self, encode: &VideoEncode, rate: Ratio, info: &MediaInfo, packets: &Packets) {
        let video = &info.video;
        self.equal("profile", video.profile.as_str(), "High");
        self.add("level", video.level, format!("≤ {}", encode.level), video.level <= encode.level);
        self.equal("pixel_format", video.pixel_format.as_str(), "yuv420p");
        let colour = &video.colour;
        let tags = format!("{} {} {}", colour.matrix, colour.primaries, colour.transfer_name);
        self.equal("colour", tags, "bt709 bt709 bt709".into());
        self.is("limited_range", !colour.full_range, "limited range");
        self.equal("frame_rate", video.frame_rate, rate);
        self.is("constant_rate", !video.variable_rate, "constant");
        let gop = u64::from(encode.gop_frames.max(1));
        let stray = packets.keys.iter().enumerate().find(|(index, key)| **key != *index as u64 * gop);
        let wanted = packets.frames.len().div_ceil(gop as usize);
        let measured = match stray {
            Some((_, key)) => format!("a key frame at frame {key}"),
            None => format!("{} key frames", packets.keys.len()),
        };
        let regular = stray.is_none() && packets.keys.len() == wanted;
        self.add("key_frames", measured, format!("{wanted}, every {gop} frames"), regular);
        // What the decoder's buffer holds at the start may be spent on top of the cap, which shows in a short work.
        let given = f64::from(encode.buffer_kbit) * encode.buffer_start * 1000.0 / video.duration_ms.max(1) as f64;
        self.at_most("bitrate_kbps", video.bitrate_kbps, u64::from(encode.max_bitrate_kbps) + given.ceil() as u64);
        let (frame, fill) = packets.lowest_fill(encode, rate);
        let floor = -bucket::TOLERANCE * f64::from(encode.buffer_kbit);
        let measured = format!("{fill:.0} kbit at frame {frame}");
        self.add("buffer", measured, format!("≥ {floor:.0} of {} kbit", encode.buffer_kbit), fill >= floor);
    }

    fn sound(&mut self, encode: &AudioEncode, audio: &AudioInfo, source: &MediaInfo) {
        self.equal("audio_codec", format!("{} {}", audio.codec, audio.profile), "aac LC".into());
        self.equal("sample_rate", audio.sample_rate, encode.sample_rate);
        self.equal("channels", audio.channels, encode.channels);
        self.loudness(encode, audio.loudness_lufs, source.audio.as_ref());
        let peak = audio.true_peak_dbtp.unwrap_or(f64::NEG_INFINITY);
        // A tenth of a decibel is what two meters of true peak may differ by.
        let pass = peak <= encode.true_peak_dbtp + 0.1;
        self.add("true_peak_dbtp", format!("{peak:.1}"), format!("≤ {}", encode.true_peak_dbtp), pass);
    }

    /// On target; less only as far as the source is nearly silent or all peaks.
    fn loudness(&mut self, encode: &AudioEncode, measured: Option<f64>, source: Option<&AudioInfo>) {
        let (target, allowed) = (encode.loudness_lufs, encode.loudness_tolerance_lu);
        let source = source.filter(|_| encode.stream.is_some());
        let level = source.and_then(|sound| {
            let (loudness_lufs, peak_db) = sound.loudness_lufs.zip(sound.true_peak_dbtp)?;
            Some(Level { loudness_lufs, peak_db })
        });
        let Some(measured) = measured else {
            let was_silent = level.is_none_or(|level| level.loudness_lufs < ALMOST_SILENT_LUFS);
            return self.add("loudness_lufs", "silent", "silent only if the source is", was_silent);
        };
        let reachable = level.map_or(target, |level| level.reachable_lufs(encode));
        // What was measured of more channels says less of the two that they became.
        let folded = if source.is_some_and(|sound| sound.channels > 2) { FOLDING_LU } else { 0.0 };
        let floor = if reachable < target { reachable - folded } else { target };
        let limit = if floor < target {
            format!("{floor:.1} to {target} ± {allowed}")
        } else {
            format!("{target} ± {allowed}")
        };
        let pass = (floor - allowed..=target + allowed).contains(&measured);
        self.add("loudness_lufs", format!("{measured:.1}"), limit, pass);
    }

    fn stretches(&mut self, info: &MediaInfo, source: &MediaInfo) {
        // The source's stretches count from its first picture and its first sample, ours from where the sound may lead.
        let lead_ms = source.sound_before_ms();
        let lead = i64::try_from(lead_ms).unwrap_or(i64::MAX);
        let (black, frozen) = (&source.video.black, either(&source.video.frozen, &source.video.calm));
        self.at_most("new_black_ms", uncovered(&info.video.black, black, lead), NEW_BLACK_MS + lead_ms);
        self.at_most("new_frozen_ms", uncovered(&info.video.frozen, &frozen, lead), NEW_FROZEN_MS + lead_ms);
        if let (Some(made), Some(given)) = (&info.audio, &source.audio) {
            let silent = either(&given.silent, &given.quiet);
            let new = uncovered(&made.silent, &silent, given.start_ms - source.video.start_ms + lead);
            let padding = info.duration_ms.saturating_sub(given.duration_ms);
            self.at_most("new_silence_ms", new, NEW_SILENCE_MS + padding);
        }
    }
}

/// Stretches of both, in the order of their beginnings.
fn either(some: &[Stretch], others: &[Stretch]) -> Vec<Stretch> {
    let mut all = [some, others].concat();
    all.sort_by_key(|stretch| stretch.start_ms);
    all
}

/// How much of `made` lies outside of `given`, in the order of their beginnings, whose edges are `EDGE_MS` wide and which is moved by `offset_ms`.
fn uncovered(made: &[Stretch], given: &[Stretch], offset_ms: i64) -> u64 {
    let mut new = 0;
    for stretch in made {
        let mut at = stretch.start_ms;
        for known in given {
            let start = known.start_ms.saturating_add_signed(offset_ms).saturating_sub(EDGE_MS);
            let end = known.end_ms.saturating_add_signed(offset_ms) + EDGE_MS;
            if end <= at || start >= stretch.end_ms {
                continue;
            }
            new += start.saturating_sub(at);
            at = at.max(end);
        }
        new += stretch.end_ms.saturating_sub(at);
    }
    new
}

/// The picture's packets, in the order of decoding.
struct Packets {
    /// Size of each in bits.
    frames: Vec<u64>,
    /// Which frames, in the order of showing, are key frames.
    keys: Vec<u64>,
    first_is_idr: bool,
}

impl Packets {
    fn read(path: &Path, limits: &Limits) -> Result<Self> {
        let mut source = Source::open(path, limits)?;
        let missing = || Error::Failed("the finished file has no picture".into());
        let index = source.choice().picture.ok_or_else(missing)?;
        source.keep_only(&[index]);
        let framing = Framing::of(&source.extradata(index));
        let mut tally = Tally::default();
        let (mut frames, mut shown, mut first_is_idr) = (Vec::new(), Vec::new(), false);
        while let Some(packet) = tally.next(&mut source, limits)? {
            if packet.stream() != index {
                continue;
            }
            if frames.is_empty() {
                first_is_idr = packet.data().is_some_and(|data| framing.has_idr(data));
            }
            frames.push(packet.size() as u64 * 8);
            shown.push((packet.pts().unwrap_or(i64::MIN), packet.is_key()));
        }
        shown.sort_unstable();
        let keys = shown.iter().enumerate().filter(|(_, (_, key))| *key).map(|(index, _)| index as u64).collect();
        Ok(Self { frames, keys, first_is_idr })
    }

    /// Emptiest moment of the decoder's buffer in kbit, and at which frame of the order of decoding.
    fn lowest_fill(&self, encode: &VideoEncode, rate: Ratio) -> (usize, f64) {
        let mut bucket = Bucket::new(encode, rate, encode.buffer_start);
        let fills = self.frames.iter().map(|bits| bucket.take(*bits)).enumerate();
        fills.min_by(|(_, one), (_, other)| one.total_cmp(other)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(start_ms: u64, end_ms: u64) -> Stretch {
        Stretch { start_ms, end_ms }
    }

    #[test]
    fn only_what_the_source_has_not_is_new() {
        let given = [stretch(10_000, 20_000)];
        assert_eq!(uncovered(&[stretch(9_500, 20_900)], &given, 0), 0);
        assert_eq!(uncovered(&[stretch(5_000, 25_000)], &given, 0), 4_000 + 4_000);
        assert_eq!(uncovered(&[stretch(30_000, 33_000)], &given, 0), 3_000);
        assert_eq!(uncovered(&[stretch(30_000, 33_000)], &given, 20_000), 0);
    }
}
