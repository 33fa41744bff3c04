//! One encode of the picture or of the sound.
use serde::{Deserialize, Serialize};

use crate::id::EncodeId;

/// The quality that an encode has to reach: what this preset gives at this CRF.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// x264 preset.
    pub preset: String,
    /// Constant rate factor of x264.
    pub crf: f64,
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
    /// The quality to reach; `None` in plans of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
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
