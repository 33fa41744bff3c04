//! What is to be made: effective encodes, segments and renditions, as decided by the planner and made by media.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{EncodeId, PartnerId, RenditionName};
use crate::media_info::{FieldOrder, Ratio, Transfer};
use crate::part::Part;
use crate::screening::Aspect;

/// Everything that is made of one mezzanine in one run. Pure data: stored with the run, shown by `plan`, followed by
/// workers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// How the decoded picture becomes the frames that are scaled; common to all encodes.
    pub picture: Picture,
    /// Where the picture is cut; consecutive, covering every output frame.
    pub segments: Vec<Segment>,
    /// Distinct encodes of the picture. Empty if all is passed through.
    pub videos: Vec<VideoEncode>,
    /// Distinct encodes of the sound. Empty if the source has none and no partner wants a silent track.
    pub audios: Vec<AudioEncode>,
    /// The files to assemble.
    pub renditions: Vec<PlannedRendition>,
    /// The work's partners, in the contest's order.
    pub partners: Vec<PartnerId>,
    /// The expected cost of each part of transcode and assemble, ms of one core. The longest is begun first, so that
    /// the last part to finish is short. No output depends on it.
    #[serde(default)]
    pub effort_ms: BTreeMap<Part, u64>,
}

/// From decoded frames to upright, square-pixel, progressive frames on the output grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Index of the source's picture stream.
    pub stream: u32,
    /// Clockwise rotation to apply: 0, 90, 180, 270.
    pub rotation_degrees: u32,
    /// Mirror horizontally before rotating, from the display matrix.
    pub mirrored: bool,
    /// Deinterlaced unless progressive.
    pub field_order: FieldOrder,
    /// Tone-mapped unless SDR.
    pub transfer: Transfer,
    /// Source matrix, ffmpeg's name, already guessed if untagged (BT.601 below 720 lines, else BT.709).
    pub matrix: String,
    /// Source samples use the full range.
    pub full_range: bool,
    /// The output grid: frame n is shown at n / frame_rate. At most 60.
    pub frame_rate: Ratio,
    /// Frames on the output grid, all segments together.
    pub frames: u64,
    /// This many frames at the beginning show the first picture before its time, because the sound begins earlier.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lead_frames: u64,
    /// This many frames at the end repeat the last picture, because the sound continues.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hold_frames: u64,
    /// Where decoding of the source may begin, from
    /// [`VideoInfo::entry_points`](crate::media_info::VideoInfo::entry_points).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_points: Option<Vec<i64>>,
}

/// Keeps usual plans short.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(frames: &u64) -> bool {
    *frames == 0
}

impl Picture {
    /// The begin of the output on the file's timeline, ms, if the first picture is at `picture_start_ms`.
    pub fn output_start_ms(&self, picture_start_ms: i64) -> i64 {
        let lead_ms = (self.lead_frames as f64 * 1000.0 / self.frame_rate.value().max(1e-3)).round() as i64;
        picture_start_ms.saturating_sub(lead_ms)
    }
}

/// One section of the output grid, encoded as a part of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Position in the plan, from 0.
    pub index: u32,
    /// First output frame, a multiple of the GOP.
    pub first_frame: u64,
    /// Number of frames.
    pub frames: u64,
}

/// One effective H.264 encode (8-bit 4:2:0 High, BT.709 limited, closed GOP, first frame IDR).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoEncode {
    /// Its name in this plan.
    pub id: EncodeId,
    /// Output width in pixels, even, square pixels.
    pub width: u32,
    /// Output height in pixels, even.
    pub height: u32,
    /// Constant rate factor of x264.
    pub crf: f64,
    /// Cap on the bitrate, kbit/s (x264 vbv-maxrate).
    pub max_bitrate_kbps: u32,
    /// Size of the decoder's buffer, kbit (x264 vbv-bufsize).
    pub buffer_kbit: u32,
    /// Fill of the buffer when a segment's encoder begins, 0–1 (x264 vbv-init).
    pub buffer_start: f64,
    /// Key frame every this many output frames, no others.
    pub gop_frames: u32,
    /// H.264 level times ten, such as 41.
    pub level: u32,
    /// x264 preset.
    pub preset: String,
    /// x264 threads, at least 1. They affect the output, so they are fixed here and not chosen by the machine.
    pub threads: u32,
}

/// One effective AAC-LC encode of the sound, 48 kHz.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioEncode {
    /// Its name in this plan.
    pub id: EncodeId,
    /// Index of the source's sound stream; `None` makes digital silence of the picture's length.
    pub stream: Option<u32>,
    /// Channels of the output: 2.
    pub channels: u32,
    /// Samples per second: 48000.
    pub sample_rate: u32,
    /// Bitrate, kbit/s.
    pub bitrate_kbps: u32,
    /// Target of the integrated loudness, LUFS.
    pub loudness_lufs: f64,
    /// Deviation that QC still accepts, LU.
    pub loudness_tolerance_lu: f64,
    /// Ceiling of the true peak, dBTP.
    pub true_peak_dbtp: f64,
}

/// The source of a rendition's picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoSource {
    /// Remuxed from the mezzanine, which the partner accepts unchanged.
    Copied,
    /// Joined from the segments of this encode.
    Encoded(EncodeId),
}

/// One file to assemble, and why it is made this way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedRendition {
    /// Its name: the ladder's rung, followed by `-copy` if the picture is passed through.
    pub name: RenditionName,
    /// Picture.
    pub video: VideoSource,
    /// Sound; `None` makes a file without a sound track.
    pub audio: Option<EncodeId>,
    /// The partners that get it.
    pub partners: Vec<PartnerId>,
    /// Display size in pixels.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// The reasons: one sentence each, English and Chinese, such as "capped by the source's 720 lines".
    pub because: Vec<Because>,
    /// Still pictures to cut out of it for its partners.
    #[serde(default)]
    pub covers: Vec<PlannedCover>,
}

/// A still picture (JPEG) to cut out of a rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedCover {
    /// Its shape; `width` and `height` match it to a pixel.
    pub aspect: Aspect,
    /// Pixels; no more than the rendition has.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// Largest file, bytes.
    pub max_bytes: Option<u64>,
    /// The partners that get it.
    pub partners: Vec<PartnerId>,
}

/// A reason for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// What it decides. `None` in plans older than this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// The partner whose limit it is; `None` for a limit of the rung or the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// What a reason decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// That the picture is passed through.
    Copied,
    /// That it is not, although the partner would accept it: the limit that the source breaks.
    NotCopied,
    /// That two rungs became one.
    Merged,
    /// The size in pixels.
    Size,
    /// The cap on the bitrate.
    Bitrate,
    /// The frame rate.
    FrameRate,
    /// The length, if it differs from the picture's own.
    Length,
    /// The sound.
    Sound,
    /// The partners that get the same file.
    Shared,
}

/// One check of quality control on a finished rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredCheck")]
pub struct QcCheck {
    /// The check: `frame_count`, `faststart`, `loudness`, …
    pub check: String,
    /// The measured value, as text.
    pub measured: String,
    /// The allowed value, as text.
    pub limit: String,
    /// The result.
    pub outcome: QcOutcome,
}

/// The result of a check of quality control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QcOutcome {
    /// Within its limit.
    Pass,
    /// Outside of it: the rendition is not delivered.
    Fail,
    /// The measurement itself cannot be trusted, so the rendition is unchecked. It is not delivered either: a person
    /// must look.
    Invalid,
}

impl QcOutcome {
    /// Every outcome.
    pub const ALL: [QcOutcome; 3] = [QcOutcome::Pass, QcOutcome::Fail, QcOutcome::Invalid];

    /// `Pass` or `Fail`.
    pub fn of(pass: bool) -> Self {
        if pass { Self::Pass } else { Self::Fail }
    }

    /// Its name, as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Invalid => "invalid",
        }
    }
}

/// A check as written by any version: old ones had `pass` only.
#[derive(Deserialize)]
struct StoredCheck {
    check: String,
    measured: String,
    limit: String,
    outcome: Option<QcOutcome>,
    pass: Option<bool>,
}

impl From<StoredCheck> for QcCheck {
    fn from(stored: StoredCheck) -> Self {
        let StoredCheck { check, measured, limit, outcome, pass } = stored;
        let outcome = outcome.or(pass.map(QcOutcome::of)).unwrap_or(QcOutcome::Invalid);
        Self { check, measured, limit, outcome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_of_old_are_still_read() {
        let read = |text: &str| serde_json::from_str::<QcCheck>(text).unwrap().outcome;
        assert_eq!(read(r#"{"check":"a","measured":"1","limit":"1","pass":true}"#), QcOutcome::Pass);
        assert_eq!(read(r#"{"check":"a","measured":"2","limit":"1","pass":false}"#), QcOutcome::Fail);
        assert_eq!(read(r#"{"check":"a","measured":"2","limit":"1"}"#), QcOutcome::Invalid);
        for outcome in [QcOutcome::Pass, QcOutcome::Fail, QcOutcome::Invalid] {
            let check = QcCheck { check: "a".into(), measured: "1".into(), limit: "2".into(), outcome };
            let text = serde_json::to_string(&check).unwrap();
            assert!(text.contains(&format!(r#""outcome":"{}""#, outcome.name())), "{text}");
            assert_eq!(serde_json::from_str::<QcCheck>(&text).unwrap(), check);
        }
    }
}
