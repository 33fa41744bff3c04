//! A partner's limits, each with its source.
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// How reliable the source of a limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceTag {
    /// The platform's own document.
    O,
    /// A third party's contract that quotes it.
    C,
    /// Open-source code that does it.
    R,
    /// A secondary page.
    #[serde(rename = "2")]
    Secondary,
    /// Our assumption, until the partner's contract says otherwise.
    A,
}

/// A limit together with its source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sourced<T> {
    /// The limit itself.
    pub value: T,
    /// The reliability of the source.
    pub tag: SourceTag,
    /// The document or page.
    pub source: String,
    /// The day from which we regard it as valid.
    pub valid_from: NaiveDate,
}

/// The limits of a partner. A missing one is unknown. The unit is the last word of each name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest file, bytes.
    pub max_size_bytes: Option<Sourced<u64>>,
    /// Longest work, seconds.
    pub max_duration_s: Option<Sourced<u64>>,
    /// Calls a minute in the long run.
    pub calls_per_minute: Option<Sourced<u32>>,
    /// Longest side of the picture, pixels.
    pub max_side_pixels: Option<Sourced<u32>>,
    /// Highest bitrate of the picture, kbit/s.
    pub max_bitrate_kbps: Option<Sourced<u32>>,
    /// Highest bitrate of the sound, kbit/s.
    pub max_audio_bitrate_kbps: Option<Sourced<u32>>,
    /// Shortest title, characters.
    pub title_min_chars: Option<Sourced<u32>>,
    /// Longest title, characters.
    pub title_max_chars: Option<Sourced<u32>>,
    /// Longest description, characters.
    pub text_max_chars: Option<Sourced<u32>>,
    /// Most tags.
    pub tags_max: Option<Sourced<u32>>,
    /// All tags together, characters.
    pub tags_max_chars: Option<Sourced<u32>>,
}
