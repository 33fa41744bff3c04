//! Compares two works: finds the time shift at which they agree best, and the ranges that agree at that shift.
use serde::{Deserialize, Serialize};

use super::print::Fingerprint;

pub use found::{Match, MatchedRange};

mod along;
mod found;
mod picture;
mod sound;

/// How alike two works are. Empty for unrelated works.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likeness {
    /// Similarity of the pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Match>,
    /// Similarity of the sounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<Match>,
}

/// Compares a work with another one.
pub fn compare(work: &Fingerprint, other: &Fingerprint) -> Likeness {
    Likeness {
        picture: picture::compare(&work.picture, &other.picture),
        sound: sound::compare(&work.sound, &other.sound),
    }
}
