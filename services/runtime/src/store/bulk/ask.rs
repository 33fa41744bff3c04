//! What a job does with each of its works, and how that is stored in the job's row.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use pipeline::id::PartnerId;
use pipeline::stage::Stage;
use pipeline::submission::{Event, Redo};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;

/// What a job does with its works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = JobKind)]
pub enum Kind {
    /// Start a new run.
    #[default]
    Reprocess,
    /// Release them to partners.
    Release,
    /// Recall them from partners.
    Recall,
}

/// What a job does with each work, with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Start a new run.
    Reprocess {
        /// The first stage of the run.
        from: Stage,
        /// What it does at partners.
        redo: Redo,
    },
    /// Release it to partners.
    Release {
        /// To these; `None` means to all of the work's partners.
        partners: Option<BTreeSet<PartnerId>>,
        /// Not before this instant.
        at: Option<DateTime<Utc>>,
    },
    /// Recall it from partners.
    Recall {
        /// From these; `None` revokes the work as a whole.
        partners: Option<BTreeSet<PartnerId>>,
        /// When each partner's recall must be proven.
        within: BTreeMap<PartnerId, Duration>,
    },
}

/// The columns of a job that describe what its works do.
pub(super) struct Columns {
    pub(super) kind: String,
    pub(super) from_stage: Option<String>,
    pub(super) partners: Option<Vec<String>>,
    pub(super) replace: Vec<String>,
    pub(super) release_at: Option<DateTime<Utc>>,
    pub(super) recall_within_s: Option<Json<BTreeMap<PartnerId, u64>>>,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 3] = [Kind::Reprocess, Kind::Release, Kind::Recall];

    /// Its value in the database.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Reprocess => "reprocess",
            Kind::Release => "release",
            Kind::Recall => "recall",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| format!("there is no job of kind {name}"))
    }
}

impl Ask {
    /// The kind of the job.
    pub fn kind(&self) -> Kind {
        match self {
            Ask::Reprocess { .. } => Kind::Reprocess,
            Ask::Release { .. } => Kind::Release,
            Ask::Recall { .. } => Kind::Recall,
        }
    }

    /// The event that it applies to each work.
    pub fn event(&self) -> Event {
        match self {
            Ask::Reprocess { from, redo } => Event::Reprocess { from: *from, redo: redo.clone() },
            Ask::Release { partners, .. } => Event::Released { partners: partners.clone() },
            Ask::Recall { partners: Some(partners), .. } => Event::Recalled { partners: partners.clone() },
            Ask::Recall { partners: None, .. } => Event::Revoked,
        }
    }

    /// The named partners; `None` means all.
    pub fn partners(&self) -> Option<&BTreeSet<PartnerId>> {
        match self {
            Ask::Reprocess { redo, .. } => redo.partners.as_ref(),
            Ask::Release { partners, .. } | Ask::Recall { partners, .. } => partners.as_ref(),
        }
    }

    /// Partners whose files a new run replaces.
    pub(super) fn replace(&self) -> Option<&BTreeSet<PartnerId>> {
        match self {
            Ask::Reprocess { redo, .. } => Some(&redo.replace),
            Ask::Release { .. } | Ask::Recall { .. } => None,
        }
    }

    /// For a job's row.
    pub(super) fn columns(&self) -> Columns {
        let names = |partners: &BTreeSet<PartnerId>| partners.iter().map(ToString::to_string).collect::<Vec<_>>();
        let columns = Columns {
            kind: self.kind().name().to_owned(),
            from_stage: None,
            partners: self.partners().map(names),
            replace: self.replace().map(names).unwrap_or_default(),
            release_at: None,
            recall_within_s: None,
        };
        match self {
            Ask::Reprocess { from, .. } => Columns { from_stage: Some(from.name().to_owned()), ..columns },
            Ask::Release { at, .. } => Columns { release_at: *at, ..columns },
            Ask::Recall { within, .. } => {
                let seconds = within.iter().map(|(id, within)| (id.clone(), within.as_secs())).collect();
                Columns { recall_within_s: Some(Json(seconds)), ..columns }
            }
        }
    }

    /// From a job's row.
    pub(super) fn of(columns: Columns) -> anyhow::Result<Self> {
        let Columns { kind, from_stage, partners, replace, release_at, recall_within_s } = columns;
        let partners = partners.map(|names| names.into_iter().map(PartnerId::new).collect());
        Ok(match kind.parse().map_err(anyhow::Error::msg)? {
            Kind::Reprocess => {
                let from = from_stage.context("a job of new runs has no stage")?.parse()?;
                let replace = replace.into_iter().map(PartnerId::new).collect();
                Ask::Reprocess { from, redo: Redo { partners, replace } }
            }
            Kind::Release => Ask::Release { partners, at: release_at },
            Kind::Recall => {
                let within = recall_within_s.map(|it| it.0).unwrap_or_default();
                let within = within.into_iter().map(|(id, seconds)| (id, Duration::from_secs(seconds))).collect();
                Ask::Recall { partners, within }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_row_has_is_what_was_asked() {
        let partners: Option<BTreeSet<PartnerId>> = Some(["cctv".into(), "douyin".into()].into());
        let redo = Redo { partners: None, replace: ["cctv".into()].into() };
        let within = BTreeMap::from([("cctv".into(), Duration::from_secs(86_400))]);
        for ask in [
            Ask::Reprocess { from: Stage::Screen, redo },
            Ask::Release { partners: partners.clone(), at: Some(DateTime::UNIX_EPOCH) },
            Ask::Release { partners: None, at: None },
            Ask::Recall { partners, within: within.clone() },
            Ask::Recall { partners: None, within },
        ] {
            let columns = ask.columns();
            assert_eq!(columns.kind, ask.kind().to_string());
            assert_eq!(Ask::of(columns).expect("it reads back"), ask);
        }
        assert!("withdraw".parse::<Kind>().is_err());
    }
}
