//! Opens a finished rendition again, decodes all of it, and compares it with what was planned. Nothing is trusted.
use std::path::{Path, PathBuf};

use ffmpeg_next::frame;
use pipeline::media_info::{AudioInfo, FieldOrder, MediaInfo, Ratio, Transfer};
use pipeline::rendition::{AudioEncode, Picture, QcCheck, QcOutcome, VideoEncode};

use crate::av;
use crate::check::packets::Packets;
use crate::check::sample;
use crate::check::stretches::{either, uncovered};
use crate::child::protocol::{Expected, Limits, QcReport};
use crate::error::{During, Result};
use crate::probe;
use crate::read::isobmff;
use crate::read::source::Source;
use crate::sound::loudness::Level;
use crate::write::bucket;

/// Picture and sound may differ by this much at the end: two AAC frames of padding and a frame of picture.
const AV_TOLERANCE_MS: u64 = 85;
/// Most black, still and silent time that the source does not have, ms; coding and levels may cause a little.
const NEW_BLACK_MS: u64 = 2_000;
const NEW_SILENCE_MS: u64 = 5_000;
const NEW_FROZEN_MS: u64 = 10_000;
/// A source below this may become silence: converting its channels to stereo can move it by a few LU below the gate at −70.
const ALMOST_SILENT_LUFS: f64 = -60.0;
/// Largest allowed change of the loudness by the downmix to stereo, LU.
const FOLDING_LU: f64 = 3.0;
/// Tags that the format itself needs.
const OWN_TAGS: [&str; 7] =
    ["major_brand", "minor_version", "compatible_brands", "handler_name", "language", "vendor_id", "AIGC"];

/// A picture is at its cap from this fraction of it on.
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
        checks.settings(encode);
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

/// Whether the picture is at its cap, so that the cap decides its quality and not the encoder.
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

    /// A record: the file itself no longer says it, since players need no settings of the encoder.
    fn settings(&mut self, encode: &VideoEncode) {
        let settings = |preset: &str, crf: f64| format!("{preset}, CRF {crf}");
        let target = encode.target.as_ref().map_or_else(|| "none".into(), |it| settings(&it.preset, it.crf));
        self.row("encoder", settings(&encode.preset, encode.crf), target, QcOutcome::Pass);
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

    /// The loudness has to be on target. It may be lower only as far as the source is nearly silent or has high peaks.
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
