//! The form of an act on one work.
use serde::Deserialize;

/// The fields of every act's form. Each act reads its own fields, and its form shows no others.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Fields {
    /// Show what would follow, or do it.
    pub(super) step: Step,
    /// The digest of the dry run.
    pub(super) digest: Option<String>,
    pub(super) reason: Option<String>,
    /// Empty means all.
    pub(super) partners: Vec<String>,
    /// Beijing time, as browsers send it.
    pub(super) at: Option<String>,
    /// A stage.
    pub(super) from: Option<String>,
    pub(super) replace: Option<String>,
    pub(super) held: Option<String>,
    /// Beijing time; absent closes the window.
    pub(super) until: Option<String>,
    /// `STAGE/PART`; absent means all.
    pub(super) part: Option<String>,
}

/// Which button was pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    #[default]
    Look,
    Do,
}
