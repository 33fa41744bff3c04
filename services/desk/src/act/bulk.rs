//! Bulk: new runs, releases or recalls of many works, as a job. Each work is checked again when its turn comes; if the
//! act refuses it, the job records the code.
//!
//! A dry run reads the works as the act does (`store::bulk::look`), is refused as the act is, and estimates the rest
//! from one snapshot. Both the API and the command line search for files that exist already. `making` is the
//! transaction; `made`, `estimate`, `effect`, `lasting` and `untaken` are its answer.
//!
//! People who see some contests make jobs for works of these: a selection without a contest is restricted to theirs,
//! one with another contest is refused with `contest_foreign`, and works of another contest do not exist for them.
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use pipeline::id::SubmissionId;
use runtime::problem::{Code, Detail, Problem};
use runtime::serving::typed;
use runtime::store::bulk::{Ask, Kind, Which};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::beginning::Beginning;
use super::recall::recall_within;
use super::release::known;
use super::reprocess::redo;
use super::{Caller, Done};
use crate::Desk;
use making::{Terms, make};
use selected::selected;

mod effect;
mod estimate;
mod lasting;
mod made;
pub(super) mod making;
mod selected;
mod untaken;

pub use effect::Effect;
pub use estimate::{Estimate, Held, KnownFrom};
pub use lasting::Lasting;
pub use made::JobMade;
pub use untaken::{Example, Untaken};

/// One act on many works, as a job. Either `where` or `works` says which.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewJob {
    /// What each work does; a new run if absent.
    pub kind: Kind,
    /// Conditions separated by blanks, such as `theme=green partner=bilibili delivery=refused title~factory
    /// engine<0.3`.
    #[serde(rename = "where")]
    #[schema(max_length = 2000)]
    pub selection: Option<String>,
    /// These works. A new run of a single one starts immediately.
    pub works: Option<BTreeSet<Uuid>>,
    /// For new runs, and required for them: the stage at which each starts; never later than the stage that the work's
    /// last run had reached.
    pub from: Option<Beginning>,
    /// Only these partners: to publish the runs to, to release to, or to recall from. Absent: all partners of each
    /// work; a recall then revokes the works as a whole.
    pub partners: Option<BTreeSet<String>>,
    /// For new runs: replace the files that these partners have, if the partner allows it. Otherwise they keep their
    /// files.
    pub replace: bool,
    /// For a release: not before this instant; immediately if absent.
    pub at: Option<DateTime<Utc>>,
    /// Only report what would be done: works, renditions, hours, what partners would receive or lose, and what cannot
    /// be undone.
    pub dry_run: bool,
    /// The digest of a dry run. The act is refused if what the dry run saw has changed.
    pub digest: Option<String>,
    /// Why, for the audit trail; required for a recall.
    pub reason: Option<String>,
}

/// Makes a job, or reports what it would do. Refused with `nothing_selected`, `too_many_works`, `state_wrong` if the
/// act can change no work, and `in_another_job` if other jobs of the kind contain all works that it could change.
pub async fn many(desk: &Desk, caller: &Caller, wish: NewJob) -> Result<Done<JobMade>, Problem> {
    let which = match (&wish.selection, &wish.works) {
        (Some(text), None) => Which::Selected(Box::new(selected(&desk.catalogue, &caller.sees, text)?)),
        (None, Some(works)) => Which::Named(works.iter().copied().map(SubmissionId).collect()),
        (None, None) | (Some(_), Some(_)) => {
            return Err(Code::FieldWrong.about(Detail::new("须给出其一", "one of them").of("where, works")));
        }
    };
    let caller = Caller { by: caller.because(wish.reason.as_deref())?, ..caller.clone() };
    let ask = asked(desk, &wish, caller.by.reason.is_some())?;
    let NewJob { from, dry_run, digest, .. } = wish;
    make(desk, &caller, &which, &Terms { ask, from, dry_run, digest }).await
}

/// The action for each work. A field of another kind of job is refused.
fn asked(desk: &Desk, wish: &NewJob, reasoned: bool) -> Result<Ask, Problem> {
    let foreign =
        |field: &str| Code::FieldWrong.about(Detail::new("不用于此类任务", "not for a job of this kind").of(field));
    let needed = |field: &str| Code::FieldWrong.about(Detail::new("必填", "required").of(field));
    if wish.kind != Kind::Reprocess && wish.from.is_some() {
        return Err(foreign("from"));
    }
    if wish.kind != Kind::Reprocess && wish.replace {
        return Err(foreign("replace"));
    }
    if wish.kind != Kind::Release && wish.at.is_some() {
        return Err(foreign("at"));
    }
    let partners = wish.partners.clone();
    Ok(match wish.kind {
        Kind::Reprocess => {
            let from = wish.from.ok_or_else(|| needed("from"))?.stage();
            Ask::Reprocess { from, redo: redo(&desk.catalogue, partners, wish.replace)? }
        }
        Kind::Release => {
            let at = wish.at.map(|at| typed::moment("at", at)).transpose()?;
            Ask::Release { partners: known(&desk.catalogue, partners)?, at }
        }
        Kind::Recall if !reasoned => return Err(needed("reason")),
        Kind::Recall => {
            Ask::Recall { partners: known(&desk.catalogue, partners)?, within: recall_within(&desk.catalogue) }
        }
    })
}
