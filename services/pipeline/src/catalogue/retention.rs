//! How long data is kept after it is no longer needed: `retention.toml`.
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// Durations; `None` keeps it for ever. The file explains each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days until the entrant's data of a work without open business is deleted.
    pub personal_data_days: Option<u32>,
    /// Days until files that a newer run replaced and that no partner has are deleted.
    pub superseded_days: Option<u32>,
    /// Days until records of abandoned uploads are deleted.
    pub uploads_days: Option<u32>,
    /// Days until records of attempts that did not end their part are deleted.
    pub attempts_days: Option<u32>,
    /// Days until outputs of parts that are no longer read are deleted.
    pub outputs_days: Option<u32>,
    /// Days until lines of history about single parts are deleted.
    pub history_days: Option<u32>,
    /// Days until exchanges with partners that a later one superseded are deleted.
    pub exchanges_days: Option<u32>,
    /// Days until sessions and invitations of staff are deleted.
    pub sign_ins_days: Option<u32>,
    /// Days until entry forms that were begun in a browser and not sent are deleted.
    pub drafts_days: Option<u32>,
    /// Hours until a dead process' scratch files are deleted.
    pub scratch_hours: Option<u32>,
}

impl Retention {
    /// A number of days as a span of time.
    pub fn days(days: u32) -> TimeDelta {
        TimeDelta::days(i64::from(days))
    }

    /// Every duration that is set, with its key, in the key's unit.
    pub fn set(&self) -> impl Iterator<Item = (&'static str, u32)> {
        [
            ("personal_data_days", self.personal_data_days),
            ("superseded_days", self.superseded_days),
            ("uploads_days", self.uploads_days),
            ("attempts_days", self.attempts_days),
            ("outputs_days", self.outputs_days),
            ("history_days", self.history_days),
            ("exchanges_days", self.exchanges_days),
            ("sign_ins_days", self.sign_ins_days),
            ("drafts_days", self.drafts_days),
            ("scratch_hours", self.scratch_hours),
        ]
        .into_iter()
        .filter_map(|(key, value)| value.map(|value| (key, value)))
    }
}
