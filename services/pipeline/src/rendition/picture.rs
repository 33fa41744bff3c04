//! The output grid that all encodes share, and its sections.
use serde::{Deserialize, Serialize};

use crate::media_info::{FieldOrder, Ratio, Transfer};

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
