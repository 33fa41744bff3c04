//! Passing the source's picture through: if a partner accepts it unchanged, it is remuxed, which costs 1/290 of an
//! encode and no quality.
use super::picture::matrix;
use super::{frame_rate, why};
use crate::media_info::{FieldOrder, MediaInfo, Oddity, Ratio, Transfer, VideoInfo};
use crate::partner::{Partner, Passthrough};
use crate::rendition::Because;

/// The reason to pass through, if this partner allows it and the source satisfies it. `gop_frames` is the GOP of our
/// encodes.
pub(super) fn allows(info: &MediaInfo, partner: &Partner, gop_frames: u32) -> Option<Because> {
    let spec = partner.passthrough.as_ref()?;
    obstacle(info, partner, spec, gop_frames).is_none().then(|| why::copied(partner))
}

/// The reason not to, if the partner would allow it.
pub(super) fn why_not(info: &MediaInfo, partner: &Partner, gop_frames: u32) -> Option<Because> {
    let spec = partner.passthrough.as_ref()?;
    obstacle(info, partner, spec, gop_frames).map(|(en, zh)| why::not_copied(partner, &en, &zh))
}

/// The first obstacle to passing through, with the measured value and the partner's limit, in English and Chinese.
fn obstacle(info: &MediaInfo, partner: &Partner, spec: &Passthrough, gop_frames: u32) -> Option<(String, String)> {
    let others = || coding(info, spec).or_else(|| look(info)).or_else(|| bounds(info, partner, spec));
    others().or_else(|| switching(&info.video, partner, gop_frames))
}

/// Players switch between the files of one work at key frames, which must be where those of our encodes are.
fn switching(video: &VideoInfo, partner: &Partner, gop_frames: u32) -> Option<(String, String)> {
    if partner.rungs.len() < 2 {
        return None;
    }
    let (own, made) = (video.frame_rate, frame_rate::output(video));
    let pace = video.key_frame_pace_frames;
    first([
        (
            own == made,
            format!("{} frames a second, where its smaller file has {}", why::fps(own), why::fps(made)),
            format!("帧率为 {}，与其较小文件的 {} 不一致", why::fps(own), why::fps(made)),
        ),
        (
            pace > 0 && gop_frames.is_multiple_of(pace),
            format!("it has no key frame at every multiple of {gop_frames} frames, where its smaller file does"),
            format!("并非每 {gop_frames} 帧都有关键帧，与其较小的文件不一致"),
        ),
    ])
}

fn first(checks: impl IntoIterator<Item = (bool, String, String)>) -> Option<(String, String)> {
    checks.into_iter().find(|(kept, ..)| !kept).map(|(_, en, zh)| (en, zh))
}

/// How it is coded.
fn coding(info: &MediaInfo, spec: &Passthrough) -> Option<(String, String)> {
    let video = &info.video;
    let errors = info.decode_errors;
    let codec = &video.codec;
    let format = &video.pixel_format;
    let (profile, profiles) = (&video.profile, spec.profiles.join(", "));
    let (level, highest) = (level(video.level), level(spec.max_level));
    first([
        (errors == 0, format!("{errors} errors while it was decoded"), format!("解码时出现 {errors} 处错误")),
        (codec == "h264", format!("it is {codec}, not H.264"), format!("编码为 {codec}，不是 H.264")),
        (
            spec.profiles.contains(profile),
            format!("profile {profile} is not among {profiles}"),
            format!("编码档次 {profile} 不在 {profiles} 之列"),
        ),
        (
            (1..=spec.max_level).contains(&video.level),
            format!("level {level}, where at most {highest} is taken"),
            format!("编码级别 {level}，最高接受 {highest}"),
        ),
        (
            format == "yuv420p" && video.bit_depth == 8,
            format!("it is {format}, not 8-bit 4:2:0"),
            format!("像素格式为 {format}，不是 8 位 4:2:0"),
        ),
        (
            video.uniform,
            "its profile, level, fields or colour change midway".to_owned(),
            "编码档次、级别、场序或色彩中途改变".to_owned(),
        ),
        (
            video.begins_with_idr,
            "its first picture refers to what was cut off before it".to_owned(),
            "首帧依赖已被剪去的画面（不是 IDR 帧）".to_owned(),
        ),
        (
            // A copy would lack the times as well.
            !info.oddities.contains(&Oddity::TimesByOrder),
            "its file does not say when its pictures are shown".to_owned(),
            "文件未标注各帧的显示时间".to_owned(),
        ),
        (
            // A copy would keep the wrong marks, and a partner's player would seek by them.
            video.entry_points.is_none(),
            "decoding cannot begin at all of the pictures that it marks as key frames".to_owned(),
            "文件标记的关键帧并非都能独立解码".to_owned(),
        ),
    ])
}

/// What would have to change in the picture itself.
fn look(info: &MediaInfo) -> Option<(String, String)> {
    let video = &info.video;
    let plain = |en: &str, zh: &str| (en.to_owned(), zh.to_owned());
    let checks = [
        (video.field_order == FieldOrder::Progressive, plain("it is interlaced", "为隔行扫描")),
        (is_bt709_sdr(video), plain("it is not limited-range SDR BT.709", "不是有限范围的 SDR BT.709")),
        (is_upright(video), plain("it is rotated or its pixels are not square", "画面带旋转或像素非方形")),
        (!video.variable_rate, plain("its frame rate varies", "帧率可变")),
        (
            is_as_long_as_its_frames(video),
            plain("its frames do not last as long as their rate says", "时长与帧数、帧率不符"),
        ),
        (is_as_long_as_sound(info), plain("its sound begins before or ends after its picture", "声音早于或长于画面")),
    ];
    first(checks.map(|(kept, (en, zh))| (kept, en, zh)))
}

/// Length, size and rate.
fn bounds(info: &MediaInfo, partner: &Partner, spec: &Passthrough) -> Option<(String, String)> {
    let video = &info.video;
    let most_bytes = partner.limits.max_size_bytes.as_ref().map_or(u64::MAX, |limit| limit.value);
    let own_side = partner.limits.max_side_pixels.as_ref().map_or(u32::MAX, |limit| limit.value);
    let (side, most_side) = (largest_side(video), spec.max_side_pixels.min(own_side));
    let (fps, most_fps) = (why::fps(video.frame_rate), spec.max_frame_rate);
    let (peak, most_peak) = (why::rate(video.peak_bitrate_kbps), why::rate(spec.max_peak_bitrate_kbps));
    let (apart, most_apart) = (key_frame_interval(video), spec.max_key_frame_interval_ms);
    let (apart_s, most_apart_s) = (crate::lang::decimal(apart, 1000), crate::lang::decimal(most_apart, 1000));
    let (size, most_size) = (info.size_bytes / 1_000_000, most_bytes / 1_000_000);
    first([
        (
            side <= most_side,
            format!("its longer side has {side} pixels, where at most {most_side} are taken"),
            format!("长边为 {side} 像素，最多接受 {most_side}"),
        ),
        (
            frame_rate_fits(video.frame_rate, spec),
            format!("{fps} frames a second, where at most {most_fps} are taken"),
            format!("帧率为 {fps}，最高接受 {most_fps}"),
        ),
        (
            fits(video.peak_bitrate_kbps, spec.max_peak_bitrate_kbps),
            format!("its peak bitrate is {peak}, where at most {most_peak} is taken"),
            format!("峰值码率为 {peak}，最高接受 {most_peak}"),
        ),
        (
            apart <= most_apart,
            format!("its key frames are up to {apart_s} s apart, where at most {most_apart_s} s are taken"),
            format!("关键帧间隔最大 {apart_s} 秒，最多接受 {most_apart_s} 秒"),
        ),
        (
            video.closed_gops || !spec.closed_gops,
            "a picture after a key frame is shown before it".to_owned(),
            "有画面编码在关键帧之后却显示在其之前（开放式 GOP）".to_owned(),
        ),
        (
            info.size_bytes <= most_bytes,
            format!("its file has {size} MB, where at most {most_size} MB are taken"),
            format!("文件为 {size} MB，最大接受 {most_size} MB"),
        ),
    ])
}

/// A copy has no frames to show while only the sound plays.
fn is_as_long_as_sound(info: &MediaInfo) -> bool {
    info.sound_before_ms() == 0 && info.sound_after_ms() == 0
}

/// Within a frame, which is the tolerance of quality control for the copy. A last frame may claim to last for seconds.
fn is_as_long_as_its_frames(video: &VideoInfo) -> bool {
    let frame_ms = 1000.0 / video.frame_rate.value();
    (video.frames as f64 * frame_ms - video.duration_ms as f64).abs() <= frame_ms
}

/// `4.1`; unknown if not given.
fn level(times_ten: u32) -> String {
    if times_ten == 0 { "unknown".to_owned() } else { format!("{}.{}", times_ten / 10, times_ten % 10) }
}

/// Measured and within the limit; 0 is not measured.
fn fits(measured: u64, limit: u64) -> bool {
    measured > 0 && measured <= limit
}

/// A file with a single key frame has no interval; the length of the picture is used.
fn key_frame_interval(video: &VideoInfo) -> u64 {
    if video.max_key_frame_interval_ms == 0 { video.duration_ms } else { video.max_key_frame_interval_ms }
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

/// Untagged counts as what players assume, which is BT.709 for such sizes.
fn is_bt709_sdr(video: &VideoInfo) -> bool {
    let colour = &video.colour;
    let usual = |name: &str| matches!(name, "bt709" | "" | "unknown" | "unspecified" | "reserved");
    let tags = usual(&colour.primaries) && usual(&colour.transfer_name);
    colour.transfer == Transfer::Sdr && !colour.full_range && tags && matrix(video) == "bt709"
}
