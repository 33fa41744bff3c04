//! How to check, and the result.
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::finding::Finding;

/// How to check.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether to read every object and compare its SHA-256, too.
    pub deep: bool,
    /// Objects younger than this are ignored, because their row may not be written yet.
    pub grace: Duration,
    /// Whether to repair what can be repaired.
    pub repair: bool,
}

/// The result.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Objects that match their record.
    pub sound: u64,
    /// Their bytes.
    pub sound_bytes: u64,
    /// Objects that are young, in use, or garbage already.
    pub left_alone: u64,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// What could not be checked, and why.
    pub not_looked_at: Vec<String>,
}

impl Report {
    /// Whether something is wrong that was not repaired.
    pub fn is_wrong(&self) -> bool {
        self.findings.iter().any(|finding| finding.repaired.is_none())
    }

    /// How many findings there are of each code and kind, as `code/kind`.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for finding in &self.findings {
            *counts.entry(finding.name()).or_insert(0) += 1;
        }
        counts
    }
}
