//! The account's list of archives, newest first, searched for our own work or for a name. It is read as far back as the
//! work can be, and its end must be seen: an incomplete list proves no absence.
use anyhow::Result;
use pipeline::delivery::Receipt;
use serde_json::Value;

use super::client::{self, Call};
use super::marks::Marks;
use super::platform::{Failed, text_of};
use crate::task::Task;

/// The most archives in one answer [O].
const PAGE: u64 = 50;
/// Most pages that are read: ten thousand works.
const PAGES: u64 = 200;
/// Largest difference between the platform's clock and ours, seconds: the tolerance of its signature.
const SKEW_S: i64 = 600;

/// The archive of this work and run. `Ok(None)`: it is not in the list; `Err`: why that is not known.
pub(super) async fn find(task: &Task<'_>) -> Result<Result<Option<Receipt>, String>> {
    let marks = Marks::of(task).await?;
    search(task, |archive| marks.are_on(archive)).await
}

/// Whether an archive with this name exists.
pub(super) async fn has(task: &Task<'_>, receipt: &Receipt) -> Result<Result<bool, String>> {
    let found = search(task, |archive| archive["resource_id"].as_str() == Some(&receipt.0)).await?;
    Ok(found.map(|found| found.is_some()))
}

async fn search(task: &Task<'_>, wanted: impl Fn(&Value) -> bool + Send) -> Result<Result<Option<Receipt>, String>> {
    // The work cannot be older there than here.
    let oldest_s = task.job.submission.created_at.timestamp() - SKEW_S;
    let (mut total, mut read) = (0, 0);
    for page in 1..=PAGES {
        let call = Call::get("archive.viewlist", "/arcopen/fn/archive/viewlist").with("pn", page).with("ps", PAGE);
        let data = match client::call(task, &call.with("status", "all")).await? {
            Ok(data) => data,
            Err(Failed::NotDone { words, .. } | Failed::Lost(words) | Failed::Refused { words, .. }) => {
                return Ok(Err(words));
            }
        };
        // A submission in the meantime moves the pages back, and some entries are read twice. A deletion moves them
        // forward, and some could be skipped: then the whole list is read again.
        let Some(now_total) = data["page"]["total"].as_u64().filter(|now| *now >= total) else {
            return Ok(Err("the list became shorter while it was read".to_owned()));
        };
        total = now_total;
        let archives = data["list"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = archives.iter().find(|archive| !is_deleted(archive) && wanted(archive));
        if let Some(name) = found.and_then(|archive| text_of(archive, "resource_id")) {
            return Ok(Ok(Some(Receipt(name))));
        }
        read += archives.len() as u64;
        let older = archives.iter().any(|archive| archive["ctime"].as_i64().is_some_and(|at| at < oldest_s));
        if older || read >= total {
            return Ok(Ok(None));
        }
        if archives.is_empty() {
            return Ok(Err(format!("the list ends after {read} of {total} archives")));
        }
    }
    Ok(Err(format!("the list is longer than {} archives", PAGE * PAGES)))
}

/// Deleted by its owner; some lists still contain such archives.
fn is_deleted(archive: &Value) -> bool {
    archive["addit_info"]["state"].as_i64() == Some(-100)
}
