//! Reprocess: a new run of one work. Files in force stay in force until the new files have passed quality control, and
//! partners keep their files unless `replace` says otherwise. For many works at once, `bulk` makes a job.
use std::collections::BTreeSet;

use pipeline::catalogue::Catalogue;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::partner::Replacement;
use pipeline::submission::Redo;
use runtime::problem::Problem;
use runtime::store::bulk::{Ask, Which};
use serde::Deserialize;
use utoipa::ToSchema;

use super::bulk::JobMade;
use super::bulk::making::{Terms, make};
use super::release::known;
use super::{Caller, Done};
use crate::Desk;

pub use super::beginning::Beginning;

/// A new run of one work.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reprocess {
    /// Where it starts; never later than the stage that the last run had reached.
    pub from: Beginning,
    /// Publish only to these partners; if absent, to all of the work's.
    #[serde(default)]
    pub partners: Option<BTreeSet<String>>,
    /// Replace the files that these partners have, if the partner allows it. Otherwise they keep their files.
    #[serde(default)]
    pub replace: bool,
    /// Only report what would be done: renditions, hours, and what partners have.
    #[serde(default)]
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    #[serde(default)]
    pub digest: Option<String>,
    /// Why, for the audit trail.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Begins a new run of one work, or reports what it would do. Refused with `state_wrong` if the work cannot begin
/// there, and with `in_another_job` if a job will begin it.
pub async fn one(desk: &Desk, caller: &Caller, id: SubmissionId, wish: Reprocess) -> Result<Done<JobMade>, Problem> {
    let Reprocess { from, partners, replace, dry_run, digest, reason } = wish;
    let caller = Caller { by: caller.because(reason.as_deref())?, ..caller.clone() };
    let ask = Ask::Reprocess { from: from.stage(), redo: redo(&desk.catalogue, partners, replace)? };
    make(desk, &caller, &Which::Named(vec![id]), &Terms { ask, from: Some(from), dry_run, digest }).await
}

/// The effect of each run on partners.
pub(super) fn redo(catalogue: &Catalogue, partners: Option<BTreeSet<String>>, replace: bool) -> Result<Redo, Problem> {
    let partners = known(catalogue, partners)?;
    let named = |id: &PartnerId| partners.as_ref().is_none_or(|some| some.contains(id));
    let replaceable = catalogue.partners.values().filter(|it| replace && it.replacement() != Replacement::Never);
    let replace = replaceable.map(|it| it.id.clone()).filter(named).collect();
    Ok(Redo { partners, replace })
}
