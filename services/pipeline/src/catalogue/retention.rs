//! How long what is no longer needed is kept: `retention.toml`.
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// Durations; `None` keeps it for ever. What each is about stands in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days until it is forgotten who entered a work that nothing is open about any more.
    pub personal_data_days: Option<u32>,
    /// Days until files go that a newer run replaced and that no partner has.
    pub superseded_days: Option<u32>,
    /// Days until records of uploads go that were given up.
    pub uploads_days: Option<u32>,
    /// Days until records of attempts go that did not end their part.
    pub attempts_days: Option<u32>,
    /// Days until it is forgotten what machines made of parts that nothing reads any more.
    pub outputs_days: Option<u32>,
    /// Days until lines of history go that only say how one part went.
    pub history_days: Option<u32>,
    /// Days until exchanges with partners go that were made again later.
    pub exchanges_days: Option<u32>,
    /// Days until sessions and invitations of staff are deleted.
    pub sign_ins_days: Option<u32>,
    /// Days until entry forms are deleted that were begun in a browser and not sent.
    pub drafts_days: Option<u32>,
    /// Hours until a dead process' scratch files go.
    pub scratch_hours: Option<u32>,
}

impl Retention {
    /// A number of days as a span of time.
    pub fn days(days: u32) -> TimeDelta {
        TimeDelta::days(i64::from(days))
    }

    /// Every duration that is set, with its key, in its own unit.
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
