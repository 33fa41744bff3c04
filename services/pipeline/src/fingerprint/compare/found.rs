//! What a comparison finds.
use serde::{Deserialize, Serialize};

/// The ranges in which two works agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// The part of the shorter work that agrees, in percent.
    pub covered_percent: u32,
    /// The quality of the agreement there: 100 is bit for bit, 0 is chance.
    pub agreement_percent: u32,
    /// The ranges, in the order of the first work.
    pub ranges: Vec<MatchedRange>,
}

/// A range of time that two works share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchedRange {
    /// Its begin in the first work, ms from the start.
    pub start_ms: u64,
    /// Its end there.
    pub end_ms: u64,
    /// Its begin in the other work.
    pub other_start_ms: u64,
    /// Its end there.
    pub other_end_ms: u64,
}
