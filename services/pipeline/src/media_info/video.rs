//! What was measured of the picture.
use serde::{Deserialize, Serialize};

use super::colour::Colour;
use super::measure::{Ratio, Stretch};
use super::trial::Trial;

/// The order of a picture's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldOrder {
    /// Whole frames.
    Progressive,
    /// Interlaced, upper field first.
    TopFirst,
    /// Interlaced, lower field first.
    BottomFirst,
}

/// The picture stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoInfo {
    /// Stream index in the file.
    pub stream: u32,
    /// Codec by ffmpeg's name: `h264`, `hevc`, …
    pub codec: String,
    /// Profile, such as `High`; empty where the codec has none.
    pub profile: String,
    /// Level times ten for H.264 (`41` is 4.1), as coded for others; 0 if unknown.
    pub level: u32,
    /// Pixel format by ffmpeg's name, such as `yuv420p10le`.
    pub pixel_format: String,
    /// Bits per sample.
    pub bit_depth: u32,
    /// Coded size in pixels, as decoded, before rotation and pixel aspect.
    pub coded_width: u32,
    /// See `coded_width`.
    pub coded_height: u32,
    /// Width after rotation and pixel aspect, rounded to even.
    pub display_width: u32,
    /// Height after rotation and pixel aspect.
    pub display_height: u32,
    /// Clockwise rotation to apply for display: 0, 90, 180 or 270 degrees.
    pub rotation_degrees: u32,
    /// Mirrored by its display matrix (front cameras).
    pub mirrored: bool,
    /// Pixel aspect.
    pub pixel_aspect: Ratio,
    /// Frames decoded.
    pub frames: u64,
    /// Presentation time of the first frame, ms, relative to the start of the file's timeline.
    pub start_ms: i64,
    /// Duration of the decoded picture in milliseconds, last frame included.
    pub duration_ms: u64,
    /// How much longer than usual the last picture stays, ms: a closing title that is one long frame. Included in
    /// `duration_ms`. 0 if it does not, or if not examined.
    #[serde(default)]
    pub last_picture_stays_ms: u64,
    /// Mean frame rate, counted.
    pub frame_rate: Ratio,
    /// Whether frame durations vary by more than rounding.
    pub variable_rate: bool,
    /// Fields; for a mixture of frames and fields, the order of the fields.
    pub field_order: FieldOrder,
    /// Colour.
    pub colour: Colour,
    /// Longest distance between key frames, ms.
    pub max_key_frame_interval_ms: u64,
    /// Whether no picture that follows a key frame in the stream is shown before it. False if not examined.
    #[serde(default)]
    pub closed_gops: bool,
    /// Whether the first picture refers to nothing before it (H.264: is an IDR picture); after a cut without encoding
    /// it may not be. False if not examined.
    #[serde(default)]
    pub begins_with_idr: bool,
    /// Whether every picture has the first one's fields and colour and the header's profile and level (H.264); after
    /// joining without encoding they may not. False if not examined.
    #[serde(default)]
    pub uniform: bool,
    /// Shortest interval such that every multiple of it has a key frame, in frames from the first picture; 0 if they
    /// have no such interval, or if not examined.
    #[serde(default)]
    pub key_frame_pace_frames: u32,
    /// Pictures at which decoding may begin, in ticks of the stream's time base, in order. `None` if the file's own key
    /// frame marks were tried and are correct, or if not examined. With an empty list, decoding must begin at the start
    /// of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_points: Option<Vec<i64>>,
    /// Mean bitrate of the stream, kbit/s.
    pub bitrate_kbps: u64,
    /// Highest bitrate of any second, kbit/s.
    pub peak_bitrate_kbps: u64,
    /// Bytes of the stream in each second after its first packet, which distinguish busy sections from calm ones. Empty
    /// if it lasts longer than an hour.
    #[serde(default)]
    pub bytes_by_second: Vec<u64>,
    /// What encoding it takes. `None` if not examined, or if the picture is too short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    /// Black for at least 2 s.
    pub black: Vec<Stretch>,
    /// Frozen for at least 5 s.
    pub frozen: Vec<Stretch>,
    /// At least 5 s in which only grain moves, which an encode may smooth away. Empty if not examined.
    #[serde(default)]
    pub calm: Vec<Stretch>,
    /// Hard cuts between scenes, ms after the first picture, in order. At most two thousand; fades do not count.
    #[serde(default)]
    pub scene_changes_ms: Vec<u64>,
    /// Moments that would make a good cover, ms after the first picture, best first: sharp, not black, not in a
    /// transition, unlike each other, spread over the work. Empty if none was searched for.
    #[serde(default)]
    pub cover_candidates_ms: Vec<u64>,
}

impl VideoInfo {
    /// The smaller of display width and height, in pixels.
    pub fn short_side(&self) -> u32 {
        self.display_width.min(self.display_height)
    }
}
