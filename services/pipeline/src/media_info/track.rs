//! How many streams a file has, and which tracks are not used.
use serde::{Deserialize, Serialize};

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
