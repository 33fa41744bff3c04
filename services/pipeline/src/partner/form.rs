//! The form in which a partner wants a work: its covers, and whether the source's picture is accepted unchanged.
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::limits::SourceTag;
use crate::screening::Aspect;

/// A cover that a partner requires: a JPEG of one shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverWish {
    /// Its shape; a partner requires each shape once.
    pub aspect: Aspect,
    /// The best width, pixels: larger has no benefit there.
    pub width_pixels: u32,
    /// Smallest accepted width, pixels; 0 if no limit is known.
    #[serde(default)]
    pub min_width_pixels: u32,
    /// Smallest accepted height, pixels.
    #[serde(default)]
    pub min_height_pixels: u32,
    /// Largest file, bytes.
    #[serde(default)]
    pub max_bytes: Option<u64>,
    /// The reliability of the source.
    pub tag: SourceTag,
    /// The document or page.
    pub source: String,
    /// The day from which we regard it as valid.
    pub valid_from: NaiveDate,
}

/// The conditions under which this partner accepts a source's picture unchanged. All must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passthrough {
    /// H.264 profiles, by ffmpeg's names.
    pub profiles: Vec<String>,
    /// Highest H.264 level, times ten.
    pub max_level: u32,
    /// Longest side, pixels.
    pub max_side_pixels: u32,
    /// Highest constant frame rate, frames a second.
    pub max_frame_rate: u32,
    /// Highest bitrate of any second, kbit/s.
    pub max_peak_bitrate_kbps: u64,
    /// Longest distance between key frames, ms.
    pub max_key_frame_interval_ms: u64,
    /// Whether every GOP must be closed, so that players can start at every key frame.
    #[serde(default)]
    pub closed_gops: bool,
    /// The reliability of the source.
    pub tag: SourceTag,
    /// The document or page.
    pub source: String,
    /// The day from which we regard it as valid.
    pub valid_from: NaiveDate,
}
