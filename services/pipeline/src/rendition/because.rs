//! The reasons of a plan.
use serde::{Deserialize, Serialize};

use crate::id::PartnerId;

/// A reason for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// What it decides. `None` in plans older than this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// The partner whose limit it is; `None` for a limit of the rung or the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerId>,
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// What a reason decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// That the picture is passed through.
    Copied,
    /// That it is not, although the partner would accept it: the limit that the source breaks.
    NotCopied,
    /// That two rungs became one.
    Merged,
    /// The size in pixels.
    Size,
    /// The cap on the bitrate.
    Bitrate,
    /// The encoder's settings.
    Quality,
    /// The frame rate.
    FrameRate,
    /// The length, if it differs from the picture's own.
    Length,
    /// The sound.
    Sound,
    /// The partners that get the same file.
    Shared,
}
