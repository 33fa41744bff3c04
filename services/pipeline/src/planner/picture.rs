//! The picture: how it becomes upright frames on the output grid, its size, and its bit rate.
use super::{frame_rate, why};
use crate::catalogue::Rung;
use crate::media_info::{MediaInfo, VideoInfo};
use crate::partner::Partner;
use crate::rendition::{Because, Picture};

/// The picture that all encodes share, and the reasons for its frame rate and length if they differ from the source's.
pub(super) fn of(info: &MediaInfo) -> (Picture, Vec<Because>) {
    let video = &info.video;
    let rate = frame_rate::output(video);
    // A last picture that stays is repeated as well: the source has no frames for that time.
    let moving_ms = video.duration_ms.saturating_sub(video.last_picture_stays_ms);
    let own = frame_rate::frames(moving_ms, rate);
    // The first picture is shown before its time, and the last one for as long as there is sound, so that no sound is
    // lost at either end.
    let lead_frames = frame_rate::frames_within(info.sound_before_ms(), rate);
    let held = frame_rate::frames(video.duration_ms.saturating_add(info.sound_after_ms()), rate);
    let picture = Picture {
        stream: video.stream,
        rotation_degrees: video.rotation_degrees,
        mirrored: video.mirrored,
        field_order: video.field_order,
        transfer: video.colour.transfer,
        matrix: matrix(video).to_owned(),
        full_range: video.colour.full_range,
        frame_rate: rate,
        frames: held.saturating_add(lead_frames),
        lead_frames,
        hold_frames: held.saturating_sub(own),
        entry_points: video.entry_points.clone(),
    };
    let why = why::frame_rate(video, rate).into_iter().chain(why::sound_around(info));
    (picture, why.collect())
}

/// The source's matrix, or what players assume if it is untagged.
pub(super) fn matrix(video: &VideoInfo) -> &str {
    video.colour.matrix_of(video.coded_width, video.coded_height)
}

/// Output size of a rung for a partner: the short side is reduced to the rung's, never enlarged; even, square pixels.
pub(super) fn size(info: &MediaInfo, rung: &Rung, partner: &Partner) -> (u32, u32) {
    let (width, height) = (even(info.video.display_width), even(info.video.display_height));
    let (short, long) = (width.min(height), width.max(height));
    let mut new_short = even(rung.short_side.min(short));
    let mut new_long = scaled(long, new_short, short);
    if let Some(limit) = &partner.limits.max_side_pixels
        && new_long > limit.value
    {
        new_long = even(limit.value);
        new_short = scaled(short, new_long, long);
    }
    if width >= height { (new_long, new_short) } else { (new_short, new_long) }
}

/// `side · part / whole`, to the nearest even number, never more than `side`.
fn scaled(side: u32, part: u32, whole: u32) -> u32 {
    let exact = u64::from(side) * u64::from(part);
    let halves = (exact + u64::from(whole)) / (2 * u64::from(whole));
    u32::try_from(halves * 2).unwrap_or(side).clamp(2, side)
}

/// Rounded down to an even number, at least 2: 4:2:0 has no half pixels.
fn even(pixels: u32) -> u32 {
    (pixels & !1).max(2)
}

/// A cap on the bitrate and its reason.
pub(super) struct Cap {
    /// kbit/s.
    pub(super) kbps: u32,
    /// The limit that it comes from.
    pub(super) because: Because,
}

/// The cap relative to the source's own peak. With a smaller factor an encode loses quality against the source; a
/// larger one only preserves artefacts.
const SOURCE_FACTOR: u64 = 2;

/// The cap of a rung for a partner: the rung's, or less if the source never used that much or the partner accepts less.
pub(super) fn cap(info: &MediaInfo, rung: &Rung, partner: &Partner) -> Cap {
    let rung_kbps = rung.max_bitrate_kbps;
    let mut cap = Cap { kbps: rung_kbps, because: why::cap_of_rung(rung_kbps) };
    let peak = info.video.peak_bitrate_kbps;
    // In terms of H.264: newer codecs need about half the bits.
    let useful = peak.saturating_mul(SOURCE_FACTOR * efficiency(&info.video.codec)).div_ceil(100) * 100;
    // At least a quarter of the rung's cap: a tighter buffer starves scene cuts and saves little.
    let useful = u32::try_from(useful).unwrap_or(u32::MAX).max(rung_kbps / 4);
    if peak > 0 && useful < cap.kbps {
        cap = Cap { kbps: useful, because: why::cap_of_source(useful, peak) };
    }
    if let Some(limit) = &partner.limits.max_bitrate_kbps
        && limit.value < cap.kbps
    {
        cap = Cap { kbps: limit.value, because: why::cap_of_partner(limit.value, partner) };
    }
    if let Some(limit) = &partner.limits.max_size_bytes {
        let kbps = bitrate_for_size(limit.value, info.video.duration_ms, rung.audio_bitrate_kbps);
        if kbps < cap.kbps {
            cap = Cap { kbps, because: why::cap_of_size(kbps, limit.value, partner) };
        }
    }
    cap
}

/// The bitrate of a picture of other pixels: it falls with the power of 0.75 of these, a rule of thumb among encoder
/// authors.
pub(super) fn resized_kbps(kbps: f64, was: f64, is: f64) -> f64 {
    kbps * (is / was.max(1.0)).powf(0.75)
}

/// How many bits of H.264 correspond to one bit of this codec.
pub(super) fn efficiency(codec: &str) -> u64 {
    match codec {
        "hevc" | "vp9" | "av1" | "vvc" => 2,
        _ => 1,
    }
}

/// The bitrate of the picture with which a file of this length stays below a size: 3 % are for the container and the
/// buffer.
fn bitrate_for_size(max_size_bytes: u64, duration_ms: u64, audio_kbps: u32) -> u32 {
    // bytes · 8 bit / ms is kbit/s.
    let total = u128::from(max_size_bytes) * 8 * 97 / 100 / u128::from(duration_ms.max(1));
    let total = u32::try_from(total).unwrap_or(u32::MAX);
    total.saturating_sub(audio_kbps).max(LEAST_KBPS)
}

/// Below this no picture is acceptable; QC then reports that the file is too large.
const LEAST_KBPS: u32 = 100;
