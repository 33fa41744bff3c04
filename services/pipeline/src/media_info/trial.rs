//! How hard a picture is to encode.
use serde::{Deserialize, Serialize};

/// Short stretches of the picture, encoded quickly: what other settings need follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Size of the pictures that were encoded, pixels.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// The constant rate factor of x264.
    pub crf: f64,
    /// Bitrate over all stretches, kbit/s.
    pub mean_kbps: u64,
    /// Bitrate of the hardest stretch, kbit/s.
    pub hardest_kbps: u64,
}
