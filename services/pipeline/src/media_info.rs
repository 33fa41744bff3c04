//! What the probe measured of a file. Nothing here is believed from a header where it could be counted or decoded.
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

    /// A fraction; a denominator of 0 becomes 1, since files claim such things.
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

/// A stretch of media time, in milliseconds from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// First millisecond of it.
    pub start_ms: u64,
    /// First millisecond after it.
    pub end_ms: u64,
}

/// Everything the probe knows about one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaInfo {
    /// Size of the file in bytes.
    pub size_bytes: u64,
    /// What the bytes are, by their own magic: `mp4`, `mov`, `matroska`, `mpegts`, …
    pub format: String,
    /// The major brand of an ISO file, such as `isom`, `mp42`, `qt  `; empty for others.
    pub brand: String,
    /// The compatible brands of an ISO file, in order; empty for others, or where nobody looked.
    #[serde(default)]
    pub compatible_brands: Vec<String>,
    /// Exact duration of what was decoded, in milliseconds: from the first of picture and sound to the end of the last.
    pub duration_ms: u64,
    /// Mean bitrate over the whole file, kbit/s.
    pub bitrate_kbps: u64,
    /// The picture; a file without one is refused before this is built.
    pub video: VideoInfo,
    /// The sound, when there is any. The first stream that players would take.
    pub audio: Option<AudioInfo>,
    /// How many streams of each kind the file has.
    pub streams: StreamCount,
    /// Tracks of picture and sound that are not used, in the file's order. Empty where nobody looked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_tracks: Vec<OtherTrack>,
    /// Errors while decoding: packets or frames that were damaged.
    pub decode_errors: u64,
    /// Where these errors lie, in ms after the first picture, in order: at most [`MediaInfo::MOST_DAMAGE`] stretches. Empty where
    /// there are none, where the file has no times for them, and in records of earlier releases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<Stretch>,
    /// The AI label (GB 45438-2025) as JSON text, exactly as found under the key `AIGC`.
    pub aigc: Option<String>,
    /// What is odd about the file's structure, though a viewer misses nothing. Empty where nobody looked.
    #[serde(default)]
    pub oddities: Vec<Oddity>,
}

/// What the simplest rules ask of a work. Measured, or as a file's headers claim before anything is decoded.
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

/// How many streams of each kind a file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamCount {
    /// Moving pictures (attached covers not counted).
    pub video: u32,
    /// Sound.
    pub audio: u32,
    /// Everything else: subtitles, data, attached pictures.
    pub other: u32,
}

/// A track of picture or sound that is not used, because another one is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherTrack {
    /// Stream index in the file.
    pub stream: u32,
    /// What it carries.
    pub kind: TrackKind,
    /// Codec by ffmpeg's name, or the four-character code of its sample entry where ffmpeg has no name for it.
    pub codec: String,
    /// Channels of a sound; 0 for a picture, or where unknown.
    pub channels: u32,
    /// Why the other one is used.
    pub why: Unused,
}

/// What a track carries.
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
    /// No decoder for it is allowed here.
    Undecodable,
    /// It is a single picture, where the other one moves.
    Still,
    /// It is not enabled, or not the default, where the other one is.
    NotDefault,
    /// It is made for a special purpose, such as a commentary, where the other one is not.
    Auxiliary,
    /// The other one comes first in the file, or belongs to the picture's program.
    Later,
}

/// How a picture's fields lie.
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

/// The transfer function, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// BT.709 and its like.
    Sdr,
    /// SMPTE ST 2084.
    Pq,
    /// ARIB STD-B67.
    Hlg,
}

/// Colour as tagged, by container and bitstream together; ffmpeg's own names, `unknown` where neither says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colour {
    /// Matrix, such as `bt709`, `smpte170m`, `bt2020nc`.
    pub matrix: String,
    /// Primaries.
    pub primaries: String,
    /// Transfer characteristic as tagged.
    pub transfer_name: String,
    /// What the transfer means for us.
    pub transfer: Transfer,
    /// Whether samples use the full range (`pc`) instead of the limited one.
    pub full_range: bool,
}

impl Colour {
    /// The matrix. Where it is untagged, the one that goes with the curve and the primaries; where these do not say it either, what
    /// players assume: BT.601 for a coded picture of fewer than 720 lines, else BT.709.
    pub fn matrix_of(&self, coded_width: u32, coded_height: u32) -> &str {
        if !is_untagged(&self.matrix) {
            return &self.matrix;
        }
        // BT.2100 gives PQ and HLG no other primaries, and its matrix is BT.2020's.
        if self.transfer != Transfer::Sdr {
            return "bt2020nc";
        }
        let of = |name: &str| match name {
            "bt2020" | "bt2020-10" | "bt2020-12" => Some("bt2020nc"),
            // Screens' wide primaries come with BT.709's matrix, as phones write them.
            "bt709" | "smpte431" | "smpte432" => Some("bt709"),
            "smpte170m" | "bt470bg" | "bt470m" => Some("smpte170m"),
            "smpte240m" => Some("smpte240m"),
            _ => None,
        };
        // Primaries first: the curves of BT.601, BT.709 and BT.2020 are one and the same, and are often tagged for each other.
        let known = of(&self.primaries).or_else(|| of(&self.transfer_name));
        known.unwrap_or(if coded_width.min(coded_height) < 720 { "smpte170m" } else { "bt709" })
    }
}

/// Whether a name of ffmpeg's says that there is no tag.
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
    /// Width as people see it: after rotation and pixel aspect, rounded to even.
    pub display_width: u32,
    /// Height as people see it.
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
    /// How much longer than usual the last picture stays, ms: a closing title that is one long frame. Within `duration_ms`. 0 where
    /// it does not, or nobody looked.
    #[serde(default)]
    pub last_picture_stays_ms: u64,
    /// Mean frame rate that was counted.
    pub frame_rate: Ratio,
    /// Whether frame durations vary by more than rounding.
    pub variable_rate: bool,
    /// Fields; of a mixture of whole frames and fields, the order of the fields.
    pub field_order: FieldOrder,
    /// Colour.
    pub colour: Colour,
    /// Longest distance between key frames, ms.
    pub max_key_frame_interval_ms: u64,
    /// Whether no picture that follows a key frame in the stream is shown before it. False where nobody looked.
    #[serde(default)]
    pub closed_gops: bool,
    /// Whether the first picture refers to nothing before it (H.264: is an IDR picture), which a cut without encoding need not leave.
    /// False where nobody looked.
    #[serde(default)]
    pub begins_with_idr: bool,
    /// Whether every picture has the first one's fields and colour and the header's profile and level (H.264), which joining without
    /// encoding need not leave. False where nobody looked.
    #[serde(default)]
    pub uniform: bool,
    /// Shortest distance such that a key frame lies at every multiple of it, in frames from the first picture on; 0 where they keep
    /// no such pace, or nobody looked.
    #[serde(default)]
    pub key_frame_pace_frames: u32,
    /// Pictures at which decoding may begin, in ticks of the stream's time base, in order. `None` where the file's own marks of key
    /// frames were tried and hold, or nobody looked. An empty list leaves the beginning of the file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_points: Option<Vec<i64>>,
    /// Mean bitrate of the stream, kbit/s.
    pub bitrate_kbps: u64,
    /// Highest bitrate of any second, kbit/s.
    pub peak_bitrate_kbps: u64,
    /// Bytes of the stream in each second after its first packet, by which busy stretches are told from calm ones. Empty where it
    /// lasts longer than an hour.
    #[serde(default)]
    pub bytes_by_second: Vec<u64>,
    /// Stretches of black of at least 2 s.
    pub black: Vec<Stretch>,
    /// Stretches of at least 5 s in which nothing moves.
    pub frozen: Vec<Stretch>,
    /// Stretches of at least 5 s in which nothing moves but grain, which an encode may smooth away. Empty where nobody looked.
    #[serde(default)]
    pub calm: Vec<Stretch>,
    /// Where one scene gives way to another at once, ms after the first picture, in order. At most two thousand; fades are none.
    #[serde(default)]
    pub scene_changes_ms: Vec<u64>,
    /// Moments that would make a good cover, ms after the first picture, best first: sharp, not black, not in a transition,
    /// unlike each other, spread over the work. Empty where none was looked for.
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
    /// Integrated loudness in LUFS (EBU R 128 / BS.1770-4); `None` when silent (gated away wholly).
    pub loudness_lufs: Option<f64>,
    /// True peak, dBTP; `None` for digital silence.
    pub true_peak_dbtp: Option<f64>,
    /// Stretches of at least 2 s below −60 dBFS.
    pub silent: Vec<Stretch>,
    /// Stretches of at least 2 s below −40 dBFS, which may be silence when the whole is turned down. Empty where nobody looked.
    #[serde(default)]
    pub quiet: Vec<Stretch>,
    /// Loudness over time. `None` where it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_term: Option<ShortTerm>,
}

/// Short-term loudness over time (EBU Tech 3341): each value is the loudness of the three seconds before its moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShortTerm {
    /// Seconds from one value to the next: 1, and a power of two where one a second would be more than [`ShortTerm::MOST`].
    pub step_s: u32,
    /// LUFS, with one decimal, not below [`ShortTerm::FLOOR_LUFS`]. The first is measured three seconds after the sound begins; empty
    /// where the sound is shorter.
    pub lufs: Vec<f64>,
}

impl ShortTerm {
    /// Length of the window, seconds.
    pub const WINDOW_S: u32 = 3;
    /// Most values: eight minutes, the longest work of the contest, at one a second.
    pub const MOST: usize = 480;
    /// Lowest value, LUFS: the absolute gate of BS.1770.
    pub const FLOOR_LUFS: f64 = -70.0;

    /// The values with the moments at which their windows end, seconds after the sound begins.
    pub fn moments(&self) -> impl Iterator<Item = (u32, f64)> {
        let at = |place: usize| u32::try_from(place).unwrap_or(u32::MAX).saturating_mul(self.step_s);
        self.lufs.iter().enumerate().map(move |(place, lufs)| (Self::WINDOW_S.saturating_add(at(place)), *lufs))
    }
}

/// Sound that begins earlier or ends later than the picture by no more than this is cut to it, ms: codecs pad, editors round.
const SLACK_MS: i64 = 250;

impl MediaInfo {
    /// Stretches of damage at most: more are a film that is damaged throughout.
    pub const MOST_DAMAGE: usize = 200;

    /// What the simplest rules ask of it.
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

    /// How long the sound plays before the first picture is shown, ms; 0 where it is not worth keeping.
    pub fn sound_before_ms(&self) -> u64 {
        self.audio.as_ref().map_or(0, |sound| beyond(self.video.start_ms.saturating_sub(sound.start_ms)))
    }

    /// How long the sound plays on after the last picture's end, ms; 0 where it is not worth keeping.
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
    fn a_matrix_that_is_not_tagged_follows_from_the_curve_and_the_primaries_before_the_size() {
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
