//! Passing the source's picture through: when a partner takes it as it is, it is remuxed, which costs 1/290 of an encode and no quality.
use super::picture::matrix;
use super::why;
use crate::media_info::{FieldOrder, MediaInfo, Ratio, Transfer, VideoInfo};
use crate::partner::{Partner, Passthrough};
use crate::rendition::Because;

/// The reason to pass through, where this partner allows it and the source satisfies it.
pub(super) fn allows(info: &MediaInfo, partner: &Partner) -> Option<Because> {
    let spec = partner.passthrough.as_ref()?;
    obstacle(info, partner, spec).is_none().then(|| why::copied(partner))
}

/// The reason not to, where the partner would allow it.
pub(super) fn why_not(info: &MediaInfo, partner: &Partner) -> Option<Because> {
    let spec = partner.passthrough.as_ref()?;
    obstacle(info, partner, spec).map(|(en, zh)| why::not_copied(partner, en, zh))
}

/// The first thing that stands against passing through, in English and Chinese.
fn obstacle(info: &MediaInfo, partner: &Partner, spec: &Passthrough) -> Option<(&'static str, &'static str)> {
    let video = &info.video;
    let size_limit = partner.limits.max_size_bytes.as_ref().map_or(u64::MAX, |limit| limit.value);
    let checks = [
        (info.decode_errors == 0, "it has decoding errors", "存在解码错误"),
        (video.codec == "h264", "it is not H.264", "不是 H.264"),
        (spec.profiles.contains(&video.profile), "its profile is not taken", "编码档次不被接受"),
        ((1..=spec.max_level).contains(&video.level), "its level is too high or unknown", "编码级别过高或未知"),
        (video.pixel_format == "yuv420p" && video.bit_depth == 8, "it is not 8-bit 4:2:0", "不是 8 位 4:2:0"),
        (video.field_order == FieldOrder::Progressive, "it is interlaced", "为隔行扫描"),
        (is_bt709_sdr(video), "it is not limited-range SDR BT.709", "不是有限范围的 SDR BT.709"),
        (is_upright(video), "it is rotated or its pixels are not square", "画面带旋转或像素非方形"),
        (largest_side(video) <= spec.max_side_pixels, "it is too large", "画面过大"),
        (!video.variable_rate, "its frame rate varies", "帧率可变"),
        (is_as_long_as_sound(info), "its sound begins before or ends after its picture", "声音早于或长于画面"),
        (frame_rate_fits(video.frame_rate, spec), "its frame rate is too high", "帧率过高"),
        (fits(video.peak_bitrate_kbps, spec.max_peak_bitrate_kbps), "its peak bitrate is too high", "峰值码率过高"),
        (key_frames_fit(video, spec), "its key frames are too far apart", "关键帧间隔过大"),
        (info.size_bytes <= size_limit, "its file is too large", "文件过大"),
    ];
    checks.into_iter().find(|(kept, ..)| !kept).map(|(_, en, zh)| (en, zh))
}

/// A copy has no frames to show while only the sound plays.
fn is_as_long_as_sound(info: &MediaInfo) -> bool {
    info.sound_before_ms() == 0 && info.sound_after_ms() == 0
}

/// Measured and within the limit; 0 was not measured.
fn fits(measured: u64, limit: u64) -> bool {
    measured > 0 && measured <= limit
}

/// A file of one key frame only has no interval; it is as long as the picture.
fn key_frames_fit(video: &VideoInfo, spec: &Passthrough) -> bool {
    let interval =
        if video.max_key_frame_interval_ms == 0 { video.duration_ms } else { video.max_key_frame_interval_ms };
    interval <= spec.max_key_frame_interval_ms
}

fn frame_rate_fits(rate: Ratio, spec: &Passthrough) -> bool {
    u64::from(rate.num) <= u64::from(spec.max_frame_rate) * u64::from(rate.den)
}

fn largest_side(video: &VideoInfo) -> u32 {
    video.coded_width.max(video.coded_height)
}

fn is_upright(video: &VideoInfo) -> bool {
    let square = video.pixel_aspect.num == video.pixel_aspect.den;
    let even = video.coded_width.is_multiple_of(2) && video.coded_height.is_multiple_of(2);
    video.rotation_degrees == 0 && !video.mirrored && square && even
}

/// Untagged counts as what players assume, which for such sizes is BT.709.
fn is_bt709_sdr(video: &VideoInfo) -> bool {
    let colour = &video.colour;
    let usual = |name: &str| matches!(name, "bt709" | "" | "unknown" | "unspecified" | "reserved");
    let tags = usual(&colour.primaries) && usual(&colour.transfer_name);
    colour.transfer == Transfer::Sdr && !colour.full_range && tags && matrix(video) == "bt709"
}
