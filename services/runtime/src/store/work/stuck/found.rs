//! A violation, as it is found.
use serde::Serialize;
use uuid::Uuid;

/// The kinds, as in metric labels and finding names.
pub const KINDS: [&str; 3] = ["delivery", "part", "surplus"];

/// One violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stuck {
    /// `delivery`: no part is open for it. `part`: the entry waits for it and it is not open. `surplus`: open, but not
    /// needed.
    pub kind: String,
    /// The submission.
    pub submission: Uuid,
    /// The run of the part, existing or missing.
    pub run: i32,
    /// The part's stage.
    pub stage: String,
    /// The part's text form.
    pub part: String,
}
