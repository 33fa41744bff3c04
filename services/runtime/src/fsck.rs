//! Compares the database with the object store: what is missing, what differs from its record, and what has no record.
//! It also finds stuck work, which needs the database only.
//!
//! It works through both in the order of ids, a few hundred entries at a time, so that its memory does not grow with
//! them. Services may run meanwhile: before anything is reported, both sides are checked again. Objects that are
//! younger than the grace period, in use, or garbage already are left alone.
use crate::objects::Objects;
use crate::store::Store;

mod comparison;
mod finding;
mod kind;
mod multiparts;
mod place;
mod repair;
mod report;

pub use finding::{Fault, Finding};
pub use kind::Kind;
pub use place::FOLDERS;
pub use report::{Look, Report};

use comparison::Check;
use place::{OF_ENTRIES, OF_UPLOADS};

/// Entries, or uploads, that are compared at a time.
const CHUNK: i64 = 200;

/// Checks everything. `said` is called with each finding as it is made.
pub async fn check(
    store: &Store,
    objects: &Objects,
    look: Look,
    mut said: impl FnMut(&Finding) + Send,
) -> anyhow::Result<Report> {
    let mut check = Check::new(store, objects, look);
    let mut reported = 0;
    let mut after = None;
    loop {
        let ids = store.submissions_after(after, CHUNK).await?;
        let until = ids.last().copied();
        for prefix in OF_ENTRIES {
            check.chunk(prefix, after, until, &ids).await?;
        }
        check.stuck(&ids).await?;
        check.report.findings[reported..].iter().for_each(&mut said);
        reported = check.report.findings.len();
        after = until;
        if until.is_none() {
            break;
        }
    }
    loop {
        let ids = store.uploads_after(after, CHUNK).await?;
        let until = ids.last().copied();
        check.chunk(OF_UPLOADS, after, until, &ids).await?;
        check.multiparts(&ids).await?;
        after = until;
        if until.is_none() {
            break;
        }
    }
    check.unknown_multiparts().await?;
    check.foreign().await?;
    check.report.findings[reported..].iter().for_each(&mut said);
    Ok(check.report)
}
