//! The ladder: the encodes that partners choose from, and the settings that all of them share.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::RenditionName;

/// All rungs and their common settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladders {
    /// x264 preset.
    pub preset: String,
    /// x264 threads of an encode whose work is one segment; if there are several, each has one thread.
    pub threads: u32,
    /// Distance of key frames, seconds.
    pub gop_s: u32,
    /// Size of the decoder's buffer as seconds of the cap.
    pub buffer_s: f64,
    /// Target length of a segment in seconds, at most 60; 0 makes a single segment.
    pub segment_s: u32,
    /// Fill of the decoder's buffer when the encoder of each of several segments begins, 0–1.
    pub segment_buffer_start: f64,
    /// The rungs by name.
    pub rungs: BTreeMap<RenditionName, Rung>,
}

/// One rung: an H.264 picture with AAC sound. Neither is added if the source lacks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Short side of the picture, pixels; smaller if the source is smaller.
    pub short_side: u32,
    /// Constant rate factor.
    pub crf: f64,
    /// Cap on the bitrate of the picture, kbit/s.
    pub max_bitrate_kbps: u32,
    /// Bitrate of the sound, kbit/s.
    pub audio_bitrate_kbps: u32,
    /// Target of the integrated loudness, LUFS.
    pub loudness_lufs: f64,
    /// Deviation that QC still accepts, LU.
    pub loudness_tolerance_lu: f64,
    /// Ceiling of the true peak, dBTP.
    pub true_peak_dbtp: f64,
}
