//! What a sample of the installation has.
use serde::{Deserialize, Serialize};

use crate::store::work::parts::QueueRow;

/// Entries in one state whose remaining work is read. If there are more, the others are assumed to need as much.
pub(super) const LOOKED_AT: i64 = 1_000;

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// By state.
    pub entries: Vec<Entries>,
    /// Refused ones by rule.
    pub rejected: Vec<Rejected>,
    /// By partner and state.
    pub deliveries: Vec<Deliveries>,
    /// Uploads that have not ended, by state.
    pub uploads: Vec<Uploads>,
    /// Parts that are not final, by stage and status.
    #[serde(default)]
    pub queues: Vec<QueueRow>,
    /// The remaining work, by state.
    pub backlog: Vec<Work>,
    /// By contest: entries that machines and partners still work on.
    #[serde(default)]
    pub contests: Vec<Contest>,
    /// Overdue recalls.
    pub recalls_overdue: i64,
    /// Size of the database.
    pub database_bytes: i64,
}

/// Entries in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entries {
    /// The state's name.
    pub state: String,
    /// How many.
    pub count: i64,
    /// Seconds since the least recent change of one of them.
    pub oldest_s: f64,
    /// Whether this is a final state: nothing more happens by itself, and no person is waited for.
    pub settled: bool,
}

/// Entries that one rule refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// The rejection's code.
    pub rule: String,
    /// How many.
    pub count: i64,
}

/// Deliveries of one partner in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deliveries {
    /// The partner's id.
    pub partner: String,
    /// The observed state's name.
    pub state: String,
    /// How many.
    pub count: i64,
    /// How long the oldest has been in this state, seconds.
    pub oldest_s: f64,
    /// Whether that state is final.
    pub settled: bool,
}

/// Uploads in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Uploads {
    /// `open` or `assembling`.
    pub state: String,
    /// How many.
    pub count: i64,
}

/// The remaining work of entries in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// The state's name.
    pub state: String,
    /// Seconds of one core.
    pub work_s: f64,
}

/// Entries in progress of one contest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contest {
    /// The contest's id.
    pub contest: String,
    /// How many are with a machine or on their way to partners, without those that wait for a reviewer or for their
    /// release.
    pub count: i64,
}

/// States in which machines, or a reviewer before them, still have work on an entry.
pub(crate) const AT_WORK: [&str; 5] = ["probe", "screen", "awaiting_review", "transcode", "assemble"];
