//! The measured figures, and the cost of one step by them.
use crate::id::EncodeId;
use crate::media_info::MediaInfo;
use crate::planner::picture::{efficiency, resized_kbps};
use crate::rendition::{AudioEncode, Plan, PlannedRendition, VideoEncode, VideoSource};

/// Pixels of the picture that the figures were measured with.
pub(super) const FULL_HD: f64 = 1920.0 * 1080.0;

// Seconds of one core (AMD EPYC, FFmpeg 5.1.9) for one frame of 1920×1080.
/// x264, preset medium: 0.21 with 64 s of camera footage at 23 Mbit/s, 0.09 with Big Buck Bunny scaled up, both at CRF
/// 20.
pub(super) const ENCODE_S: f64 = 0.15;
/// Decoding H.264 takes 7 % of a medium encode, with either source.
pub(super) const DECODE_S: f64 = 0.07 * ENCODE_S;
/// Reading and writing packets takes 1/290 of a medium encode.
pub(super) const REMUX_S: f64 = ENCODE_S / 290.0;

// Seconds of one core for one second of stereo sound at 48 kHz, measured over two minutes of pink noise.
/// AAC at 192 kbit/s, by libav's `fast` coder; `twoloop` takes twice that.
const AAC_S: f64 = 0.006;
/// Integrated loudness and true peak by ebur128; once before the encode, once after it.
pub(super) const LOUDNESS_S: f64 = 0.004;

/// x264's presets relative to medium, Big Buck Bunny at 1920×1080, one thread, without decoding.
const PRESETS: [(&str, f64); 9] = [
    ("ultrafast", 0.11),
    ("superfast", 0.24),
    ("veryfast", 0.36),
    ("faster", 0.59),
    ("fast", 0.81),
    ("medium", 1.0),
    ("slow", 1.45),
    ("slower", 2.7),
    ("veryslow", 5.0),
];

/// Decoding this many frames of the source.
pub(super) fn decode(info: &MediaInfo, frames: u64) -> f64 {
    let area = f64::from(info.video.coded_width) * f64::from(info.video.coded_height) / FULL_HD;
    frames as f64 * area * DECODE_S
}

/// Encoding this many frames.
pub(super) fn encode(video: &VideoEncode, frames: u64) -> f64 {
    let area = f64::from(video.width) * f64::from(video.height) / FULL_HD;
    let preset = PRESETS.iter().find(|(name, _)| *name == video.preset).map_or(1.0, |(_, factor)| *factor);
    frames as f64 * area * ENCODE_S * preset
}

/// One encode of the sound, and measuring the result.
pub(super) fn sound_encode(plan: &Plan) -> f64 {
    (AAC_S + LOUDNESS_S) * seconds(plan)
}

pub(super) fn sound_length(info: &MediaInfo) -> f64 {
    info.audio.as_ref().map_or(0.0, |audio| audio.duration_ms as f64 / 1000.0)
}

/// Length of the output, in seconds.
pub(super) fn seconds(plan: &Plan) -> f64 {
    plan.picture.frames as f64 / plan.picture.frame_rate.value()
}

/// The picture at its cap, or at the source's own mean for this size, whichever is less; and the sound.
pub(super) fn bytes(plan: &Plan, info: &MediaInfo, rendition: &PlannedRendition) -> u64 {
    let source_kbps = info.video.bitrate_kbps as f64;
    let picture_kbps = match &rendition.video {
        VideoSource::Copied => source_kbps,
        VideoSource::Encoded(id) => video(plan, id).map_or(0.0, |video| {
            let (is, was) = (f64::from(video.width) * f64::from(video.height), source_pixels(info));
            let useful = resized_kbps(source_kbps * efficiency(&info.video.codec) as f64, was, is);
            let cap = f64::from(video.max_bitrate_kbps);
            if useful > 0.0 { useful.min(cap) } else { cap }
        }),
    };
    let sound = rendition.audio.as_ref().and_then(|id| audio(plan, id));
    let sound_kbps = sound.map_or(0.0, |audio| f64::from(audio.bitrate_kbps));
    ((picture_kbps + sound_kbps) * 125.0 * seconds(plan)).round() as u64
}

fn source_pixels(info: &MediaInfo) -> f64 {
    (f64::from(info.video.display_width) * f64::from(info.video.display_height)).max(1.0)
}

pub(super) fn video<'a>(plan: &'a Plan, id: &EncodeId) -> Option<&'a VideoEncode> {
    plan.videos.iter().find(|video| video.id == *id)
}

fn audio<'a>(plan: &'a Plan, id: &EncodeId) -> Option<&'a AudioEncode> {
    plan.audios.iter().find(|audio| audio.id == *id)
}
