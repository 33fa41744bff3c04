//! The answer of an act on many works: a job that is created, or would be.
use std::collections::BTreeMap;

use runtime::store::bulk::{Ask, Kind, Looked};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::effect::Effect;
use super::estimate::Estimate;
use super::lasting::Lasting;
use super::untaken::Untaken;
use crate::act::beginning::Beginning;

/// A job that is created, or would be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobMade {
    /// The job; absent in a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Uuid>,
    /// What each work does.
    pub kind: Kind,
    /// Where new runs start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Beginning>,
    /// Works that the act can change now. A job does a few of them at a time, and checks each again when its turn
    /// comes.
    pub works: u64,
    /// Works that it cannot change now, by the state that they are in.
    pub cannot_begin: BTreeMap<String, u64>,
    /// Works that are left to another job.
    pub in_another_job: u64,
    /// Works whose files are being made now. A new run of them starts if they are ready when their turn comes.
    pub under_way: u64,
    /// The cost of new runs; only in a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// What each partner would receive from a release, or lose through a recall; only in a dry run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// What cannot be undone; only in a dry run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lasting: Vec<Lasting>,
    /// What partners do not accept in the works' texts; only in a dry run of a release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Untaken>,
    /// Works whose texts the dry run did not read, because there are too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unread_works: u64,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Digest of the works, their states, and what is desired at each partner.
    pub digest: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl JobMade {
    /// The answer for the works as read; a dry run adds its own parts.
    pub(super) fn of(looked: &Looked, ask: &Ask, from: Option<Beginning>, dry_run: bool) -> Self {
        Self {
            job: None,
            kind: ask.kind(),
            from,
            works: looked.works(),
            cannot_begin: looked.cannot_begin.clone(),
            in_another_job: looked.in_another_job,
            under_way: looked.under_way,
            estimate: None,
            effects: Vec::new(),
            lasting: Vec::new(),
            warnings: Vec::new(),
            unread_works: 0,
            dry_run,
            digest: looked.digest.clone(),
        }
    }
}
