//! What was measured of the sound.
use serde::{Deserialize, Serialize};

use super::measure::Stretch;

/// The sound stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioInfo {
    /// Stream index in the file.
    pub stream: u32,
    /// Codec by ffmpeg's name.
    pub codec: String,
    /// Profile, such as `LC`; may be empty.
    pub profile: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u32,
    /// Channel layout by ffmpeg's name: `mono`, `stereo`, `5.1`.
    pub layout: String,
    /// Presentation time of the first sample, ms.
    pub start_ms: i64,
    /// Duration of decoded sound in milliseconds.
    pub duration_ms: u64,
    /// Mean bitrate, kbit/s.
    pub bitrate_kbps: u64,
    /// Integrated loudness in LUFS (EBU R 128 / BS.1770-4); `None` if all of it is below the gate.
    pub loudness_lufs: Option<f64>,
    /// True peak, dBTP; `None` for digital silence.
    pub true_peak_dbtp: Option<f64>,
    /// At least 2 s below −60 dBFS.
    pub silent: Vec<Stretch>,
    /// At least 2 s below −40 dBFS, which may be silence if the whole is turned down. Empty if not examined.
    #[serde(default)]
    pub quiet: Vec<Stretch>,
    /// Loudness over time. `None` if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_term: Option<ShortTerm>,
}

/// Short-term loudness over time (EBU Tech 3341): each value is the loudness of the three seconds before its moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShortTerm {
    /// Seconds between two values: 1, or a power of two if one a second would exceed [`ShortTerm::MOST`].
    pub step_s: u32,
    /// LUFS, with one decimal, at least [`ShortTerm::FLOOR_LUFS`]. The first is measured three seconds after the sound
    /// begins; empty if the sound is shorter.
    pub lufs: Vec<f64>,
}

impl ShortTerm {
    /// Length of the window, seconds.
    pub const WINDOW_S: u32 = 3;
    /// Most values: eight minutes, the longest work of the contest, at one a second.
    pub const MOST: usize = 480;
    /// Lowest value, LUFS: the absolute gate of BS.1770.
    pub const FLOOR_LUFS: f64 = -70.0;

    /// The values with the times at which their windows end, seconds after the sound begins.
    pub fn moments(&self) -> impl Iterator<Item = (u32, f64)> {
        let at = |place: usize| u32::try_from(place).unwrap_or(u32::MAX).saturating_mul(self.step_s);
        self.lufs.iter().enumerate().map(move |(place, lufs)| (Self::WINDOW_S.saturating_add(at(place)), *lufs))
    }
}
