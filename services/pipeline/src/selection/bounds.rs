//! How large a selection may be.

/// Longest text of a selection, bytes: more than people type, small enough to be stored with the job and shown.
pub const MAX_BYTES: usize = 2000;

/// Most conditions of a selection.
pub const MAX_CONDITIONS: usize = 20;

/// Most alternatives of a condition.
pub const MAX_NAMES: usize = 64;
