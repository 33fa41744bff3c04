//! The ladder: the encodes that partners choose from, and the settings that all of them share.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::RenditionName;

/// What a rung's files are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// The partner encodes it again: bits below its limits cost nothing.
    ReEncoding,
    /// It is played as it is.
    Playback,
}

/// All rungs and their common settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladders {
    /// x264 preset. With a rung's CRF it is the quality that the rung has to reach.
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
    /// Settings that reach a rung's quality in less time; the first that applies is taken.
    #[serde(default)]
    pub quicker: Vec<Quicker>,
    /// The rungs by name.
    pub rungs: BTreeMap<RenditionName, Rung>,
}

/// Settings of x264 that reach the same quality as the ladder's preset in less time and with more bits, as long as the
/// cap leaves room for these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quicker {
    /// The rungs that they are for.
    pub purpose: Purpose,
    /// x264 preset.
    pub preset: String,
    /// What is taken from the rung's CRF.
    pub crf_less: f64,
    /// The largest share of the cap, 0–1, that a picture may be expected to need.
    pub up_to: f64,
}

/// One rung: an H.264 picture with AAC sound. Neither is added if the source lacks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// What its files are for.
    pub purpose: Purpose,
    /// Short side of the picture, pixels; smaller if the source is smaller.
    pub short_side: u32,
    /// Constant rate factor that, with the ladder's preset, is the quality to reach.
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
