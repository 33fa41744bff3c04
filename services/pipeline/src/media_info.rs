//! What the probe measured of a file. No header is trusted where the value can be counted or decoded.
use serde::{Deserialize, Serialize};

mod audio;
mod colour;
mod measure;
mod oddity;
mod track;
mod trial;
mod video;

pub use audio::{AudioInfo, ShortTerm};
pub use colour::{Colour, Transfer};
pub use measure::{Ratio, Stretch};
pub use oddity::Oddity;
pub use track::{OtherTrack, StreamCount, TrackKind, Unused};
pub use trial::Trial;
pub use video::{FieldOrder, VideoInfo};

/// The probe's result for one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaInfo {
    /// Size of the file in bytes.
    pub size_bytes: u64,
    /// The format, from the bytes' own magic: `mp4`, `mov`, `matroska`, `mpegts`, …
    pub format: String,
    /// The major brand of an ISO file, such as `isom`, `mp42`, `qt  `; empty for others.
    pub brand: String,
    /// The compatible brands of an ISO file, in order; empty for others, or if not examined.
    #[serde(default)]
    pub compatible_brands: Vec<String>,
    /// Exact duration of what was decoded, in milliseconds: from the first of picture and sound to the end of the last.
    pub duration_ms: u64,
    /// Mean bitrate over the whole file, kbit/s.
    pub bitrate_kbps: u64,
    /// The picture; a file without one is refused before this is built.
    pub video: VideoInfo,
    /// The sound, if there is any: the first stream that players would use.
    pub audio: Option<AudioInfo>,
    /// How many streams of each kind the file has.
    pub streams: StreamCount,
    /// Tracks of picture and sound that are not used, in the file's order. Empty if not examined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_tracks: Vec<OtherTrack>,
    /// Errors while decoding: packets or frames that were damaged.
    pub decode_errors: u64,
    /// Positions of these errors, in ms after the first picture, in order: at most [`MediaInfo::MOST_DAMAGE`] ranges.
    /// Empty if there are none, if the file has no times for them, and in records of earlier releases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<Stretch>,
    /// The AI label (GB 45438-2025) as JSON text, exactly as found under the key `AIGC`.
    pub aigc: Option<String>,
    /// Oddities of the file's structure that are not visible to a viewer. Empty if not examined.
    #[serde(default)]
    pub oddities: Vec<Oddity>,
}

/// What the simplest rules need to know of a work: measured, or claimed by the file's headers before anything is
/// decoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// As [`MediaInfo::format`].
    pub format: String,
    /// As [`MediaInfo::brand`].
    pub brand: String,
    /// As [`MediaInfo::compatible_brands`].
    #[serde(default)]
    pub compatible_brands: Vec<String>,
    /// How long the picture is shown, ms.
    pub picture_ms: u64,
    /// From the first of picture and sound to the end of the last, ms.
    pub duration_ms: u64,
    /// Width as people see it, pixels.
    pub display_width: u32,
    /// Height as people see it, pixels.
    pub display_height: u32,
}

/// Sound that begins earlier or ends later than the picture by at most this is cut to it, ms: codecs pad, editors
/// round.
const SLACK_MS: i64 = 250;

impl MediaInfo {
    /// Most ranges of damage: a file with more is damaged throughout.
    pub const MOST_DAMAGE: usize = 200;

    /// The values that the simplest rules need.
    pub fn outline(&self) -> Outline {
        Outline {
            format: self.format.clone(),
            brand: self.brand.clone(),
            compatible_brands: self.compatible_brands.clone(),
            picture_ms: self.video.duration_ms,
            duration_ms: self.duration_ms,
            display_width: self.video.display_width,
            display_height: self.video.display_height,
        }
    }

    /// How long the sound plays before the first picture is shown, ms; 0 if too short to keep.
    pub fn sound_before_ms(&self) -> u64 {
        self.audio.as_ref().map_or(0, |sound| beyond(self.video.start_ms.saturating_sub(sound.start_ms)))
    }

    /// How long the sound plays after the last picture's end, ms; 0 if too short to keep.
    pub fn sound_after_ms(&self) -> u64 {
        let end = |start_ms: i64, duration_ms: u64| start_ms.saturating_add_unsigned(duration_ms);
        let picture_end = end(self.video.start_ms, self.video.duration_ms);
        self.audio
            .as_ref()
            .map_or(0, |sound| beyond(end(sound.start_ms, sound.duration_ms).saturating_sub(picture_end)))
    }
}

fn beyond(ms: i64) -> u64 {
    if ms > SLACK_MS { ms.unsigned_abs() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_untagged_matrix_follows_from_curve_and_primaries_before_size() {
        let of = |primaries: &str, transfer_name: &str, transfer: Transfer, lines: u32| {
            let (matrix, full_range) = ("unknown".to_owned(), false);
            let colour = Colour {
                matrix,
                primaries: primaries.into(),
                transfer_name: transfer_name.into(),
                transfer,
                full_range,
            };
            colour.matrix_of(lines * 16 / 9, lines).to_owned()
        };
        for lines in [180, 1080] {
            assert_eq!(of("bt2020", "arib-std-b67", Transfer::Hlg, lines), "bt2020nc");
            assert_eq!(of("unknown", "smpte2084", Transfer::Pq, lines), "bt2020nc");
            assert_eq!(of("bt2020", "unknown", Transfer::Sdr, lines), "bt2020nc");
            assert_eq!(of("unknown", "bt2020-10", Transfer::Sdr, lines), "bt2020nc");
            assert_eq!(of("bt709", "smpte170m", Transfer::Sdr, lines), "bt709");
            assert_eq!(of("smpte432", "iec61966-2-1", Transfer::Sdr, lines), "bt709");
            assert_eq!(of("bt470bg", "bt709", Transfer::Sdr, lines), "smpte170m");
        }
        assert_eq!(of("unknown", "unknown", Transfer::Sdr, 576), "smpte170m");
        assert_eq!(of("unknown", "iec61966-2-1", Transfer::Sdr, 720), "bt709");
    }
}
