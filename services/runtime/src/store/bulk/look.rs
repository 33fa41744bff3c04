//! Checks the works of a job before anything starts: which of them can start, and whether the job is refused. A dry run
//! and the act itself both use this, so they cannot disagree.
//!
//! | what | where |
//! |---|---|
//! | the result | `found` |
//! | from a selection, or from names, to works | `select` |
//! | what is read of each work | `works` |
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use pipeline::id::{PartnerId, SubmissionId};
use pipeline::person::Sees;
use pipeline::stage::Stage;
use sqlx::PgConnection;
use uuid::Uuid;

use super::ask::Ask;
use super::items;
use super::which::{MAX_WORKS, Which, single};
use crate::store::partners::orders;

mod found;
mod select;
mod works;

pub(super) use found::Beginning;
pub use found::{Looked, Refusal};
use works::{Work, digest, works};

/// Works that are checked at a time: each machine has about a kilobyte.
const JUDGED_AT_ONCE: usize = 2000;

/// Waits until no other job is being created, so that of two jobs with the same works the second one sees what the
/// first has taken; and locks a single work. An act calls this before [`look`]; a dry run does not.
pub async fn take_turn(tx: &mut PgConnection, which: &Which, ask: &Ask) -> anyhow::Result<()> {
    sqlx::query!("/* create_bulk_jobs_in_turn */ select pg_advisory_xact_lock(hashtext('reelmill_bulk'))")
        .execute(&mut *tx)
        .await
        .context("wait for another job to be made")?;
    if let Some(id) = single(which, ask) {
        items::lock(tx, id).await?;
    }
    Ok(())
}

/// Makes the rest of the transaction read-only. Each statement sees the state at its own start: a snapshot for a
/// hundred thousand works would prevent vacuum from removing what the queue leaves meanwhile. The digest is read before
/// the figures, so an act that carries it is refused if anything changed that the figures may have seen. It must be the
/// first call in its transaction.
pub async fn read_only(tx: &mut PgConnection) -> anyhow::Result<()> {
    sqlx::query!("/* read_only */ set transaction read only").execute(tx).await?;
    Ok(())
}

/// Finds the works and checks each. Named works of other contests do not exist; the caller must restrict a selection to
/// the contests.
pub async fn look(tx: &mut PgConnection, which: &Which, ask: &Ask, within: &Sees) -> anyhow::Result<Looked> {
    let ids = select::ids(tx, which, within).await?;
    let (digest, contests) = digest(tx, &ids).await?;
    let mut looked = Looked {
        missing: missing(which, &ids),
        begin: Vec::new(),
        cannot_begin: BTreeMap::new(),
        in_another_job: 0,
        other: None,
        under_way: 0,
        recipients: BTreeMap::new(),
        contests,
        digest,
        ids,
    };
    if looked.ids.len() <= MAX_WORKS {
        judge(tx, &mut looked, which, ask).await?;
    }
    Ok(looked)
}

fn missing(which: &Which, found: &[Uuid]) -> Option<SubmissionId> {
    let Which::Named(named) = which else { return None };
    let found: BTreeSet<Uuid> = found.iter().copied().collect();
    named.iter().copied().find(|id| !found.contains(&id.0)).filter(|_| named.len() <= MAX_WORKS)
}

async fn judge(tx: &mut PgConnection, looked: &mut Looked, which: &Which, ask: &Ask) -> anyhow::Result<()> {
    // A single work starts whatever is in progress, and a person may restart a run of its own job that is stuck.
    let single = single(which, ask).is_some();
    let ids = std::mem::take(&mut looked.ids);
    for ids in ids.chunks(JUDGED_AT_ONCE) {
        for work in works(tx, ids, single, ask).await? {
            let Judged { changes, starts } = judged(&work, ask);
            if let Some(job) = work.job {
                looked.in_another_job += 1;
                looked.other = Some(job);
            } else if !changes {
                *looked.cannot_begin.entry(work.machine.0.state.name().to_owned()).or_default() += 1;
            } else if work.under_way && !single {
                looked.under_way += 1;
            } else {
                looked.begin.push(Beginning { id: work.id, renditions: renditions(&work, ask) });
                if !starts.is_empty() {
                    looked.recipients.entry(starts).or_default().push(work.id);
                }
            }
        }
    }
    looked.ids = ids;
    Ok(())
}

/// The effect of the act on one work.
struct Judged {
    /// Whether it changes anything; otherwise it is refused.
    changes: bool,
    /// Partners to which deliveries would start immediately.
    starts: BTreeSet<PartnerId>,
}

fn judged(work: &Work, ask: &Ask) -> Judged {
    let before = &work.machine.0;
    let mut after = before.clone();
    let started = after.advance(ask.event());
    let changes = match ask {
        Ask::Reprocess { .. } | Ask::Release { .. } => after != *before,
        // A recall that failed at a partner is tried again.
        Ask::Recall { partners, .. } => {
            orders::may_recall(before) && (after != *before || (partners.is_some() && work.held))
        }
    };
    Judged { changes, starts: started.iter().filter_map(|todo| todo.part.partner().cloned()).collect() }
}

/// Renditions that a new run would produce.
fn renditions(work: &Work, ask: &Ask) -> u64 {
    match ask {
        Ask::Reprocess { from, .. } if *from < Stage::Publish => work.renditions.unsigned_abs(),
        Ask::Reprocess { .. } | Ask::Release { .. } | Ask::Recall { .. } => 0,
    }
}
