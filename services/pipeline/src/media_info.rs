//! What the probe measured of a file. No header is trusted where the value can be counted or decoded.
use std::fmt;

use serde::{Deserialize, Serialize};

mod oddity;

pub use oddity::Oddity;

/// An exact fraction, such as a frame rate (30000/1001) or a pixel aspect (64/45). The denominator is never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ratio {
    /// Numerator.
    pub num: u32,
    /// Denominator, at least 1.
    pub den: u32,
}

impl Ratio {
    /// One to one.
    pub const ONE: Ratio = Ratio { num: 1, den: 1 };

    /// A fraction; a denominator of 0, which files contain, becomes 1.
    pub fn new(num: u32, den: u32) -> Self {
        Self { num, den: den.max(1) }
    }

    /// The value as a float, for comparing and showing.
    pub fn value(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

/// A range of media time, in milliseconds from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// First millisecond of it.
    pub start_ms: u64,
    /// First millisecond after it.
    pub end_ms: u64,
}

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

/// The number of streams of each kind in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamCount {
    /// Moving pictures (attached covers not counted).
    pub video: u32,
    /// Sound.
    pub audio: u32,
    /// Everything else: subtitles, data, attached pictures.
    pub other: u32,
}

/// A track of picture or sound that is not used because another one is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherTrack {
    /// Stream index in the file.
    pub stream: u32,
    /// Its kind.
    pub kind: TrackKind,
    /// Codec by ffmpeg's name, or the four-character code of its sample entry if ffmpeg has no name for it.
    pub codec: String,
    /// Channels of a sound; 0 for a picture, or where unknown.
    pub channels: u32,
    /// Why the other one is used.
    pub why: Unused,
}

/// The kind of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackKind {
    /// Pictures.
    Picture,
    /// Sound.
    Sound,
}

/// Why a track is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unused {
    /// No allowed decoder supports it.
    Undecodable,
    /// It is a single picture, and the other track moves.
    Still,
    /// It is not enabled, or not the default, and the other track is.
    NotDefault,
    /// It has a special purpose, such as a commentary, and the other track has none.
    Auxiliary,
    /// The other track is earlier in the file, or belongs to the picture's program.
    Later,
}

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

/// The transfer function, as far as it is distinguished here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// BT.709 and similar.
    Sdr,
    /// SMPTE ST 2084.
    Pq,
    /// ARIB STD-B67.
    Hlg,
}

/// Colour as tagged, from container and bitstream together; ffmpeg's own names, `unknown` if neither has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colour {
    /// Matrix, such as `bt709`, `smpte170m`, `bt2020nc`.
    pub matrix: String,
    /// Primaries.
    pub primaries: String,
    /// Transfer characteristic as tagged.
    pub transfer_name: String,
    /// Its class.
    pub transfer: Transfer,
    /// Whether samples use the full range (`pc`) instead of the limited one.
    pub full_range: bool,
}

impl Colour {
    /// The matrix. If it is untagged, the one that belongs to the curve and the primaries; if these are untagged too,
    /// what players assume: BT.601 for a coded picture of fewer than 720 lines, else BT.709.
    pub fn matrix_of(&self, coded_width: u32, coded_height: u32) -> &str {
        if !is_untagged(&self.matrix) {
            return &self.matrix;
        }
        // BT.2100 defines no other primaries for PQ and HLG, and their matrix is BT.2020's.
        if self.transfer != Transfer::Sdr {
            return "bt2020nc";
        }
        let of = |name: &str| match name {
            "bt2020" | "bt2020-10" | "bt2020-12" => Some("bt2020nc"),
            // The wide primaries of screens are used with BT.709's matrix, as phones write them.
            "bt709" | "smpte431" | "smpte432" => Some("bt709"),
            "smpte170m" | "bt470bg" | "bt470m" => Some("smpte170m"),
            "smpte240m" => Some("smpte240m"),
            _ => None,
        };
        // Primaries first: the curves of BT.601, BT.709 and BT.2020 are the same, and are often tagged for each other.
        let known = of(&self.primaries).or_else(|| of(&self.transfer_name));
        known.unwrap_or(if coded_width.min(coded_height) < 720 { "smpte170m" } else { "bt709" })
    }
}

/// Whether a name of ffmpeg's means that there is no tag.
fn is_untagged(name: &str) -> bool {
    matches!(name, "" | "unknown" | "unspecified" | "reserved")
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

impl VideoInfo {
    /// The smaller of display width and height, in pixels.
    pub fn short_side(&self) -> u32 {
        self.display_width.min(self.display_height)
    }
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
